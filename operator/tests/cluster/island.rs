//! Who reaches whom under the rendered policies, as another program sees it: cyclonus reads them as Kubernetes defines
//! them (<https://github.com/mattfenwick/cyclonus>). No cluster is asked; the test bed's network enforces nothing.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use mcp_crds::McpClient;
use serde_json::{Value, json};

use crate::bed;

/// The settings everything is rendered with: stand-ins at an address of their own, a DNS cache on the node, an API server
/// with a public address.
const SETTINGS: &[&str] = &[
    "SERVER_IMAGE_REPOSITORY=mcp-platform.local/mcp-server",
    "ROUTE_HOSTS=agency=wa.agency.example",
    "GEMINI_BASE=http://198.18.0.1:9999",
    "CLOSED_RANGES=203.0.113.0/24",
    r#"EXTRA_EGRESS=[{"to":[{"ipBlock":{"cidr":"192.168.7.7/32"}}],"ports":[{"port":4318,"protocol":"TCP"}]}]"#,
];

/// Somebody on the network.
fn who(name: &str) -> Value {
    let pod = |namespace: &str, pods: Value, ip: &str| {
        json!({"IP": ip, "Internal": {
            "Namespace": namespace,
            "NamespaceLabels": {"kubernetes.io/metadata.name": namespace},
            "PodLabels": pods,
        }})
    };
    let server = |client: &str| {
        json!({"app.kubernetes.io/name": "mcp-server", "app.kubernetes.io/instance": client,
            "app.kubernetes.io/managed-by": "mcp-operator"})
    };
    match name {
        "ze" => pod("ze-production", server("ze"), "10.1.0.1"),
        "ze's other pod" => pod("ze-production", json!({"app": "copy"}), "10.1.0.9"),
        "ana's acmesolver" => {
            pod("ana-production", json!({"acme.cert-manager.io/http01-solver": "true"}), "10.1.0.14")
        }
        "ana" => pod("ana-production", server("ana"), "10.1.0.2"),
        "traefik" => pod("traefik", json!({"app.kubernetes.io/name": "traefik"}), "10.1.0.3"),
        "nginx" => pod("ingress-nginx", json!({"app": "controller"}), "10.1.0.4"),
        "operator" => pod("mcp-platform", json!({"app.kubernetes.io/name": "mcp-operator"}), "10.1.0.5"),
        "operator's neighbour" => pod("mcp-platform", json!({"app": "other"}), "10.1.0.6"),
        "false operator" => pod("agency", json!({"app.kubernetes.io/name": "mcp-operator"}), "10.1.0.7"),
        "prometheus" => pod("monitoring", json!({"app.kubernetes.io/name": "prometheus"}), "10.1.0.8"),
        "dns" => pod("kube-system", json!({"k8s-app": "kube-dns"}), "10.1.0.10"),
        "kube-system's other pod" => pod("kube-system", json!({"k8s-app": "metrics"}), "10.1.0.11"),
        "postgres" => pod("databases", json!({"cnpg.io/cluster": "main"}), "10.1.0.12"),
        "another postgres" => pod("databases", json!({"cnpg.io/cluster": "secret"}), "10.1.0.13"),
        address => json!({"IP": address}),
    }
}

/// From, to, port, and whether it passes. `udp 53` is said so; everything else is TCP.
const TABLE: &[(&str, &str, &str, bool)] = &[
    // In: the public port for the ingress controllers, the internal one for the operator and Prometheus.
    ("traefik", "ze", "8000", true),
    ("nginx", "ze", "8000", true),
    ("traefik", "ze", "9090", false),
    ("operator", "ze", "9090", true),
    ("operator", "ze", "8000", true),
    ("operator", "ze", "22", false),
    ("operator's neighbour", "ze", "9090", false),
    ("false operator", "ze", "9090", false),
    ("prometheus", "ze", "9090", true),
    ("prometheus", "ze", "8000", false),
    ("ana", "ze", "8000", false),
    ("ana", "ze", "9090", false),
    ("ze", "ana", "8000", false),
    ("ze's other pod", "ze", "8000", false),
    ("8.8.8.8", "ze", "8000", false),
    ("10.0.0.9", "ze", "9090", false),
    ("traefik", "ze's other pod", "8000", false),
    ("traefik", "ze's other pod", "8089", false),
    ("traefik", "ana's acmesolver", "8089", true),
    ("ze", "ana's acmesolver", "8089", false),
    ("ana's acmesolver", "157.240.22.19", "443", false),
    // Out: names, the internet over TLS, what the settings name.
    ("ze", "dns", "udp 53", true),
    ("ze", "dns", "53", true),
    ("ze", "dns", "9153", false),
    ("ze", "kube-system's other pod", "udp 53", false),
    ("ze", "157.240.22.19", "443", true),
    ("ze", "2a03:2880:f11c:8083:face:b00c:0:25de", "443", true),
    ("ze", "157.240.22.19", "80", false),
    ("ze", "157.240.22.19", "25", false),
    ("ze", "169.254.169.254", "80", false),
    ("ze", "169.254.169.254", "443", false),
    ("ze", "fd00:ec2::254", "443", false),
    ("ze", "fe80::1", "443", false),
    ("ze", "10.96.0.1", "443", false),
    ("ze", "172.16.0.1", "6443", false),
    ("ze", "192.168.1.1", "443", false),
    ("ze", "100.64.3.3", "443", false),
    ("ze", "203.0.113.5", "443", false),
    ("ze", "127.0.0.1", "443", false),
    ("ze", "198.18.0.1", "9999", true),
    ("ze", "198.18.0.1", "443", false),
    ("ze", "192.168.7.7", "4318", true),
    ("ze", "192.168.7.7", "443", false),
    ("ze", "traefik", "8000", false),
    ("ze", "operator", "8080", false),
    ("ze's other pod", "157.240.22.19", "443", false),
    ("ze's other pod", "dns", "udp 53", false),
    // A database: where the client says it is, and only its own client reaches it.
    ("ana", "postgres", "6432", true),
    ("ana", "postgres", "5432", false),
    ("ana", "another postgres", "6432", false),
    ("ze", "postgres", "6432", false),
    ("ze", "10.9.9.9", "5432", false),
];

