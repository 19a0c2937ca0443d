package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mcp-platform.dev/testbed/internal/process"
)

// cgroup is the group, in every hierarchy, that all of the bed's pods are in.
// It makes them findable when everything that knew them is dead.
const cgroup = "mcp-testbed"

// makeCgroups makes the group in each hierarchy.
func makeCgroups() error {
	hierarchies, err := cgroupHierarchies()
	if err != nil {
		return err
	}
	for _, hierarchy := range hierarchies {
		if hierarchy.unified {
			// Best effort: what is not delegated the kubelet names better.
			for _, controller := range []string{"+cpu", "+cpuset", "+memory", "+pids", "+io", "+hugetlb"} {
				_ = os.WriteFile(filepath.Join(hierarchy.mount, "cgroup.subtree_control"), []byte(controller), 0o644)
			}
		}
		group := filepath.Join(hierarchy.mount, cgroup)
		if err := os.MkdirAll(group, 0o755); err != nil {
			return fmt.Errorf("making the pods' cgroup: %w", err)
		}
		inheritCPUs(hierarchy.mount, group)
	}
	return nil
}

// inheritCPUs copies the parent's processors and memory nodes, which a new
// group of the old cpuset hierarchy starts without.
func inheritCPUs(parent, group string) {
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		if own, err := os.ReadFile(filepath.Join(group, name)); err != nil || strings.TrimSpace(string(own)) != "" {
			continue
		}
		if value, err := os.ReadFile(filepath.Join(parent, name)); err == nil {
			_ = os.WriteFile(filepath.Join(group, name), value, 0o644)
		}
	}
}

// killPods ends every process in the group.
func killPods() error {
	hierarchies, err := cgroupHierarchies()
	if err != nil {
		return err
	}
	var victims []process.Identity
	for _, hierarchy := range hierarchies {
		err := filepath.WalkDir(filepath.Join(hierarchy.mount, cgroup), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.Name() != "cgroup.procs" {
				return nil // a group that vanishes meanwhile has nobody in it
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return nil
			}
			for _, number := range strings.Fields(string(text)) {
				if pid, err := strconv.Atoi(number); err == nil {
					if identity, err := process.Identify(pid); err == nil {
						victims = append(victims, identity)
					}
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("finding the pods' processes: %w", err)
		}
	}
	return process.Kill(victims...)
}

// removeCgroups removes the group and everything under it, deepest first.
func removeCgroups() error {
	hierarchies, err := cgroupHierarchies()
	if err != nil {
		return err
	}
	var problems []error
	for _, hierarchy := range hierarchies {
		var groups []string
		_ = filepath.WalkDir(filepath.Join(hierarchy.mount, cgroup), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				groups = append(groups, path)
			}
			return nil
		})
		for _, group := range slices.Backward(groups) {
			if err := os.Remove(group); err != nil && !errors.Is(err, fs.ErrNotExist) {
				problems = append(problems, fmt.Errorf("removing a cgroup: %w", err))
			}
		}
	}
	return errors.Join(problems...)
}

type hierarchy struct {
	mount   string
	unified bool
}

// cgroupHierarchies lists where cgroups are mounted: one place per controller
// in version 1, one for all in version 2, or both.
func cgroupHierarchies() ([]hierarchy, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("finding the cgroup hierarchies: %w", err)
	}
	var found []hierarchy
	for line := range strings.Lines(string(text)) {
		mount, kind, ok := parseMount(line)
		if ok && strings.HasPrefix(kind, "cgroup") {
			found = append(found, hierarchy{mount: mount, unified: kind == "cgroup2"})
		}
	}
	if len(found) == 0 {
		return nil, errors.New("finding the cgroup hierarchies: none is mounted")
	}
	return found, nil
}
