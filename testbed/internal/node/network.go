package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mcp-platform.dev/testbed/internal/address"
	"mcp-platform.dev/testbed/internal/bed"
)

const (
	// nodeLink carries the node's address. It is a bridge without ports, for
	// not every kernel has dummy links.
	nodeLink = "mcpbed-node"
	// podLink is the bridge that pods hang on; the network plugin makes it.
	podLink = "mcpbed-pods"
	// ownTable is our nftables table.
	ownTable = "mcp-testbed"
)

// hermetic lets pods reach each other and this machine, and nothing beyond:
// what a test forgets to point at a simulator fails at once.
const hermetic = `table ip ` + ownTable + ` {
	chain forward {
		type filter hook forward priority filter; policy accept;
		ip saddr ` + address.Pods + ` ip daddr != ` + address.Everything + ` reject with icmp type net-unreachable
	}
}
`

const pluginChain = `{
  "cniVersion": "1.0.0",
  "name": "testbed",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "` + podLink + `",
      "isGateway": true,
      "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "dataDir": "%s",
        "ranges": [[{"subnet": "` + address.Pods + `"}]],
        "routes": [{"dst": "0.0.0.0/0"}]
      }
    }
  ]
}
`

// refuseForeign stops before the bed would spoil another cluster's network.
// Leftovers of our own were cleaned before.
func refuseForeign(ctx context.Context) error {
	tables, err := run(ctx, "", "nft", "list", "tables")
	if err != nil {
		return err
	}
	for _, family := range []string{"ip", "ip6"} {
		if strings.Contains(tables, "table "+family+" kube-proxy\n") {
			return errors.New("preparing the node: a kube-proxy of another cluster runs on this machine (nftables table kube-proxy): use a machine without one, or --size api")
		}
	}
	if kubeletHere() {
		return errors.New("preparing the node: a kubelet of another cluster runs on this machine: use a machine without one, or --size api")
	}
	addresses, err := run(ctx, "", "ip", "-4", "-o", "address", "show", "to", address.Everything)
	if err != nil {
		return err
	}
	if strings.TrimSpace(addresses) != "" {
		return fmt.Errorf("preparing the node: addresses of %s are in use on this machine: %s", address.Everything, strings.TrimSpace(addresses))
	}
	return nil
}

func makeNetwork(ctx context.Context, b bed.Bed) error {
	steps := [][]string{
		{"link", "add", nodeLink, "type", "bridge"},
		{"address", "add", address.Node + "/32", "dev", nodeLink},
		{"link", "set", nodeLink, "up"},
		// Keeps what kube-proxy does not (yet) know from leaving the machine,
		// and works without a default route.
		{"route", "add", address.Services, "dev", nodeLink, "src", address.Node},
	}
	for _, step := range steps {
		if _, err := run(ctx, "", "ip", step...); err != nil {
			return fmt.Errorf("making the node's network: %w", err)
		}
	}
	if _, err := run(ctx, hermetic, "nft", "-f", "-"); err != nil {
		return fmt.Errorf("making the node's network: %w", err)
	}
	forwardBridged(ctx)
	text := fmt.Sprintf(pluginChain, b.Path("cni", "addresses"))
	if err := os.WriteFile(b.Path("cni", "conf", "10-testbed.conflist"), []byte(text), 0o644); err != nil {
		return fmt.Errorf("configuring the network plugins: %w", err)
	}
	return nil
}

// removeNetwork takes away links, addresses, routes and tables. What is not
// there is fine. The node's link goes last: as long as it is there, kube-proxy's
// tables are ours and not another cluster's.
func removeNetwork(ctx context.Context) error {
	if !linkExists(nodeLink) {
		return nil
	}
	for _, port := range ports(podLink) {
		_, _ = run(ctx, "", "ip", "link", "delete", port)
	}
	var problems []error
	for _, table := range [][]string{{"ip", ownTable}, {"ip", "kube-proxy"}, {"ip6", "kube-proxy"}} {
		if _, err := run(ctx, "", "nft", "list", "table", table[0], table[1]); err != nil {
			continue
		}
		if _, err := run(ctx, "", "nft", "delete", "table", table[0], table[1]); err != nil {
			problems = append(problems, err)
		}
	}
	// Connections that were translated to pods which are gone would lead
	// those of the next bed astray. No entries is an error to conntrack.
	_, _ = run(ctx, "", "conntrack", "-D", "--dst", address.Services)
	for _, link := range []string{podLink, nodeLink} {
		if !linkExists(link) {
			continue
		}
		if _, err := run(ctx, "", "ip", "link", "delete", link); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func linkExists(name string) bool {
	_, err := os.Stat(filepath.Join("/sys/class/net", name))
	return err == nil
}

// ports lists the links on a bridge: the pods' ends outside.
func ports(bridge string) (names []string) {
	entries, err := os.ReadDir(filepath.Join("/sys/class/net", bridge, "brif"))
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
