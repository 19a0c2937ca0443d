package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience is how long the kernel gets to tear a killed process down. The
// API server's memory alone takes a moment on a busy machine.
const patience = 20 * time.Second

// Kill ends the processes, if they are still the ones identified, and returns
// when they are gone. Nothing a bed holds is worth a goodbye, so none gets one.
func Kill(victims ...Identity) error {
	for _, victim := range victims {
		// FindProcess pins the process (by a pidfd), so that what is checked
		// next is what the signal reaches, whatever happens to the number.
		pinned, err := os.FindProcess(victim.PID)
		if err != nil {
			continue
		}
		if victim.Alive() {
			// An error here means it ended by itself, which the wait below sees.
			_ = pinned.Signal(syscall.SIGKILL)
		}
		_ = pinned.Release()
	}
	deadline := time.Now().Add(patience)
	for _, victim := range victims {
		for victim.Alive() {
			if time.Now().After(deadline) {
				return fmt.Errorf("ending %s: process %d still runs %s after SIGKILL", filepath.Base(victim.Command), victim.PID, patience)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}

// Strays finds processes of the named programs that work for the bed in dir:
// their working directory lies in it, or an argument names a path in it. It
// finds what a record cannot know: container shims, and a daemon whose starter
// was killed before it wrote the number down.
func Strays(dir string, programs ...string) []Identity {
	wanted := map[string]bool{}
	for _, name := range programs {
		wanted[name] = true
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []Identity
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		arguments, err := commandLine("/proc", pid)
		if err != nil || len(arguments) == 0 || !wanted[filepath.Base(arguments[0])] || !worksIn(dir, pid, arguments) {
			continue
		}
		if identity, err := Identify(pid); err == nil {
			found = append(found, identity)
		}
	}
	return found
}

func worksIn(dir string, pid int, arguments []string) bool {
	inside := dir + string(filepath.Separator)
	if cwd, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "cwd")); err == nil && (cwd == dir || strings.HasPrefix(cwd, inside)) {
		return true
	}
	for _, argument := range arguments[1:] {
		if _, value, ok := strings.Cut(argument, "="); ok {
			argument = value
		}
		if strings.HasPrefix(argument, inside) {
			return true
		}
	}
	return false
}
