package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/controlplane"
	"mcp-platform.dev/testbed/internal/process"
)

const restartLimit = time.Minute

// Restart kills one daemon of a bed, running or not, starts it as it was
// started before, and waits until the API server serves requests. It is how
// tests see a cluster stumble.
func (k *Keeper) Restart(ctx context.Context, name, daemon string) error {
	chosen, err := k.Choose(name)
	if err != nil {
		return err
	}
	b, err := k.Home.Bed(chosen)
	if err != nil {
		return err
	}
	lock, err := k.lock(ctx, b)
	if err != nil {
		return err
	}
	defer lock.Release()
	record, err := b.Load()
	if err != nil {
		return err
	}
	n := slices.IndexFunc(record.Processes, func(d process.Daemon) bool { return d.Name == daemon })
	if n < 0 {
		return fmt.Errorf("restarting %s: bed %s has no such daemon, but: %s", daemon, b.Name, strings.Join(names(record), ", "))
	}
	if err := process.Kill(record.Processes[n].Identity); err != nil {
		return err
	}
	if err := record.Processes[n].Start(); err != nil {
		return err
	}
	if err := b.Save(record); err != nil {
		return err
	}
	if err := serves(ctx, b, record); err != nil {
		return fmt.Errorf("restarting %s: the API server does not serve requests %s later: %w", daemon, restartLimit, err)
	}
	fmt.Fprintf(k.Out, "restarted %s of bed %s\n", daemon, b.Name)
	return nil
}

// serves waits until the bed's API server answers, and returns its last
// refusal if it does not.
func serves(ctx context.Context, b bed.Bed, record bed.Record) error {
	bounded, cancel := context.WithTimeout(ctx, restartLimit)
	defer cancel()
	for {
		err := controlplane.Healthy(bounded, b, record)
		if err == nil || bounded.Err() != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func names(record bed.Record) (names []string) {
	for _, daemon := range record.Processes {
		names = append(names, daemon.Name)
	}
	return names
}
