package node

import (
	"fmt"
	"os"

	"mcp-platform.dev/testbed/internal/address"
	"mcp-platform.dev/testbed/internal/boot"
	"mcp-platform.dev/testbed/internal/controlplane"
)

const proxyConfig = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
nftables: {minSyncPeriod: 100ms}
clientConnection: {kubeconfig: %s}
clusterCIDR: ` + address.Pods + `
hostnameOverride: ` + controlplane.NodeName + `
bindAddress: ` + address.Node + `
healthzBindAddress: ` + address.Node + `:10256
metricsBindAddress: ` + address.Node + `:10249
# Leave the machine's connection tracking as it is.
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
`

func startProxy(b *boot.Boot) error {
	text := fmt.Sprintf(proxyConfig, b.Bed.Path("kubeconfigs", "proxy"))
	if err := os.WriteFile(b.Bed.Path("proxy.yaml"), []byte(text), 0o644); err != nil {
		return fmt.Errorf("configuring kube-proxy: %w", err)
	}
	return b.Start("kube-proxy", "--config="+b.Bed.Path("proxy.yaml"))
}
