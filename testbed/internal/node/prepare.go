// Package node turns the machine into a bed's one node, and back.
package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"mcp-platform.dev/testbed/internal/boot"
	"mcp-platform.dev/testbed/internal/process"
)

// pluginFolders are where distributions put the network plugins.
var pluginFolders = []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"}

// Allowed tells whether this user may have a node at all.
func Allowed() error {
	if os.Geteuid() != 0 {
		return errors.New("preparing the node: it makes networks, mounts and containers: run as root, or use --size api")
	}
	return nil
}

// Prepare makes the machine ready for the node's daemons, before the control
// plane starts: the API server listens on the address made here. What it is
// about to change is in the boot's record first, so that it can be undone.
func Prepare(ctx context.Context, b *boot.Boot) error {
	for _, program := range []string{"ip", "nft", "conntrack"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("preparing the node: %w: on Debian, apt-get install iproute2 nftables conntrack", err)
		}
	}
	if _, err := pluginFolder(); err != nil {
		return err
	}
	if err := refuseForeign(ctx); err != nil {
		return err
	}
	b.Record.Boot, b.Record.Kernel = process.Boot(), readKernel()
	if err := b.Bed.Save(b.Record); err != nil {
		return err
	}
	for _, folder := range folders {
		if err := os.MkdirAll(b.Bed.Path(folder), 0o755); err != nil {
			return fmt.Errorf("preparing the node's folders: %w", err)
		}
	}
	if err := makeCgroups(); err != nil {
		return err
	}
	return makeNetwork(ctx, b.Bed)
}

// folders of the node under the bed's.
var folders = []string{"cni/conf", "containerd", "kubelet", "pod-logs", "volume-plugins", "volumes"}

func pluginFolder() (string, error) {
	for _, folder := range pluginFolders {
		if _, err := os.Stat(filepath.Join(folder, "bridge")); err == nil {
			return folder, nil
		}
	}
	return "", fmt.Errorf("finding the network plugins in %s: on Debian, apt-get install containernetworking-plugins", strings.Join(pluginFolders, ", "))
}

// run runs a program and puts its complaint into the error.
func run(ctx context.Context, stdin, program string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, program, arguments...)
	command.Stdin = strings.NewReader(stdin)
	text, err := command.CombinedOutput()
	if err != nil {
		return string(text), fmt.Errorf("running %s %s: %w: %s", program, strings.Join(arguments, " "), err, strings.TrimSpace(string(text)))
	}
	return string(text), nil
}
