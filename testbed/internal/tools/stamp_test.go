package tools

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const goMod = `module x

require k8s.io/kubernetes v1.36.3

replace k8s.io/kubernetes => ./elsewhere v0.0.1
`

// workshop is a builder whose modules and binaries are the test's.
func workshop(t *testing.T) *Builder {
	t.Helper()
	builder := &Builder{Source: t.TempDir(), Bin: t.TempDir(), Out: io.Discard}
	put(t, filepath.Join(builder.Source, "modules", "kubernetes", "go.mod"), goMod, 0o644)
	put(t, filepath.Join(builder.Source, "modules", "kubernetes", "go.sum"), "sums", 0o644)
	return builder
}

func put(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func missing(t *testing.T, builder *Builder, tool Tool) bool {
	t.Helper()
	tools, err := builder.Missing([]Tool{tool})
	if err != nil {
		t.Fatal(err)
	}
	return len(tools) == 1
}

// built pretends that the tool was compiled as it would be now.
func built(t *testing.T, builder *Builder, tool Tool) {
	t.Helper()
	put(t, filepath.Join(builder.Bin, tool.Name), "binary", 0o755)
	stamp, err := builder.stamp(tool)
	if err != nil {
		t.Fatal(err)
	}
	if err := builder.remember(tool, stamp); err != nil {
		t.Fatal(err)
	}
}

func TestAToolIsCompiledAgainWhenAnythingThatDecidesItsBinaryChanges(t *testing.T) {
	pinned := Tool{Name: "kubelet", Package: "k8s.io/kubernetes/cmd/kubelet", Module: "kubernetes"}
	versioned := Tool{Name: "helm", Package: "helm.sh/helm/v4/cmd/helm", Version: "v4.2.4"}
	newer, tagged := versioned, versioned
	newer.Version, tagged.Tags = "v4.2.5", "other"

	for change, c := range map[string]struct {
		before, after Tool
		do            func(*Builder)
	}{
		"its version":           {versioned, newer, func(*Builder) {}},
		"its tags":              {versioned, tagged, func(*Builder) {}},
		"what its module pins":  {pinned, pinned, func(b *Builder) { put(t, filepath.Join(b.Source, "modules/kubernetes/go.sum"), "other", 0o644) }},
		"its binary is removed": {pinned, pinned, func(b *Builder) { os.Remove(filepath.Join(b.Bin, "kubelet")) }},
	} {
		builder := workshop(t)
		if !missing(t, builder, c.before) {
			t.Errorf("%s: before it was built, it counts as there", change)
		}
		built(t, builder, c.before)
		if missing(t, builder, c.before) {
			t.Errorf("%s: once built, it counts as missing", change)
		}
		c.do(builder)
		if !missing(t, builder, c.after) {
			t.Errorf("%s: after the change, the old binary counts", change)
		}
	}
}

func TestABinaryNobodyStampedIsNotTrusted(t *testing.T) {
	builder := workshop(t)
	tool := Tool{Name: "helm", Package: "helm.sh/helm/v4/cmd/helm", Version: "v4.2.4"}
	put(t, filepath.Join(builder.Bin, "helm"), "binary", 0o755)
	if !missing(t, builder, tool) {
		t.Error("it counts as there")
	}
}

func TestKubernetesReportsTheVersionItsModuleRequires(t *testing.T) {
	flags, err := workshop(t).linkerFlags(Tool{Name: "kubelet", Module: "kubernetes"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"component-base/version.gitVersion=v1.36.3", "component-base/version.gitMinor=36", "client-go/pkg/version.gitMajor=1"} {
		if !strings.Contains(flags, want) {
			t.Errorf("the linker flags %q lack %s", flags, want)
		}
	}
}

func TestEveryToolHasItsOwnNameAndExactlyOnePin(t *testing.T) {
	seen := map[string]bool{}
	for _, tool := range ForTests() {
		if seen[tool.Name] {
			t.Errorf("%s is listed twice", tool.Name)
		}
		seen[tool.Name] = true
		if (tool.Version == "") == (tool.Module == "") {
			t.Errorf("%s needs either a version or a module", tool.Name)
		}
	}
}
