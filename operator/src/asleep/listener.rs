//! The listener. The world reaches it, and the process behind it has other work: few connections, one request each, and
//! little time to say what is wanted.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{Sleepers, answer::answer};

/// Connections at once; who comes when there are more waits.
const CONNECTIONS: usize = 128;
/// How long a connection may last.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest head of a request, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;

/// Answers for every tenant that sleeps, until `stop`.
///
/// Errors when the address cannot be listened on.
pub async fn serve(sleepers: Arc<Sleepers>, address: SocketAddr, stop: CancellationToken) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let router = Router::new().fallback(answer).with_state(sleepers);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return Ok(()) };
        let stream = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // No file is left, or the peer is gone already.
                    tracing::debug!(%error, "a connection was not taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let router = router.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                router.clone().oneshot(request)
            });
            let conversation = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .max_buf_size(LONGEST_HEAD)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            // Whatever went wrong with it, the connection is over.
            drop(tokio::time::timeout(PATIENCE, conversation).await);
            drop(permit);
        });
    }
}
