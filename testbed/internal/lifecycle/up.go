// Package lifecycle brings beds up, judges them and takes them down.
package lifecycle

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/boot"
	"mcp-platform.dev/testbed/internal/controlplane"
	"mcp-platform.dev/testbed/internal/node"
	"mcp-platform.dev/testbed/internal/tools"
)

// A Keeper acts on the beds of one home.
type Keeper struct {
	Home bed.Home
	// Source is the folder of the bed's own module.
	Source string
	// Out gets progress, for people.
	Out io.Writer
}

// Up makes the bed called name run, at the given size: it leaves a running
// one alone, replaces a dead or broken one, and cleans up after dead ones of
// other names. What fails half-way is taken down again.
func (k *Keeper) Up(ctx context.Context, name string, size bed.Size) (bed.Bed, error) {
	b, err := k.Home.Bed(name)
	if err != nil {
		return b, err
	}
	lock, err := k.lock(ctx, b)
	if err != nil {
		return b, err
	}
	defer func() {
		if _, err := os.Stat(b.Dir); err != nil {
			lock.Remove() // nothing came of it
			return
		}
		lock.Release()
	}()
	record, err := b.Load()
	if err != nil {
		return b, err
	}
	if record.State() == bed.Running {
		return b, k.running(ctx, b, record, size)
	}
	if size == bed.Node {
		if err := node.Allowed(); err != nil {
			return b, err
		}
	}
	if err := k.Build(ctx, wanted(size)); err != nil {
		return b, err
	}
	k.cleanOthers(b)

	if size == bed.API {
		return b, k.replace(ctx, b, size, nil)
	}
	machine, err := k.claimMachine(b)
	if err != nil {
		return b, err
	}
	err = k.replace(ctx, b, size, machine)
	if _, gone := os.Stat(b.Dir); gone != nil {
		machine.Vacate()
	} else {
		machine.Release()
	}
	return b, err
}

// replace clears away what an earlier run left and starts the bed. What it
// started it takes down again if not all of it comes up.
func (k *Keeper) replace(ctx context.Context, b bed.Bed, size bed.Size, machine *bed.MachineLock) error {
	if err := k.clean(b, machine); err != nil {
		return err
	}
	if err := k.start(ctx, b, size); err != nil {
		fmt.Fprintln(k.Out, "taking down what was started")
		if left := k.clean(b, machine); left != nil {
			return fmt.Errorf("%w\nand taking it down again failed: %w", err, left)
		}
		return err
	}
	return nil
}

// running judges a bed that misses no process.
func (k *Keeper) running(ctx context.Context, b bed.Bed, record bed.Record, size bed.Size) error {
	if record.Size != size {
		return fmt.Errorf("bringing up %s: it runs already, with size %s: choose another --name, or end it with `testbed down --name %s`", b.Name, record.Size, b.Name)
	}
	bounded, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := controlplane.Healthy(bounded, b, record); err != nil {
		return fmt.Errorf("bringing up %s: its processes run, but: %w: end it with `testbed down --name %s`", b.Name, err, b.Name)
	}
	fmt.Fprintf(k.Out, "bed %s runs already, since %s\n", b.Name, record.Created.Format(time.DateTime))
	return nil
}

func (k *Keeper) start(ctx context.Context, b bed.Bed, size bed.Size) error {
	for _, folder := range []string{b.Dir, b.Path("log")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("making the bed's folder: %w", err)
		}
	}
	begun := &boot.Boot{Bed: b, Record: bed.Record{Size: size, Created: time.Now()}, Bin: k.Home.Bin(), Out: k.Out}
	if size == bed.API {
		begun.Assets = os.Getenv(assetsVariable)
	} else {
		if err := node.Prepare(ctx, begun); err != nil {
			return err
		}
	}
	if err := b.Save(begun.Record); err != nil {
		return err
	}
	if err := controlplane.Start(ctx, begun); err != nil {
		return err
	}
	if size == bed.Node {
		if err := node.Start(ctx, begun, k.builder()); err != nil {
			return err
		}
	}
	begun.Record.Ready = true
	return b.Save(begun.Record)
}

// lock takes the bed's lock, after any other command that works on the bed.
func (k *Keeper) lock(ctx context.Context, b bed.Bed) (*bed.Lock, error) {
	return bed.WaitLock(ctx, b.Dir+".lock", func() {
		fmt.Fprintf(k.Out, "waiting for another command that works on bed %s\n", b.Name)
	})
}

func wanted(size bed.Size) []tools.Tool {
	if size == bed.Node {
		return tools.ForNode()
	}
	assets := os.Getenv(assetsVariable)
	var ours []tools.Tool
	for _, tool := range tools.ForAPI() {
		if _, err := os.Stat(filepath.Join(assets, tool.Name)); assets == "" || err != nil {
			ours = append(ours, tool)
		}
	}
	return ours
}
