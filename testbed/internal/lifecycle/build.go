package lifecycle

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/tools"
)

// assetsVariable names a folder with etcd, kube-apiserver and kubectl of the
// user's choice, as other tests of API servers use it.
const assetsVariable = "KUBEBUILDER_ASSETS"

func (k *Keeper) builder() *tools.Builder {
	return &tools.Builder{Source: k.Source, Bin: k.Home.Bin(), Out: k.Out}
}

// Build compiles what is missing. For a node's programs, of which one links C,
// it first installs the packages a node needs. Beds started at the same time wait for each other here.
func (k *Keeper) Build(ctx context.Context, wanted []tools.Tool) error {
	if slices.ContainsFunc(wanted, func(tool tools.Tool) bool { return tool.CGO }) {
		if err := tools.EnsurePackages(ctx, k.Out); err != nil {
			return err
		}
	}
	builder := k.builder()
	missing, err := builder.Missing(wanted)
	if err != nil || len(missing) == 0 {
		return err
	}
	lock, err := bed.WaitLock(ctx, filepath.Join(k.Home.Dir, "build.lock"), func() {
		fmt.Fprintln(k.Out, "waiting for another command that builds")
	})
	if err != nil {
		return err
	}
	defer lock.Release()
	return builder.Ensure(ctx, wanted)
}
