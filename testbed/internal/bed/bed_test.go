package bed

import (
	"os"
	"reflect"
	"testing"
	"time"

	"mcp-platform.dev/testbed/internal/process"
)

func TestABedIsJudgedByItsProcessesAndByWhetherItWasEverReady(t *testing.T) {
	self, err := process.Identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	alive, gone := process.Daemon{Identity: self}, process.Daemon{Identity: process.Identity{PID: self.PID, Start: self.Start + 1}}
	for _, c := range []struct {
		name   string
		record Record
		want   State
	}{
		{"all run", Record{Ready: true, Processes: []process.Daemon{alive, alive}}, Running},
		{"some run", Record{Ready: true, Processes: []process.Daemon{alive, gone}}, Broken},
		{"none runs", Record{Ready: true, Processes: []process.Daemon{gone, gone}}, Dead},
		{"all run but it was never ready, and nobody is starting it", Record{Processes: []process.Daemon{alive}}, Dead},
		{"it left no record", Record{}, Dead},
	} {
		if got := c.record.State(); got != c.want {
			t.Errorf("%s: it is %s, want %s", c.name, got, c.want)
		}
	}
}

func TestARecordReadsBackAsItWasSaved(t *testing.T) {
	bed := Bed{Name: "x", Dir: t.TempDir()}
	if record, err := bed.Load(); err != nil || !reflect.DeepEqual(record, Record{}) {
		t.Fatalf("without a record: %v, %v", record, err)
	}
	saved := Record{
		Size: Node, Created: time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC), Ready: true, Server: "https://198.18.0.1:6443",
		Processes: []process.Daemon{{Name: "etcd", Arguments: []string{"/bin/etcd"}, Identity: process.Identity{PID: 3, Start: 9, Boot: "b", Command: "/bin/etcd"}}},
		Kernel:    map[string]string{"/proc/sys/vm/panic_on_oom": "0"},
	}
	if err := bed.Save(saved); err != nil {
		t.Fatal(err)
	}
	if loaded, err := bed.Load(); err != nil || !reflect.DeepEqual(loaded, saved) {
		t.Errorf("loaded %+v (%v), want %+v", loaded, err, saved)
	}
}

func TestOnlyNamesThatAreSafeInPathsNameABed(t *testing.T) {
	home := Home{Dir: t.TempDir()}
	for _, name := range []string{"api", "node", "e2e-2", "x"} {
		if _, err := home.Bed(name); err != nil {
			t.Errorf("%q is refused: %v", name, err)
		}
	}
	for _, name := range []string{"", "..", "a/b", "A", "-a", "a-", "an-entirely-too-long-name-for-a-socket"} {
		if _, err := home.Bed(name); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}

func TestFreePortsAreDistinctAndBelowThoseOfOutgoingConnections(t *testing.T) {
	ports, err := FreePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, port := range ports {
		if seen[port] || port < firstPort || port > lastPort {
			t.Errorf("port %d is a double or out of range", port)
		}
		seen[port] = true
	}
}
