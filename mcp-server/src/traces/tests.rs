//! Without a collector; the way to one is tested with the whole process.

use super::*;

#[test]
fn a_trace_is_the_same_for_whoever_has_the_key_and_says_nothing_to_others() {
    let (one, _) = Traces::new(b"secret");
    let (replica, _) = Traces::new(b"secret");
    let (other, _) = Traces::new(b"another");
    let root = |traces: &Traces| traces.0.as_ref().unwrap().root("wamid.1");
    assert_eq!(root(&one), root(&replica));
    assert_ne!(root(&one).trace, root(&other).trace);
    let below = one.0.as_ref().unwrap().below(root(&one), "turn 1");
    assert!(below.trace == root(&one).trace && below.span != root(&one).span);
}

#[test]
fn a_collector_that_does_not_keep_up_costs_spans_and_nothing_else() {
    let (traces, mut out) = Traces::new(b"secret");
    let ids: Vec<String> = (0..WAITING + 10).map(|n| n.to_string()).collect();
    traces.delivered(&ids, Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, true);
    let mut kept = 0;
    while out.try_recv().is_ok() {
        kept += 1;
    }
    assert_eq!(kept, WAITING);
    let place = traces.0.as_ref().unwrap().root("x");
    (0..=REMEMBERED).for_each(|n| traces.remember(n.to_string(), place));
    assert_eq!((traces.remembered("0"), traces.remembered("1")), (None, Some(place)));
}

#[test]
fn without_a_collector_nothing_is_kept() {
    let traces = Traces::default();
    traces.delivered(&["x".into()], Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, true);
    assert!(!traces.on() && traces.remembered("x").is_none());
}
