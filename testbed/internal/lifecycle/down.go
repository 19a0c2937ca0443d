package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/controlplane"
	"mcp-platform.dev/testbed/internal/node"
	"mcp-platform.dev/testbed/internal/process"
)

// Down ends the bed called name and removes everything it left on the machine.
// A bed that does not exist is down already.
func (k *Keeper) Down(ctx context.Context, name string) error {
	b, err := k.Home.Bed(name)
	if err != nil {
		return err
	}
	lock, err := k.lock(ctx, b)
	if err != nil {
		return err
	}
	defer lock.Remove()
	if _, err := os.Stat(b.Dir); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(k.Out, "bed %s is not there\n", name)
		return nil
	}
	if err := k.clean(b, nil); err != nil {
		return err
	}
	fmt.Fprintf(k.Out, "bed %s is down\n", name)
	return nil
}

// DownAll ends every bed of this home.
func (k *Keeper) DownAll(ctx context.Context) error {
	beds, err := k.Home.Existing()
	if err != nil {
		return err
	}
	var problems []error
	for _, b := range beds {
		problems = append(problems, k.Down(ctx, b.Name))
	}
	return errors.Join(problems...)
}

// clean removes whatever a bed left: processes, then what a node made of the
// machine, then its folder. The caller holds the bed's lock, and passes the
// machine's if it holds that too.
func (k *Keeper) clean(b bed.Bed, machine *bed.MachineLock) error {
	if _, err := os.Stat(b.Dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	// A record that cannot be read is no reason to leave things behind: the
	// search for strays does not need it.
	record, broken := b.Load()
	var victims []process.Identity
	for _, daemon := range record.Processes {
		victims = append(victims, daemon.Identity)
	}
	if err := process.Kill(victims...); err != nil {
		return err
	}
	if err := process.Kill(process.Strays(b.Dir, append(node.Programs(), controlplane.Programs()...)...)...); err != nil {
		return err
	}
	if record.Size == bed.Node || broken != nil {
		if err := giveBack(b, record, machine); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(b.Dir); err != nil {
		return fmt.Errorf("removing the bed's folder: %w", err)
	}
	return nil
}

// cleanOthers removes what dead beds other than b left. One that resists is
// named and left, for it is not what was asked for.
func (k *Keeper) cleanOthers(b bed.Bed) {
	others, err := k.Home.Existing()
	if err != nil {
		fmt.Fprintln(k.Out, err)
		return
	}
	for _, other := range others {
		if other == b {
			continue
		}
		lock, err := bed.TryLock(other.Dir + ".lock")
		if err != nil {
			continue // somebody is at work on it, so it is not dead
		}
		record, err := other.Load()
		if err != nil || record.State() != bed.Dead {
			lock.Release()
			continue
		}
		fmt.Fprintf(k.Out, "removing what dead bed %s left\n", other.Name)
		if err := k.clean(other, nil); err != nil {
			fmt.Fprintln(k.Out, err)
			lock.Release()
			continue
		}
		lock.Remove()
	}
}
