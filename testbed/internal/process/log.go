package process

import (
	"os"
	"strings"
)

// tailBytes is more than enough for the lines anybody reads.
const tailBytes = 64 << 10

// Tail returns the last lines of a daemon's log.
func (d *Daemon) Tail(lines int) string {
	file, err := os.Open(d.Log)
	if err != nil {
		return ""
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return ""
	}
	from := max(0, info.Size()-tailBytes)
	text := make([]byte, info.Size()-from)
	n, _ := file.ReadAt(text, from)
	all := strings.Split(strings.TrimRight(string(text[:n]), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
