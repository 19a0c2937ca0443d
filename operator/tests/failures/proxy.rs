//! What stands between an operator and the API server: it lets requests through, and does to them what happens to
//! requests. One per operator, so that a test meets nobody else's.
//!
//! It also narrows what the operator sees of clients and of what was made for them to one agency: every test has an
//! operator of its own, and several run beside each other.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::body::{Body, Bytes, to_bytes};
use futures::{StreamExt, stream};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use kube::{Client, Config, config::AuthInfo};
use serde_json::json;
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;

/// Where every proxy lives: a test's own runtime ends with the test.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Deed {
    /// It goes through.
    Pass,
    /// It is answered with this status, and the API server never hears of it.
    Answer(u16),
    /// Likewise, with `Retry-After` of a second.
    Later(u16),
    /// The connection is cut, and the API server never hears of it.
    Cut,
    /// Nobody answers, and the API server never hears of it.
    Silence,
    /// It takes effect, and is answered with this status.
    DoneBut(u16),
    /// It takes effect, and the connection is cut before the answer.
    DoneAndCut,
    /// It takes effect, and nobody answers.
    DoneAndSilence,
    /// The operator is at its end: nothing of it goes through any more. Whether this last request takes effect.
    Die(bool),
    /// A watch is told that its version is gone.
    Expired,
    /// A list is answered as the first one like it was.
    Stale,
}

/// A request as the rules see it.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: Method,
    pub path: String,
    query: String,
}

impl Ask {
    fn of(method: &Method, uri: &Uri) -> Self {
        Self {
            method: method.clone(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
        }
    }

    pub fn is_watch(&self) -> bool {
        self.method == Method::GET && self.query.split('&').any(|pair| pair == "watch=true")
    }

    pub fn is_write(&self) -> bool {
        self.method != Method::GET && !self.is_about_the_lease()
    }

    pub fn is_about_the_lease(&self) -> bool {
        self.path.contains("/leases")
    }

    /// Whether something is asked for or written that belongs to this client, its Events apart.
    pub fn concerns(&self, client: &str) -> bool {
        self.path.split('/').any(|part| {
            part == client
                || part.strip_prefix(client).is_some_and(|rest| ["-production", "-staging"].contains(&rest))
        })
    }

    /// The kind, `secrets`, or with its subresource, `mcpclients/status`.
    pub fn resource(&self) -> String {
        let segments: Vec<&str> = self.path.split('/').filter(|part| !part.is_empty()).collect();
        let mut parts = segments[if segments[0] == "apis" { 3 } else { 2 }.min(segments.len())..].to_vec();
        if parts.len() > 2 && parts[0] == "namespaces" {
            parts.drain(..2);
        }
        match parts.as_slice() {
            [] => String::new(),
            [kind] | [kind, _] => (*kind).to_owned(),
            [kind, _, subresource, ..] => format!("{kind}/{subresource}"),
        }
    }
}

/// Decides what becomes of each request.
pub type Rule = Box<dyn FnMut(&Ask) -> Deed + Send>;

/// One request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub ask: Ask,
    pub deed: Deed,
    pub at: Instant,
}

struct Shared {
    upstream: Client,
    agency: &'static str,
    rule: Mutex<Rule>,
    asked: Mutex<Vec<Asked>>,
    /// The first answer to each list.
    lists: Mutex<HashMap<String, Bytes>>,
    dead: CancellationToken,
    watches: Mutex<CancellationToken>,
    silent: AtomicBool,
}

