//! Bodies are read before anybody is known to be Meta, so what strangers can make the process hold is bounded.

use std::{ops::Deref, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// Meta's deliveries have up to 3 MB.
const MOST_BYTES: usize = 3 * 1024 * 1024 + 64 * 1024;
/// Nearly every delivery is smaller than this.
const SMALL_BYTES: usize = 64 * 1024;
/// A delivery of one message is smaller than this. So little is always taken: what all connections hold of it together
/// is little too.
const TINY_BYTES: usize = 8 * 1024;
/// What all small bodies hold together, beyond the tiny ones.
const SMALL_TOGETHER: usize = 4 * 1024 * 1024;
/// Large bodies held at once.
const LARGE_AT_ONCE: usize = 3;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads bodies within bounds: of each one, and of all that are held at once.
#[derive(Debug)]
pub struct BodyReader {
    large: Arc<Semaphore>,
    small: Arc<Semaphore>,
}

impl Default for BodyReader {
    fn default() -> Self {
        Self {
            large: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
            small: Arc::new(Semaphore::new(SMALL_TOGETHER)),
        }
    }
}

/// A body, and its share of what may be held. The share is given back when this is dropped.
#[derive(Debug)]
pub struct Held {
    bytes: Vec<u8>,
    share: Option<OwnedSemaphorePermit>,
}

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl BodyReader {
    /// The whole body, or the status that says why not. A refusal other than 413 asks to come again.
    pub async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Held, StatusCode> {
        let length = headers.get(header::CONTENT_LENGTH);
        let most = match length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok()) {
            Some(bytes) if bytes <= SMALL_BYTES => SMALL_BYTES,
            Some(bytes) if bytes > MOST_BYTES => return Err(StatusCode::PAYLOAD_TOO_LARGE),
            _ => MOST_BYTES,
        };
        let permit = (most > SMALL_BYTES).then(|| Arc::clone(&self.large).try_acquire_owned()).transpose();
        let Ok(share) = permit else { return Err(StatusCode::SERVICE_UNAVAILABLE) };
        let held = Held { bytes: Vec::new(), share };
        let reading = self.all_of(body, most, held);
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
    }

    async fn all_of(&self, body: Body, most: usize, mut held: Held) -> Result<Held, StatusCode> {
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            // The peer went, or what it sent is no HTTP.
            let piece = piece.map_err(|_| StatusCode::BAD_REQUEST)?;
            let length = held.bytes.len() + piece.len();
            if length > most {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            if most == SMALL_BYTES && length > TINY_BYTES {
                self.share_for(length, &mut held).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
            }
            held.bytes.extend_from_slice(&piece);
        }
        Ok(held)
    }

    /// Has a small body's share grow to what it holds.
    fn share_for(&self, length: usize, held: &mut Held) -> Result<(), TryAcquireError> {
        let has = held.share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(length - has).unwrap_or(u32::MAX);
        let more = Arc::clone(&self.small).try_acquire_many_owned(more)?;
        match &mut held.share {
            Some(share) => share.merge(more),
            share => *share = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

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
        assert_eq!(large.err(), Some(StatusCode::SERVICE_UNAVAILABLE));
        assert_eq!(*small.unwrap(), *b"x");
        assert_eq!(first.err(), Some(StatusCode::REQUEST_TIMEOUT));
    }

    #[tokio::test]
    async fn what_is_held_in_small_bodies_is_bounded_in_total_and_one_message_always_passes() {
        let reader = BodyReader::default();
        let read = async |bytes: usize| reader.read(&announcing(bytes), Body::from(vec![0; bytes])).await;
        let mut held = Vec::new();
        let refused = loop {
            assert!(held.len() * SMALL_BYTES <= SMALL_TOGETHER, "there is no bound");
            match read(SMALL_BYTES).await {
                Ok(body) => held.push(body),
                Err(status) => break status,
            }
        };
        assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(held.len(), SMALL_TOGETHER / SMALL_BYTES);
        assert!(read(TINY_BYTES).await.is_ok());
        held.pop();
        assert!(read(SMALL_BYTES).await.is_ok(), "what is done with makes room");
    }

    #[tokio::test]
    async fn a_body_larger_than_announced_is_refused() {
        let reader = BodyReader::default();
        let lying = reader.read(&announcing(10), Body::from(vec![0; SMALL_BYTES + 1])).await;
        assert_eq!(lying.err(), Some(StatusCode::PAYLOAD_TOO_LARGE));
    }
}
