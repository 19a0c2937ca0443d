package bed

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// A Holder is the bed that has the machine's one node.
type Holder struct {
	Name string `json:"name"`
	Dir  string `json:"dir"`
}

// A MachineLock is held by the command that starts or ends the machine's one
// node bed. Its file stays while the bed lives and says whose it is; beds of
// all users and caches share it.
type MachineLock struct{ lock *Lock }

func machineLockPath() string {
	const run = "/run/lock"
	if info, err := os.Stat(run); err == nil && info.IsDir() {
		return filepath.Join(run, "mcp-testbed-node.lock")
	}
	return filepath.Join(os.TempDir(), "mcp-testbed-node.lock")
}

// LockMachine takes the lock, or says which bed is being started or ended.
func LockMachine() (*MachineLock, error) {
	lock, err := TryLock(machineLockPath())
	if errors.Is(err, ErrLocked) {
		text, _ := os.ReadFile(machineLockPath())
		return nil, fmt.Errorf("claiming this machine's node: it is being started or ended for %s: try again when that is done", describe(text))
	}
	if err != nil {
		return nil, err
	}
	return &MachineLock{lock: lock}, nil
}

func describe(text []byte) string {
	var holder Holder
	if json.Unmarshal(text, &holder) != nil {
		return "another bed"
	}
	return fmt.Sprintf("bed %s in %s", holder.Name, holder.Dir)
}

// Holder is the bed that claimed the node last, if any.
func (m *MachineLock) Holder() (Bed, bool) {
	text, err := m.lock.Read()
	var holder Holder
	if err != nil || json.Unmarshal(text, &holder) != nil || holder.Dir == "" {
		return Bed{}, false
	}
	return Bed(holder), true
}

// Claim writes down that the node is the bed's.
func (m *MachineLock) Claim(bed Bed) error {
	text, err := json.Marshal(Holder(bed))
	if err != nil {
		return err
	}
	if err := m.lock.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("claiming this machine's node: %w", err)
	}
	return nil
}

// Release ends the work on the node and leaves it to its holder.
func (m *MachineLock) Release() { m.lock.Release() }

// Vacate ends the work on the node and leaves it to nobody.
func (m *MachineLock) Vacate() { m.lock.Remove() }
