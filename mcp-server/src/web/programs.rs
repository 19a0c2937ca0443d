//! What the doors of agents and programs may take together, so that whatever they do customers' messages find a
//! connection, and a database that is not busy with others: a chat waits for its answer for half a minute, and hundreds
//! may.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{booking::scheduler::FailureCode, metrics::Metrics};

/// Requests of programs at once, chats that wait for an answer included: half of the connections
/// ([`super::connections::Limits::PUBLIC`]).
const AT_ONCE: usize = 256;
/// Of these, requests that use the database at once.
const AT_WORK: usize = 8;
/// Longest body, in bytes; a door may take less.
pub const MOST_BYTES: usize = 256 * 1024;
/// How long a body may take to arrive, and a request wait for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Room for programs.
#[derive(Debug)]
pub struct Room {
    requests: Arc<Semaphore>,
    work: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

/// A request's right to use the database, until it is done or says that it only waits.
#[derive(Clone, Debug, Default)]
pub struct AtWork(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl AtWork {
    /// From here on the request waits for somebody else: the next one may work.
    pub fn only_waits(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Room {
    /// An empty one.
    pub fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        let room = |places| Arc::new(Semaphore::new(places));
        Arc::new(Self { requests: room(AT_ONCE), work: room(AT_WORK), metrics })
    }

    fn refuse(&self, status: StatusCode, code: FailureCode, detail: &str) -> Response {
        self.metrics.refused(code);
        let body = json!({
            "type": "about:blank", "title": code.as_str(), "status": status.as_u16(), "code": code.as_str(),
            "detail": detail,
        });
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

/// Lets a request of a program in when there is room, its body is here as a whole and in time, and it is its turn.
pub async fn enter(State(room): State<Arc<Room>>, request: Request, next: Next) -> Response {
    let full = || {
        let detail = "too many requests at once: send it again in a few seconds";
        room.refuse(StatusCode::TOO_MANY_REQUESTS, FailureCode::RateLimited, detail)
    };
    let Ok(_place) = Arc::clone(&room.requests).try_acquire_owned() else { return full() };
    let (mut parts, body) = request.into_parts();
    let body = match tokio::time::timeout(PATIENCE, to_bytes(body, MOST_BYTES)).await {
        Ok(Ok(bytes)) => Body::from(bytes),
        Ok(Err(_)) => {
            let detail = "the body must have at most 256 KiB";
            return room.refuse(StatusCode::PAYLOAD_TOO_LARGE, FailureCode::Validation, detail);
        }
        Err(_) => {
            let detail = "the body did not arrive in time";
            return room.refuse(StatusCode::REQUEST_TIMEOUT, FailureCode::Validation, detail);
        }
    };
    let turn = tokio::time::timeout(PATIENCE, Arc::clone(&room.work).acquire_owned()).await;
    let Ok(Ok(turn)) = turn else { return full() };
    let work = AtWork(Arc::new(Mutex::new(Some(turn))));
    parts.extensions.insert(work.clone());
    let answer = next.run(Request::from_parts(parts, body)).await;
    // The handler's copy may outlive its answer.
    work.only_waits();
    answer
}

#[cfg(test)]
mod tests {
    use axum::{Extension, Router, body::Bytes, routing::post};
    use tokio::sync::Notify;
    use tower::ServiceExt;

    use super::*;

    struct World {
        router: Router,
        begun: Arc<Semaphore>,
        go: Arc<Notify>,
    }

    /// `/work` works until it is told to go on, `/chat` waits until then.
    fn world() -> World {
        let (begun, go) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
        let handler = |waits: bool| {
            let (begun, go) = (Arc::clone(&begun), Arc::clone(&go));
            post(move |Extension(work): Extension<AtWork>, _body: Bytes| async move {
                if waits {
                    work.only_waits();
                }
                begun.add_permits(1);
                go.notified().await;
                "done"
            })
        };
        let router = Router::new()
            .route("/work", handler(false))
            .route("/chat", handler(true))
            .route_layer(axum::middleware::from_fn_with_state(Room::new(Arc::default()), enter));
        World { router, begun, go }
    }

    impl World {
        async fn ask(&self, path: &str, body: Body) -> StatusCode {
            let request = Request::post(path).body(body).unwrap();
            self.router.clone().oneshot(request).await.unwrap().status()
        }

        async fn begin(&self, path: &'static str, count: usize) {
            for _ in 0..count {
                let router = self.router.clone();
                let request = Request::post(path).body(Body::empty()).unwrap();
                tokio::spawn(async move { router.oneshot(request).await.unwrap() });
            }
            let all = u32::try_from(count).unwrap();
            self.begun.acquire_many(all).await.unwrap().forget();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_holds_nobody_up_and_who_is_too_many_is_told_when_to_come_again() {
        let world = world();
        world.begin("/chat", AT_ONCE - 1).await;
        let other = async {
            world.begun.acquire().await.unwrap().forget();
            world.go.notify_waiters();
        };
        let (worked, ()) = tokio::join!(world.ask("/work", Body::empty()), other);
        assert_eq!(worked, StatusCode::OK, "all others only wait");
        world.begin("/chat", AT_ONCE).await;
        let request = Request::post("/work").body(Body::empty()).unwrap();
        let refused = world.router.clone().oneshot(request).await.unwrap();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers()[header::RETRY_AFTER], "2");
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_takes_long_is_done_by_few_and_the_next_one_is_not_left_waiting_for_ever() {
        let world = world();
        world.begin("/work", AT_WORK).await;
        assert_eq!(world.ask("/work", Body::empty()).await, StatusCode::TOO_MANY_REQUESTS);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_takes_no_turn_and_a_large_one_is_refused() {
        let world = world();
        let never = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(world.ask("/work", never).await, StatusCode::REQUEST_TIMEOUT);
        let large = Body::from(vec![0; MOST_BYTES + 1]);
        assert_eq!(world.ask("/work", large).await, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(world.begun.available_permits(), 0, "neither began");
    }
}
