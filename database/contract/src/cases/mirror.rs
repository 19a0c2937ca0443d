//! Work of mirroring our bookings into an outside calendar.

use std::sync::Arc;

use jiff::SignedDuration;
use mcp_store::{
    Store, StoreError,
    booking::{BookingState, Change},
    calendar::MirrorJob,
};

use crate::{
    Bed, Database,
    make::{LEASE, at, book, booked, cancel, change, choice, hold, id, minute, move_to},
};

async fn claim(store: &dyn Store, milliseconds: i64) -> Option<MirrorJob> {
    store.claim_mirror(LEASE, at(milliseconds)).await.unwrap()
}

pub async fn every_booking_is_mirrored_until_it_is_recorded(bed: Arc<Bed>) {
    let store = &*bed.store;
    assert_eq!((store.next_mirror_at().await.unwrap(), store.mirror_behind().await.unwrap()), (None, 0));
    let row = booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    assert_eq!(store.mirror_behind().await.unwrap(), 1);
    assert!(store.next_mirror_at().await.unwrap().unwrap() <= at(0));
    let job = claim(store, 0).await.unwrap();
    assert_eq!((&job.row, job.mirrored_revision, job.attempt, job.removes()), (&row, 0, 1, false));
    assert!(claim(store, 59_999).await.is_none(), "somebody is at it");
    let lost = job;
    let job = claim(store, 60_000).await.unwrap();
    assert_eq!(job.attempt, 2, "that one died");
    for late in [store.mirror_done(&lost).await, store.mirror_failed(&lost, "x", at(0)).await] {
        assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    }
    store.mirror_failed(&job, "no answer", at(100_000)).await.unwrap();
    assert!(claim(store, 99_999).await.is_none());
    assert!(store.next_mirror_at().await.unwrap().unwrap() <= at(100_000));
    let job = claim(store, 100_000).await.unwrap();
    assert_eq!(job.attempt, 3);
    store.mirror_done(&job).await.unwrap();
    assert_eq!((store.next_mirror_at().await.unwrap(), store.mirror_behind().await.unwrap()), (None, 0));
    let again = store.mirror_done(&job).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
}

pub async fn a_hold_is_not_mirrored_and_its_booking_is(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, hold(&id(1), "ze", 60, 45, minute(30)), at(0)).await;
    assert!(claim(store, 0).await.is_none());
    store.change(&change("c", &id(1), Change::Request), at(1)).await.unwrap();
    let job = claim(store, 1).await.unwrap();
    assert_eq!((job.row.booking.state, job.row.revision), (BookingState::Requested, 2));
}

pub async fn what_is_cancelled_before_it_was_mirrored_needs_no_work(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    store.change(&change("c", &id(1), cancel()), at(1)).await.unwrap();
    assert!(claim(store, 1000).await.is_none());
    assert_eq!(store.mirror_behind().await.unwrap(), 0);
}

pub async fn a_cancelled_booking_has_its_event_removed(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    store.mirror_done(&claim(store, 0).await.unwrap()).await.unwrap();
    store.change(&change("c", &id(1), cancel()), at(1)).await.unwrap();
    let job = claim(store, 1).await.unwrap();
    assert_eq!((job.removes(), job.mirrored_revision, job.row.revision), (true, 1, 2));
    store.mirror_done(&job).await.unwrap();
    assert!(claim(store, 2).await.is_none());
}

pub async fn what_is_cancelled_while_it_is_first_mirrored_has_its_event_removed(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    booked(store, choice(&id(2), "rui", 60, 45), at(0)).await;
    let job = claim(store, 0).await.unwrap();
    store.change(&change("c", &job.row.booking.id, cancel()), at(1)).await.unwrap();
    // Nobody knows whether the event is there by now.
    store.mirror_failed(&job, "no answer", at(2)).await.unwrap();
    let mut removing = Vec::new();
    while let Some(next) = claim(store, 3).await {
        if next.removes() {
            removing.push(next.row.booking.id.clone());
        }
        store.mirror_done(&next).await.unwrap();
    }
    assert_eq!(removing, [job.row.booking.id]);
}

pub async fn what_changes_while_it_is_mirrored_stays_behind(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    let job = claim(store, 0).await.unwrap();
    store.change(&change("m", &id(1), move_to(choice(&id(1), "ze", 600, 45))), at(1)).await.unwrap();
    assert!(claim(store, 2).await.is_none(), "a claim that stands is not disturbed");
    store.mirror_done(&job).await.unwrap();
    let job = claim(store, 3).await.unwrap();
    assert_eq!(
        (job.mirrored_revision, job.row.revision, job.attempt),
        (1, 2, 1),
        "attempts are counted anew"
    );
    assert_eq!(job.row.booking.start(), minute(600));
}

pub async fn a_change_makes_a_failed_mirroring_due_at_once(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    let job = claim(store, 0).await.unwrap();
    store.mirror_failed(&job, "no answer", at(900_000)).await.unwrap();
    assert!(claim(store, 1000).await.is_none());
    store.change(&change("m", &id(1), move_to(choice(&id(1), "ze", 600, 45))), at(2000)).await.unwrap();
    let job = claim(store, 2000).await.unwrap();
    assert_eq!(job.attempt, 1);
    store.mirror_failed(&job, "no answer", at(900_000)).await.unwrap();
    store.change(&change("c", &id(1), cancel()), at(3000)).await.unwrap();
    let job = claim(store, 3000).await.unwrap();
    assert_eq!(
        (job.attempt, job.removes()),
        (1, true),
        "the owner's calendar does not show it for another hour"
    );
}

pub async fn a_failure_of_an_earlier_revision_does_not_put_off_the_next(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    let job = claim(store, 0).await.unwrap();
    store.change(&change("m", &id(1), move_to(choice(&id(1), "ze", 600, 45))), at(1)).await.unwrap();
    store.mirror_failed(&job, "no answer", at(900_000)).await.unwrap();
    assert_eq!(claim(store, 2).await.unwrap().row.revision, 2);
}

pub async fn the_one_due_the_longest_is_next_and_each_is_one_workers(bed: Arc<Bed>) {
    let store = &*bed.store;
    for n in 1..=3 {
        book(store, choice(&id(n), "ze", i64::try_from(n).unwrap() * 60, 45), at(i64::try_from(n).unwrap()))
            .await;
    }
    let job = claim(store, 10).await.unwrap();
    assert_eq!(job.row.booking.id, id(1));
    store.mirror_failed(&job, "x", at(50)).await.unwrap();
    let mut order = Vec::new();
    while let Some(job) = claim(store, 60).await {
        order.push(job.row.booking.id);
    }
    assert_eq!(order, [id(2), id(3), id(1)]);
    assert_eq!(store.mirror_behind().await.unwrap(), 3, "they are behind until it is done");
}

pub async fn the_start_voids_mirror_claims_only_where_there_is_one_process(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    let dead = claim(store, 0).await.unwrap();
    store.recover(at(1), SignedDuration::from_secs(30)).await.unwrap();
    let next = claim(store, 1).await;
    if bed.place.database() == Database::Sqlite {
        assert_eq!(next.unwrap().attempt, 2);
        assert!(matches!(store.mirror_done(&dead).await, Err(StoreError::Stale)));
    } else {
        assert_eq!(next, None);
        store.mirror_done(&dead).await.unwrap();
    }
}
