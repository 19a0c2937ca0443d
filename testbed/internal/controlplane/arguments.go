package controlplane

import (
	"fmt"

	"mcp-platform.dev/testbed/internal/address"
	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/boot"
)

func etcdArguments(b bed.Bed, client, peer string) []string {
	return []string{
		"--name=testbed", "--data-dir=" + b.Path("etcd"), "--log-level=warn",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=testbed=" + peer,
		// A bed's data does not outlive its machine's run: no need to wait for the disk.
		"--unsafe-no-fsync",
	}
}

func apiserverArguments(b *boot.Boot, etcd, listen string, port int) []string {
	pki := func(name string) string { return b.Bed.Path("pki", name) }
	arguments := []string{
		"--etcd-servers=" + etcd,
		"--bind-address=" + listen, fmt.Sprintf("--secure-port=%d", port),
		"--service-cluster-ip-range=" + address.Services,
		"--client-ca-file=" + pki("ca.crt"), "--tls-cert-file=" + pki("apiserver.crt"), "--tls-private-key-file=" + pki("apiserver.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + pki("sa.pub"), "--service-account-signing-key-file=" + pki("sa.key"),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
		"--audit-policy-file=" + b.Bed.Path("audit-policy.json"), "--audit-log-path=" + b.Bed.Path("audit.log"), "--audit-log-maxsize=1024",
		"--cert-dir=" + b.Bed.Path("pki", "apiserver"),
	}
	if b.Record.Size == bed.API {
		// Nobody reaches the API server through a Service here, and a
		// loopback address may not be published as one's endpoint.
		return append(arguments, "--endpoint-reconciler-type=none")
	}
	return append(arguments,
		"--advertise-address="+listen,
		// Without this the kubelet is looked up by the node's name in DNS,
		// and logs, exec and port-forward fail.
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority="+pki("ca.crt"),
		"--kubelet-client-certificate="+pki("apiserver-kubelet.crt"), "--kubelet-client-key="+pki("apiserver-kubelet.key"),
	)
}

func managerArguments(b *boot.Boot) []string {
	pki := func(name string) string { return b.Bed.Path("pki", name) }
	arguments := []string{
		"--kubeconfig=" + b.Bed.Path("kubeconfigs", "controller-manager"),
		"--root-ca-file=" + pki("ca.crt"), "--service-account-private-key-file=" + pki("sa.key"),
		"--cluster-signing-cert-file=" + pki("ca.crt"), "--cluster-signing-key-file=" + pki("ca.key"),
		"--use-service-account-credentials=true", "--leader-elect=false", "--secure-port=0",
		"--service-cluster-ip-range=" + address.Services,
		// The default of 20 requests a second is what tests would wait for.
		"--kube-api-qps=200", "--kube-api-burst=400",
	}
	if b.Record.Size == bed.Node {
		arguments = append(arguments, "--allocate-node-cidrs=true", "--cluster-cidr="+address.Pods, "--node-cidr-mask-size="+address.PodMask)
	}
	return arguments
}
