//! Our bookings outside, and outside events here.

use jiff::SignedDuration;
use mcp_store::{
    StoreError,
    booking::{BookingStore, Change},
    calendar::{CalendarStore, MirrorStore, MirroredEvent, SyncPage},
};

use crate::support::{book, change, choice, fixture, minute};

const LEASE: SignedDuration = SignedDuration::from_mins(2);
const CANCEL: Change = Change::Cancel { reason: None };

#[tokio::test]
async fn each_revision_is_mirrored_and_a_claim_outlives_its_holder() {
    let f = fixture().await;
    book(&f.store, choice("1", "ze", 60, 45), 0).await;
    let dead = f.store.claim_mirror(LEASE, minute(0)).await.unwrap().unwrap();
    assert_eq!((dead.row.revision, dead.mirrored_revision, dead.attempt), (1, 0, 1));
    assert!(f.store.claim_mirror(LEASE, minute(1)).await.unwrap().is_none());
    assert_eq!(f.store.next_mirror_at().await.unwrap(), Some(minute(2)));
    let job = f.store.claim_mirror(LEASE, minute(2)).await.unwrap().unwrap();
    assert!(matches!(f.store.mirror_done(&dead).await, Err(StoreError::Stale)));
    // It is changed while its first revision is on its way.
    change(&f.store, "1", Change::NoShow, 3).await;
    f.store.mirror_done(&job).await.unwrap();
    let next = f.store.claim_mirror(LEASE, minute(3)).await.unwrap().unwrap();
    assert_eq!((next.row.revision, next.mirrored_revision, next.removes()), (2, 1, false));
    f.store.mirror_done(&next).await.unwrap();
    assert_eq!((f.store.mirror_behind().await.unwrap(), f.store.next_mirror_at().await.unwrap()), (0, None));
}

#[tokio::test]
async fn a_failed_try_waits_unless_the_booking_changed() {
    let f = fixture().await;
    book(&f.store, choice("1", "ze", 60, 45), 0).await;
    let job = f.store.claim_mirror(LEASE, minute(0)).await.unwrap().unwrap();
    f.store.mirror_failed(&job, "403", minute(9)).await.unwrap();
    assert!(f.store.claim_mirror(LEASE, minute(8)).await.unwrap().is_none());
    let job = f.store.claim_mirror(LEASE, minute(9)).await.unwrap().unwrap();
    assert_eq!(job.attempt, 2);
    change(&f.store, "1", CANCEL, 9).await;
    f.store.mirror_failed(&job, "403", minute(90)).await.unwrap();
    let job = f.store.claim_mirror(LEASE, minute(10)).await.unwrap().unwrap();
    assert_eq!((job.row.revision, job.removes(), job.attempt), (2, true, 1));
}

#[tokio::test]
async fn what_nobody_outside_ever_saw_needs_no_removal() {
    let f = fixture().await;
    book(&f.store, choice("1", "ze", 60, 45), 0).await;
    change(&f.store, "1", CANCEL, 1).await;
    assert_eq!(f.store.mirror_behind().await.unwrap(), 0);
}

fn event(id: &str, from: i64, to: i64) -> MirroredEvent {
    MirroredEvent { event_id: id.into(), from: minute(from), to: minute(to), staff_id: None }
}

#[tokio::test]
async fn a_synchronisation_is_written_as_one_over_the_token_it_began_with() {
    let f = fixture().await;
    let page = |upserts, deletes: &[&str], token: &str, replace, fresh| SyncPage {
        replace,
        upserts,
        deletes: deletes.iter().map(|id| (*id).to_owned()).collect(),
        sync_token: Some(token.into()),
        fresh,
    };
    let first = page(vec![event("a", 0, 60), event("b", 60, 90)], &[], "t1", true, false);
    let state = f.store.sync("cal", None, &first, minute(0)).await.unwrap();
    assert_eq!((state.events, state.fresh_at, state.sync_token.as_deref()), (2, None, Some("t1")));
    assert!(matches!(f.store.sync("cal", None, &first, minute(1)).await, Err(StoreError::Stale)));
    let second = page(vec![event("b", 70, 80), event("c", 10, 20)], &["a", "unknown"], "t2", false, true);
    let state = f.store.sync("cal", Some("t1"), &second, minute(2)).await.unwrap();
    assert_eq!((state.events, state.fresh_at, state.sync_token.as_deref()), (2, Some(minute(2)), Some("t2")));
    let seen = f.store.agenda(minute(20), minute(71), minute(2)).await.unwrap().mirrored;
    assert_eq!(seen.iter().map(|busy| busy.event_id.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(f.store.mirrored(minute(19), minute(71)).await.unwrap().len(), 2);
    let all = SyncPage { replace: true, ..SyncPage::default() };
    let state = f.store.sync("cal", Some("t2"), &all, minute(3)).await.unwrap();
    assert_eq!((state.events, state.sync_token), (0, None), "a new beginning forgets the token");
    f.store.forget_calendar("cal").await.unwrap();
    assert!(f.store.calendars().await.unwrap().is_empty());
}
