//! Connections, bounded in number and in the time they may take to say what they want. Who sends a head or a body byte by
//! byte, or opens connections and says nothing, keeps nobody else out: where there are too many, the one that has had
//! nothing under way for longest goes.

use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
};
use http::Request;
use hyper::{
    body::{Body as _, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

/// What a listener puts up with.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// How long a request's head may take, and how long a connection may say nothing before it.
    pub head: Duration,
}

impl Limits {
    /// Of what the world reaches.
    pub const PUBLIC: Self = Self { connections: 512, head: Duration::from_secs(15) };
    /// Of what the cluster reaches.
    pub const INTERNAL: Self = Self { connections: 64, head: Duration::from_secs(15) };
}

/// A head has at most this many bytes (hyper's buffer; bodies pass through it).
const LONGEST_HEAD: usize = 64 * 1024;
/// How often it is looked for a connection that could go, where all have something under way.
const LOOK: Duration = Duration::from_millis(100);

/// A connection, as the listener sees it.
#[derive(Debug, Default)]
struct Connection {
    /// Whether a request is under way, from the last byte of its body to its answer: whoever sends slowly has no more
    /// right to stay than whoever sends nothing.
    busy: AtomicBool,
    /// Ended to make room.
    ended: CancellationToken,
}

/// All connections, the oldest first.
#[derive(Debug, Default)]
struct Connections {
    open: Mutex<(u64, BTreeMap<u64, Arc<Connection>>)>,
}

impl Connections {
    fn begin(&self) -> (u64, Arc<Connection>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.0 += 1;
        let (number, connection) = (open.0, Arc::<Connection>::default());
        open.1.insert(number, Arc::clone(&connection));
        (number, connection)
    }

    fn end(&self, number: u64) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&number);
    }

    /// Ends the oldest connection that has no request under way.
    fn make_room(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = open.1.iter().find(|(_, connection)| !connection.busy.load(Ordering::Acquire));
        if let Some(number) = idle.map(|(number, _)| *number)
            && let Some(connection) = open.1.remove(&number)
        {
            connection.ended.cancel();
        }
    }
}

/// Serves HTTP/1 until stopped; requests in progress are finished first.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
) -> io::Result<()> {
    let (all, room) = (Arc::<Connections>::default(), Arc::new(Semaphore::new(limits.connections)));
    let running = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = next(&listener, &all, &room) => accepted,
        };
        let Some((stream, permit)) = accepted else { continue };
        let (number, connection) = all.begin();
        let (all, router, stop) = (Arc::clone(&all), router.clone(), stop.clone());
        running.spawn(async move {
            converse(stream, router, limits, &connection, &stop).await;
            all.end(number);
            drop(permit);
        });
    }
    running.close();
    running.wait().await;
    Ok(())
}

/// The next connection, with room for it.
async fn next(
    listener: &TcpListener,
    all: &Connections,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let stream = accept(listener).await?;
    if let Ok(permit) = Arc::clone(room).try_acquire_owned() {
        return Some((stream, permit));
    }
    loop {
        all.make_room();
        if let Ok(permit) = tokio::time::timeout(LOOK, Arc::clone(room).acquire_owned()).await {
            return Some((stream, permit.ok()?));
        }
    }
}

async fn accept(listener: &TcpListener) -> Option<TcpStream> {
    match listener.accept().await {
        Ok((stream, _)) => {
            // Without it small answers wait for the peer's delayed acknowledgement; a socket that refuses it is slower,
            // not wrong.
            let _ = stream.set_nodelay(true);
            Some(stream)
        }
        Err(error) => {
            let of_the_peer = matches!(
                error.kind(),
                io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionRefused
            );
            if !of_the_peer {
                tracing::warn!(%error, "no connection could be accepted");
                // No file descriptors, for instance: they come back as connections end.
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            None
        }
    }
}

/// A body on its way. The request is under way once all of it has come.
struct Arriving {
    body: Incoming,
    connection: Arc<Connection>,
}

impl hyper::body::Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.connection.busy.store(true, Ordering::Release);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Answers the requests of one connection.
async fn converse(
    stream: TcpStream,
    router: Router,
    limits: Limits,
    connection: &Arc<Connection>,
    stop: &CancellationToken,
) {
    let state = Arc::clone(connection);
    let service = service_fn(move |request: Request<Incoming>| {
        let (state, router) = (Arc::clone(&state), router.clone());
        state.busy.store(request.body().is_end_stream(), Ordering::Release);
        let request = request.map(|body| Body::new(Arriving { body, connection: Arc::clone(&state) }));
        async move {
            let answer = router.oneshot(request).await;
            state.busy.store(false, Ordering::Release);
            answer
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(LONGEST_HEAD);
    let conversation = http.serve_connection(TokioIo::new(stream), service);
    let mut conversation = std::pin::pin!(conversation);
    let (mut stopping, mut ending) = (false, false);
    loop {
        tokio::select! {
            // A peer that goes, or is too slow, is no event.
            _ = conversation.as_mut() => return,
            () = stop.cancelled(), if !stopping => stopping = true,
            () = connection.ended.cancelled(), if !ending => {
                if !connection.busy.load(Ordering::Acquire) {
                    return;
                }
                ending = true;
            }
        }
        conversation.as_mut().graceful_shutdown();
    }
}

#[cfg(test)]
mod tests;
