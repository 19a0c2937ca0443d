package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/lifecycle"
	"mcp-platform.dev/testbed/internal/tools"
)

// given makes command tests use a cluster of the user's instead of a bed.
const given = "MCP_TEST_KUBECONFIG"

func flags(command string) *flag.FlagSet {
	set := flag.NewFlagSet(command, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	return set
}

// parse reads flags and refuses left-over words unless they are wanted.
func parse(set *flag.FlagSet, arguments []string, words bool) error {
	if err := set.Parse(arguments); err != nil {
		return err
	}
	if set.NArg() > 0 && !words {
		return fmt.Errorf("reading the arguments of %s: %q is one too many", set.Name(), set.Arg(0))
	}
	return nil
}

func size(text string) (bed.Size, error) {
	switch size := bed.Size(text); size {
	case bed.API, bed.Node:
		return size, nil
	default:
		return "", fmt.Errorf("reading the size %q: use api or node", text)
	}
}

func up(ctx context.Context, keeper *lifecycle.Keeper, arguments []string) error {
	set := flags("up")
	name, sized := set.String("name", "", ""), set.String("size", "", "")
	if err := parse(set, arguments, false); err != nil {
		return err
	}
	wanted, err := size(*sized)
	if err != nil {
		return err
	}
	if *name == "" {
		*name = string(wanted)
	}
	b, err := keeper.Up(ctx, *name, wanted)
	if err != nil {
		return err
	}
	fmt.Println("kubeconfig:", b.Kubeconfig())
	return nil
}

func down(ctx context.Context, keeper *lifecycle.Keeper, arguments []string) error {
	set := flags("down")
	name, all := set.String("name", "", ""), set.Bool("all", false, "")
	if err := parse(set, arguments, false); err != nil {
		return err
	}
	if *all {
		return keeper.DownAll(ctx)
	}
	chosen, err := keeper.Choose(*name)
	if errors.Is(err, lifecycle.ErrNoBed) {
		fmt.Println("no beds")
		return nil
	}
	if err != nil {
		return err
	}
	return keeper.Down(ctx, chosen)
}

func status(_ context.Context, keeper *lifecycle.Keeper, arguments []string) error {
	if err := parse(flags("status"), arguments, false); err != nil {
		return err
	}
	return keeper.Status()
}

func kubeconfig(_ context.Context, keeper *lifecycle.Keeper, arguments []string) error {
	set := flags("kubeconfig")
	name := set.String("name", "", "")
	if err := parse(set, arguments, false); err != nil {
		return err
	}
	if path := os.Getenv(given); path != "" {
		fmt.Println(path)
		return nil
	}
	b, err := keeper.Running(*name)
	if err != nil {
		return err
	}
	fmt.Println(b.Kubeconfig())
	return nil
}

func build(ctx context.Context, keeper *lifecycle.Keeper, arguments []string) error {
	set := flags("build")
	sized, tests := set.String("size", string(bed.Node), ""), set.Bool("tests", false, "")
	if err := parse(set, arguments, true); err != nil {
		return err
	}
	chosen, err := size(*sized)
	if err != nil {
		return err
	}
	wanted := tools.ForNode()
	if chosen == bed.API {
		wanted = tools.ForAPI()
	}
	if *tests {
		wanted = tools.ForTests()
	}
	if set.NArg() > 0 {
		named, unknown := tools.Named(set.Args())
		if len(unknown) > 0 {
			return fmt.Errorf("building %s: no such tool", strings.Join(unknown, ", "))
		}
		wanted = named
	}
	if err := keeper.Build(ctx, wanted); err != nil {
		return err
	}
	fmt.Println("binaries:", keeper.Home.Bin())
	return nil
}

func loadImage(ctx context.Context, keeper *lifecycle.Keeper, arguments []string) error {
	set := flags("load-image")
	name := set.String("name", "", "")
	if err := parse(set, arguments, true); err != nil {
		return err
	}
	return keeper.LoadImages(ctx, *name, set.Args())
}

func recycleVolumes(ctx context.Context, keeper *lifecycle.Keeper, arguments []string) error {
	set := flags("recycle-volumes")
	name := set.String("name", "", "")
	if err := parse(set, arguments, false); err != nil {
		return err
	}
	return keeper.RecycleVolumes(ctx, *name)
}

func restart(ctx context.Context, keeper *lifecycle.Keeper, arguments []string) error {
	set := flags("restart")
	name := set.String("name", "", "")
	if err := parse(set, arguments, true); err != nil {
		return err
	}
	if set.NArg() != 1 {
		return errors.New("restarting a daemon: name one, such as kube-apiserver")
	}
	return keeper.Restart(ctx, *name, set.Arg(0))
}
