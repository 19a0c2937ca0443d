package tools

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// stamp names everything that decides how a tool's binary comes out. A binary
// whose recorded stamp differs is compiled again. The Go release is left out on
// purpose: a new compiler is no reason to wait ten minutes.
func (b *Builder) stamp(tool Tool) (string, error) {
	hash := sha256.New()
	fmt.Fprintln(hash, tool.Name, tool.Package, tool.Version, tool.Tags, tool.CGO)
	if tool.Module != "" {
		for _, name := range []string{"go.mod", "go.sum"} {
			text, err := os.ReadFile(filepath.Join(b.moduleDir(tool), name))
			if err != nil {
				return "", fmt.Errorf("reading what %s is built from: %w", tool.Name, err)
			}
			hash.Write(text)
		}
	}
	linked, err := b.linkerFlags(tool)
	if err != nil {
		return "", err
	}
	fmt.Fprintln(hash, linked)
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func (b *Builder) stampFile(tool Tool) string {
	return filepath.Join(b.Bin, ".stamps", tool.Name)
}

// current tells whether the tool's binary is there and was built as it would be now.
func (b *Builder) current(tool Tool, stamp string) bool {
	recorded, err := os.ReadFile(b.stampFile(tool))
	if err != nil || strings.TrimSpace(string(recorded)) != stamp {
		return false
	}
	info, err := os.Stat(filepath.Join(b.Bin, tool.Name))
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func (b *Builder) remember(tool Tool, stamp string) error {
	if err := os.MkdirAll(filepath.Dir(b.stampFile(tool)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(b.stampFile(tool), []byte(stamp+"\n"), 0o644)
}

// linkerFlags strips symbols and, for Kubernetes, sets the version its
// programs report, which a build outside its own repository leaves at v0.0.0.
func (b *Builder) linkerFlags(tool Tool) (string, error) {
	flags := []string{"-s", "-w"}
	if tool.Module != "kubernetes" {
		return strings.Join(flags, " "), nil
	}
	version, err := requiredVersion(filepath.Join(b.moduleDir(tool), "go.mod"), "k8s.io/kubernetes")
	if err != nil {
		return "", err
	}
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	if len(parts) < 2 {
		return "", fmt.Errorf("reading the version %q of Kubernetes: want vMAJOR.MINOR.PATCH", version)
	}
	for _, holder := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for _, set := range [][2]string{{"gitVersion", version}, {"gitMajor", parts[0]}, {"gitMinor", parts[1]}, {"gitTreeState", "clean"}} {
			flags = append(flags, fmt.Sprintf("-X %s.%s=%s", holder, set[0], set[1]))
		}
	}
	return strings.Join(flags, " "), nil
}

// requiredVersion reads the version of module that goMod requires.
func requiredVersion(goMod, module string) (string, error) {
	text, err := os.ReadFile(goMod)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == module && fields[1] != "=>" {
			return fields[1], nil
		}
	}
	return "", fmt.Errorf("finding a version of %s in %s: no require line names it", module, goMod)
}
