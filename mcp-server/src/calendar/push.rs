//! Push channels: Google says that something changed, and the calendars are read at once instead of in a while.
//!
//! A channel's token is made from its id and a secret, so a notification is checked without remembering channels: those
//! of an earlier life of the process are still known, and end by themselves.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{CalendarError, calendars::Calendars, google::Channel};
use crate::{clock::SharedClock, ids::SharedIds, wake::Wake};

/// Where notifications arrive, under the base path as well.
pub const PATH: &str = "/webhooks/google-calendar";
/// How long a channel is asked for.
const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// It is renewed after this part of its life, in percent.
const RENEW_AT: i32 = 80;
/// A channel that could not be opened is tried again after this long; meanwhile the calendar is read by time.
const RETRY: SignedDuration = SignedDuration::from_mins(10);
/// How often the channels are looked after.
const LOOK: Duration = Duration::from_mins(1);
/// How long closing the channels may take at the end.
const GOODBYE: Duration = Duration::from_secs(2);

/// Makes and checks the tokens of channels.
#[derive(Clone, Debug)]
pub struct Tokens(hmac::Key);

impl Tokens {
    /// From the tenant's secret.
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    fn tag(&self, channel: &str) -> hmac::Tag {
        hmac::sign(&self.0, format!("google calendar channel\n{channel}").as_bytes())
    }

    /// The token of a channel.
    pub fn of(&self, channel: &str) -> String {
        hex::encode(self.tag(channel))
    }

    /// Whether a token belongs to a channel; takes the same time whatever it holds.
    pub fn accepts(&self, channel: &str, token: &str) -> bool {
        let expected = self.of(channel);
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), token.as_bytes()).is_ok()
    }
}

#[derive(Clone)]
struct Door {
    tokens: Tokens,
    wake: Arc<Wake>,
}

/// The route for notifications.
pub fn router(tokens: Tokens, wake: Arc<Wake>) -> Router {
    Router::new().route(PATH, post(notified)).with_state(Door { tokens, wake })
}

/// A notification: headers, and a body that is empty and is not read (Calendar API, "Push notifications").
async fn notified(State(door): State<Door>, headers: HeaderMap) -> (StatusCode, &'static str) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !door.tokens.accepts(header("x-goog-channel-id"), header("x-goog-channel-token")) {
        return (StatusCode::FORBIDDEN, "X-Goog-Channel-Token is not the token of this channel\n");
    }
    door.wake.calendar.notify_one();
    (StatusCode::OK, "")
}

/// Where Google may push to: it takes https only.
pub fn address(public_url: &str) -> Option<String> {
    public_url.starts_with("https://").then(|| format!("{}{PATH}", public_url.trim_end_matches('/')))
}

/// Opens channels and renews them before they end.
pub struct Channels {
    /// The calendars.
    pub calendars: Arc<Calendars>,
    /// Where Google pushes to.
    pub address: String,
    /// Tokens.
    pub tokens: Tokens,
    /// Time.
    pub clock: SharedClock,
    /// Names channels.
    pub ids: SharedIds,
}

/// A channel, or none after a failed try.
struct Open {
    channel: Option<Channel>,
    renew_at: Timestamp,
}

