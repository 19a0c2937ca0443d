//! Google's token endpoint and the ways into Calendar. What Calendar does with events is in `oracles/`, where
//! Google's own client asks.

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use mcp_simulator::{Clock, Point, Settings};
use serde_json::{Value, json};

use crate::world::{World, answer};

const EMAIL: &str = "bot@project.iam.gserviceaccount.com";
const EVENTS: &str = "https://www.googleapis.com/auth/calendar.events";
/// 2026-11-21T12:00:00Z
const NOW: i64 = 1_795_262_400;

/// A service account's key, made for this test.
struct Key {
    private: EncodingKey,
    public: String,
}

impl Key {
    fn make() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self {
            private: EncodingKey::from_rsa_pem(pem("PRIVATE KEY", private.as_ref()).as_bytes()).unwrap(),
            public: pem("PUBLIC KEY", public.as_ref()),
        }
    }

    fn assertion(&self, claims: &Value) -> String {
        encode(&Header::new(Algorithm::RS256), claims, &self.private).unwrap()
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn claims() -> Value {
    json!({"iss": EMAIL, "scope": EVENTS, "aud": "http://127.0.0.1/token", "iat": NOW, "exp": NOW + 3600})
}

fn with(field: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[field] = value;
    claims
}

async fn world() -> World {
    let now = jiff::Timestamp::from_second(NOW).unwrap();
    World::with(Settings { clock: Clock::from_fn(move || now), ..Settings::default() }).await
}

async fn exchange(world: &World, assertion: &str) -> (u16, Value) {
    let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)];
    answer(world.post("/token").form(&form)).await
}

fn event() -> Value {
    json!({"id": "b0000001", "summary": "Corte – João",
        "start": {"dateTime": "2026-11-24T15:00:00-03:00"}, "end": {"dateTime": "2026-11-24T15:45:00-03:00"}})
}

#[tokio::test]
async fn an_assertion_of_the_registered_key_gets_a_token_that_calendar_takes() {
    let (world, key) = (world().await, Key::make());
    world.sim.register_google_key(EMAIL, &key.public).unwrap();
    let (status, token) = exchange(&world, &key.assertion(&claims())).await;
    assert_eq!((status, &token["expires_in"], &token["token_type"]), (200, &json!(3599), &json!("Bearer")));
    let insert = || world.post("/calendar/v3/calendars/ana@example.com/events").json(&event());
    let (status, created) = answer(insert().bearer_auth(token["access_token"].as_str().unwrap())).await;
    assert_eq!((status, &created["creator"]["email"]), (200, &json!(EMAIL)), "{created}");
    assert_eq!(answer(insert().bearer_auth("another")).await.0, 401);
    let state = world.sim.state();
    assert_eq!((state.tokens_issued, state.events.len(), state.violations.len()), (1, 1, 0));
    assert_eq!(state.calendar_calls.iter().map(|call| call.status).collect::<Vec<_>>(), [200, 401]);
    assert_eq!(answer(insert()).await.0, 401);
    assert_eq!(world.broken(), ["calendar/token"]);
}

#[tokio::test]
async fn an_assertion_that_breaks_a_rule_gets_no_token() {
    let (world, key) = (world().await, Key::make());
    world.sim.register_google_key(EMAIL, &key.public).unwrap();
    let hs256 = encode(&Header::new(Algorithm::HS256), &claims(), &EncodingKey::from_secret(b"x")).unwrap();
    let whole = key.assertion(&claims());
    let (signed, _) = whole.rsplit_once('.').unwrap();
    for (name, assertion, error) in [
        ("of another key", Key::make().assertion(&claims()), "invalid_grant"),
        ("by a shared secret", hs256, "invalid_grant"),
        ("with half a signature", format!("{signed}.AAAA"), "invalid_grant"),
        ("for another audience", key.assertion(&with("aud", json!("https://example.com/"))), "invalid_grant"),
        ("for more than an hour", key.assertion(&with("exp", json!(NOW + 3601))), "invalid_grant"),
        ("expired", key.assertion(&with("exp", json!(NOW - 61))), "invalid_grant"),
        ("from the future", key.assertion(&with("iat", json!(NOW + 61))), "invalid_grant"),
        ("for an unknown scope", key.assertion(&with("scope", json!("calendar"))), "invalid_scope"),
        (
            "without issuer",
            key.assertion(&json!({"scope": EVENTS, "aud": "/token", "iat": NOW, "exp": NOW})),
            "invalid_grant",
        ),
    ] {
        let before = world.broken().len();
        let (status, body) = exchange(&world, &assertion).await;
        assert_eq!((status, &body["error"]), (400, &json!(error)), "{name}");
        assert_eq!(world.broken()[before..], [format!("token/{error}")], "{name}");
    }
    let (status, body) = answer(world.post("/token").form(&[("grant_type", "password")])).await;
    assert_eq!((status, &body["error"]), (400, &json!("unsupported_grant_type")));
    assert_eq!(world.sim.state().tokens_issued, 0);
}

#[tokio::test]
async fn a_token_for_reading_free_times_may_not_write_events() {
    let (world, key) = (world().await, Key::make());
    let scope = with("scope", json!("https://www.googleapis.com/auth/calendar.freebusy"));
    let (_, token) = exchange(&world, &key.assertion(&scope)).await;
    let token = token["access_token"].as_str().unwrap();
    let question =
        json!({"timeMin": "2026-11-24T00:00:00Z", "timeMax": "2026-11-25T00:00:00Z", "items": [{"id": "a"}]});
    assert_eq!(answer(world.post("/calendar/v3/freeBusy").bearer_auth(token).json(&question)).await.0, 200);
    let (status, body) =
        answer(world.post("/calendar/v3/calendars/a/events").bearer_auth(token).json(&event())).await;
    assert_eq!((status, &body["error"]["errors"][0]["reason"]), (403, &json!("insufficientPermissions")));
    assert_eq!(world.broken(), ["calendar/scope"]);
}

#[tokio::test]
async fn an_insert_held_after_its_effect_makes_the_retry_a_duplicate() {
    let (world, key) = (world().await, Key::make());
    let (_, token) = exchange(&world, &key.assertion(&claims())).await;
    let token = token["access_token"].as_str().unwrap();
    let insert = || world.post("/calendar/v3/calendars/a/events").bearer_auth(token).json(&event());
    world.sim.hold(Point::CalendarInsertAfter, 1);
    let lost = tokio::spawn(insert().send());
    while world.sim.waiting().iter().all(|at| at.n == 0) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    lost.abort();
    let (status, body) = answer(insert()).await;
    assert_eq!((status, &body["error"]["errors"][0]["reason"]), (409, &json!("duplicate")));
    let state = world.sim.state();
    assert_eq!((state.events[0].created_count, state.events[0].insert_attempts), (1, 2));
    assert!(state.violations.is_empty(), "a retry is no broken rule");
}

#[tokio::test]
async fn a_path_that_no_stand_in_has_is_noted() {
    let world = world().await;
    assert_eq!(answer(world.get("/calendar/v3/users/me/calendarList")).await.0, 404);
    assert_eq!(world.broken(), ["calendar/path"]);
}
