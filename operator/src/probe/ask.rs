//! One conversation with the servers of a tenant, over HTTP/1.1 and by the pods' own addresses. Short, bounded, and
//! following nothing: what answers is a stranger.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::body::{Body, to_bytes};
use futures::future::BoxFuture;
use http::{Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

use super::{
    answer::{Answer, Handshake, PROTOCOL, Said, TenantStatus},
    target::Target,
};
use crate::{MANAGER, clock::Clock};

/// Asks the servers of a tenant once.
pub trait Ask: Send + Sync {
    /// What they say. Ends by itself, in any case.
    fn ask(&self, target: Arc<Target>) -> BoxFuture<'static, Answer>;
}

/// Most bytes of one answer.
const MOST_BYTES: usize = 64 * 1024;
/// Most bytes of the head of one answer, and most lines of it.
const MOST_HEAD: (usize, usize) = (16 * 1024, 64);
/// Longest one request may take, from connecting to the last byte.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks over HTTP.
#[derive(Clone)]
pub struct Http {
    clock: Arc<dyn Clock>,
    /// The public and the internal port.
    ports: (u16, u16),
    patience: Duration,
}

impl Http {
    /// On the ports every tenant's pod has.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, ports: (8000, 9090), patience: PATIENCE }
    }

    /// On other ports and with another patience.
    #[cfg(test)]
    pub(crate) fn on(clock: Arc<dyn Clock>, ports: (u16, u16), patience: Duration) -> Self {
        Self { clock, ports, patience }
    }

    async fn all(&self, target: &Target) -> Answer {
        let mut said = Vec::new();
        for pod in &target.pods {
            match self.one(target, pod.ip).await {
                Ok(one) => said.push(one),
                Err(miss) => return Answer::Silent(miss.to_string()),
            }
        }
        Answer::Said(said)
    }

    async fn one(&self, target: &Target, ip: IpAddr) -> Result<Said, Miss> {
        let (public, internal) = self.ports;
        let get = Request::get("/status").header(header::HOST, target.host()).body(Body::empty());
        let (status, body) = self.exchange(SocketAddr::new(ip, internal), get).await?;
        if status != StatusCode::OK {
            return Err(Miss::Status { path: "/status", status });
        }
        let says = TenantStatus::read(&body).ok_or(Miss::Foreign("/status"))?;

        let token = target.key.token(&target.url, self.clock.now()).ok_or(Miss::Key)?;
        let (status, body) = self.exchange(SocketAddr::new(ip, public), discover(target, &token)).await?;
        let handshake = match status {
            StatusCode::OK => Handshake::read(&body),
            StatusCode::UNAUTHORIZED => Handshake::TokenRefused,
            // Many agents at once are no fault of the server's.
            StatusCode::TOO_MANY_REQUESTS => Handshake::Busy,
            StatusCode::BAD_REQUEST
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED => Handshake::Foreign,
            status => return Err(Miss::Status { path: "/mcp", status }),
        };
        Ok(Said { status: says, handshake })
    }

    async fn exchange(
        &self,
        address: SocketAddr,
        request: Result<Request<Body>, http::Error>,
    ) -> Result<(StatusCode, Vec<u8>), Miss> {
        let request = request.map_err(|_| Miss::Key)?;
        tokio::time::timeout(self.patience, exchange(address, request))
            .await
            .map_err(|_| Miss::Late(address.port()))?
    }
}

impl Ask for Http {
    fn ask(&self, target: Arc<Target>) -> BoxFuture<'static, Answer> {
        let this = self.clone();
        Box::pin(async move { this.all(&target).await })
    }
}

/// Why there is no usable answer. Texts that stay the same while the cause does: they stand in a condition.
#[derive(Debug, thiserror::Error)]
enum Miss {
    #[error("nothing answers at port {0}")]
    Away(u16),
    #[error("no whole answer in time at port {0}")]
    Late(u16),
    #[error("no HTTP answer of a bearable size at port {0}")]
    NotHttp(u16),
    #[error("HTTP {} at {path}", .status.as_u16())]
    Status { path: &'static str, status: StatusCode },
    #[error("not the answer of a tenant's server at {0}")]
    Foreign(&'static str),
    #[error("no token could be made with the tenant's key")]
    Key,
}

fn discover(target: &Target, token: &str) -> Result<Request<Body>, http::Error> {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": {
        "io.modelcontextprotocol/protocolVersion": PROTOCOL,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": MANAGER, "version": env!("CARGO_PKG_VERSION")},
    }}});
    Request::post("/mcp")
        .header(header::HOST, target.host())
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header("mcp-protocol-version", PROTOCOL)
        .header("mcp-method", "server/discover")
        .body(Body::from(body.to_string()))
}

/// One request on a connection of its own: kept ones would tie the operator to pods that are gone.
async fn exchange(address: SocketAddr, request: Request<Body>) -> Result<(StatusCode, Vec<u8>), Miss> {
    let port = address.port();
    let stream = TcpStream::connect(address).await.map_err(|_| Miss::Away(port))?;
    // An answer in two parts would wait for an acknowledgement that is itself put off.
    let _ = stream.set_nodelay(true);
    let (bytes, lines) = MOST_HEAD;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(bytes)
        .max_headers(lines)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Miss::NotHttp(port))?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|_| Miss::NotHttp(port))?;
        let status = response.status();
        let body = to_bytes(Body::new(response.into_body()), MOST_BYTES).await;
        Ok((status, body.map_err(|_| Miss::NotHttp(port))?.to_vec()))
    };
    tokio::pin!(answer, connection);
    tokio::select! {
        biased;
        answered = &mut answer => answered,
        // It ended; what it brought until then is still to be read.
        _ = &mut connection => answer.await,
    }
}

#[cfg(test)]
mod tests;
