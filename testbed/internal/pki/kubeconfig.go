package pki

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
)

// Context is the one context in every kubeconfig of a bed.
const Context = "testbed"

const kubeconfig = `apiVersion: v1
kind: Config
clusters:
  - name: testbed
    cluster:
      server: %s
      certificate-authority-data: %s
users:
  - name: %s
    user:
      client-certificate-data: %s
      client-key-data: %s
contexts:
  - name: testbed
    context: {cluster: testbed, user: %[3]s}
current-context: testbed
`

// WriteKubeconfig writes a self-contained kubeconfig to path, for the user
// whose certificate was issued under the name user.
func (a *Authority) WriteKubeconfig(path, server, user string) error {
	var encoded []any
	for _, name := range []string{"ca.crt", user + ".crt", user + ".key"} {
		text, err := os.ReadFile(filepath.Join(a.Dir, name))
		if err != nil {
			return fmt.Errorf("reading %s for a kubeconfig: %w", name, err)
		}
		encoded = append(encoded, base64.StdEncoding.EncodeToString(text))
	}
	text := fmt.Sprintf(kubeconfig, server, encoded[0], user, encoded[1], encoded[2])
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig of %s: %w", user, err)
	}
	return nil
}
