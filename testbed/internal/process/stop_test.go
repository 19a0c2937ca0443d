package process

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// sleeper starts a process that calls itself name and works in dir.
func sleeper(t *testing.T, name, dir string) Identity {
	t.Helper()
	path, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	command := &exec.Cmd{Path: path, Args: []string{name, "600"}, Dir: dir}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	identity, err := Identify(command.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func TestKillEndsTheProcessThatWasRecorded(t *testing.T) {
	victim := sleeper(t, "etcd", t.TempDir())
	if err := Kill(victim); err != nil {
		t.Fatal(err)
	}
	if victim.Alive() {
		t.Error("it still runs")
	}
}

func TestKillSparesAProcessThatGotTheNumberOfARecordedOne(t *testing.T) {
	bystander := sleeper(t, "etcd", t.TempDir())
	recorded := bystander
	recorded.Start--
	if err := Kill(recorded); err != nil {
		t.Fatal(err)
	}
	if !bystander.Alive() {
		t.Error("the bystander was killed")
	}
}

func TestStraysAreProgramsOfABedThatWorkInItsFolder(t *testing.T) {
	beds := t.TempDir()
	mine, neighbour := filepath.Join(beds, "one"), filepath.Join(beds, "one-more")
	for _, dir := range []string{mine, neighbour} {
		if err := exec.Command("mkdir", "-p", filepath.Join(dir, "state")).Run(); err != nil {
			t.Fatal(err)
		}
	}
	stray := sleeper(t, "/x/containerd-shim-runc-v2", filepath.Join(mine, "state"))
	sleeper(t, "/x/containerd-shim-runc-v2", filepath.Join(neighbour, "state"))
	sleeper(t, "vi", mine)

	found := Strays(mine, "containerd-shim-runc-v2", "kubelet")
	if !slices.Equal(found, []Identity{stray}) {
		t.Errorf("found %v, want only %v", found, stray)
	}
}
