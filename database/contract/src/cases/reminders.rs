//! Reminders: written with their booking, due in time, gone with it.

use std::sync::Arc;

use jiff::SignedDuration;
use mcp_store::{
    Store, StoreError,
    booking::{BookedFor, BookingState, Change, Choice},
    outbox::{NewOutgoing, OutgoingKind},
    reminder::{ClaimedReminder, ReminderEnd, ReminderRow, ReminderState},
};

use crate::{
    Bed, Database,
    make::{LEASE, SENDING, at, booked, cancel, change, choice, customer, id, minute, move_to, notice},
};

/// A booking at minute 600 with reminders at minutes 100 and 500.
fn reminded(n: u64, customer_id: Option<i64>) -> Choice {
    let mut wanted = choice(&id(n), &format!("staff{n}"), 600, 45);
    wanted.reminders = vec![minute(500), minute(100)];
    if let Some(customer_id) = customer_id {
        wanted.booking.booked_for = BookedFor::Customer(customer_id);
    }
    wanted
}

async fn claim(store: &dyn Store, now: i64) -> Option<ClaimedReminder> {
    store.claim_reminder(LEASE, minute(now)).await.unwrap()
}

fn said(id: &str) -> ReminderEnd {
    ReminderEnd::Said(NewOutgoing { kind: OutgoingKind::Reminder, ..notice(id) })
}

async fn states(store: &dyn Store, booking: u64) -> Vec<(i64, ReminderState)> {
    let rows = store.reminders(&id(booking)).await.unwrap();
    rows.iter().map(|row| (row.due_at.duration_since(minute(0)).as_mins(), row.state)).collect()
}

pub async fn a_reminder_is_due_in_time_and_said_once(bed: Arc<Bed>) {
    let store = &*bed.store;
    assert_eq!(store.next_reminder_at().await.unwrap(), None);
    let (customer, conversation) = customer(store, "4915111111111").await;
    let row = booked(store, reminded(1, Some(customer.id)), at(0)).await;
    let pending = |due, attempts| ReminderRow {
        booking_id: id(1),
        due_at: minute(due),
        state: ReminderState::Pending,
        attempts,
    };
    assert_eq!(
        store.reminders(&id(1)).await.unwrap(),
        [pending(100, 0), pending(500, 0)],
        "by when they are due"
    );
    assert!(claim(store, 99).await.is_none());
    assert!(store.next_reminder_at().await.unwrap().unwrap() <= minute(100));
    let job = claim(store, 100).await.unwrap();
    assert_eq!((&job.row, job.due_at, job.attempt), (&row, minute(100), 1));
    assert_eq!(job.conversation_id, Some(conversation.id));
    assert!(claim(store, 100).await.is_none(), "somebody is at it");
    let done = store.reminded(&job, said("r1"), minute(101)).await.unwrap();
    assert_eq!((done.state, done.attempts, done.due_at), (ReminderState::Sent, 1, minute(100)));
    let message = store.outgoing("r1").await.unwrap().unwrap();
    assert_eq!((message.kind, message.conversation_id), (OutgoingKind::Reminder, conversation.id));
    assert_eq!(message.booking_id, Some(id(1)));
    assert_eq!(store.claim_outgoing(&SENDING, minute(101)).await.unwrap().unwrap().id, "r1");
    let again = store.reminded(&job, said("r2"), minute(102)).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
    assert_eq!(store.outgoing("r2").await.unwrap(), None);
    assert_eq!(claim(store, 500).await.unwrap().due_at, minute(500));
}

pub async fn a_claim_ends_with_its_lease_and_a_retry_is_put_off(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, reminded(1, None), at(0)).await;
    let lost = claim(store, 100).await.unwrap();
    assert_eq!(lost.conversation_id, None);
    let job = claim(store, 101).await.unwrap();
    assert_eq!(job.attempt, 2);
    assert!(matches!(store.reminded(&lost, ReminderEnd::Skipped, minute(101)).await, Err(StoreError::Stale)));
    let nobody = store.reminded(&job, said("r1"), minute(101)).await;
    assert!(matches!(nobody, Err(StoreError::Invalid(_))), "there is no conversation: {nobody:?}");
    let row = store.reminded(&job, ReminderEnd::Retry { at: minute(200) }, minute(102)).await.unwrap();
    assert_eq!(row.state, ReminderState::Pending);
    assert!(claim(store, 199).await.is_none());
    let job = claim(store, 200).await.unwrap();
    assert_eq!((job.attempt, job.due_at), (3, minute(100)));
    let row = store.reminded(&job, ReminderEnd::Skipped, minute(201)).await.unwrap();
    assert_eq!(row.state, ReminderState::Skipped);
    assert!(claim(store, 400).await.is_none());
}

pub async fn reminders_of_a_booking_that_is_not_confirmed_wait(bed: Arc<Bed>) {
    let store = &*bed.store;
    let mut requested = reminded(1, None);
    requested.booking.state = BookingState::Requested;
    booked(store, requested, at(0)).await;
    assert!(claim(store, 200).await.is_none());
    store.change(&change("c", &id(1), Change::Confirm), minute(200)).await.unwrap();
    assert_eq!(claim(store, 201).await.unwrap().due_at, minute(100));
}

pub async fn past_reminders_are_not_written_and_begun_bookings_not_reminded_of(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, reminded(1, None), minute(100)).await;
    assert_eq!(states(store, 1).await.len(), 1, "the one due at that very minute is past");
    booked(store, reminded(2, None), minute(400)).await;
    assert!(claim(store, 599).await.is_some());
    assert!(claim(store, 600).await.is_none(), "the booking has begun");
}

