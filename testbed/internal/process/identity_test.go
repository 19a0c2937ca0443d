package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeProc writes a /proc with one process.
func fakeProc(t *testing.T, pid int, name, state string, start int, command string) string {
	t.Helper()
	proc := t.TempDir()
	fields := strings.Repeat("0 ", 18)
	write(t, filepath.Join(proc, fmt.Sprint(pid), "stat"), fmt.Sprintf("%d (%s) %s %s%d 0 0\n", pid, name, state, fields, start))
	write(t, filepath.Join(proc, fmt.Sprint(pid), "cmdline"), command)
	write(t, filepath.Join(proc, "sys/kernel/random/boot_id"), "this-boot\n")
	return proc
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAProcessIsAliveOnlyIfEverythingAboutItsNumberIsAsRecorded(t *testing.T) {
	recorded := Identity{PID: 42, Start: 777, Boot: "this-boot", Command: "/bin/etcd"}
	running := fakeProc(t, 42, "etcd", "S", 777, "/bin/etcd\x00--name\x00x\x00")
	if !recorded.aliveIn(running) {
		t.Error("the recorded process counts as gone")
	}
	earlier := recorded
	earlier.Boot = "earlier-boot"
	for reason, c := range map[string]struct {
		identity Identity
		proc     string
	}{
		"the number was reused by a later process":        {recorded, fakeProc(t, 42, "etcd", "S", 778, "/bin/etcd\x00")},
		"the number was reused by another program":        {recorded, fakeProc(t, 42, "vi", "S", 777, "/bin/vi\x00")},
		"the machine was started anew":                    {earlier, running},
		"it ended and its parent has not looked":          {recorded, fakeProc(t, 42, "etcd", "Z", 777, "")},
		"nothing has the number":                          {recorded, fakeProc(t, 43, "etcd", "S", 777, "/bin/etcd\x00")},
		"nothing was recorded, and 0 means a whole group": {Identity{}, running},
	} {
		if c.identity.aliveIn(c.proc) {
			t.Errorf("it counts as alive although %s", reason)
		}
	}
}

func TestAProgramNameWithSpacesAndParenthesesDoesNotShiftTheFields(t *testing.T) {
	proc := fakeProc(t, 42, "a) Z (b", "S", 777, "/bin/odd\x00")
	identity, err := identify(proc, 42)
	if err != nil {
		t.Fatal(err)
	}
	if identity.Start != 777 {
		t.Errorf("start is %d, want 777", identity.Start)
	}
}
