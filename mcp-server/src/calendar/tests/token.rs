//! Access tokens.

use std::sync::Arc;

use jiff::SignedDuration;
use mcp_simulator::{Fault, Settings, Simulator, Vendor};

use super::bed::{World, http, settings};
use crate::{
    calendar::{
        CalendarError,
        api::{Api, Ask},
        token::TokenSource,
    },
    clock::{Clock, SystemClock},
    http_client::tests::Endless,
};

const DAY: (&str, &str) = ("2026-11-17T00:00", "2026-11-18T00:00");

#[tokio::test]
async fn one_token_serves_until_it_is_refused_and_is_then_renewed_once() {
    let world = World::new().await;
    let reads = (0..8).map(|_| world.read(DAY));
    assert!(futures::future::join_all(reads).await.iter().all(Result::is_ok));
    assert_eq!(world.sim.state().tokens_issued, 1);
    // Both calendars are read at once and both are refused: one new token.
    let refused = Fault {
        vendor: Vendor::Calendar,
        status: Some(401),
        body: None,
        times: 2,
        retry_after: None,
        // Long enough for the other one to have asked, so that neither meets both refusals.
        delay_ms: Some(300),
    };
    world.sim.fail(refused);
    world.refresh().await;
    assert_eq!(world.sim.state().tokens_issued, 2);
    world.bed.clock.pass(SignedDuration::from_mins(59));
    world.refresh().await;
    assert_eq!(world.sim.state().tokens_issued, 3, "it is renewed before it ends");
}

/// A machine whose clock is wrong.
struct Wrong(SignedDuration);

impl Clock for Wrong {
    fn now(&self) -> jiff::Timestamp {
        SystemClock.now() + self.0
    }
}

#[tokio::test]
async fn a_wrong_clock_is_made_up_for_by_googles() {
    for minutes in [-20, 20] {
        let sim = Simulator::start(Settings::default()).await.unwrap();
        let clock = Arc::new(Wrong(SignedDuration::from_mins(minutes)));
        let tokens = TokenSource::new(http(), settings(&sim), clock).unwrap();
        assert!(tokens.token().await.is_ok(), "{minutes}");
        assert_eq!(sim.state().tokens_issued, 1);
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_a_reason_to_try_later() {
    let sim = Simulator::start(Settings::default()).await.unwrap();
    let flood = Endless::flood(reqwest::StatusCode::OK).await;
    let clock = Arc::new(SystemClock);
    let good = settings(&sim);
    let mut settings = settings(&sim);
    settings.token_url.clone_from(&flood.url);
    let tokens = TokenSource::new(http(), settings.clone(), clock.clone()).unwrap();
    assert!(matches!(tokens.token().await, Err(CalendarError::NotNow(_))));
    settings.calendar_base.clone_from(&flood.url);
    let tokens = TokenSource::new(http(), good, clock.clone()).unwrap();
    let api = Api::new(http(), &settings, tokens, clock);
    let ask = Ask { method: reqwest::Method::GET, path: &["calendars"], query: &[], body: None };
    let error = api.send(&ask).await.err().unwrap();
    assert!(matches!(&error, CalendarError::NotNow(why) if why.contains("without an end")), "{error}");
    assert!(flood.was_cut_off());
}
