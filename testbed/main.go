// Command testbed starts a real Kubernetes on this machine, for tests and for
// the demo, out of programs it compiles itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/lifecycle"
)

// source is the folder of this module, set by the script that builds it.
var source string

const usage = `usage: testbed COMMAND
  up --size api|node [--name N]    make a bed run; the last line is "kubeconfig: PATH"
  down [--name N | --all]          end a bed and remove all it left
  status                           list beds
  kubeconfig [--name N]            print the path of a bed's kubeconfig
  build [--size api|node] [--tests] [TOOL..]
                                   compile what is missing (default: a node; with --tests what tests use besides)
  load-image [--name N] FILE...    load image archives into a node
  restart [--name N] DAEMON        kill one of the bed's daemons and start it again
  recycle-volumes [--name N]       empty volumes without a claim and offer them again
A bed is called after its size unless named.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := command(ctx, os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		return
	}
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("interrupted: %w", err)
		}
		fmt.Fprintln(os.Stderr, "testbed:", err)
		stop()
		os.Exit(1)
	}
}

func command(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 {
		return flag.ErrHelp
	}
	if source == "" {
		return errors.New("finding the modules to build from: run the script testbed/testbed, which knows where it lies")
	}
	home, err := bed.FindHome()
	if err != nil {
		return err
	}
	keeper := &lifecycle.Keeper{Home: home, Source: source, Out: os.Stdout}
	name, rest := arguments[0], arguments[1:]
	commands := map[string]func(context.Context, *lifecycle.Keeper, []string) error{
		"up": up, "down": down, "status": status, "kubeconfig": kubeconfig,
		"build": build, "load-image": loadImage, "recycle-volumes": recycleVolumes,
		"restart": restart,
	}
	run, ok := commands[name]
	switch {
	case ok:
		return run(ctx, keeper, rest)
	case name == "help" || name == "--help" || name == "-h":
		return flag.ErrHelp
	default:
		return fmt.Errorf("running %q: no such command: see `testbed help`", name)
	}
}
