package volumes

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/kubeapi"
	"mcp-platform.dev/testbed/internal/pki"
)

// apiServer answers with two released volumes: the claim of testbed-00 is
// gone, another claim of the same name took the place of testbed-01's, and
// that of testbed-02 is still there. testbed-03 is bound.
func apiServer(t *testing.T, patched *[]string) *kubeapi.Client {
	t.Helper()
	folder := t.TempDir()
	authority, err := pki.New(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := authority.Issue(pki.Request{Name: "admin", CommonName: "admin"}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+objects, func(w http.ResponseWriter, _ *http.Request) {
		var items []object
		for n, phase := range []string{"Released", "Released", "Released", "Bound"} {
			name := []string{"testbed-00", "testbed-01", "testbed-02", "testbed-03"}[n]
			items = append(items, object{
				"metadata": object{"name": name}, "status": object{"phase": phase},
				"spec": object{"storageClassName": class, "claimRef": object{"namespace": "a", "name": name, "uid": "old"}},
			})
		}
		_ = json.NewEncoder(w).Encode(object{"items": items})
	})
	for name, uid := range map[string]string{"testbed-01": "new", "testbed-02": "old", "testbed-03": "old"} {
		mux.HandleFunc("GET /api/v1/namespaces/a/persistentvolumeclaims/"+name, func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(object{"metadata": object{"uid": uid}})
		})
	}
	mux.HandleFunc("PATCH "+objects+"{name}", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Spec map[string]any }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		if value, ok := body.Spec["claimRef"]; !ok || value != nil {
			t.Errorf("the patch says %v, want claimRef removed", body.Spec)
		}
		*patched = append(*patched, r.PathValue("name"))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	client, err := kubeapi.New(server.URL, folder)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestOnlyVolumesWhoseVeryClaimIsGoneAreEmptiedAndOfferedAgain(t *testing.T) {
	b := bed.Bed{Name: "x", Dir: t.TempDir()}
	names := []string{"testbed-00", "testbed-01", "testbed-02", "testbed-03"}
	for _, name := range names {
		if err := os.MkdirAll(folder(b, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder(b, name), "tenant.db"), []byte("data"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var patched []string
	recycled, err := Recycle(context.Background(), b, apiServer(t, &patched))
	if err != nil {
		t.Fatal(err)
	}
	gone := []string{"testbed-00", "testbed-01"}
	if !slices.Equal(recycled, gone) || !slices.Equal(patched, gone) {
		t.Errorf("recycled %v and offered %v, want %v", recycled, patched, gone)
	}
	for _, name := range names {
		_, err := os.Stat(filepath.Join(folder(b, name), "tenant.db"))
		if kept := err == nil; kept == slices.Contains(gone, name) {
			t.Errorf("%s: data kept is %v", name, kept)
		}
	}
}
