//! Operators in this process, each behind a proxy and with the rights the chart gives its `ServiceAccount`.

use std::{sync::Arc, time::Duration};

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
use mcp_operator::{
    clock::{Clock, SystemClock},
    metrics::Metrics,
    run::{self, RunError},
    settings::Settings,
};
use tokio::{runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{bed, proxy::Proxy};

/// The administrator of the cluster.
pub async fn admin() -> Config {
    let file = Kubeconfig::read_from(&*bed::KUBECONFIG).unwrap();
    Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap()
}

/// The namespace the operator of an agency's tests has to itself.
pub fn home_of(agency: &str) -> String {
    format!("{agency}-operator")
}

fn settings(agency: &str, identity: &str) -> Settings {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }
    let (home, hosts) = (home_of(agency), format!("{agency}=*.agency.example"));
    let line = [
        "x",
        "--agency-namespaces",
        agency,
        "--server-image-repository=mcp-platform.local/mcp-server",
        "--server-image-tag=stable",
        "--route-hosts",
        &hosts,
        "--rollout-settle-seconds=0",
        "--operator-namespace",
        &home,
        "--identity",
        identity,
        "--listen-asleep=127.0.0.1:0",
        "--asleep-address=192.0.2.7",
        "--listen-probes=127.0.0.1:0",
        "--probe-interval=1",
    ];
    Line::parse_from(line).settings
}

/// A token of a `ServiceAccount`.
pub async fn token_of(namespace: &str, account: &str) -> Config {
    let mut config = admin().await;
    let accounts = Api::<ServiceAccount>::namespaced(Client::try_from(config.clone()).unwrap(), namespace);
    let request = TokenRequest {
        spec: Some(TokenRequestSpec { expiration_seconds: Some(7200), ..TokenRequestSpec::default() }),
        ..TokenRequest::default()
    };
    let answer: TokenRequest =
        accounts.create_subresource("token", account, &PostParams::default(), &request).await.unwrap();
    config.auth_info =
        AuthInfo { token: answer.status.unwrap().token.map(Into::into), ..AuthInfo::default() };
    config
}

/// An operator that runs, until it is stopped, or ended without a word.
pub struct Operator {
    pub proxy: Proxy,
    pub metrics: Arc<Metrics>,
    stop: CancellationToken,
    runtime: Option<Runtime>,
    running: Option<JoinHandle<Result<(), RunError>>>,
}

impl Operator {
    /// Starts one for an agency, by the machine's clock and as the only one.
    pub async fn start(agency: &'static str) -> Self {
        Self::start_as(agency, "first", Arc::new(SystemClock)).await
    }

    /// Starts one of this name and clock.
    pub async fn start_as(agency: &'static str, identity: &str, clock: Arc<dyn Clock>) -> Self {
        let proxy = Proxy::start(admin().await, agency).await;
        let mut config = token_of(&home_of(agency), "mcp-operator").await;
        config.cluster_url = format!("http://{}", proxy.address).parse().unwrap();
        let (metrics, stop) = (Metrics::shared(), CancellationToken::new());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let running = runtime.spawn({
            let (settings, metrics, stop) = (settings(agency, identity), Arc::clone(&metrics), stop.clone());
            async move {
                let client = run::client(config, &metrics)?;
                run::run_by(client, settings, metrics, clock, stop).await
            }
        });
        Self { proxy, metrics, stop, runtime: Some(runtime), running: Some(running) }
    }

    /// Ends it as a machine that loses its power does: nothing goes out any more, nothing is cleaned up.
    pub fn kill(&mut self) {
        self.proxy.die();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Waits until it has ended by itself, and says why.
    pub async fn ended(&mut self) -> Result<(), RunError> {
        let running = self.running.take().expect("it was not waited for before");
        tokio::time::timeout(Duration::from_mins(1), running).await.expect("it ends").unwrap()
    }

    /// Stops it as a roll-out does.
    pub async fn stop(mut self) {
        self.stop.cancel();
        self.ended().await.unwrap();
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.kill();
    }
}
