//! Keys of effects: the same effect asked for twice is done once.

use std::sync::Arc;

use jiff::SignedDuration;
use mcp_store::{StoreError, booking::Refused, idempotency::KEPT};
use serde_json::json;

use crate::{
    Bed,
    make::{at, blind, cancel, change, choice, id, refusal},
};

pub async fn a_repeat_finds_the_first_outcome_word_for_word(bed: Arc<Bed>) {
    let store = &*bed.store;
    let first = store.book(&blind("k", choice(&id(1), "ze", 60, 45)), at(0)).await.unwrap();
    let again = store.book(&blind("k", choice(&id(2), "ze", 600, 45)), at(1)).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(store.booking(&id(2)).await.unwrap(), None);
    let changed = store.change(&change("c", &id(1), cancel()), at(2)).await.unwrap();
    assert_eq!(store.change(&change("c", &id(1), cancel()), at(3)).await.unwrap(), changed);
    let again = store.book(&blind("k", choice(&id(1), "ze", 60, 45)), at(4)).await.unwrap();
    assert_eq!(first, again, "also when the booking has changed since");
}

pub async fn a_key_reused_for_another_request_is_refused(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.book(&blind("k", choice(&id(1), "ze", 60, 45)), at(0)).await.unwrap();
    let mut other = blind("k", choice(&id(2), "ze", 600, 45));
    other.digest = "another".into();
    assert!(matches!(store.book(&other, at(1)).await, Err(StoreError::KeyReused)));
    let mut other = change("k", &id(1), cancel());
    other.digest = "another".into();
    assert!(matches!(store.change(&other, at(1)).await, Err(StoreError::KeyReused)));
    assert!(matches!(store.recall("k", "another", at(1)).await, Err(StoreError::KeyReused)));
    assert_eq!(store.booking(&id(2)).await.unwrap(), None);
}

pub async fn a_refusal_is_not_kept(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.book(&blind("k1", choice(&id(1), "ze", 60, 45)), at(0)).await.unwrap();
    let mut taken = blind("k2", choice(&id(2), "ze", 60, 45));
    assert_eq!(refusal(&store.book(&taken, at(1)).await.unwrap()), "slot_taken");
    store.change(&change("c", &id(1), cancel()), at(2)).await.unwrap();
    "another digest, as nothing was kept".clone_into(&mut taken.digest);
    assert!(store.book(&taken, at(3)).await.unwrap().row().is_some());
    let refused = change("c2", &id(9), cancel());
    assert_eq!(store.change(&refused, at(4)).await.unwrap().row(), None);
    assert_eq!(store.recall("c2", "d", at(5)).await.unwrap(), None);
    assert_eq!(Refused::not_found().code, "not_found");
}

pub async fn a_key_is_kept_for_a_day(bed: Arc<Bed>) {
    let store = &*bed.store;
    let first = store.book(&blind("k", choice(&id(1), "ze", 60, 45)), at(0)).await.unwrap();
    let end = at(0) + KEPT;
    let just_before = end - SignedDuration::from_micros(1);
    let again = store.book(&blind("k", choice(&id(2), "ze", 6000, 45)), just_before).await.unwrap();
    assert_eq!(again, first);
    let later = end + SignedDuration::from_secs(1);
    let mut anew = blind("k", choice(&id(3), "ze", 6000, 45));
    anew.digest = "another".into();
    let outcome = store.book(&anew, later).await.unwrap();
    assert_eq!(
        outcome.row().map(|row| row.booking.id.clone()),
        Some(id(3)),
        "an older key counts as never seen"
    );
}

pub async fn a_key_of_yesterday_is_the_key_of_what_it_does_today(bed: Arc<Bed>) {
    let store = &*bed.store;
    for n in [1, 2] {
        let wanted = choice(&id(n), &format!("staff{n}"), 6000, 45);
        store.book(&blind(&format!("b{n}"), wanted), at(0)).await.unwrap();
    }
    store.change(&change("k", &id(1), cancel()), at(0)).await.unwrap();
    let mut today = change("k", &id(2), cancel());
    today.digest = "another".into();
    let later = at(1000) + KEPT;
    let outcome = store.change(&today, later).await.unwrap();
    assert_eq!(outcome.row().map(|row| row.booking.id.clone()), Some(id(2)));
    assert_eq!(store.change(&today, later + SignedDuration::from_hours(23)).await.unwrap(), outcome);
    assert_eq!(store.expire_keys(later).await.unwrap(), 2, "those of yesterday's bookings");
}

pub async fn kept_outcomes_are_recalled_and_the_first_one_wins(bed: Arc<Bed>) {
    let store = &*bed.store;
    assert_eq!(store.recall("rest:a:1", "d", at(0)).await.unwrap(), None);
    let outcome = json!({"status": 201, "body": {"z": [1, 2.5, null], "a": "ü \"x\""}});
    assert_eq!(store.remember("rest:a:1", "d", &outcome, at(0)).await.unwrap(), outcome);
    assert_eq!(store.remember("rest:a:1", "d", &json!("second"), at(1)).await.unwrap(), outcome);
    assert_eq!(store.recall("rest:a:1", "d", at(2)).await.unwrap(), Some(outcome));
    let other = store.remember("rest:a:1", "e", &json!(1), at(3)).await;
    assert!(matches!(other, Err(StoreError::KeyReused)), "{other:?}");
    let later = at(1000) + KEPT;
    assert_eq!(store.recall("rest:a:1", "e", later).await.unwrap(), None);
    assert_eq!(store.remember("rest:a:1", "e", &json!(2), later).await.unwrap(), json!(2));
}

pub async fn old_keys_are_removed(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.remember("old", "d", &json!(1), at(0)).await.unwrap();
    store.remember("new", "d", &json!(2), at(10_000)).await.unwrap();
    assert_eq!(store.expire_keys(at(5000) + KEPT).await.unwrap(), 1);
    assert_eq!(store.expire_keys(at(5000) + KEPT).await.unwrap(), 0);
    assert_eq!(store.recall("new", "d", at(5000) + KEPT).await.unwrap(), Some(json!(2)));
}

pub async fn one_key_at_once_is_one_effect(bed: Arc<Bed>) {
    let others = [bed.open().await, bed.open().await];
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..16_u64 {
        let store = Arc::clone(&others[usize::try_from(n).unwrap() % 2]);
        // Whoever is first decides which of these bookings it is.
        let request = blind("k", choice(&id(n + 1), &format!("staff{n}"), 60, 45));
        racing.spawn(async move { store.book(&request, at(0)).await.unwrap() });
    }
    let outcomes = racing.join_all().await;
    assert!(outcomes[0].row().is_some());
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:?}");
    assert_eq!(bed.raw().await.number("SELECT count(*) FROM booking").await, 1);
}
