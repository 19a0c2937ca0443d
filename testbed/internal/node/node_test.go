package node

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAMountsPlaceIsReadWithItsEscapesUndone(t *testing.T) {
	line := `36 35 98:0 / /beds/a\040b/rootfs rw,noatime shared:1 - overlay overlay rw,lowerdir=/x` + "\n"
	mount, kind, ok := parseMount(line)
	if !ok || mount != "/beds/a b/rootfs" || kind != "overlay" {
		t.Errorf("got %q %q %v", mount, kind, ok)
	}
	if _, _, ok := parseMount("nonsense\n"); ok {
		t.Error("nonsense counts as a mount")
	}
}

func TestCleaningAFolderSharedWithOthersTakesOnlyWhatIsOurs(t *testing.T) {
	top := t.TempDir()
	shared := filepath.Join(top, "a", "b")
	if err := os.MkdirAll(shared, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ours", "theirs"} {
		if err := os.WriteFile(filepath.Join(shared, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeMatching(shared, top, func(path string) bool { return filepath.Base(path) == "ours" }); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(shared); err != nil || len(left) != 1 || left[0].Name() != "theirs" {
		t.Fatalf("left are %v (%v), want theirs alone", left, err)
	}
	if err := removeMatching(shared, top, func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(top); err != nil || len(left) != 0 {
		t.Errorf("once nothing is in it, the folder stays: %v (%v)", left, err)
	}
	if _, err := os.Stat(top); err != nil {
		t.Error("the folder where cleaning stops is gone")
	}
}
