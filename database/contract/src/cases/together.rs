//! Bookings asked for at the same moment of one store, which may write them together.

use std::{collections::BTreeSet, sync::Arc};

use futures::future::join_all;
use mcp_store::{
    StoreError,
    audit::AuditVerdict,
    booking::{BookedFor, BookingOutcome, Refused},
};

use crate::{
    Bed,
    make::{at, blind, choice, entry, id, minute, on, reference, refusal},
};

const AT_ONCE: u64 = 40;

pub async fn each_of_many_at_once_is_kept_with_all_that_belongs_to_it(bed: Arc<Bed>) {
    let requests: Vec<_> = (1..=AT_ONCE)
        .map(|n| {
            let mut wanted = choice(&id(n), &format!("p{n}"), 60, 30);
            wanted.reminders = vec![minute(30)];
            let mut request = blind(&format!("k{n}"), wanted);
            request.audit = Some(entry("booking.create"));
            request
        })
        .collect();
    // The clocks of doors differ a little.
    let asked = (0..).map(at).zip(&requests).map(|(now, request)| bed.store.book(request, now));
    let outcomes = join_all(asked).await;
    let raw = bed.raw().await;
    for table in ["booking", "occupation", "reminder", "idempotency", "audit"] {
        assert_eq!(raw.number(&format!("SELECT count(*) FROM {table}")).await, 40, "{table}");
    }
    let verdict = bed.store.verify_audit(None).await.unwrap();
    assert!(matches!(verdict, AuditVerdict::Whole { .. }), "{verdict:?}");
    for ((n, request), outcome) in (1..).zip(&requests).zip(outcomes) {
        let outcome = outcome.unwrap();
        let row = outcome.row().unwrap();
        assert_eq!((&row.booking.id, row.created_at), (&id(n), at(i64::try_from(n).unwrap() - 1)));
        assert_eq!(bed.store.booking(&id(n)).await.unwrap().as_ref(), Some(row));
        assert_eq!(bed.store.book(request, at(5000)).await.unwrap(), outcome, "the key has its own outcome");
    }
}

pub async fn of_those_at_once_each_sees_what_the_others_chose(bed: Arc<Bed>) {
    // Everybody takes the first free one of eight chairs, and looks before.
    let requests: Vec<_> = (1..=AT_ONCE)
        .map(|n| {
            let mut request = blind(&format!("k{n}"), choice(&id(n), "x", 60, 30));
            request.choose = Arc::new(move |agenda| {
                let mut chairs = (1..=8).map(|chair| format!("resource:chair/{chair}"));
                let free = |lane: &String| agenda.occupied.iter().all(|o| o.lane != *lane);
                assert_eq!(agenda.occupied.len(), agenda.standing.len());
                let lane = chairs.find(free).ok_or_else(Refused::slot_taken)?;
                let mut choice = choice(&id(n), "x", 60, 30);
                choice.occupations = vec![on(&lane, minute(60), minute(90))];
                Ok(choice)
            });
            request
        })
        .collect();
    let outcomes = join_all(requests.iter().map(|request| bed.store.book(request, at(0)))).await;
    let (booked, refused): (Vec<_>, Vec<_>) =
        outcomes.into_iter().map(Result::unwrap).partition(|outcome| outcome.row().is_some());
    assert_eq!(booked.len(), 8);
    assert!(refused.iter().all(|outcome| refusal(outcome) == "slot_taken"), "{refused:?}");
    let agenda = bed.store.agenda(minute(60), minute(90), at(0)).await.unwrap();
    let lanes: BTreeSet<_> = agenda.occupied.iter().map(|o| &o.lane).collect();
    assert_eq!(lanes.len(), 8);
}

pub async fn one_that_cannot_be_written_is_alone_with_its_error(bed: Arc<Bed>) {
    let requests: Vec<_> = (1..=AT_ONCE)
        .map(|n| {
            let mut wanted = choice(&id(n), &format!("p{n}"), 60, 30);
            match n {
                7 => wanted.booking.booked_for = BookedFor::Customer(4711),
                11 => wanted.booking.reference = reference(&id(12)),
                19 => wanted.occupations.clear(),
                _ => {}
            }
            blind(&format!("k{n}"), wanted)
        })
        .collect();
    let outcomes = join_all(requests.iter().map(|request| bed.store.book(request, at(0)))).await;
    let failed: Vec<u64> =
        (1..).zip(&outcomes).filter(|(_, outcome)| outcome.is_err()).map(|(n, _)| n).collect();
    assert!(failed == [7, 11, 19] || failed == [7, 12, 19], "{failed:?}");
    assert!(matches!(outcomes[18], Err(StoreError::Invalid(_))), "{:?}", outcomes[18]);
    assert_eq!(bed.raw().await.number("SELECT count(*) FROM booking").await, 37);
}

pub async fn one_key_at_once_is_one_booking(bed: Arc<Bed>) {
    let requests: Vec<_> =
        (1..=AT_ONCE).map(|n| blind("the key", choice(&id(n), &format!("p{n}"), 60, 30))).collect();
    let outcomes = join_all(requests.iter().map(|request| bed.store.book(request, at(0)))).await;
    let ids: BTreeSet<String> =
        outcomes.into_iter().map(|outcome| outcome.unwrap().row().unwrap().booking.id.clone()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(bed.raw().await.number("SELECT count(*) FROM booking").await, 1);
}

pub async fn a_caller_that_goes_away_takes_nobody_with_it(bed: Arc<Bed>) {
    let requests: Vec<_> =
        (1..=AT_ONCE).map(|n| blind(&format!("k{n}"), choice(&id(n), &format!("p{n}"), 60, 30))).collect();
    for impatient in [true, false] {
        let asked = requests.iter().enumerate().map(async |(n, request)| {
            if impatient && n % 3 == 0 {
                let wait = std::time::Duration::from_micros(300 * n as u64);
                return tokio::time::timeout(wait, bed.store.book(request, at(0))).await.ok();
            }
            Some(bed.store.book(request, at(0)).await)
        });
        for (n, outcome) in join_all(asked).await.into_iter().enumerate() {
            let booked = matches!(outcome, Some(Ok(BookingOutcome::Booked(_))));
            assert!(booked || (impatient && n % 3 == 0), "{n}: {outcome:?}");
        }
    }
    assert_eq!(bed.raw().await.number("SELECT count(*) FROM booking").await, 40);
}
