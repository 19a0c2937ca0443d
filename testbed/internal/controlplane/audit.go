package controlplane

import (
	"encoding/json"
	"fmt"
	"os"

	"mcp-platform.dev/testbed/internal/bed"
)

// auditPolicy records who asked for what of every request, without bodies.
// The cluster's own machinery is left out: it talks all the time, and tests
// count what the programs under test do. Their leases and events stay in.
var auditPolicy = map[string]any{
	"apiVersion": "audit.k8s.io/v1",
	"kind":       "Policy",
	"omitStages": []string{"RequestReceived"},
	"rules": []map[string]any{
		{"level": "None", "users": []string{
			"system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy", dnsUser,
		}},
		{"level": "None", "userGroups": []string{"system:nodes", "system:serviceaccounts:kube-system"}},
		{"level": "None", "nonResourceURLs": []string{"/healthz*", "/livez*", "/readyz*"}},
		{"level": "Metadata"},
	},
}

func writeAudit(b bed.Bed) error {
	text, err := json.MarshalIndent(auditPolicy, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the audit policy: %w", err)
	}
	if err := os.WriteFile(b.Path("audit-policy.json"), text, 0o644); err != nil {
		return fmt.Errorf("writing the audit policy: %w", err)
	}
	return nil
}
