package node

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"

	"mcp-platform.dev/testbed/internal/address"
	"mcp-platform.dev/testbed/internal/boot"
	"mcp-platform.dev/testbed/internal/pki"
)

// Names outside the cluster do not exist, which is an answer, and a quick one.
const corefile = `cluster.local:53 in-addr.arpa:53 {
	bind ` + address.Node + `
	errors
	kubernetes cluster.local in-addr.arpa {
		endpoint %s
		kubeconfig %s %s
	}
}
.:53 {
	bind ` + address.Node + `
	errors
	template ANY ANY . {
		rcode NXDOMAIN
	}
}
`

func startDNS(b *boot.Boot) error {
	text := fmt.Sprintf(corefile, b.Record.Server, b.Bed.Path("kubeconfigs", "dns"), pki.Context)
	if err := os.WriteFile(b.Bed.Path("Corefile"), []byte(text), 0o644); err != nil {
		return fmt.Errorf("configuring CoreDNS: %w", err)
	}
	return b.Start("coredns", "-conf", b.Bed.Path("Corefile"))
}

// dnsAnswers asks the bed's DNS for the one service every cluster has.
func dnsAnswers(ctx context.Context) error {
	resolver := &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(address.Node, "53"))
		},
	}
	found, err := resolver.LookupHost(ctx, "kubernetes.default.svc.cluster.local.")
	if err != nil {
		return err
	}
	if !slices.Contains(found, address.KubernetesService) {
		return fmt.Errorf("the DNS says the API server is at %v, not at %s", found, address.KubernetesService)
	}
	return nil
}
