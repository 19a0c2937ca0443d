package node

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// parseMount reads the place and the kind of file system from a line of
// /proc/self/mountinfo.
func parseMount(line string) (mount, kind string, ok bool) {
	before, after, ok := strings.Cut(line, " - ")
	place, kinds := strings.Fields(before), strings.Fields(after)
	if !ok || len(place) < 5 || len(kinds) == 0 {
		return "", "", false
	}
	return unescape.Replace(place[4]), kinds[0], true
}

// unescape undoes the kernel's octal escapes in paths.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// unmountUnder detaches everything mounted in dir, the latest first.
func unmountUnder(dir string) error {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("finding the bed's mounts: %w", err)
	}
	var mounts []string
	for line := range strings.Lines(string(text)) {
		if mount, _, ok := parseMount(line); ok && strings.HasPrefix(mount, dir+"/") {
			mounts = append(mounts, mount)
		}
	}
	var problems []error
	for _, mount := range slices.Backward(mounts) {
		if err := syscall.Unmount(mount, syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOENT) {
			problems = append(problems, fmt.Errorf("unmounting %s: %w", mount, err))
		}
	}
	return errors.Join(problems...)
}
