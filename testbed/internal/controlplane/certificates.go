package controlplane

import (
	"fmt"
	"os"

	"mcp-platform.dev/testbed/internal/address"
	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/boot"
	"mcp-platform.dev/testbed/internal/pki"
)

// NodeName is the name of a bed's one node.
const NodeName = "node1"

// dnsUser is who the DNS server is to the API server.
const dnsUser = "testbed:dns"

// users of the API server, by the name of their files, in the order of a start.
func users(size bed.Size) []pki.Request {
	masters := []string{"system:masters"}
	requests := []pki.Request{
		{Name: "admin", CommonName: "testbed:admin", Groups: masters},
		{Name: "controller-manager", CommonName: "system:kube-controller-manager"},
	}
	if size == bed.API {
		return requests
	}
	return append(requests,
		pki.Request{Name: "scheduler", CommonName: "system:kube-scheduler"},
		pki.Request{Name: "proxy", CommonName: "system:kube-proxy"},
		pki.Request{Name: "dns", CommonName: dnsUser, Groups: masters},
		pki.Request{
			Name: "kubelet", CommonName: "system:node:" + NodeName, Groups: []string{"system:nodes"},
			Addresses: []string{address.Node}, Hosts: []string{NodeName},
		},
	)
}

// issue makes all certificates and one kubeconfig per user.
func issue(b *boot.Boot) error {
	authority, err := pki.New(b.Bed.Path("pki"))
	if err != nil {
		return err
	}
	if err := authority.IssueKeyPair("sa"); err != nil {
		return err
	}
	servers := []pki.Request{{
		Name: "apiserver", CommonName: "kube-apiserver",
		Addresses: []string{address.Loopback, address.Node, address.KubernetesService},
		Hosts:     []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
	}}
	if b.Record.Size == bed.Node {
		servers = append(servers, pki.Request{Name: "apiserver-kubelet", CommonName: "testbed:apiserver", Groups: []string{"system:masters"}})
	}
	people := users(b.Record.Size)
	for _, request := range append(servers, people...) {
		if err := authority.Issue(request); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(b.Bed.Path("kubeconfigs"), 0o700); err != nil {
		return fmt.Errorf("making the folder of kubeconfigs: %w", err)
	}
	for _, user := range people {
		if err := authority.WriteKubeconfig(b.Bed.Path("kubeconfigs", user.Name), b.Record.Server, user.Name); err != nil {
			return err
		}
	}
	return authority.WriteKubeconfig(b.Bed.Kubeconfig(), b.Record.Server, "admin")
}
