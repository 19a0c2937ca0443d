package node

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"mcp-platform.dev/testbed/internal/bed"
)

// Most of what the node's programs keep is in the bed's folder, where their
// settings put it. Here is what they keep elsewhere, whatever one sets.

// shimSocket is how the note of a container shim names the socket it listens on.
var shimSocket = regexp.MustCompile(`unix://(/run/containerd/s/[0-9a-f]{64})`)

// removeShimSockets removes the sockets that the shims' notes name.
func removeShimSockets(b bed.Bed) error {
	var problems []error
	for _, pattern := range []string{"address", "bootstrap.json"} {
		notes, err := filepath.Glob(b.Path("containerd", "state", "io.containerd.runtime.v2.task", "*", "*", pattern))
		if err != nil {
			return err
		}
		for _, note := range notes {
			text, err := os.ReadFile(note)
			if err != nil {
				continue
			}
			for _, found := range shimSocket.FindAllSubmatch(text, -1) {
				problems = append(problems, remove(string(found[1])))
			}
		}
	}
	removeEmpty("/run/containerd/s", "/run")
	return errors.Join(problems...)
}

// removePluginResults removes what the network plugins' library noted of the
// bed's pods. A note names the pod's network namespace, a path in the bed.
func removePluginResults(b bed.Bed) error {
	const folder = "/var/lib/cni/results"
	return removeMatching(folder, "/var/lib", func(path string) bool {
		text, err := os.ReadFile(path)
		return err == nil && bytes.Contains(text, []byte(b.Dir+"/"))
	})
}

// removeLogLinks removes the kubelet's links to container logs.
func removeLogLinks(b bed.Bed) error {
	return removeMatching("/var/log/containers", "/var/log", func(path string) bool {
		target, err := os.Readlink(path)
		return err == nil && strings.HasPrefix(target, b.Dir+"/")
	})
}

// deviceSocket is where device plugins meet the kubelet, of whatever root.
const deviceSocket = "/var/lib/kubelet/device-plugins/kubelet.sock"

// kubeletHere tells whether a kubelet listens for device plugins.
func kubeletHere() bool {
	connection, err := net.Dial("unix", deviceSocket)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}

// removeDeviceSocket removes the socket of a kubelet that has ended.
func removeDeviceSocket() error {
	if kubeletHere() {
		return nil
	}
	err := remove(deviceSocket)
	removeEmpty(filepath.Dir(deviceSocket), "/var/lib")
	return err
}

// removeMatching removes the entries of folder that are ours, and then what
// is empty from folder upwards to, not including, top.
func removeMatching(folder, top string, ours func(path string) bool) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var problems []error
	for _, entry := range entries {
		if path := filepath.Join(folder, entry.Name()); ours(path) {
			problems = append(problems, remove(path))
		}
	}
	removeEmpty(folder, top)
	return errors.Join(problems...)
}

// removeEmpty removes folder and those above it below top, while they are empty.
func removeEmpty(folder, top string) {
	for ; strings.HasPrefix(folder, top+"/"); folder = filepath.Dir(folder) {
		if os.Remove(folder) != nil {
			return // somebody else's, or gone
		}
	}
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
