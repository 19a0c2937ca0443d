package node

import (
	"context"
	"errors"
	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/process"
)

// Programs are the node's daemons, and what they start themselves.
func Programs() []string {
	return []string{"containerd", "containerd-shim-runc-v2", "runc", "coredns", "kubelet", "kube-proxy"}
}

// Clean undoes what the bed's node left outside its folder, and its mounts,
// after the daemons have ended. With shared it also gives back what the
// machine has once, whichever bed uses it: pods, network, cgroups, kernel
// settings.
func Clean(b bed.Bed, record bed.Record, shared bool) error {
	if shared {
		if err := killPods(); err != nil {
			return err
		}
	}
	// From here on every step is tried, whatever became of the one before.
	problems := []error{unmountUnder(b.Dir), removeShimSockets(b), removePluginResults(b), removeLogLinks(b)}
	if shared {
		problems = append(problems, removeNetwork(context.Background()), removeCgroups(), removeDeviceSocket())
		// Another run of the machine has begun with settings of its own.
		if record.Boot == process.Boot() {
			problems = append(problems, restoreKernel(record.Kernel))
		}
	}
	return errors.Join(problems...)
}