fn clients() -> Vec<McpClient> {
    let named = |name: &str, number: &str| {
        let mut client: McpClient = serde_yaml::from_str(&bed::example()).unwrap();
        client.metadata.name = Some(name.to_owned());
        number.clone_into(&mut client.spec.environments[0].whatsapp.phone_number_id);
        client
    };
    let mut ana = named("ana", "57200002");
    ana.spec.environments[0].database = serde_json::from_value(json!({"postgres": {
        "secretRef": {"name": "pg"},
        "egress": {"selector": {"namespace": "databases", "podLabels": {"cnpg.io/cluster": "main"}}, "port": 6432},
    }}))
    .unwrap();
    ana.spec.environments[0].route =
        serde_json::from_value(json!({"host": "wa.agency.example", "tls": {"clusterIssuer": "letsencrypt"}}))
            .unwrap();
    vec![named("ze", "57200001"), ana]
}

/// The policies of the clients, a file each, as `mcp-operator render` prints them.
fn render_policies(folder: &Path) {
    let file = folder.join("clients.yaml");
    let clients: Vec<String> =
        clients().iter().map(|client| serde_yaml::to_string(client).unwrap()).collect();
    fs::write(&file, clients.join("---\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-operator"));
    command.arg("render").arg(&file).args(SETTINGS.iter().flat_map(|setting| ["--set", setting]));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let policies = folder.join("policies");
    fs::create_dir(&policies).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let documents: Vec<&str> =
        text.split("---\n").filter(|document| document.contains("\nkind: NetworkPolicy\n")).collect();
    assert_eq!(documents.len(), 4, "two for each tenant");
    for (index, document) in documents.into_iter().enumerate() {
        fs::write(policies.join(format!("{index}.yaml")), document).unwrap();
    }
}

fn judged(folder: &Path) -> Vec<bool> {
    let traffic: Vec<Value> = TABLE
        .iter()
        .map(|(from, to, port, _)| {
            let (protocol, number) =
                port.split_once(' ').map_or(("TCP", *port), |(_, number)| ("UDP", number));
            json!({"Source": who(from), "Destination": who(to), "Protocol": protocol,
                "ResolvedPort": number.parse::<u16>().unwrap()})
        })
        .collect();
    let file = folder.join("traffic.json");
    fs::write(&file, serde_json::to_string(&traffic).unwrap()).unwrap();
    let output = Command::new(bed::program("cyclonus"))
        .args(["analyze", "--mode", "query-traffic", "--policy-path"])
        .arg(folder.join("policies"))
        .arg("--traffic-path")
        .arg(&file)
        .output()
        .expect("cyclonus starts; testbed/testbed build cyclonus");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text.lines().filter(|line| line.contains("IS ALLOWED?")).map(|line| line.contains("TRUE")).collect()
}

#[test]
fn a_tenant_reaches_and_is_reached_by_whom_it_needs_and_nobody_else() {
    let folder = std::env::temp_dir().join(format!("mcp-island-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    render_policies(&folder);
    let answers = judged(&folder);
    assert_eq!(answers.len(), TABLE.len());
    let wrong: BTreeMap<String, &str> = TABLE
        .iter()
        .zip(answers)
        .filter(|((.., expected), answer)| expected != answer)
        .map(|((from, to, port, expected), _)| {
            (format!("{from} to {to} on {port}"), if *expected { "is refused" } else { "passes" })
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    fs::remove_dir_all(&folder).unwrap();
}
