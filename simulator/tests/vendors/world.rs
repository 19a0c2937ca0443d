//! A simulator with a client, and a receiver of webhooks.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use mcp_simulator::{Settings, Simulator, Snapshot};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;

pub struct World {
    pub sim: Simulator,
    pub http: Client,
}

impl World {
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        Self { sim: Simulator::start(settings).await.unwrap(), http: client() }
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.sim.url()))
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.sim.url()))
    }

    /// Waits until the state is so.
    pub async fn until(&self, wanted: impl Fn(&Snapshot) -> bool) {
        for _ in 0..1000 {
            if wanted(&self.sim.state()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the state never became so: {:?}", self.sim.state());
    }

    /// The rules broken so far, as `vendor/what`.
    pub fn broken(&self) -> Vec<String> {
        let name = |violation: &mcp_simulator::Violation| {
            format!(
                "{}/{}",
                serde_json::to_value(violation.vendor).unwrap().as_str().unwrap(),
                violation.what
            )
        };
        self.sim.state().violations.iter().map(name).collect()
    }
}

pub fn client() -> Client {
    #[expect(clippy::disallowed_methods, reason = "the tests' one place that builds a client")]
    Client::builder().tls_certs_only([]).no_proxy().build().unwrap()
}

pub async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
}

/// A webhook's raw body and signature.
pub type Received = (String, String);

/// Something that receives webhooks, and answers with the next of the given statuses, 200 when they are used up.
#[derive(Clone, Default)]
pub struct Receiver {
    statuses: Arc<Mutex<Vec<u16>>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub async fn start(statuses: &[u16]) -> (Self, String) {
        let receiver = Self { statuses: Arc::new(Mutex::new(statuses.to_vec())), received: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/whatsapp", listener.local_addr().unwrap());
        let router = Router::new().route("/webhooks/whatsapp", post(receive)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until `count` webhooks have come.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        for _ in 0..1000 {
            let received = self.received();
            if received.len() >= count {
                return received;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("only {} of {count} webhooks came", self.received().len());
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers["X-Hub-Signature-256"].to_str().unwrap().to_owned();
    receiver.received.lock().unwrap().push((String::from_utf8(body.to_vec()).unwrap(), signature));
    let mut statuses = receiver.statuses.lock().unwrap();
    if statuses.is_empty() { StatusCode::OK } else { StatusCode::from_u16(statuses.remove(0)).unwrap() }
}
