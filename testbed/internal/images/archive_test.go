package images

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"
)

func untar(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	reader := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = text
	}
}

func TestAnArchiveHoldsOneProgramThatItsManifestLeadsTo(t *testing.T) {
	archive, err := archiveOf("local/x:1", "x", []byte("program"))
	if err != nil {
		t.Fatal(err)
	}
	files := untar(t, archive)
	var manifest []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest) != 1 || len(manifest[0].Layers) != 1 || manifest[0].RepoTags[0] != "local/x:1" {
		t.Fatalf("the manifest is %+v", manifest)
	}
	layer := files[manifest[0].Layers[0]]
	if got := untar(t, layer)["x"]; string(got) != "program" {
		t.Errorf("the layer's program is %q", got)
	}
	var config struct {
		Config struct{ Entrypoint []string }
		Rootfs struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	if err := json.Unmarshal(files[manifest[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	if len(config.Config.Entrypoint) != 1 || config.Config.Entrypoint[0] != "/x" {
		t.Errorf("the entry point is %v, want the program", config.Config.Entrypoint)
	}
	if want := "sha256:" + digest(layer); len(config.Rootfs.DiffIDs) != 1 || config.Rootfs.DiffIDs[0] != want {
		t.Errorf("the layer is named %v, want %s", config.Rootfs.DiffIDs, want)
	}
}

func TestTheSameProgramGivesTheSameArchive(t *testing.T) {
	first, err := archiveOf("local/x:1", "x", []byte("program"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := archiveOf("local/x:1", "x", []byte("program"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("the bytes differ")
	}
}
