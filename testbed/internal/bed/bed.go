package bed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"mcp-platform.dev/testbed/internal/process"
)

// A Size is how much of a cluster a bed is.
type Size string

const (
	// API is etcd, the API server and its controllers, on 127.0.0.1.
	API Size = "api"
	// Node is a whole cluster of one real node.
	Node Size = "node"
)

// A Bed is one cluster's folder.
type Bed struct {
	Name string
	Dir  string
}

// Path joins names under the bed's folder.
func (b Bed) Path(names ...string) string {
	return filepath.Join(append([]string{b.Dir}, names...)...)
}

// Kubeconfig of an administrator.
func (b Bed) Kubeconfig() string { return b.Path("kubeconfig") }

// A Record is what a bed remembers of itself, so that any later command can
// judge it and take it down.
type Record struct {
	Size    Size      `json:"size"`
	Created time.Time `json:"created"`
	// Ready is set when the bed was seen to work as a whole.
	Ready bool `json:"ready"`
	// Server is the address of the API server, with scheme and port.
	Server string `json:"server"`
	// Processes in the order they were started.
	Processes []process.Daemon `json:"processes"`
	// Boot names the run of the machine in which Kernel was read.
	Boot string `json:"boot,omitempty"`
	// Kernel settings the bed may change, by path, with their value before.
	Kernel map[string]string `json:"kernel,omitempty"`
}

// Load reads the record; a bed that left none has a zero one.
func (b Bed) Load() (Record, error) {
	var record Record
	text, err := os.ReadFile(b.Path("bed.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return record, nil
	}
	if err != nil {
		return record, fmt.Errorf("reading the record of bed %s: %w", b.Name, err)
	}
	if err := json.Unmarshal(text, &record); err != nil {
		return record, fmt.Errorf("reading the record of bed %s: %w", b.Name, err)
	}
	return record, nil
}

// Save replaces the record; a crash leaves the old or the new one.
func (b Bed) Save(record Record) error {
	text, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the record of bed %s: %w", b.Name, err)
	}
	fresh := b.Path(".bed.json")
	if err := os.WriteFile(fresh, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the record of bed %s: %w", b.Name, err)
	}
	if err := os.Rename(fresh, b.Path("bed.json")); err != nil {
		return fmt.Errorf("writing the record of bed %s: %w", b.Name, err)
	}
	return nil
}

// A State is what a record says about a bed together with what still runs.
type State string

const (
	// Running beds were ready once and miss no process.
	Running State = "running"
	// Broken beds were ready once and miss some processes. Somebody may be
	// looking at them, so only their own `up` and `down` touch them.
	Broken State = "broken"
	// Dead beds have no process left, or never became ready.
	Dead State = "dead"
)

// State judges the bed. The caller holds its lock: without it, a bed that is
// being started looks dead.
func (r Record) State() State {
	gone := len(r.Gone())
	switch {
	case !r.Ready || gone == len(r.Processes):
		return Dead
	case gone > 0:
		return Broken
	default:
		return Running
	}
}

// Gone lists the processes that should run and do not.
func (r Record) Gone() (gone []process.Daemon) {
	for _, daemon := range r.Processes {
		if !daemon.Identity.Alive() {
			gone = append(gone, daemon)
		}
	}
	return gone
}
