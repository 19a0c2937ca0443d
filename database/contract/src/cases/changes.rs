//! Changes of bookings: from which states to which, and moves.

use std::sync::Arc;

use mcp_store::{
    Store,
    booking::{BookingOutcome, BookingRow, BookingState, Change, Refused},
};

use crate::{
    Bed,
    make::{at, book, booked, cancel, change, choice, entry, id, minute, move_to, refusal},
};

pub(super) async fn changed(store: &dyn Store, key: &str, booking_id: &str, how: Change) -> BookingRow {
    match store.change(&change(key, booking_id, how), at(5000)).await.unwrap() {
        BookingOutcome::Changed(row) => *row,
        other => panic!("a change was expected, not {other:?}"),
    }
}

pub async fn states_follow_the_ways_that_are_allowed_and_no_others(bed: Arc<Bed>) {
    use BookingState::{Cancelled, Completed, Confirmed, Held, NoShow, Requested};
    let store = &*bed.store;
    let changes = [
        Change::Request,
        Change::Confirm,
        Change::Decline { reason: Some("full".into()) },
        Change::Cancel { reason: Some("ill".into()) },
        Change::Complete,
        Change::NoShow,
    ];
    let raw = bed.raw().await;
    let mut n = 0;
    for from in BookingState::ALL {
        for how in &changes {
            n += 1;
            let booking_id = id(n);
            let mut wanted = choice(&booking_id, "ze", i64::try_from(n).unwrap() * 60, 45);
            wanted.booking.state = if from.stands() { from } else { Confirmed };
            wanted.booking.hold_until = (from == Held).then(|| minute(9999));
            booked(store, wanted, at(0)).await;
            let way = match from {
                Completed => Some(Change::Complete),
                Cancelled => Some(cancel()),
                NoShow => Some(Change::NoShow),
                Held | Requested | Confirmed => None,
            };
            if let Some(way) = way {
                changed(store, &format!("to{n}"), &booking_id, way).await;
            }
            let before = store.booking(&booking_id).await.unwrap().unwrap();
            assert_eq!(before.booking.state, from);
            let outcome =
                store.change(&change(&format!("k{n}"), &booking_id, how.clone()), at(9000)).await.unwrap();
            let after = store.booking(&booking_id).await.unwrap().unwrap();
            if let Some(next) = how.next(from) {
                assert_eq!(outcome, BookingOutcome::Changed(Box::new(after.clone())), "{from:?} {how:?}");
                assert_eq!(
                    (after.booking.state, after.revision),
                    (next, before.revision + 1),
                    "{from:?} {how:?}"
                );
                assert_eq!(
                    (after.changed_at, after.booking.hold_until),
                    (at(9000), None),
                    "{from:?} {how:?}"
                );
                let reason = matches!(how, Change::Decline { .. } | Change::Cancel { .. });
                assert_eq!(after.reason.is_some(), reason, "{from:?} {how:?}");
            } else {
                assert_eq!(refusal(&outcome), "conflict", "{from:?} {how:?}");
                assert_eq!(after, before, "{from:?} {how:?}");
            }
            let standing =
                format!("SELECT count(*) FROM occupation WHERE booking_id = '{booking_id}' AND standing");
            assert_eq!(
                raw.number(&standing).await,
                i64::from(after.booking.state.stands()),
                "{from:?} {how:?}"
            );
        }
    }
}

pub async fn a_change_names_what_it_has_read(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    let with = |key: &str, revision| {
        let mut request = change(key, &id(1), Change::NoShow);
        request.revision = Some(revision);
        request
    };
    let old = store.change(&with("k1", 2), at(1)).await.unwrap();
    assert_eq!(old, BookingOutcome::Refused(Refused::changed_since()));
    assert!(store.change(&with("k2", 1), at(1)).await.unwrap().row().is_some());
    let old = store.change(&with("k3", 1), at(1)).await.unwrap();
    assert_eq!(refusal(&old), "conflict");
    let nobody = store.change(&change("k4", &id(9), cancel()), at(1)).await.unwrap();
    assert_eq!(refusal(&nobody), "not_found");
}

