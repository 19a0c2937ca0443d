package volumes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/kubeapi"
)

type claim struct{ Namespace, Name, UID string }

// Recycle empties the volumes whose claims are gone and offers them again. It
// returns their names.
func Recycle(ctx context.Context, b bed.Bed, api *kubeapi.Client) ([]string, error) {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct {
				StorageClassName string
				ClaimRef         *claim
			}
			Status struct{ Phase string }
		}
	}
	if err := api.Get(ctx, objects, &list); err != nil {
		return nil, fmt.Errorf("listing volumes: %w", err)
	}
	var recycled []string
	for _, volume := range list.Items {
		name := volume.Metadata.Name
		if volume.Spec.StorageClassName != class || volume.Status.Phase != "Released" || volume.Spec.ClaimRef == nil {
			continue
		}
		gone, err := claimGone(ctx, api, *volume.Spec.ClaimRef)
		if err != nil {
			return recycled, err
		}
		if !gone {
			continue
		}
		if err := empty(folder(b, name)); err != nil {
			return recycled, err
		}
		if err := api.Merge(ctx, objects+name, object{"spec": object{"claimRef": nil}}); err != nil {
			return recycled, fmt.Errorf("offering volume %s again: %w", name, err)
		}
		recycled = append(recycled, name)
	}
	return recycled, nil
}

// claimGone asks whether the very claim a volume was bound to is no more.
func claimGone(ctx context.Context, api *kubeapi.Client, wanted claim) (bool, error) {
	var found struct{ Metadata struct{ UID string } }
	path := fmt.Sprintf("/api/v1/namespaces/%s/persistentvolumeclaims/%s", wanted.Namespace, wanted.Name)
	err := api.Get(ctx, path, &found)
	var status *kubeapi.StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking for claim %s/%s: %w", wanted.Namespace, wanted.Name, err)
	}
	return found.Metadata.UID != wanted.UID, nil
}

// empty makes the folder anew: its owner and mode were the last pod's.
func empty(path string) error {
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("emptying volume %s: %w", path, err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		return fmt.Errorf("emptying volume %s: %w", path, err)
	}
	return nil
}
