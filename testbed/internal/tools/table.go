// Package tools compiles the programs a test bed consists of and installs the
// distribution's packages it needs. No program is downloaded ready-made.
package tools

// A Tool is one program and how it is compiled.
type Tool struct {
	// Name of the file in the directory of binaries.
	Name string
	// Package is the import path of the command.
	Package string
	// Version of the package for `go install`; empty when Module pins it.
	Version string
	// Module is the folder under modules/ whose go.mod pins the package and
	// everything under it; empty when Version does.
	Module string
	// Tags are Go build tags.
	Tags string
	// CGO is set for a program that links C.
	CGO bool
	// Duration of a build from nothing on two cores, for people who wait.
	Duration string
}

const (
	kubernetes = "k8s.io/kubernetes/cmd/"
	containerd = "github.com/containerd/containerd/v2/cmd/"

	containerdVersion = "v2.3.7"
)

// apiTools are what an API-only bed runs, in the order of a build.
var apiTools = []Tool{
	{Name: "etcd", Package: "go.etcd.io/etcd/server/v3", Module: "etcd", Duration: "70 s"},
	{Name: "kube-apiserver", Package: kubernetes + "kube-apiserver", Module: "kubernetes", Duration: "3 min"},
	{Name: "kube-controller-manager", Package: kubernetes + "kube-controller-manager", Module: "kubernetes", Duration: "1 min after kube-apiserver"},
	{Name: "kubectl", Package: kubernetes + "kubectl", Module: "kubernetes", Duration: "30 s after kube-apiserver"},
}

// nodeTools are what a node needs beyond apiTools.
var nodeTools = []Tool{
	{Name: "kube-scheduler", Package: kubernetes + "kube-scheduler", Module: "kubernetes", Duration: "30 s after kube-apiserver"},
	{Name: "kubelet", Package: kubernetes + "kubelet", Module: "kubernetes", Duration: "1 min after kube-apiserver"},
	{Name: "kube-proxy", Package: kubernetes + "kube-proxy", Module: "kubernetes", Duration: "20 s after kube-apiserver"},
	{Name: "containerd", Package: containerd + "containerd", Version: containerdVersion, Duration: "2 min"},
	{Name: "containerd-shim-runc-v2", Package: containerd + "containerd-shim-runc-v2", Version: containerdVersion, Duration: "10 s after containerd"},
	{Name: "ctr", Package: containerd + "ctr", Version: containerdVersion, Duration: "10 s after containerd"},
	{Name: "runc", Package: "github.com/opencontainers/runc", Version: "v1.5.2", Tags: "seccomp", CGO: true, Duration: "16 s"},
	{Name: "coredns", Package: "github.com/coredns/coredns", Version: "v1.15.0", Duration: "2 min"},
	{Name: "helm", Package: "helm.sh/helm/v4/cmd/helm", Version: "v4.2.4", Duration: "70 s"},
	{Name: "kubeconform", Package: "github.com/yannh/kubeconform/cmd/kubeconform", Version: "v0.8.0", Duration: "10 s"},
}

// testTools are what some tests need beside a bed.
var testTools = []Tool{
	{Name: "promtool", Package: "github.com/prometheus/prometheus/cmd/promtool", Module: "promtool", Duration: "4 min"},
	{Name: "cyclonus", Package: "github.com/mattfenwick/cyclonus/cmd/cyclonus", Version: "v0.5.6", Duration: "1 min"},
	{Name: "traefik", Package: "github.com/traefik/traefik/v3/cmd/traefik", Module: "traefik", Duration: "8 min"},
}

// ForAPI lists the programs of an API-only bed.
func ForAPI() []Tool { return apiTools }

// ForNode lists the programs of a bed with a node.
func ForNode() []Tool { return append(append([]Tool{}, apiTools...), nodeTools...) }

// ForTests lists the programs that tests use, a node's among them.
func ForTests() []Tool { return append(ForNode(), testTools...) }

// Named finds the tools called names.
func Named(names []string) (found []Tool, unknown []string) {
	known := map[string]Tool{}
	for _, tool := range ForTests() {
		known[tool.Name] = tool
	}
	for _, name := range names {
		if tool, ok := known[name]; ok {
			found = append(found, tool)
		} else {
			unknown = append(unknown, name)
		}
	}
	return found, unknown
}