impl Channels {
    /// Runs until stopped.
    pub async fn run(self, stop: CancellationToken) {
        let mut open: BTreeMap<String, Open> = BTreeMap::new();
        while !stop.is_cancelled() {
            self.look_after(&mut open).await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        // What is not closed in time ends by itself.
        let closing = async {
            for one in open.into_values() {
                self.close(one.channel).await;
            }
        };
        let _ = tokio::time::timeout(GOODBYE, closing).await;
    }

    async fn look_after(&self, open: &mut BTreeMap<String, Open>) {
        let used = self.calendars.used();
        let unused: Vec<String> =
            open.keys().filter(|id| used.iter().all(|one| one.id != **id)).cloned().collect();
        for id in unused {
            let gone = open.remove(&id);
            self.close(gone.and_then(|one| one.channel)).await;
        }
        for one in used {
            let now = self.clock.now();
            if open.get(&one.id).is_some_and(|known| now < known.renew_at) {
                continue;
            }
            let next = match self.open(&one.id, now).await {
                Ok(channel) => Open { renew_at: renewal(&channel, now), channel: Some(channel) },
                Err(error) => {
                    tracing::info!(%error, "Google does not push changes of a calendar; it is read by time");
                    Open { channel: None, renew_at: later(now, RETRY) }
                }
            };
            // The old one goes after the new one stands: no change falls in between.
            let before = open.insert(one.id, next);
            self.close(before.and_then(|one| one.channel)).await;
        }
    }

    async fn open(&self, calendar: &str, now: Timestamp) -> Result<Channel, CalendarError> {
        let id = self.ids.id();
        let body = json!({
            "id": id,
            "type": "web_hook",
            "address": self.address,
            "token": self.tokens.of(&id),
            "expiration": later(now, LIFE).as_millisecond().to_string(),
        });
        self.calendars.google.watch(calendar, &body).await
    }

    async fn close(&self, channel: Option<Channel>) {
        let Some(channel) = channel else { return };
        if let Err(error) = self.calendars.google.stop(&channel).await {
            tracing::debug!(%error, "a push channel was not closed; it ends by itself");
        }
    }
}

/// When a channel is renewed: before the end that Google gave it.
fn renewal(channel: &Channel, now: Timestamp) -> Timestamp {
    let ends = channel.expiration.parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let life = ends.map_or(LIFE, |ends| ends.duration_since(now));
    later(now, (life * RENEW_AT) / 100)
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_add(by).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use futures::FutureExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn status(router: &Router, channel: &str, token: &str) -> StatusCode {
        let request = Request::post(PATH)
            .header("X-Goog-Channel-ID", channel)
            .header("X-Goog-Channel-Token", token)
            .header("X-Goog-Resource-State", "exists")
            .body(Body::empty())
            .unwrap();
        router.clone().oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn only_a_notification_with_its_channels_token_rings() {
        let (tokens, wake) = (Tokens::new(b"secret"), Arc::new(Wake::default()));
        let router = router(tokens.clone(), Arc::clone(&wake));
        for (channel, token) in [
            ("c1", String::new()),
            ("c1", tokens.of("c2")),
            ("", tokens.of("c1")),
            ("c1", Tokens::new(b"other").of("c1")),
        ] {
            assert_eq!(status(&router, channel, &token).await, StatusCode::FORBIDDEN);
        }
        let bare = Request::post(PATH).body(Body::empty()).unwrap();
        assert_eq!(router.clone().oneshot(bare).await.unwrap().status(), StatusCode::FORBIDDEN);
        assert!(wake.calendar.notified().now_or_never().is_none());
        assert_eq!(status(&router, "c1", &tokens.of("c1")).await, StatusCode::OK);
        assert!(wake.calendar.notified().now_or_never().is_some());
    }

    #[test]
    fn google_pushes_to_https_only() {
        let url = address("https://wa.agency.example/bella/production/");
        assert_eq!(
            url.as_deref(),
            Some("https://wa.agency.example/bella/production/webhooks/google-calendar")
        );
        assert_eq!(address("http://127.0.0.1:8000"), None);
    }

    #[test]
    fn a_channel_is_renewed_before_the_end_that_google_gave_it() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let channel = |expiration: &str| Channel {
            id: "c".into(),
            resource_id: "r".into(),
            expiration: expiration.into(),
        };
        let in_an_hour = (now.as_millisecond() + 3_600_000).to_string();
        assert_eq!(renewal(&channel(&in_an_hour), now), later(now, SignedDuration::from_mins(48)));
        assert_eq!(renewal(&channel(""), now), later(now, SignedDuration::from_secs(69_120)));
    }
}
