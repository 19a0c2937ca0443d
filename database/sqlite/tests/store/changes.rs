//! Confirming, declining, moving, cancelling and ending bookings.

use std::sync::Arc;

use crate::support::{book, change, changing, choice, code, fixture, held, minute, state};
use mcp_store::{
    booking::{BookingState, BookingStore, Change, Refused},
    reminder::{ReminderState, ReminderStore},
};

const CANCEL: Change = Change::Cancel { reason: None };

fn to(id: &str, staff: &str, start: i64, minutes: i64) -> Change {
    let choice = choice(id, staff, start, minutes);
    Change::Move {
        around: (choice.booking.start(), choice.booking.end()),
        choose: Arc::new(move |_| Ok(choice.clone())),
    }
}

#[tokio::test]
async fn each_change_is_allowed_from_some_states_and_refused_from_all_others() {
    use BookingState::{Cancelled, Completed, Confirmed, Held, NoShow, Requested};
    let changes = [
        (Change::Request, vec![Held], Requested),
        (Change::Confirm, vec![Held, Requested], Confirmed),
        (Change::Decline { reason: None }, vec![Requested], Cancelled),
        (CANCEL, vec![Held, Requested, Confirmed], Cancelled),
        (Change::Complete, vec![Confirmed, NoShow], Completed),
        (Change::NoShow, vec![Confirmed, Completed], NoShow),
    ];
    let f = fixture().await;
    let raw = f.raw().await;
    for (n, from) in BookingState::ALL.into_iter().enumerate() {
        for (m, (asked, allowed, next)) in changes.iter().enumerate() {
            let id = format!("{n}{m}");
            let start = i64::try_from(n * 10 + m).unwrap() * 60 + 60;
            if from == Held {
                book(&f.store, held(choice(&id, "ze", start, 45), 50), 0).await;
            } else {
                book(&f.store, choice(&id, "ze", start, 45), 0).await;
                let to = from.as_str();
                sqlx::query("UPDATE booking SET state = $2 WHERE id = $1")
                    .bind(&id)
                    .bind(to)
                    .execute(&raw)
                    .await
                    .unwrap();
            }
            let outcome = change(&f.store, &id, asked.clone(), 1).await;
            if allowed.contains(&from) {
                assert_eq!(state(&outcome), Some(*next), "{asked:?} from {from:?}");
                assert_eq!(outcome.row().unwrap().revision, 2);
            } else {
                assert_eq!(code(&outcome), "conflict", "{asked:?} from {from:?}");
            }
            // The next one must find the person free.
            sqlx::query("DELETE FROM booking WHERE id = $1").bind(&id).execute(&raw).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_change_over_an_older_reading_or_by_the_wrong_hands_is_refused() {
    let f = fixture().await;
    book(&f.store, choice("1", "ze", 60, 45), 0).await;
    change(&f.store, "1", to("1", "ze", 120, 45), 1).await;
    let mut request = changing("late", "1", CANCEL);
    request.revision = Some(1);
    assert_eq!(code(&f.store.change(&request, minute(2)).await.unwrap()), "conflict");
    request.revision = Some(2);
    request.allow = Arc::new(|_| Err(Refused::new("not_yours", "this booking is somebody else's")));
    assert_eq!(code(&f.store.change(&request, minute(2)).await.unwrap()), "not_yours");
    assert_eq!(code(&change(&f.store, "nothing", CANCEL, 3).await), "not_found");
    assert_eq!(f.store.booking("1").await.unwrap().unwrap().booking.state, BookingState::Confirmed);
}

#[tokio::test]
async fn a_moved_booking_keeps_its_row_and_may_overlap_its_own_old_time() {
    let f = fixture().await;
    book(&f.store, choice("1", "ze", 60, 45), 0).await;
    book(&f.store, choice("2", "rui", 60, 45), 0).await;
    let moved = change(&f.store, "1", to("ignored", "ze", 75, 45), 1).await;
    let row = moved.row().unwrap();
    assert_eq!((row.booking.id.as_str(), row.booking.reference.as_str(), row.revision), ("1", "R1", 2));
    assert_eq!(row.booking.start(), minute(75));
    let refused = change(&f.store, "1", to("1", "rui", 60, 45), 2).await;
    assert_eq!(code(&refused), "slot_taken");
    assert_eq!(f.store.booking("1").await.unwrap().unwrap(), *row, "nothing of a refused move stands");
    let agenda = f.store.agenda(minute(0), minute(200), minute(2)).await.unwrap();
    assert_eq!(agenda.occupied.len(), 2);
}

#[tokio::test]
async fn a_change_under_a_key_is_made_once() {
    let f = fixture().await;
    book(&f.store, choice("1", "ze", 60, 45), 0).await;
    let request = changing("k", "1", Change::Cancel { reason: Some("ill".into()) });
    let first = f.store.change(&request, minute(1)).await.unwrap();
    assert_eq!(f.store.change(&request, minute(2)).await.unwrap(), first);
    assert_eq!(first.row().unwrap().reason.as_deref(), Some("ill"));
    assert_eq!(f.store.booking("1").await.unwrap().unwrap().revision, 2);
}

#[tokio::test]
async fn reminders_follow_their_booking() {
    let f = fixture().await;
    let mut wish = choice("1", "ze", 600, 45);
    wish.reminders = vec![minute(-5), minute(480)];
    book(&f.store, wish, 0).await;
    let states = async || {
        let rows = f.store.reminders("1").await.unwrap();
        rows.iter().map(|r| (r.due_at, r.state)).collect::<Vec<_>>()
    };
    assert_eq!(
        states().await,
        [(minute(480), ReminderState::Pending)],
        "one that is due already comes too late"
    );
    let mut later = choice("1", "ze", 700, 45);
    later.reminders = vec![minute(580)];
    let around = (minute(0), minute(900));
    let choose = Arc::new(move |_: &_| Ok(later.clone()));
    change(&f.store, "1", Change::Move { around, choose }, 1).await;
    let (cancelled, pending) = (ReminderState::Cancelled, ReminderState::Pending);
    assert_eq!(states().await, [(minute(480), cancelled), (minute(580), pending)]);
    change(&f.store, "1", CANCEL, 2).await;
    assert_eq!(states().await, [(minute(480), cancelled), (minute(580), cancelled)]);
    assert_eq!(f.store.next_reminder_at().await.unwrap(), None);
}
