// Package process starts the bed's daemons, remembers them beyond the life of
// the command that started them, and ends exactly those.
package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// An Identity tells a process from any later one that got the same number.
type Identity struct {
	// PID as the kernel hands them out, and again after a while.
	PID int `json:"pid"`
	// Start is when the process began, in clock ticks since the machine did.
	Start uint64 `json:"start"`
	// Boot names the run of the machine that PID and Start belong to.
	Boot string `json:"boot"`
	// Command is the program as it was called (the first word of its command line).
	Command string `json:"command"`
}

// errNoCommandLine is what a process shows for a moment while it becomes its
// program: the kernel has replaced its memory and not yet written the words.
var errNoCommandLine = errors.New("it has no command line")

// identifyStarted describes a process that was started just now, and waits out
// the moment in which it has no command line.
func identifyStarted(pid int) (Identity, error) {
	const patience, pause = 5 * time.Second, 2 * time.Millisecond
	for deadline := time.Now().Add(patience); ; time.Sleep(pause) {
		identity, err := Identify(pid)
		if !errors.Is(err, errNoCommandLine) || time.Now().After(deadline) {
			return identity, err
		}
	}
}

// Identify describes the process that has the number pid now.
func Identify(pid int) (Identity, error) { return identify("/proc", pid) }

// Alive tells whether this very process still runs. One that ended and waits
// for its parent to notice does not.
func (i Identity) Alive() bool { return i.aliveIn("/proc") }

func (i Identity) aliveIn(proc string) bool {
	if i.PID <= 0 {
		return false
	}
	now, err := identify(proc, i.PID)
	return err == nil && now == i
}

func identify(proc string, pid int) (Identity, error) {
	stat, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "stat"))
	if err != nil {
		return Identity{}, fmt.Errorf("reading what process %d is: %w", pid, err)
	}
	start, ended, err := parseStat(string(stat))
	if err != nil {
		return Identity{}, fmt.Errorf("reading what process %d is: %w", pid, err)
	}
	if ended {
		return Identity{}, fmt.Errorf("reading what process %d is: it has ended", pid)
	}
	boot, err := readBoot(proc)
	if err != nil {
		return Identity{}, err
	}
	arguments, err := commandLine(proc, pid)
	if err != nil {
		return Identity{}, fmt.Errorf("reading the command line of process %d: %w", pid, err)
	}
	if len(arguments) == 0 {
		return Identity{}, fmt.Errorf("process %d: %w", pid, errNoCommandLine)
	}
	return Identity{PID: pid, Start: start, Boot: boot, Command: arguments[0]}, nil
}

// Boot names this run of the machine, or is empty where the kernel does not say.
func Boot() string {
	boot, _ := readBoot("/proc")
	return boot
}

func readBoot(proc string) (string, error) {
	boot, err := os.ReadFile(filepath.Join(proc, "sys/kernel/random/boot_id"))
	if err != nil {
		return "", fmt.Errorf("reading which run of the machine this is: %w", err)
	}
	return strings.TrimSpace(string(boot)), nil
}

// parseStat reads the start time and whether the process has ended from a line
// of /proc/PID/stat. Its second field is the program's name in parentheses and
// may itself hold spaces and parentheses, so counting begins after the last one.
func parseStat(line string) (start uint64, ended bool, err error) {
	end := strings.LastIndexByte(line, ')')
	if end < 0 {
		return 0, false, fmt.Errorf("no program name in %q", line)
	}
	fields := strings.Fields(line[end+1:])
	const state, startTime = 0, 19
	if len(fields) <= startTime {
		return 0, false, fmt.Errorf("only %d fields after the program name in %q", len(fields), line)
	}
	start, err = strconv.ParseUint(fields[startTime], 10, 64)
	return start, fields[state] == "Z" || fields[state] == "X", err
}

func commandLine(proc string, pid int) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "cmdline"))
	if err != nil || len(text) == 0 {
		return nil, err
	}
	var arguments []string
	for word := range bytes.SplitSeq(bytes.TrimSuffix(text, []byte{0}), []byte{0}) {
		arguments = append(arguments, string(word))
	}
	return arguments, nil
}
