//! Against servers that never stop answering.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::StatusCode,
    response::Response,
};
use futures::{StreamExt, stream};
use tokio::net::TcpListener;

use super::*;

const GIGABYTE: u64 = 1024 * 1024 * 1024;
/// What a few connections may hold on the way, beside what is read before they are cut.
const ON_THE_WAY: u64 = 64 * 1024 * 1024;

/// A server that answers anything, and how many bytes it got rid of.
pub(crate) struct Endless {
    pub(crate) url: String,
    sent: Arc<AtomicU64>,
}

impl Endless {
    /// Answers with a gigabyte in pieces, its length not announced.
    pub(crate) async fn flood(status: StatusCode) -> Self {
        let sent = Arc::<AtomicU64>::default();
        let counting = Arc::clone(&sent);
        let url = serve(move || {
            let counting = Arc::clone(&counting);
            let piece = Bytes::from(vec![b' '; 64 * 1024]);
            let pieces = stream::repeat(piece).take((GIGABYTE / (64 * 1024)).try_into().unwrap());
            let body = Body::from_stream(pieces.map(move |piece| {
                counting.fetch_add(piece.len() as u64, Ordering::Relaxed);
                Ok::<_, std::io::Error>(piece)
            }));
            Response::builder().status(status).body(body).unwrap()
        });
        Self { url: url.await, sent }
    }

    /// It was left before it was done.
    pub(crate) fn was_cut_off(&self) -> bool {
        self.sent.load(Ordering::Relaxed) < ON_THE_WAY
    }
}

async fn serve(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(move || std::future::ready(answer()));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

pub(crate) fn http() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    client(None).unwrap()
}

#[tokio::test]
async fn a_gigabyte_is_cut_off_announced_or_not() {
    let flood = Endless::flood(StatusCode::OK).await;
    let response = http().get(&flood.url).send().await.unwrap();
    assert_eq!(body(response, MOST_ABOUT_ONE).await, Err(BodyError::TooLarge));
    assert!(flood.was_cut_off());
    let announced = serve(|| {
        let nothing = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        Response::builder().header("content-length", GIGABYTE).body(nothing).unwrap()
    });
    let response = http().get(announced.await).send().await.unwrap();
    assert_eq!(body(response, MOST_ABOUT_ONE).await, Err(BodyError::TooLarge));
}

#[tokio::test]
async fn an_answer_that_drips_ends_with_the_time_of_its_request() {
    let dripping = serve(|| {
        let drops = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"{")) });
        Response::new(Body::from_stream(drops.chain(stream::pending())))
    });
    let request = http().get(dripping.await).timeout(Duration::from_millis(200));
    assert_eq!(body(request.send().await.unwrap(), MOST_ABOUT_ONE).await, Err(BodyError::Slow));
}
