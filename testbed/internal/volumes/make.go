// Package volumes gives a node's pods their persistent volumes: folders of the
// bed, each a local PersistentVolume of the default StorageClass.
package volumes

import (
	"context"
	"fmt"
	"os"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/kubeapi"
)

const (
	class    = "testbed"
	count    = 40
	capacity = "1Gi"
	objects  = "/api/v1/persistentvolumes/"
)

type object = map[string]any

// Make makes the StorageClass and the volumes. Claims are bound when a pod
// wants them, and a volume's data outlives its claim until Recycle.
func Make(ctx context.Context, b bed.Bed, api *kubeapi.Client, node string) error {
	storageClass := object{
		"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
		"metadata":          object{"name": class, "annotations": object{"storageclass.kubernetes.io/is-default-class": "true"}},
		"provisioner":       "kubernetes.io/no-provisioner",
		"volumeBindingMode": "WaitForFirstConsumer",
		"reclaimPolicy":     "Retain",
	}
	if err := api.Apply(ctx, "/apis/storage.k8s.io/v1/storageclasses/"+class, storageClass); err != nil {
		return fmt.Errorf("making the default storage class: %w", err)
	}
	for n := range count {
		name := fmt.Sprintf("testbed-%02d", n)
		if err := os.MkdirAll(folder(b, name), 0o755); err != nil {
			return fmt.Errorf("making volume %s: %w", name, err)
		}
		if err := api.Apply(ctx, objects+name, volume(name, folder(b, name), node)); err != nil {
			return fmt.Errorf("making volume %s: %w", name, err)
		}
	}
	return nil
}

func folder(b bed.Bed, name string) string { return b.Path("volumes", name) }

func volume(name, path, node string) object {
	return object{
		"apiVersion": "v1", "kind": "PersistentVolume",
		"metadata": object{"name": name},
		"spec": object{
			"capacity":                      object{"storage": capacity},
			"accessModes":                   []string{"ReadWriteOnce"},
			"persistentVolumeReclaimPolicy": "Retain",
			"storageClassName":              class,
			"local":                         object{"path": path},
			"nodeAffinity": object{"required": object{"nodeSelectorTerms": []object{{
				"matchExpressions": []object{{"key": "kubernetes.io/hostname", "operator": "In", "values": []string{node}}},
			}}}},
		},
	}
}
