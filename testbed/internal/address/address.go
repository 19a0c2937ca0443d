// Package address lists the addresses beds use: 127.0.0.1, and for the node
// the range set aside for benchmarks (RFC 2544), which no real network has.
package address

const (
	// Loopback is where an API-only bed listens, and every daemon that only
	// the bed itself talks to.
	Loopback = "127.0.0.1"
	// Node is the node's address: API server, kubelet, DNS.
	Node = "198.18.0.1"
	// Everything the node uses lies in here.
	Everything = "198.18.0.0/15"
	// Pods get their addresses from here.
	Pods = "198.18.64.0/18"
	// PodMask is the length of Pods' prefix: the one node gets all of it.
	PodMask = "18"
	// Services get their addresses from here.
	Services = "198.19.0.0/16"
	// KubernetesService is the first service's address: the API server.
	KubernetesService = "198.19.0.1"
)
