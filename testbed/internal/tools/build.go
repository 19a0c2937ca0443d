package tools

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A Builder compiles tools into a directory of binaries.
type Builder struct {
	// Source is the folder that holds modules/ and the bed's own module.
	Source string
	// Bin is where binaries and their stamps go.
	Bin string
	// Out gets one line per build, and the compiler's complaints.
	Out io.Writer
}

func (b *Builder) moduleDir(tool Tool) string {
	return filepath.Join(b.Source, "modules", tool.Module)
}

// Missing lists the tools that Ensure would compile.
func (b *Builder) Missing(wanted []Tool) ([]Tool, error) {
	var missing []Tool
	for _, tool := range wanted {
		stamp, err := b.stamp(tool)
		if err != nil {
			return nil, err
		}
		if !b.current(tool, stamp) {
			missing = append(missing, tool)
		}
	}
	return missing, nil
}

// Ensure compiles those of wanted that are absent or of another version, one
// at a time. The caller holds the lock on Bin.
func (b *Builder) Ensure(ctx context.Context, wanted []Tool) error {
	missing, err := b.Missing(wanted)
	if err != nil {
		return err
	}
	for n, tool := range missing {
		fmt.Fprintf(b.Out, "building %s (%d of %d; usually %s, seconds when Go has it cached)\n", tool.Name, n+1, len(missing), tool.Duration)
		began := time.Now()
		if err := b.build(ctx, tool); err != nil {
			return fmt.Errorf("building %s: %w", tool.Name, err)
		}
		fmt.Fprintf(b.Out, "built %s in %s\n", tool.Name, time.Since(began).Round(time.Second))
	}
	return nil
}

// build compiles into a scratch folder and moves the result into place, so
// that neither a running bed nor an interrupted build sees half a binary.
func (b *Builder) build(ctx context.Context, tool Tool) error {
	stamp, err := b.stamp(tool)
	if err != nil {
		return err
	}
	linked, err := b.linkerFlags(tool)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(b.Bin, ".build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	flags := []string{"-trimpath", "-ldflags", linked}
	if tool.Tags != "" {
		flags = append(flags, "-tags", tool.Tags)
	}
	var arguments []string
	built := filepath.Join(scratch, tool.Name)
	if tool.Module != "" {
		arguments = append([]string{"build", "-o", built}, flags...)
		arguments = append(arguments, tool.Package)
	} else {
		arguments = append([]string{"install"}, flags...)
		arguments = append(arguments, tool.Package+"@"+tool.Version)
	}
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Env = append(os.Environ(), "GOFLAGS=-mod=readonly -buildvcs=false", "GOTOOLCHAIN=local", "GOWORK=off", "GOBIN="+scratch, "CGO_ENABLED="+binary(tool.CGO))
	command.Dir = scratch
	if tool.Module != "" {
		command.Dir = b.moduleDir(tool)
	}
	command.Stdout, command.Stderr = b.Out, b.Out
	if err := command.Run(); err != nil {
		return err
	}
	if err := os.Rename(built, filepath.Join(b.Bin, tool.Name)); err != nil {
		return err
	}
	return b.remember(tool, stamp)
}

// BuildOwn compiles a command of the bed's own module, statically. Go's cache
// makes this a matter of a second.
func (b *Builder) BuildOwn(ctx context.Context, folder, target string) error {
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", target, "./"+folder)
	command.Dir = b.Source
	command.Env = append(os.Environ(), "GOFLAGS=-mod=readonly -buildvcs=false", "GOTOOLCHAIN=local", "GOWORK=off", "CGO_ENABLED=0")
	command.Stdout, command.Stderr = b.Out, b.Out
	if err := command.Run(); err != nil {
		return fmt.Errorf("building the bed's own %s: %w", folder, err)
	}
	return nil
}

func binary(set bool) string {
	if set {
		return "1"
	}
	return "0"
}
