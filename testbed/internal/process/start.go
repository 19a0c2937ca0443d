package process

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// A Daemon is a program of the bed that outlives the command that starts it.
type Daemon struct {
	// Name for people and for its log.
	Name string `json:"name"`
	// Arguments, the program's path first.
	Arguments []string `json:"arguments"`
	// Path is the PATH it sees. Nothing else of the caller's environment
	// reaches it, so that a bed does not depend on who started it.
	Path string `json:"path"`
	// Dir is its working directory.
	Dir string `json:"dir"`
	// Log gets its output and its complaints.
	Log string `json:"log"`
	// Identity once it runs.
	Identity Identity `json:"identity"`
}

// Start runs the daemon in a session of its own and sets its identity.
func (d *Daemon) Start() error {
	log, err := os.OpenFile(d.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("opening the log of %s: %w", d.Name, err)
	}
	defer log.Close()
	command := exec.Command(d.Arguments[0], d.Arguments[1:]...)
	command.Dir = d.Dir
	command.Env = []string{"PATH=" + d.Path, "HOME=" + d.Dir}
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", d.Name, err)
	}
	pid := command.Process.Pid
	// Nobody waits for it: it is to be its own. Should it end while this
	// program still runs, it is a zombie, which Alive does not count.
	if err := command.Process.Release(); err != nil {
		return fmt.Errorf("letting go of %s: %w", d.Name, err)
	}
	if d.Identity, err = identifyStarted(pid); err != nil {
		return fmt.Errorf("starting %s, which ended at once: %w", d.Name, err)
	}
	return nil
}