pub async fn a_change_that_is_not_allowed_changes_nothing(bed: Arc<Bed>) {
    let store = &*bed.store;
    let row = booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    let mut request = change("k", &id(1), cancel());
    let seen = row.clone();
    request.allow = Arc::new(move |read| {
        assert_eq!(*read, seen, "it decides over the booking as the transaction reads it");
        Err(Refused::new("not_yours", "this is not your booking"))
    });
    request.audit = Some(entry("booking.cancel"));
    assert_eq!(refusal(&store.change(&request, at(1)).await.unwrap()), "not_yours");
    assert_eq!(store.booking(&id(1)).await.unwrap(), Some(row));
    assert_eq!(store.audit_head().await.unwrap().seq, 0);
}

pub async fn a_move_keeps_the_booking_and_replaces_what_it_occupies(bed: Arc<Bed>) {
    let store = &*bed.store;
    let mut first = choice(&id(1), "ze", 60, 45);
    first.booking.customer_name = "João".into();
    let row = booked(store, first, at(0)).await;
    let other = booked(store, choice(&id(5), "eva", 60, 45), at(0)).await;
    let mut there = choice(&id(7), "rui", 600, 30);
    there.booking.state = BookingState::Requested;
    there.booking.customer_name = "somebody else".into();
    let moved = changed(store, "m", &id(1), move_to(there.clone())).await;
    assert_eq!((moved.revision, moved.changed_at, moved.created_at), (2, at(5000), at(0)));
    assert_eq!(moved.booking.id, row.booking.id);
    assert_eq!(moved.booking.reference, row.booking.reference);
    assert_eq!(moved.booking.customer_name, "João", "only items, currency and state count");
    assert_eq!(
        (moved.booking.items.clone(), moved.booking.state),
        (there.booking.items, BookingState::Requested)
    );
    assert_eq!(store.booking(&id(1)).await.unwrap(), Some(moved));
    assert_eq!(store.booking(&id(7)).await.unwrap(), None);
    assert_eq!(store.booking(&id(5)).await.unwrap(), Some(other), "one booking is moved");
    booked(store, choice(&id(2), "ze", 60, 45), at(0)).await;
    assert_eq!(refusal(&book(store, choice(&id(3), "rui", 610, 45), at(0)).await), "slot_taken");
}

pub async fn a_booking_may_move_onto_its_own_time(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    let seen = Arc::new(std::sync::Mutex::new(None));
    let keep = Arc::clone(&seen);
    let there = choice(&id(1), "ze", 75, 45);
    let how = Change::Move {
        around: (minute(0), minute(600)),
        choose: Arc::new(move |agenda| {
            *keep.lock().unwrap() = Some((agenda.occupied.len(), agenda.standing.len()));
            Ok(there.clone())
        }),
    };
    let moved = changed(store, "m", &id(1), how).await;
    assert_eq!(moved.booking.start(), minute(75));
    assert_eq!(*seen.lock().unwrap(), Some((0, 0)), "the agenda is without this booking");
}

pub async fn a_move_onto_somebody_else_leaves_everything_as_it_was(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    let row = booked(store, choice(&id(2), "ze", 200, 45), at(0)).await;
    let outcome =
        store.change(&change("m", &id(2), move_to(choice(&id(2), "ze", 70, 45))), at(1)).await.unwrap();
    assert_eq!(outcome, BookingOutcome::Refused(Refused::slot_taken()));
    assert_eq!(store.booking(&id(2)).await.unwrap(), Some(row));
    assert_eq!(
        refusal(&book(store, choice(&id(3), "ze", 210, 5), at(0)).await),
        "slot_taken",
        "it still has its time"
    );
}
