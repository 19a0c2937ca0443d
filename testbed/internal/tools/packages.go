package tools

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// nodePackages are the Debian packages a node needs: the network plugins,
// the programs that shape the network, what links runc, and buildah for the
// images that tests load.
var nodePackages = []string{
	"containernetworking-plugins", "nftables", "iproute2", "conntrack",
	"gcc", "pkg-config", "libseccomp-dev", "buildah",
}

// EnsurePackages installs the distribution's packages a node needs. Without
// root, or without apt, it names the missing ones instead.
func EnsurePackages(ctx context.Context, out io.Writer) error {
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		fmt.Fprintf(out, "no dpkg here: taking for granted what Debian calls %s\n", strings.Join(nodePackages, " "))
		return nil
	}
	missing := missingPackages(ctx, nodePackages)
	if len(missing) == 0 {
		return nil
	}
	install := append([]string{"install", "-y", "--no-install-recommends"}, missing...)
	if os.Geteuid() != 0 {
		return fmt.Errorf("finding packages a node needs: %s missing: run `apt-get %s` as root", strings.Join(missing, ", "), strings.Join(install, " "))
	}
	fmt.Fprintf(out, "installing %s\n", strings.Join(missing, " "))
	// The first attempt may meet package lists that are too old or absent.
	if apt(ctx, out, install...) == nil {
		return nil
	}
	if err := apt(ctx, out, "update"); err != nil {
		return fmt.Errorf("updating apt's package lists: %w", err)
	}
	if err := apt(ctx, out, install...); err != nil {
		return fmt.Errorf("installing %s with apt-get: %w", strings.Join(missing, " "), err)
	}
	return nil
}

func apt(ctx context.Context, out io.Writer, arguments ...string) error {
	command := exec.CommandContext(ctx, "apt-get", append([]string{"-q"}, arguments...)...)
	command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	command.Stdout, command.Stderr = out, out
	return command.Run()
}

func missingPackages(ctx context.Context, wanted []string) (missing []string) {
	for _, name := range wanted {
		status, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${Status}", name).Output()
		if err != nil || !strings.HasSuffix(string(status), " installed") {
			missing = append(missing, name)
		}
	}
	return missing
}