pub async fn a_booking_that_stops_standing_takes_its_reminders_along(bed: Arc<Bed>) {
    let store = &*bed.store;
    for (n, how) in [(1, cancel()), (2, Change::NoShow), (3, Change::Complete)] {
        booked(store, reminded(n, None), at(0)).await;
        let job = claim(store, 100).await.unwrap();
        store.change(&change(&format!("c{n}"), &id(n), how), minute(100)).await.unwrap();
        assert!(states(store, n).await.iter().all(|(_, state)| *state == ReminderState::Cancelled), "{n}");
        let late = store.reminded(&job, ReminderEnd::Skipped, minute(101)).await;
        assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
        assert!(claim(store, 590).await.is_none());
    }
}

pub async fn what_was_said_stays_said_when_the_booking_ends(bed: Arc<Bed>) {
    use ReminderState::{Cancelled, Sent};
    let store = &*bed.store;
    let (customer, _) = customer(store, "4915111111111").await;
    for (n, how) in [(1, cancel()), (2, move_to(choice(&id(2), "staff2", 900, 45)))] {
        booked(store, reminded(n, Some(customer.id)), at(0)).await;
        let job = claim(store, 100).await.unwrap();
        store.reminded(&job, said(&format!("r{n}")), minute(100)).await.unwrap();
        store.change(&change(&format!("c{n}"), &id(n), how), minute(101)).await.unwrap();
        assert_eq!(states(store, n).await, [(100, Sent), (500, Cancelled)], "{n}");
    }
}

pub async fn a_move_replaces_the_reminders(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, reminded(1, None), at(0)).await;
    let job = claim(store, 100).await.unwrap();
    let mut there = choice(&id(1), "ze", 900, 45);
    there.reminders = vec![minute(800)];
    store.change(&change("m", &id(1), move_to(there)), minute(101)).await.unwrap();
    let late = store.reminded(&job, ReminderEnd::Skipped, minute(101)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    let pending: Vec<_> =
        states(store, 1).await.into_iter().filter(|(_, state)| *state == ReminderState::Pending).collect();
    assert_eq!(pending, [(800, ReminderState::Pending)]);
    assert!(claim(store, 799).await.is_none());
    assert_eq!(claim(store, 800).await.unwrap().row.booking.start(), minute(900));
}

pub async fn a_booking_moved_away_and_back_is_reminded_of(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, reminded(1, None), at(0)).await;
    let job = claim(store, 100).await.unwrap();
    store.reminded(&job, ReminderEnd::Retry { at: minute(450) }, minute(100)).await.unwrap();
    let mut there = choice(&id(1), "ze", 900, 45);
    there.reminders = vec![minute(800)];
    store.change(&change("m", &id(1), move_to(there)), minute(101)).await.unwrap();
    let mut back = reminded(1, None);
    back.reminders = vec![minute(500), minute(110)];
    store.change(&change("b", &id(1), move_to(back)), minute(102)).await.unwrap();
    assert!(claim(store, 109).await.is_none());
    for due in [110, 500] {
        let job = claim(store, due).await.unwrap();
        assert_eq!((job.due_at, job.attempt), (minute(due), 1), "as if it had never been elsewhere");
        store.reminded(&job, ReminderEnd::Skipped, minute(due)).await.unwrap();
    }
    assert!(claim(store, 590).await.is_none());
}

pub async fn a_reminder_ends_alone(bed: Arc<Bed>) {
    let store = &*bed.store;
    for n in [1, 2] {
        booked(store, reminded(n, None), at(0)).await;
    }
    // All four are claimed at once, long after they were due.
    let mut jobs = Vec::new();
    while let Some(job) = claim(store, 510).await {
        jobs.push(job);
    }
    assert_eq!(jobs.len(), 4);
    store.reminded(&jobs[0], ReminderEnd::Skipped, minute(510)).await.unwrap();
    store.change(&change("c", &id(2), cancel()), minute(510)).await.unwrap();
    let first: Vec<_> = states(store, 1).await.into_iter().map(|(_, state)| state).collect();
    let pending = usize::from(jobs[0].row.booking.id == id(1));
    assert_eq!(first.iter().filter(|state| **state == ReminderState::Pending).count(), 2 - pending);
    assert!(states(store, 2).await.iter().all(|(_, state)| *state != ReminderState::Pending));
}

pub async fn the_reminder_due_the_longest_is_next_and_each_is_one_workers(bed: Arc<Bed>) {
    let store = &*bed.store;
    for (n, due) in [(1, 300), (2, 100), (3, 200)] {
        let mut wanted = reminded(n, None);
        wanted.reminders = vec![minute(due)];
        booked(store, wanted, at(0)).await;
    }
    let mut order = Vec::new();
    while let Some(job) = claim(store, 400).await {
        order.push(job.row.booking.id);
    }
    assert_eq!(order, [id(2), id(3), id(1)]);
}

pub async fn the_start_voids_reminder_claims_only_where_there_is_one_process(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, reminded(1, None), at(0)).await;
    let dead = claim(store, 100).await.unwrap();
    store.recover(minute(100), SignedDuration::from_secs(30)).await.unwrap();
    let next = claim(store, 100).await;
    if bed.place.database() == Database::Sqlite {
        assert_eq!(next.unwrap().attempt, 2);
        assert!(matches!(
            store.reminded(&dead, ReminderEnd::Skipped, minute(100)).await,
            Err(StoreError::Stale)
        ));
    } else {
        assert_eq!(next, None);
        store.reminded(&dead, ReminderEnd::Skipped, minute(100)).await.unwrap();
    }
}
