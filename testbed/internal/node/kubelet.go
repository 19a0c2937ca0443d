package node

import (
	"fmt"
	"os"

	"mcp-platform.dev/testbed/internal/address"
	"mcp-platform.dev/testbed/internal/boot"
	"mcp-platform.dev/testbed/internal/controlplane"
)

const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: ` + address.Node + `
healthzPort: 0
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: %[1]s/pki/ca.crt}
authorization: {mode: Webhook}
tlsCertFile: %[1]s/pki/kubelet.crt
tlsPrivateKeyFile: %[1]s/pki/kubelet.key
containerRuntimeEndpoint: unix://%[1]s/containerd.sock
podLogsDir: %[1]s/pod-logs
volumePluginDir: %[1]s/volume-plugins
resolvConf: %[1]s/resolv.conf
clusterDNS: [` + address.Node + `]
clusterDomain: cluster.local
cgroupDriver: cgroupfs
cgroupRoot: /` + cgroup + `
# Machines of any age will do for a test.
failCgroupV1: false
failSwapOn: false
# Nothing here uses the chains, and they would stay behind.
makeIPTablesUtilChains: false
# A nearly full disk is the normal state of a machine that builds things.
evictionHard: {memory.available: 200Mi, nodefs.available: 1%%, imagefs.available: 1%%}
imageGCHighThresholdPercent: 100
maxPods: 500
kubeAPIQPS: 100
kubeAPIBurst: 200
# How soon pods see a changed ConfigMap; the default is a minute.
syncFrequency: 5s
`

func startKubelet(b *boot.Boot) error {
	files := map[string]string{
		"kubelet.yaml": fmt.Sprintf(kubeletConfig, b.Bed.Dir),
		"resolv.conf":  "nameserver " + address.Node + "\n",
	}
	for name, text := range files {
		if err := os.WriteFile(b.Bed.Path(name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("configuring the kubelet: %w", err)
		}
	}
	return b.Start("kubelet",
		"--config="+b.Bed.Path("kubelet.yaml"), "--kubeconfig="+b.Bed.Path("kubeconfigs", "kubelet"),
		"--root-dir="+b.Bed.Path("kubelet"), "--cert-dir="+b.Bed.Path("pki", "kubelet"),
		"--hostname-override="+controlplane.NodeName, "--node-ip="+address.Node,
	)
}
