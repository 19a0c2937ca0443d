package node

import (
	"context"
	"fmt"
	"os"
	"time"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/boot"
	"mcp-platform.dev/testbed/internal/images"
)

const containerdConfig = `version = 3
root = "%[1]s/containerd/root"
state = "%[1]s/containerd/state"

[grpc]
  address = "%[1]s/containerd.sock"

[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "%[2]s"

[plugins.'io.containerd.cri.v1.runtime']
  # A root without the right to lower scores could not start a sandbox.
  restrict_oom_score_adj = true
  # Network namespaces live and die with the bed's folder, not in /run/netns.
  netns_mounts_under_state_dir = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["%[3]s"]
  conf_dir = "%[1]s/cni/conf"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = false
  Root = "%[1]s/runc"

[plugins.'io.containerd.internal.v1.opt']
  path = "%[1]s/containerd/opt"
[plugins.'io.containerd.nri.v1.nri']
  disable = true
`

// Socket is where the bed's container runtime listens.
func Socket(b bed.Bed) string { return b.Path("containerd.sock") }

func startContainerd(ctx context.Context, b *boot.Boot) error {
	plugins, err := pluginFolder()
	if err != nil {
		return err
	}
	text := fmt.Sprintf(containerdConfig, b.Bed.Dir, images.Pause, plugins)
	if err := os.WriteFile(b.Bed.Path("containerd.toml"), []byte(text), 0o644); err != nil {
		return fmt.Errorf("configuring containerd: %w", err)
	}
	if err := b.Start("containerd", "--config", b.Bed.Path("containerd.toml")); err != nil {
		return err
	}
	return b.Wait(ctx, "containerd answers", "containerd", time.Minute, func(ctx context.Context) error {
		_, err := run(ctx, "", b.Program("ctr"), "--address", Socket(b.Bed), "version")
		return err
	})
}
