//! A real Traefik beside the cluster, and something for it to reach: a server of the test's own that stands in the place
//! of a tenant's pods, for no pod runs here.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::bed;

/// Name and controller of the class, as Traefik's own chart has them.
const CLASSES: &str = r"
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: traefik}
spec: {controller: traefik.io/ingress-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: traefik}
spec: {controllerName: traefik.io/gateway-controller}
---
apiVersion: v1
kind: Namespace
metadata: {name: gateways}
";

/// Ends with the test.
pub struct Traefik {
    process: Child,
    pub port: u16,
}

impl Drop for Traefik {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Traefik {
    /// Installs the Gateway API and a Gateway `public`, and starts Traefik for it and for Ingresses of its class.
    pub async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        install_gateway_api();
        bed::kubectl(&["apply", "--server-side", "-f", "-"], CLASSES).unwrap();
        let gateway = json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {"name": "public", "namespace": "gateways"},
            "spec": {"gatewayClassName": "traefik", "listeners": [{
                "name": "web", "protocol": "HTTP", "port": port,
                "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {
                    "matchLabels": {"app.kubernetes.io/managed-by": "mcp-operator"},
                }}},
            }]},
        });
        bed::kubectl(&["apply", "--server-side", "-f", "-"], &gateway.to_string()).unwrap();
        let process = Command::new(bed::program("traefik"))
            .arg(format!("--entrypoints.web.address=127.0.0.1:{port}"))
            .args(["--providers.kubernetesingress", "--providers.kubernetesingress.ingressclass=traefik"])
            .args([
                "--providers.kubernetesingress.ingressendpoint.ip=127.0.0.1",
                "--providers.kubernetesgateway",
            ])
            .args([
                "--global.checknewversion=false",
                "--global.sendanonymoususage=false",
                "--log.level=ERROR",
            ])
            .env("KUBECONFIG", &*bed::KUBECONFIG)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("traefik starts; testbed/testbed build traefik");
        Self { process, port }
    }

    /// Status and body of what comes back for a path of a host.
    pub async fn get(&self, host: &str, path: &str) -> Result<(u16, String), String> {
        let text = async {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
            let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await?;
            let mut text = String::new();
            stream.read_to_string(&mut text).await?;
            Ok::<_, std::io::Error>(text)
        };
        let text = text.await.map_err(|error| error.to_string())?;
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        Ok((status.ok_or_else(|| format!("no status in {text:?}"))?, body.to_owned()))
    }
}

/// The definitions of the version Traefik is built with, from the module it is built from.
fn install_gateway_api() {
    let module = bed::repository().join("testbed/modules/traefik");
    let output = Command::new("go")
        .args(["mod", "download", "-json", "sigs.k8s.io/gateway-api"])
        .current_dir(module)
        .env("GOFLAGS", "")
        .env("GOTOOLCHAIN", "local")
        .output()
        .expect("go starts");
    let module: Value = serde_json::from_slice(&output.stdout).expect("go names the module's folder");
    let folder = format!("{}/config/crd/standard", module["Dir"].as_str().expect("a folder"));
    bed::kubectl(&["apply", "--server-side", "-f", &folder], "").unwrap();
    let wait = ["wait", "--for=condition=Established", "--timeout=30s", "crd"];
    let names =
        ["httproutes", "gateways", "gatewayclasses"].map(|kind| format!("{kind}.gateway.networking.k8s.io"));
    bed::kubectl(&[&wait[..], &names.each_ref().map(String::as_str)].concat(), "").unwrap();
}

/// A server that answers with the path it was asked for, on an address that may be an endpoint: no loopback one.
pub async fn echo() -> SocketAddr {
    // Nothing is sent: the machine says which of its addresses it would use.
    let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    probe.connect("198.51.100.1:9").expect("the machine has an address beside the loopback one");
    let own: IpAddr = probe.local_addr().unwrap().ip();
    let listener = TcpListener::bind((own, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                let read = stream.read(&mut bytes).await.unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{path}",
                    path.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    address
}

/// Says that a Service's pods are at an address, as the cluster would if there were pods.
pub fn stand_in(namespace: &str, service: &str, address: SocketAddr) {
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": "stand-in", "namespace": namespace, "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4",
        "ports": [{"name": "public", "port": address.port(), "protocol": "TCP"}],
        "endpoints": [{"addresses": [address.ip()], "conditions": {"ready": true}}],
    });
    bed::kubectl(&["apply", "--server-side", "-f", "-"], &slice.to_string()).unwrap();
}
