//! Access tokens.

use std::sync::Arc;

use jiff::SignedDuration;
use mcp_simulator::{Fault, Settings, Simulator, Vendor};

use super::bed::{World, http, settings};
use crate::{
    calendar::token::TokenSource,
    clock::{Clock, SystemClock},
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
        delay_ms: None,
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
