//! The operator in this process, with the rights of the chart's `ServiceAccount`.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex},
    thread,
};

use clap::Parser;
use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::ServiceAccount,
};
use kube::{
    Api, Client, Config,
    api::PostParams,
    config::{AuthInfo, KubeConfigOptions, Kubeconfig},
};
use mcp_operator::{metrics::Metrics, run, settings::Settings};
use tokio_util::sync::CancellationToken;

use crate::{bed, servers};

pub const OPERATOR_NAMESPACE: &str = "mcp-platform";
/// The agencies' namespaces: one per file of tests, so that they do not meet.
pub const AGENCIES: &[&str] = &[
    "lifecycle",
    "credentials",
    "claims",
    "claims-other",
    "deletion",
    "cost",
    "rights",
    "invalid",
    "plans",
    "doctor",
    "leader",
    "probe",
    "owners",
    "asleep",
    "database",
    "routes",
    "waves",
    "doors",
    "surroundings",
];
/// Hosts the clients of every agency may have, as the operator is told.
const HOSTS: [&str; 1] = ["*.agency.example"];
/// A host that only admission knows: what is older than its rule looks the same.
const ONLY_ADMITTED: &str = "admitted.example";

/// Where the operator says it can be reached; no endpoint may be on this machine itself.
pub const ASLEEP_ADDRESS: &str = "192.0.2.7";
/// Where it answers for tenants that sleep: a port that was free a moment ago.
pub static LISTEN_ASLEEP: LazyLock<SocketAddr> =
    LazyLock::new(|| std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());

/// The address of the PostgreSQL's administrator, as the chart mounts it; none where there is no PostgreSQL.
static ADMIN_URL_FILE: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let url = std::env::var("MCP_TEST_POSTGRES").ok()?;
    let file = std::env::temp_dir().join(format!("operator-tests-{}-database-url", std::process::id()));
    std::fs::write(&file, url).unwrap();
    Some(file)
});

/// What the operator logged, for the search for secrets.
pub static LOG: LazyLock<Arc<Mutex<Vec<u8>>>> = LazyLock::new(Arc::default);

pub static OPERATOR: LazyLock<Operator> = LazyLock::new(|| {
    install();
    collect_log();
    servers::start();
    Operator::start()
});

pub struct Operator {
    pub metrics: Arc<Metrics>,
    running: Mutex<Option<(CancellationToken, thread::JoinHandle<()>)>>,
    tag: Mutex<String>,
}

impl Operator {
    fn start() -> Self {
        let operator = Self {
            metrics: Metrics::shared(),
            running: Mutex::new(None),
            tag: Mutex::new("stable".to_owned()),
        };
        operator.spawn();
        operator
    }

    fn spawn(&self) {
        let (stop, metrics) = (CancellationToken::new(), Arc::clone(&self.metrics));
        let tag = self.tag.lock().unwrap().clone();
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let client = run::client(rights_of_the_chart().await, &metrics).unwrap();
                run::run(client, settings(&tag), metrics, stopped).await.unwrap();
            });
        });
        *self.running.lock().unwrap() = Some((stop, thread));
    }

    /// Starts it with another tag for environments that name none.
    pub fn start_with(&self, tag: &str) {
        tag.clone_into(&mut self.tag.lock().unwrap());
        self.spawn();
    }

    /// Stops the operator.
    pub fn stop(&self) {
        let (stop, thread) = self.running.lock().unwrap().take().expect("it runs");
        stop.cancel();
        thread.join().expect("it ends in peace");
    }

    /// Starts another one, which remembers nothing.
    pub fn start_again(&self) {
        self.spawn();
    }

    /// Stops the operator and starts another one.
    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }
}

pub fn settings(tag: &str) -> Settings {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }
    let agencies = AGENCIES.join(",");
    let database = match &*ADMIN_URL_FILE {
        Some(file) => vec!["--database-admin-url-file", file.to_str().unwrap()],
        None => vec![],
    };
    let hosts: Vec<String> =
        AGENCIES.iter().flat_map(|agency| HOSTS.map(|host| format!("{agency}={host}"))).collect();
    let hosts = hosts.join(",");
    let line = [
        "x",
        "--agency-namespaces",
        &agencies,
        "--server-image-repository",
        "mcp-platform.local/mcp-server",
        "--route-hosts",
        &hosts,
        "--server-image-tag",
        tag,
        "--rollout-wave-size=1",
        "--rollout-deadline-seconds=8",
        "--rollout-settle-seconds=0",
        "--operator-namespace",
        OPERATOR_NAMESPACE,
        "--listen-asleep",
        &LISTEN_ASLEEP.to_string(),
        "--asleep-address",
        ASLEEP_ADDRESS,
        "--listen-probes",
        "127.0.0.1:0",
        "--probe-interval",
        "1",
    ];
    Line::parse_from(line.into_iter().chain(database)).settings
}

/// The administrator of the cluster.
pub async fn admin() -> Config {
    let file = Kubeconfig::read_from(&*bed::KUBECONFIG).unwrap();
    Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap()
}

/// A configuration that may do what the chart gives its `ServiceAccount`, and nothing else.
pub async fn rights_of_the_chart() -> Config {
    let mut config = admin().await;
    let accounts =
        Api::<ServiceAccount>::namespaced(Client::try_from(config.clone()).unwrap(), OPERATOR_NAMESPACE);
    let request = TokenRequest {
        spec: Some(TokenRequestSpec { expiration_seconds: Some(7200), ..TokenRequestSpec::default() }),
        ..TokenRequest::default()
    };
    let answer: TokenRequest =
        accounts.create_subresource("token", "mcp-operator", &PostParams::default(), &request).await.unwrap();
    config.auth_info =
        AuthInfo { token: answer.status.unwrap().token.map(Into::into), ..AuthInfo::default() };
    config
}

fn install() {
    let names = AGENCIES.iter().chain([&OPERATOR_NAMESPACE, &"elsewhere"]);
    let namespaces: Vec<String> =
        names.map(|name| format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n")).collect();
    bed::kubectl(&["apply", "--server-side", "-f", "-"], &namespaces.join("---\n")).unwrap();
    let mut values = vec![format!("agencies={{{}}}", AGENCIES.join(","))];
    let hosts = format!("{},{ONLY_ADMITTED}", HOSTS.join(","));
    values.extend(AGENCIES.iter().map(|agency| format!("routes.hosts.{agency}={{{hosts}}}")));
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let manifests = bed::chart(OPERATOR_NAMESPACE, &values).unwrap();
    // The operator itself runs here.
    let others: Vec<&str> =
        manifests.split("\n---").filter(|document| !document.contains("\nkind: Deployment\n")).collect();
    assert_eq!(others.len() + 1, manifests.split("\n---").count());
    bed::kubectl(&["apply", "--server-side", "-f", "-"], &others.join("\n---")).unwrap();
    let wait = [
        "wait",
        "--for=condition=Established",
        "crd",
        "mcpclients.mcp-platform.dev",
        "mcpplans.mcp-platform.dev",
        "--timeout=30s",
    ];
    bed::kubectl(&wait, "").unwrap();
}

fn collect_log() {
    struct Collector;
    impl io::Write for Collector {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            LOG.lock().unwrap().extend_from_slice(bytes);
            if std::env::var_os("SHOW_OPERATOR_LOG").is_some() {
                io::stderr().write_all(bytes)?;
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    // Everything of ours and of the libraries below: a secret must not stand in a debug line either.
    let filter = "debug,h2=info,hyper_util=info,tower=info,rustls=info";
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(|| Collector).init();
}