/// A proxy that listens.
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Begins to let everything through that an operator of this agency asks.
    pub async fn start(mut upstream: Config, agency: &'static str) -> Self {
        upstream.auth_info = AuthInfo::default();
        // What is answered is passed on as it is.
        upstream.default_retry = false;
        let serving = RUNTIME.spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let shared = Arc::new(Shared {
                upstream: Client::try_from(upstream).unwrap(),
                agency,
                rule: Mutex::new(Box::new(|_| Deed::Pass)),
                asked: Mutex::default(),
                lists: Mutex::default(),
                dead: CancellationToken::new(),
                watches: Mutex::default(),
                silent: AtomicBool::new(false),
            });
            let address = listener.local_addr().unwrap();
            tokio::spawn(serve(listener, Arc::clone(&shared)));
            Self { address, shared }
        });
        serving.await.unwrap()
    }

    /// From now on this decides.
    pub fn rule(&self, rule: impl FnMut(&Ask) -> Deed + Send + 'static) {
        *self.shared.rule.lock().unwrap() = Box::new(rule);
    }

    /// From now on everything goes through.
    pub fn pass(&self) {
        self.rule(|_| Deed::Pass);
    }

    /// Nothing goes through any more, and every connection is closed.
    pub fn die(&self) {
        self.shared.dead.cancel();
    }

    pub fn is_dead(&self) -> bool {
        self.shared.dead.is_cancelled()
    }

    /// Cuts the watches there are; new ones go through.
    pub fn cut_watches(&self) {
        let cut = std::mem::take(&mut *self.shared.watches.lock().unwrap());
        cut.cancel();
    }

    /// Whether watches say nothing, without an end.
    pub fn silence_watches(&self, silent: bool) {
        self.shared.silent.store(silent, Ordering::SeqCst);
    }

    /// What was asked so far, leases apart.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// The requests that were asked so far, a line each, for those who wonder what they were.
    pub fn story(&self) -> String {
        let line = |one: &Asked| format!("{} {} {:?}\n", one.ask.method, one.ask.path, one.deed);
        self.asked().iter().filter(|one| !one.ask.is_watch()).map(line).collect()
    }

    /// How many requests were asked so far, leases and watches apart: reads and writes.
    pub fn count(&self) -> (usize, usize) {
        let asked = self.shared.asked.lock().unwrap();
        let writes = asked.iter().filter(|asked| asked.ask.is_write()).count();
        let reads = asked.iter().filter(|asked| !asked.ask.is_write() && !asked.ask.is_watch()).count();
        (reads, writes)
    }

    /// How many times a rule did something else than letting a request through.
    pub fn done_to(&self) -> usize {
        self.asked().iter().filter(|asked| !matches!(asked.deed, Deed::Pass)).count()
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shared.dead.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let dead = shared.dead.clone();
            let service = service_fn(move |request| answer(Arc::clone(&shared), request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                _ = connection => {}
                () = dead.cancelled() => {}
            }
        });
    }
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "cut")
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
    let ask = Ask::of(request.method(), request.uri());
    let deed = (shared.rule.lock().unwrap())(&ask);
    if !ask.is_about_the_lease() {
        shared.asked.lock().unwrap().push(Asked { ask: ask.clone(), deed: deed.clone(), at: Instant::now() });
    }
    match deed {
        Deed::Pass => forward(&shared, &ask, request).await,
        Deed::Answer(code) => Ok(status(code, false)),
        Deed::Later(code) => Ok(status(code, true)),
        Deed::Cut => Err(cut()),
        Deed::Silence => std::future::pending().await,
        Deed::DoneBut(code) => forward(&shared, &ask, request).await.map(|_| status(code, false)),
        Deed::DoneAndCut => forward(&shared, &ask, request).await.and_then(|_| Err(cut())),
        Deed::DoneAndSilence => {
            forward(&shared, &ask, request).await?;
            std::future::pending().await
        }
        Deed::Die(takes_effect) => {
            if takes_effect {
                forward(&shared, &ask, request).await?;
            }
            shared.dead.cancel();
            Err(cut())
        }
        Deed::Expired => {
            let gone =
                json!({"type": "ERROR", "object": status_of(410, "Expired", "too old resource version")});
            Ok(Response::new(Body::from(format!("{gone}\n"))))
        }
        Deed::Stale => {
            let list = shared.lists.lock().unwrap().get(&list_of(&ask)).cloned();
            match list {
                Some(list) => Ok(Response::builder()
                    .header(header::CONTENT_TYPE, "application/json")
                    .body(Body::from(list))
                    .unwrap()),
                None => forward(&shared, &ask, request).await,
            }
        }
    }
}

fn list_of(ask: &Ask) -> String {
    format!("{}?{}", ask.path, ask.query)
}

fn status_of(code: u16, reason: &str, message: &str) -> serde_json::Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message})
}

/// An answer as the API server gives it.
fn status(code: u16, later: bool) -> Response<Body> {
    let reason = match code {
        403 => "Forbidden",
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        504 => "Timeout",
        _ => "InternalError",
    };
    let text = status_of(code, reason, "injected by a test").to_string();
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = StatusCode::from_u16(code).unwrap();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if later {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}

/// Asks the API server, within the agency.
async fn forward(
    shared: &Arc<Shared>,
    ask: &Ask,
    request: Request<Incoming>,
) -> Result<Response<Body>, io::Error> {
    let (mut parts, body) = request.into_parts();
    parts.uri = within(shared.agency, ask).parse().map_err(io::Error::other)?;
    for name in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION] {
        parts.headers.remove(name);
    }
    let body = to_bytes(Body::new(body), usize::MAX).await.map_err(io::Error::other)?;
    let request = Request::from_parts(parts, kube::client::Body::from(body));
    let upstream = shared.upstream.clone();
    let answer = upstream.send(request).await.map_err(io::Error::other)?;
    let (mut parts, body) = answer.into_parts();
    parts.headers.remove(header::TRANSFER_ENCODING);
    let body = Body::new(body);
    if !ask.is_watch() {
        let bytes = to_bytes(body, usize::MAX).await.map_err(io::Error::other)?;
        if ask.method == Method::GET && parts.status.is_success() {
            shared.lists.lock().unwrap().entry(list_of(ask)).or_insert_with(|| bytes.clone());
        }
        return Ok(Response::from_parts(parts, Body::from(bytes)));
    }
    let cut_off = shared.watches.lock().unwrap().clone();
    let ends = async move {
        cut_off.cancelled().await;
        // What was written before is on its way first.
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    let silence = Arc::clone(shared);
    let stream = body
        .into_data_stream()
        .take_until(Box::pin(ends))
        .filter(move |_| std::future::ready(!silence.silent.load(Ordering::SeqCst)))
        .chain(stream::once(std::future::ready(Err(axum::Error::new(cut())))));
    Ok(Response::from_parts(parts, Body::from_stream(stream)))
}

/// The request for all agencies' objects as one for this agency's.
fn within(agency: &str, ask: &Ask) -> String {
    const CLIENTS: &str = "/apis/mcp-platform.dev/v1alpha1/mcpclients";
    const MADE: &str = "labelSelector=app.kubernetes.io%2Fmanaged-by%3Dmcp-operator";
    let path = if ask.path == CLIENTS {
        format!("/apis/mcp-platform.dev/v1alpha1/namespaces/{agency}/mcpclients")
    } else {
        ask.path.clone()
    };
    let narrow = !path.contains("/namespaces/") && !ask.query.contains("mcp-platform.dev%2Fagency");
    let query = match ask.query.replace(MADE, &format!("{MADE}%2Cmcp-platform.dev%2Fagency%3D{agency}")) {
        query if narrow => query,
        _ => ask.query.clone(),
    };
    if query.is_empty() { path } else { format!("{path}?{query}") }
}
