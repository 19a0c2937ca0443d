package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"mcp-platform.dev/testbed/internal/address"
	"mcp-platform.dev/testbed/internal/boot"
	"mcp-platform.dev/testbed/internal/controlplane"
	"mcp-platform.dev/testbed/internal/images"
	"mcp-platform.dev/testbed/internal/tools"
	"mcp-platform.dev/testbed/internal/volumes"
)

// readyLimit is generous for the same reason as the control plane's.
const readyLimit = 2 * time.Minute

// Start starts the node's daemons on a running control plane and returns when
// pods can run, find names, reach services and get volumes.
func Start(ctx context.Context, b *boot.Boot, builder *tools.Builder) error {
	if err := startContainerd(ctx, b); err != nil {
		return err
	}
	if err := loadPause(ctx, b, builder); err != nil {
		return err
	}
	for _, start := range []func(*boot.Boot) error{startKubelet, startProxy, startDNS} {
		if err := start(b); err != nil {
			return err
		}
	}
	if err := volumes.Make(ctx, b.Bed, b.API, controlplane.NodeName); err != nil {
		return err
	}
	if err := b.Wait(ctx, "DNS answers", "coredns", readyLimit, dnsAnswers); err != nil {
		return err
	}
	if err := b.Wait(ctx, "services reachable", "kube-proxy", readyLimit, serviceAnswers); err != nil {
		return err
	}
	return b.Wait(ctx, "node ready", "kubelet", readyLimit, func(ctx context.Context) error { return nodeReady(ctx, b) })
}

func loadPause(ctx context.Context, b *boot.Boot, builder *tools.Builder) error {
	program := b.Bed.Path("pause")
	if err := builder.BuildOwn(ctx, "pause", program); err != nil {
		return err
	}
	archive := b.Bed.Path("pause.tar")
	if err := images.WriteArchive(archive, images.Pause, program); err != nil {
		return err
	}
	return Load(ctx, b.Program("ctr"), Socket(b.Bed), archive)
}

// Load imports an image archive (OCI or docker save) into the container
// runtime that listens on socket.
func Load(ctx context.Context, ctr, socket, archive string) error {
	if _, err := run(ctx, "", ctr, "--address", socket, "--namespace", "k8s.io", "images", "import", archive); err != nil {
		return fmt.Errorf("loading %s: %w", archive, err)
	}
	return nil
}

// serviceAnswers connects to the API server the way pods do.
func serviceAnswers(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	connection, err := (&net.Dialer{}).DialContext(bounded, "tcp", net.JoinHostPort(address.KubernetesService, "443"))
	if err != nil {
		return err
	}
	return connection.Close()
}

func nodeReady(ctx context.Context, b *boot.Boot) error {
	var node struct {
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := b.API.Get(ctx, "/api/v1/nodes/"+controlplane.NodeName, &node); err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == "Ready" {
			if condition.Status == "True" {
				return nil
			}
			return errors.New(condition.Message)
		}
	}
	return errors.New("the kubelet has not reported yet")
}
