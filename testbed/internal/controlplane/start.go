// Package controlplane starts etcd, the API server and the controllers.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mcp-platform.dev/testbed/internal/address"
	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/boot"
	"mcp-platform.dev/testbed/internal/kubeapi"
)

const (
	// readyLimit is far beyond the seconds a start takes on an idle machine:
	// beds are started while compilers run.
	readyLimit = 3 * time.Minute
	// nodePort is the API server's port on the node's own address, where
	// nothing else of the machine listens.
	nodePort = 6443
)

// Start brings the control plane up, writes the kubeconfigs and returns when
// it serves requests and has made what every namespace needs.
func Start(ctx context.Context, b *boot.Boot) error {
	ports, err := bed.FreePorts(3)
	if err != nil {
		return err
	}
	etcd := fmt.Sprintf("http://%s:%d", address.Loopback, ports[0])
	peer := fmt.Sprintf("http://%s:%d", address.Loopback, ports[1])
	listen, port := address.Loopback, ports[2]
	if b.Record.Size == bed.Node {
		listen, port = address.Node, nodePort
	}
	b.Record.Server = fmt.Sprintf("https://%s:%d", listen, port)

	if err := issue(b); err != nil {
		return err
	}
	if b.API, err = kubeapi.New(b.Record.Server, b.Bed.Path("pki")); err != nil {
		return err
	}
	if err := writeAudit(b.Bed); err != nil {
		return err
	}
	if err := b.Start("etcd", etcdArguments(b.Bed, etcd, peer)...); err != nil {
		return err
	}
	if err := b.Start("kube-apiserver", apiserverArguments(b, etcd, listen, port)...); err != nil {
		return err
	}
	err = b.Wait(ctx, "API server ready", "kube-apiserver", readyLimit, func(ctx context.Context) error {
		return ready(ctx, b.API)
	})
	if err != nil {
		return err
	}
	if err := b.Start("kube-controller-manager", managerArguments(b)...); err != nil {
		return err
	}
	if b.Record.Size == bed.Node {
		kubeconfig := b.Bed.Path("kubeconfigs", "scheduler")
		if err := b.Start("kube-scheduler", "--kubeconfig="+kubeconfig, "--leader-elect=false", "--secure-port=0"); err != nil {
			return err
		}
	}
	return b.Wait(ctx, "controllers at work", "kube-controller-manager", readyLimit, func(ctx context.Context) error {
		return b.API.Get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", nil)
	})
}

// ready asks the API server's own readiness checks. Its answer is the word ok,
// which is no JSON, so only the status counts.
func ready(ctx context.Context, api *kubeapi.Client) error {
	err := api.Get(ctx, "/readyz", nil)
	var status *kubeapi.StatusError
	if errors.As(err, &status) {
		return fmt.Errorf("the API server is not ready: %s", status.Message)
	}
	return err
}

// Healthy tells whether a recorded bed's API server serves requests.
func Healthy(ctx context.Context, b bed.Bed, record bed.Record) error {
	api, err := kubeapi.New(record.Server, b.Path("pki"))
	if err != nil {
		return err
	}
	return ready(ctx, api)
}

// Programs are the daemons of a control plane.
func Programs() []string {
	return []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}
}
