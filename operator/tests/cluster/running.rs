//! The operator in this process, with the rights of the chart's `ServiceAccount`.

use std::{
    io,
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

use crate::bed;

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
];

/// What the operator logged, for the search for secrets.
pub static LOG: LazyLock<Arc<Mutex<Vec<u8>>>> = LazyLock::new(Arc::default);

pub static OPERATOR: LazyLock<Operator> = LazyLock::new(|| {
    install();
    collect_log();
    Operator::start()
});

pub struct Operator {
    pub metrics: Arc<Metrics>,
    running: Mutex<Option<(CancellationToken, thread::JoinHandle<()>)>>,
}

impl Operator {
    fn start() -> Self {
        let operator = Self { metrics: Metrics::shared(), running: Mutex::new(None) };
        operator.spawn();
        operator
    }

    fn spawn(&self) {
        let (stop, metrics) = (CancellationToken::new(), Arc::clone(&self.metrics));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let client = run::client(rights_of_the_chart().await, &metrics).unwrap();
                run::run(client, settings(), metrics, stopped).await.unwrap();
            });
        });
        *self.running.lock().unwrap() = Some((stop, thread));
    }

    /// Stops the operator and starts another one, which remembers nothing.
    pub fn restart(&self) {
        let (stop, thread) = self.running.lock().unwrap().take().expect("it runs");
        stop.cancel();
        thread.join().expect("it ends in peace");
        self.spawn();
    }
}

fn settings() -> Settings {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }
    let agencies = AGENCIES.join(",");
    Line::parse_from([
        "x",
        "--agency-namespaces",
        &agencies,
        "--server-image-repository",
        "mcp-platform.local/mcp-server",
        "--operator-namespace",
        OPERATOR_NAMESPACE,
        "--listen-probes",
        "127.0.0.1:0",
    ])
    .settings
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
    let manifests =
        bed::chart(OPERATOR_NAMESPACE, &[&format!("agencies={{{}}}", AGENCIES.join(","))]).unwrap();
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
