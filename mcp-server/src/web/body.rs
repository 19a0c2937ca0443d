//! Bodies are read before anybody is known to be Meta, so what strangers can make the process hold is bounded.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, StatusCode, header},
};
use tokio::sync::Semaphore;

/// Meta's deliveries have up to 3 MB.
const MOST_BYTES: usize = 3 * 1024 * 1024 + 64 * 1024;
/// Nearly every delivery is smaller than this.
const SMALL_BYTES: usize = 64 * 1024;
/// Large bodies held at once.
const LARGE_AT_ONCE: usize = 3;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads bodies within bounds.
#[derive(Debug)]
pub struct BodyReader {
    large: Semaphore,
}

impl Default for BodyReader {
    fn default() -> Self {
        Self { large: Semaphore::new(LARGE_AT_ONCE) }
    }
}

impl BodyReader {
    /// The whole body, or the status that says why not. A refusal other than 413 asks to come again.
    pub async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, StatusCode> {
        let length = headers.get(header::CONTENT_LENGTH);
        let most = match length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok()) {
            Some(bytes) if bytes <= SMALL_BYTES => SMALL_BYTES,
            Some(bytes) if bytes > MOST_BYTES => return Err(StatusCode::PAYLOAD_TOO_LARGE),
            _ => MOST_BYTES,
        };
        let permit = (most > SMALL_BYTES).then(|| self.large.try_acquire()).transpose();
        let Ok(_held) = permit else { return Err(StatusCode::SERVICE_UNAVAILABLE) };
        match tokio::time::timeout(PATIENCE, to_bytes(body, most)).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(_)) => Err(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcing(bytes: usize) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_LENGTH, bytes.into())])
    }

    #[tokio::test(start_paused = true)]
    async fn few_large_bodies_are_held_at_once_and_small_ones_always_pass() {
        let reader = BodyReader::default();
        let never = || Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let headers = announcing(1_000_000);
        let slow = async {
            tokio::join!(
                reader.read(&headers, never()),
                reader.read(&headers, never()),
                reader.read(&headers, never())
            )
        };
        let meanwhile = async {
            tokio::task::yield_now().await;
            (reader.read(&headers, Body::from("x")).await, reader.read(&announcing(1), Body::from("x")).await)
        };
        let ((first, ..), (large, small)) = tokio::join!(slow, meanwhile);
        assert_eq!(large, Err(StatusCode::SERVICE_UNAVAILABLE));
        assert_eq!(small.unwrap(), "x");
        assert_eq!(first, Err(StatusCode::REQUEST_TIMEOUT));
    }

    #[tokio::test]
    async fn a_body_larger_than_announced_is_refused() {
        let reader = BodyReader::default();
        let lying = reader.read(&announcing(10), Body::from(vec![0; SMALL_BYTES + 1])).await;
        assert_eq!(lying, Err(StatusCode::PAYLOAD_TOO_LARGE));
    }
}
