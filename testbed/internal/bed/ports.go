package bed

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports below the range that kernels hand to outgoing connections (from 32768
// on), so that no connection takes one between the choice and its use.
const (
	firstPort = 20000
	lastPort  = 29999
)

// FreePorts chooses n ports of 127.0.0.1 that nobody listens on.
func FreePorts(n int) ([]int, error) {
	var held []net.Listener
	defer func() {
		for _, listener := range held {
			listener.Close()
		}
	}()
	var ports []int
	for attempt := 0; len(ports) < n; attempt++ {
		if attempt > 1000 {
			return nil, fmt.Errorf("finding %d free ports between %d and %d: too many are taken", n, firstPort, lastPort)
		}
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		held = append(held, listener)
		ports = append(ports, port)
	}
	return ports, nil
}
