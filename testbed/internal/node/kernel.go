package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

const bridgedTraffic = "/proc/sys/net/bridge/bridge-nf-call-iptables"

// kernelSettings are what the node's daemons set for the whole machine: the
// bridge plugin turns forwarding on, the kubelet wants its own idea of
// overcommitment, panics and key quotas, and bridged traffic has to pass the
// translation of service addresses.
var kernelSettings = []string{
	"/proc/sys/net/ipv4/ip_forward",
	bridgedTraffic,
	"/proc/sys/vm/overcommit_memory",
	"/proc/sys/vm/panic_on_oom",
	"/proc/sys/kernel/panic",
	"/proc/sys/kernel/panic_on_oops",
	"/proc/sys/kernel/keys/root_maxkeys",
	"/proc/sys/kernel/keys/root_maxbytes",
}

// readKernel returns the settings as they are; those the kernel lacks are absent.
func readKernel() map[string]string {
	values := map[string]string{}
	for _, path := range kernelSettings {
		if text, err := os.ReadFile(path); err == nil {
			values[path] = strings.TrimSpace(string(text))
		}
	}
	return values
}

// restoreKernel writes back the settings that differ from values.
func restoreKernel(values map[string]string) error {
	var problems []error
	now := readKernel()
	for path, value := range values {
		if current, ok := now[path]; !ok || current == value {
			continue
		}
		if err := os.WriteFile(path, []byte(value), 0o644); err != nil {
			problems = append(problems, fmt.Errorf("restoring %s: %w", path, err))
		}
	}
	return errors.Join(problems...)
}

// forwardBridged makes replies between two pods pass the node's translation
// when one reached the other through a Service. A kernel without the module
// does it anyway or not at all, so this is an attempt.
func forwardBridged(ctx context.Context) {
	if _, err := os.Stat(bridgedTraffic); err != nil {
		_, _ = run(ctx, "", "modprobe", "br_netfilter")
	}
	_ = os.WriteFile(bridgedTraffic, []byte("1"), 0o644)
}
