//! Tenants' servers, for clusters without a kubelet: one process on a loopback address of this run, at the ports of every
//! tenant, which answers as the tenant it is asked for. A test may have one of them say something else.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{LazyLock, Mutex},
    thread,
};

use axum::{
    Json, Router,
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client};
use mcp_operator::probe::target::profile_hash;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::running;

/// Where they listen: an address of this process, so that two runs on one machine do not meet.
pub static ADDRESS: LazyLock<IpAddr> = LazyLock::new(|| {
    let [.., high, middle, low] = std::process::id().to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 64 + high % 128, middle, low.max(2)))
});

/// What a tenant's server does otherwise than a good one.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Merged into what `/status` says.
    pub says: Value,
    /// Whether it only answers 503.
    pub ill: bool,
    /// How often it was asked.
    pub asked: usize,
}

static MANNERS: LazyLock<Mutex<HashMap<String, Manner>>> = LazyLock::new(Mutex::default);

/// From now on this client's server says this in place of what a good one says.
pub fn says(client: &str, says: Value) {
    let mut manners = MANNERS.lock().unwrap();
    let manner = manners.entry(client.to_owned()).or_default();
    (manner.says, manner.ill) = (says, false);
}

/// From now on this client's server is of no use to anybody who asks.
pub fn falls_ill(client: &str) {
    MANNERS.lock().unwrap().entry(client.to_owned()).or_default().ill = true;
}

/// How often this client's server was asked.
pub fn asked(client: &str) -> usize {
    MANNERS.lock().unwrap().get(client).map_or(0, |manner| manner.asked)
}

/// A dependency that fails.
pub fn failing(dependency: &str, reason: &str) -> Value {
    json!({"dependencies": {dependency: {
        "state": "failing", "reason": reason, "message": "the Graph API answers error 190", "next": "make a new token",
    }}})
}

/// Starts them; they end with the process.
pub fn start() {
    thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = Client::try_from(running::admin().await).unwrap();
            let status = move |request: Request| status(client.clone(), request);
            let internal = Router::new().route("/status", get(status));
            let public = Router::new().route("/mcp", post(discover));
            let listen =
                async |port: u16| TcpListener::bind((*ADDRESS, port)).await.expect("an address of our own");
            let (internal, public) =
                (axum::serve(listen(9090).await, internal), axum::serve(listen(8000).await, public));
            let (internal, public) = tokio::join!(internal.into_future(), public.into_future());
            internal.and(public).unwrap();
        });
    });
}

async fn status(client: Client, request: Request) -> Response {
    let host = request.headers()["host"].to_str().unwrap().to_owned();
    let mut labels = host.split('.');
    let (name, namespace) = (labels.next().unwrap().to_owned(), labels.next().unwrap().to_owned());
    let manner = {
        let mut manners = MANNERS.lock().unwrap();
        let manner = manners.entry(name.clone()).or_default();
        manner.asked += 1;
        manner.clone()
    };
    if manner.ill {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    // As a kubelet would bring it, though at once.
    let profile = Api::<ConfigMap>::namespaced(client, &namespace).get(&format!("{name}-profile")).await;
    let hash =
        profile.ok().and_then(|map| Some(profile_hash(map.data?.get("profile.yaml")?))).unwrap_or_default();
    let works = || json!({"state": "ok", "reason": "works"});
    let mut says = json!({
        "client": name, "environment": namespace.strip_prefix(&format!("{name}-")), "version": "0.1.0",
        "profile": {"hash": hash, "refused": null},
        "dependencies": {"whatsapp": works(), "webhook": works(), "gemini": works(), "calendar": works()},
    });
    merge(&mut says, &manner.says);
    Json(says).into_response()
}

fn merge(into: &mut Value, from: &Value) {
    for (key, value) in from.as_object().into_iter().flatten() {
        if value.is_object() && into[key].is_object() {
            merge(&mut into[key], value);
        } else {
            into[key] = value.clone();
        }
    }
}

async fn discover(request: Request) -> Response {
    let bearer = request.headers()["authorization"].to_str().unwrap_or_default().to_owned();
    if bearer.split('.').count() != 3 {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let info = json!({"io.modelcontextprotocol/serverInfo": {"name": "mcp-server", "version": "0.1.0"}});
    let result = json!({"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {}, "_meta": info});
    Json(json!({"jsonrpc": "2.0", "id": 1, "result": result})).into_response()
}
