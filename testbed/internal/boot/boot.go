// Package boot is a bed while it is being started: it starts daemons one
// after the other, writes each down, and waits for them to work.
package boot

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/kubeapi"
	"mcp-platform.dev/testbed/internal/process"
)

const (
	pause    = 50 * time.Millisecond
	logLines = 25
)

// A Boot is one start of one bed.
type Boot struct {
	Bed    bed.Bed
	Record bed.Record
	// Bin holds our own binaries.
	Bin string
	// Assets, if not empty, holds binaries that go before ours.
	Assets string
	// Out gets a line per step.
	Out io.Writer
	// API is set as soon as the API server has its address.
	API *kubeapi.Client
}

// Program is the path of the binary called name.
func (b *Boot) Program(name string) string {
	if b.Assets != "" {
		path := filepath.Join(b.Assets, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return filepath.Join(b.Bin, name)
}

// Start runs the program called name and records it.
func (b *Boot) Start(name string, arguments ...string) error {
	daemon := process.Daemon{
		Name:      name,
		Arguments: append([]string{b.Program(name)}, arguments...),
		Path:      b.Bin + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		Dir:       b.Bed.Dir,
		Log:       b.Bed.Path("log", name+".log"),
	}
	if err := daemon.Start(); err != nil {
		return withLog(err, daemon)
	}
	b.Record.Processes = append(b.Record.Processes, daemon)
	return b.Bed.Save(b.Record)
}

// Wait asks probe until it is content. It gives up at the limit, and at once
// when any daemon has ended; the error then carries the end of the daemon's
// log, otherwise that of the one called blamed.
func (b *Boot) Wait(ctx context.Context, what, blamed string, limit time.Duration, probe func(context.Context) error) error {
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		last := probe(bounded)
		if last == nil {
			fmt.Fprintf(b.Out, "%s (%s)\n", what, time.Since(began).Round(10*time.Millisecond))
			return nil
		}
		if gone := b.Record.Gone(); len(gone) > 0 {
			return withLog(fmt.Errorf("waiting for %s: %s has ended", what, gone[0].Name), gone[0])
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: interrupted", what)
		case <-bounded.Done():
			return withLog(fmt.Errorf("waiting for %s: not within %s: %w", what, limit, last), b.daemon(blamed))
		case <-time.After(pause):
		}
	}
}

func (b *Boot) daemon(name string) process.Daemon {
	for _, daemon := range b.Record.Processes {
		if daemon.Name == name {
			return daemon
		}
	}
	return process.Daemon{}
}

func withLog(err error, daemon process.Daemon) error {
	tail := daemon.Tail(logLines)
	if tail == "" {
		return err
	}
	return fmt.Errorf("%w\nthe last lines of %s's log:\n  %s", err, daemon.Name, strings.ReplaceAll(tail, "\n", "\n  "))
}
