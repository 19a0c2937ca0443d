//go:build proof

// Package proof runs a real application on a running node bed. It is asked
// for by its build tag:
//
//	go test -tags proof ./proof -bed NAME
package proof

import (
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/images"
	"mcp-platform.dev/testbed/internal/lifecycle"
	"mcp-platform.dev/testbed/internal/tools"
)

const (
	image = "mcp-platform.local/probe:proof"
	// rulesTrail is how far kube-proxy's rules may trail a ready pod.
	rulesTrail = 10 * time.Second
)

var bedName = flag.String("bed", "node", "name of a running bed of size node")

type world struct {
	t      *testing.T
	keeper *lifecycle.Keeper
	bed    bed.Bed
	kube   string
}

func (w world) kubectl(arguments ...string) string {
	w.t.Helper()
	text, err := w.command(arguments...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			w.t.Fatalf("kubectl %s: %v: %s", strings.Join(arguments, " "), err, exit.Stderr)
		}
		w.t.Fatalf("kubectl %s: %v", strings.Join(arguments, " "), err)
	}
	return strings.TrimSpace(string(text))
}

func (w world) command(arguments ...string) *exec.Cmd {
	return exec.Command(w.kube, append([]string{"--kubeconfig", w.bed.Kubeconfig()}, arguments...)...)
}

// ask sends one request to the probe and repeats it until it is answered.
func (w world) ask(method, address string) string {
	w.t.Helper()
	deadline := time.Now().Add(rulesTrail)
	for {
		text, err := once(method, address)
		if err == nil {
			return text
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s %s: %v", method, address, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func once(method, address string) (string, error) {
	request, err := http.NewRequest(method, address, nil)
	if err != nil {
		return "", err
	}
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status + ": " + strings.TrimSpace(string(text)))
	}
	return string(text), err
}

func TestANodeRunsARestrictedApplicationWithAVolume(t *testing.T) {
	w := enter(t)
	w.loadProbe()
	t.Cleanup(func() {
		w.kubectl("delete", "namespace", "proof", "--ignore-not-found", "--timeout=60s")
		if err := w.keeper.RecycleVolumes(context.Background(), w.bed.Name); err != nil {
			t.Error(err)
		}
		if phases := w.kubectl("get", "pv", "-o", "jsonpath={.items[*].status.phase}"); strings.Contains(phases, "Released") {
			t.Errorf("after recycling, volumes are %s", phases)
		}
	})
	began := time.Now()
	w.kubectl("apply", "-f", "pod.yaml")
	w.kubectl("rollout", "status", "deployment/probe", "-n", "proof", "--timeout=90s")
	t.Logf("ready after %s", time.Since(began).Round(100*time.Millisecond))
	service := w.kubectl("get", "service", "probe", "-n", "proof", "-o", "jsonpath={.spec.clusterIP}")
	base := "http://" + service

	if got := w.ask("GET", base+"/name?host=probe.proof.svc.cluster.local"); got != service {
		t.Errorf("from within, the service's name means %q, want %q", got, service)
	}
	if got := w.ask("GET", base+"/name?host=probe"); got != service {
		t.Errorf("from within, the service's short name means %q, want %q", got, service)
	}
	w.ask("GET", base+"/dial?address="+url.QueryEscape("kubernetes.default:443"))
	w.ask("GET", base+"/dial?address="+url.QueryEscape("probe.proof:80"))
	if _, err := once("GET", base+"/dial?address="+url.QueryEscape("192.0.2.1:443")); err == nil || !strings.Contains(err.Error(), "unreachable") {
		t.Errorf("from within, the outside world answers with %v, want it unreachable at once", err)
	}

	w.ask("PUT", base+"/volume?text=kept")
	w.kubectl("delete", "pod", "-n", "proof", "-l", "app=probe")
	w.kubectl("rollout", "status", "deployment/probe", "-n", "proof", "--timeout=90s")
	if got := w.ask("GET", base+"/volume"); got != "kept" {
		t.Errorf("after the pod was replaced, the volume holds %q, want %q", got, "kept")
	}
}

func TestLogsExecAndPortForwardReachThePod(t *testing.T) {
	w := enter(t)
	w.loadProbe()
	t.Cleanup(func() { w.kubectl("delete", "namespace", "proof", "--ignore-not-found", "--timeout=60s") })
	w.kubectl("apply", "-f", "pod.yaml")
	w.kubectl("rollout", "status", "deployment/probe", "-n", "proof", "--timeout=90s")

	if logs := w.kubectl("logs", "-n", "proof", "deployment/probe"); !strings.Contains(logs, "listening on :8080 as 4711:4711") {
		t.Errorf("the pod's log is %q", logs)
	}
	if said := w.kubectl("exec", "-n", "proof", "deployment/probe", "--", "/probe", "hello", "there"); said != "hello there" {
		t.Errorf("the command run in the pod said %q", said)
	}

	forward := w.command("port-forward", "-n", "proof", "service/probe", "--address", "127.0.0.1", ":80")
	out, err := forward.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := forward.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { forward.Process.Kill(); forward.Wait() }()
	buffer := make([]byte, 200)
	n, err := out.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	// "Forwarding from 127.0.0.1:PORT -> 8080"
	words := strings.Fields(string(buffer[:n]))
	if len(words) < 3 {
		t.Fatalf("port-forward said %q", buffer[:n])
	}
	if got := w.ask("GET", "http://"+words[2]+"/name?host=probe"); got == "" {
		t.Error("through port-forward, the probe answered nothing")
	}
}

// enter finds the bed that the test was told to use.
func enter(t *testing.T) world {
	home, err := bed.FindHome()
	if err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	keeper := &lifecycle.Keeper{Home: home, Source: source, Out: io.Discard}
	b, err := keeper.Running(*bedName)
	if err != nil {
		t.Fatal(err)
	}
	return world{t: t, keeper: keeper, bed: b, kube: filepath.Join(home.Bin(), "kubectl")}
}

func (w world) loadProbe() {
	w.t.Helper()
	program := filepath.Join(w.t.TempDir(), "probe")
	builder := &tools.Builder{Source: w.keeper.Source, Bin: w.keeper.Home.Bin(), Out: os.Stderr}
	if err := builder.BuildOwn(context.Background(), "proof/probe", program); err != nil {
		w.t.Fatal(err)
	}
	archive := program + ".tar"
	if err := images.WriteArchive(archive, image, program); err != nil {
		w.t.Fatal(err)
	}
	if err := w.keeper.LoadImages(context.Background(), w.bed.Name, []string{archive}); err != nil {
		w.t.Fatal(err)
	}
}
