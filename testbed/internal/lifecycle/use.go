package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/kubeapi"
	"mcp-platform.dev/testbed/internal/node"
	"mcp-platform.dev/testbed/internal/volumes"
)

// ErrNoBed means that there is nothing to choose from.
var ErrNoBed = errors.New("choosing a bed: there is none: start one with `testbed up`")

// Choose is the bed meant by name, or the only one there is by none.
func (k *Keeper) Choose(name string) (string, error) {
	if name != "" {
		return name, nil
	}
	beds, err := k.Home.Existing()
	if err != nil {
		return "", err
	}
	var names []string
	for _, b := range beds {
		names = append(names, b.Name)
	}
	switch len(names) {
	case 0:
		return "", ErrNoBed
	case 1:
		return names[0], nil
	default:
		return "", fmt.Errorf("choosing a bed: there are several: add --name with one of %s", strings.Join(names, ", "))
	}
}

// Running finds a bed that runs.
func (k *Keeper) Running(name string) (bed.Bed, error) {
	chosen, err := k.Choose(name)
	if err != nil {
		return bed.Bed{}, err
	}
	b, err := k.Home.Bed(chosen)
	if err != nil {
		return b, err
	}
	record, err := b.Load()
	if err != nil {
		return b, err
	}
	if state := record.State(); state != bed.Running {
		return b, fmt.Errorf("using bed %s: it is %s: start it with `testbed up --name %[1]s --size api|node`", b.Name, state)
	}
	return b, nil
}

// runningNode finds a running bed that has a node; by no name, the machine's.
func (k *Keeper) runningNode(name string) (bed.Bed, error) {
	if name == "" {
		beds, err := k.Home.Existing()
		if err != nil {
			return bed.Bed{}, err
		}
		for _, b := range beds {
			if record, err := b.Load(); err == nil && record.Size == bed.Node {
				name = b.Name
			}
		}
	}
	b, err := k.Running(name)
	if err != nil {
		return b, err
	}
	if record, err := b.Load(); err != nil || record.Size != bed.Node {
		return b, fmt.Errorf("using bed %s: it has no node: start one with `testbed up --size node`", b.Name)
	}
	return b, nil
}

// LoadImages imports image archives into a bed's node.
func (k *Keeper) LoadImages(ctx context.Context, name string, archives []string) error {
	if len(archives) == 0 {
		return errors.New("loading images: name at least one archive")
	}
	b, err := k.runningNode(name)
	if err != nil {
		return err
	}
	for _, archive := range archives {
		if err := node.Load(ctx, filepath.Join(k.Home.Bin(), "ctr"), node.Socket(b), archive); err != nil {
			return err
		}
		fmt.Fprintf(k.Out, "loaded %s\n", archive)
	}
	return nil
}

// RecycleVolumes empties a bed's volumes that have no claim any more.
func (k *Keeper) RecycleVolumes(ctx context.Context, name string) error {
	b, err := k.runningNode(name)
	if err != nil {
		return err
	}
	record, err := b.Load()
	if err != nil {
		return err
	}
	api, err := kubeapi.New(record.Server, b.Path("pki"))
	if err != nil {
		return err
	}
	recycled, err := volumes.Recycle(ctx, b, api)
	fmt.Fprintf(k.Out, "recycled %d volumes %s\n", len(recycled), strings.Join(recycled, " "))
	return err
}
