package process

import (
	"path/filepath"
	"testing"
)

// A process that has just become its program shows no command line for a moment.
func TestEveryStartedProcessIsIdentified(t *testing.T) {
	dir := t.TempDir()
	for range 300 {
		daemon := Daemon{Name: "sleep", Arguments: []string{"/bin/sleep", "60"}, Dir: dir, Log: filepath.Join(dir, "log")}
		if err := daemon.Start(); err != nil {
			t.Fatal(err)
		}
		if daemon.Identity.Command != "/bin/sleep" {
			t.Errorf("identified as %q", daemon.Identity.Command)
		}
		if err := Kill(daemon.Identity); err != nil {
			t.Fatal(err)
		}
	}
}
