// Package bed keeps what a test bed leaves on the disk of its machine: where
// it runs, what it started, and who may touch it.
package bed

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A Home is the folder all of a user's beds live under.
type Home struct{ Dir string }

// FindHome is $MCP_CACHE/testbed, or ~/.cache/mcp-platform/testbed.
func FindHome() (Home, error) {
	cache := os.Getenv("MCP_CACHE")
	if cache == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return Home{}, fmt.Errorf("finding the cache folder: %w: set MCP_CACHE", err)
		}
		cache = filepath.Join(user, ".cache", "mcp-platform")
	}
	dir, err := filepath.Abs(filepath.Join(cache, "testbed"))
	if err != nil {
		return Home{}, fmt.Errorf("finding the cache folder: %w", err)
	}
	home := Home{Dir: dir}
	for _, made := range []string{home.Bin(), home.beds()} {
		if err := os.MkdirAll(made, 0o755); err != nil {
			return Home{}, fmt.Errorf("making the cache folder: %w", err)
		}
	}
	return home, nil
}

// Bin holds the compiled programs.
func (h Home) Bin() string { return filepath.Join(h.Dir, "bin") }

func (h Home) beds() string { return filepath.Join(h.Dir, "beds") }

// A bed's name is part of paths, of which Unix sockets allow 108 bytes.
var nameForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$`)

// Bed names one bed, whether it exists or not.
func (h Home) Bed(name string) (Bed, error) {
	if !nameForm.MatchString(name) {
		return Bed{}, fmt.Errorf("naming a bed %q: use up to 32 lower-case letters, digits and dashes", name)
	}
	return Bed{Name: name, Dir: filepath.Join(h.beds(), name)}, nil
}

// Existing lists the beds that have left anything on disk, by name.
func (h Home) Existing() ([]Bed, error) {
	entries, err := os.ReadDir(h.beds())
	if err != nil {
		return nil, fmt.Errorf("listing beds: %w", err)
	}
	var beds []Bed
	for _, entry := range entries {
		if bed, err := h.Bed(entry.Name()); err == nil && entry.IsDir() {
			beds = append(beds, bed)
		}
	}
	slices.SortFunc(beds, func(a, b Bed) int { return strings.Compare(a.Name, b.Name) })
	return beds, nil
}
