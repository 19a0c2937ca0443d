//! Two operators, one lease: whatever becomes of the holder, at no time do both write, and the work goes on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::ConfigMap;
use mcp_operator::{
    clock::{Clock, SystemClock},
    run::RunError,
};

use crate::{
    lane::{Lane, eventually},
    picture,
    proxy::Deed,
    running::{self, Operator},
};

async fn second(lane: &Lane) -> Operator {
    Operator::start_as(lane.agency, "second", Arc::new(SystemClock)).await
}

/// When the first, and the last, write reached the API server by way of this operator.
fn writes(operator: &Operator) -> Option<(Instant, Instant)> {
    let asked = operator.proxy.asked();
    let mut passed = asked.iter().filter(|one| one.ask.is_write() && matches!(one.deed, Deed::Pass));
    let first = passed.next()?;
    Some((first.at, passed.next_back().unwrap_or(first).at))
}

/// The second one began after the first one had written its last.
fn never_both(first: &Operator, second: &Operator) {
    let (_, last) = writes(first).expect("the first one wrote");
    let (begun, _) = writes(second).expect("the second one wrote");
    assert!(begun > last, "both wrote, {:?} beside each other", last - begun);
}

#[tokio::test]
async fn a_holder_that_dies_is_replaced_when_its_lease_is_over() {
    let lane = Lane::enter("leaders").await;
    let mut first = lane.operator().await;
    lane.ready("leaders-before", "74000001").await;
    lane.quiet(&first).await;
    let wanted = picture::of(&lane, "leaders-before", "74000001").await.unwrap();
    let other = second(&lane).await;
    let mut seen = 0;
    first.proxy.rule(move |ask| {
        seen += usize::from(ask.is_write() && ask.concerns("leaders-between"));
        if seen == 6 { Deed::Die(true) } else { Deed::Pass }
    });
    lane.create(&lane.example("leaders-between", "74000002")).await;
    eventually("the first one is dead", async || {
        if first.proxy.is_dead() { Ok(()) } else { Err("it lives".to_owned()) }
    })
    .await;
    first.kill();
    assert!(writes(&other).is_none(), "it wrote while another one led");
    picture::becomes(&lane, "leaders-between", "74000002", &wanted).await;
    never_both(&first, &other);

    // One that stops as it should does not let the others wait.
    let third = Operator::start_as(lane.agency, "third", Arc::new(SystemClock)).await;
    other.stop().await;
    let began = Instant::now();
    lane.ready("leaders-after", "74000003").await;
    assert!(began.elapsed() < Duration::from_secs(12), "the lease was not given back: {:?}", began.elapsed());
    drop(third);
}

#[tokio::test]
async fn a_holder_that_is_cut_off_or_cannot_renew_ends_before_another_one_begins() {
    let lane = Lane::enter("cut-off").await;
    for (round, only_the_lease) in [false, true].into_iter().enumerate() {
        let mut first = lane.operator().await;
        let name = format!("cut-{round}");
        lane.ready(&name, &format!("7400001{round}")).await;
        let other = second(&lane).await;
        let refusal = if only_the_lease { Deed::Answer(500) } else { Deed::Silence };
        first.proxy.rule(move |ask| {
            if !only_the_lease || ask.is_about_the_lease() { refusal.clone() } else { Deed::Pass }
        });
        // There is work all the time.
        for edit in 0..3 {
            let number = format!("740001{round}{edit}");
            lane.create(&lane.example(&format!("during-{round}-{edit}"), &number)).await;
        }
        let ended = first.ended().await;
        assert!(matches!(&ended, Err(RunError::Lost(_))), "{ended:?}");
        for edit in 0..3 {
            lane.reason(&format!("during-{round}-{edit}"), "Ready").await;
        }
        // The first one may have done all that, while it still could.
        lane.ready(&format!("since-{round}"), &format!("740002{round}")).await;
        never_both(&first, &other);
        other.stop().await;
    }
}

/// A clock that can be set.
struct Jumping(AtomicI64);

impl Jumping {
    fn set(&self, hours: i64) {
        self.0.store(hours, Ordering::SeqCst);
    }
}

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_hours(self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn clocks_that_jump_or_differ_move_no_lease_and_write_nothing() {
    let lane = Lane::enter("clocks").await;
    let clock = Arc::new(Jumping(AtomicI64::new(0)));
    let first = Operator::start_as(lane.agency, "first", Arc::clone(&clock) as Arc<dyn Clock>).await;
    lane.ready("steady", "74000031").await;
    // What is kept of roll-outs is written once, a while after there is somebody to roll out to.
    let kept = lane.inside::<ConfigMap>(&running::home_of(lane.agency));
    eventually("the roll-out is kept", async || {
        kept.get("mcp-rollout").await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    lane.quiet(&first).await;
    let wanted = picture::of(&lane, "steady", "74000031").await.unwrap();
    let versions = picture::versions(&lane, "steady").await;
    // One whose clock is ten years ahead does not take the lease of the first for one that is long over.
    let ahead = Arc::new(Jumping(AtomicI64::new(24 * 3650)));
    let other = Operator::start_as(lane.agency, "second", ahead).await;
    for hours in [24 * 365, -24 * 365, 24 * 3650, 0] {
        let before = first.proxy.count();
        clock.set(hours);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(first.proxy.count(), before, "{hours} hours away: {}", first.proxy.story());
        assert_eq!(picture::versions(&lane, "steady").await, versions, "{hours} hours away");
    }
    // It still works, by whatever clock.
    clock.set(-24 * 30);
    lane.ready("backwards", "74000032").await;
    picture::becomes(&lane, "backwards", "74000032", &wanted).await;
    assert_eq!((first.metrics.leading.get(), other.metrics.leading.get()), (1, 0));
    assert!(writes(&other).is_none(), "it wrote while another one led");
}
