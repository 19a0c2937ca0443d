//! Holds: one per holder, gone when they expire, confirmed on the same row.

use crate::support::{blind, book, choice, code, fixture, held, minute, state};
use mcp_store::{
    booking::{BookingRequest, BookingState, BookingStore, Choice, ConfirmHold},
    calendar::MirrorStore,
};

fn by(holder: &str, key: &str, choice: Choice) -> BookingRequest {
    BookingRequest { holder: Some(holder.into()), ..blind(key, choice) }
}

fn confirming(holder: &str, key: &str, id: &str, otherwise: Choice) -> BookingRequest {
    BookingRequest {
        confirm: Some(ConfirmHold {
            booking_id: id.into(),
            state: BookingState::Confirmed,
            customer_name: Some("Bia".into()),
        }),
        ..by(holder, key, otherwise)
    }
}

#[tokio::test]
async fn a_hold_keeps_its_slot_until_it_expires_and_no_longer() {
    let f = fixture().await;
    let hold = f.store.book(&by("ana", "h", held(choice("h", "ze", 60, 45), 5)), minute(0)).await.unwrap();
    assert_eq!(state(&hold), Some(BookingState::Held));
    assert_eq!(code(&book(&f.store, choice("1", "ze", 60, 45), 4).await), "slot_taken");
    assert!(f.store.claim_mirror(jiff::SignedDuration::from_secs(9), minute(1)).await.unwrap().is_none());
    assert_eq!(f.store.agenda(minute(0), minute(99), minute(4)).await.unwrap().occupied.len(), 1);
    assert!(f.store.agenda(minute(0), minute(99), minute(5)).await.unwrap().occupied.is_empty());
    assert_eq!(state(&book(&f.store, choice("2", "ze", 60, 45), 5).await), Some(BookingState::Confirmed));
    assert!(f.store.booking("h").await.unwrap().is_none());
}

#[tokio::test]
async fn a_new_hold_of_the_same_holder_takes_the_place_of_the_old_one() {
    let f = fixture().await;
    f.store.book(&by("ana", "1", held(choice("1", "ze", 60, 45), 5)), minute(0)).await.unwrap();
    let overlapping = held(choice("2", "ze", 75, 45), 5);
    assert!(f.store.book(&by("ana", "2", overlapping), minute(1)).await.unwrap().row().is_some());
    assert!(f.store.booking("1").await.unwrap().is_none());
    let bias = f.store.book(&by("bia", "3", held(choice("3", "ze", 60, 15), 5)), minute(1)).await.unwrap();
    assert!(bias.row().is_some(), "the first slot is free again");
}

#[tokio::test]
async fn a_refused_wish_leaves_the_holders_hold_as_it_was() {
    let f = fixture().await;
    book(&f.store, choice("x", "rui", 60, 45), 0).await;
    f.store.book(&by("ana", "1", held(choice("1", "ze", 60, 45), 5)), minute(0)).await.unwrap();
    let other = f.store.book(&by("ana", "2", held(choice("2", "rui", 60, 45), 5)), minute(1)).await.unwrap();
    assert_eq!(code(&other), "slot_taken");
    assert!(f.store.booking("1").await.unwrap().is_some());
    assert_eq!(f.store.agenda(minute(0), minute(99), minute(1)).await.unwrap().occupied.len(), 2);
}

#[tokio::test]
async fn confirming_a_hold_changes_the_state_of_its_row() {
    let f = fixture().await;
    f.store.book(&by("ana", "h", held(choice("h", "ze", 60, 45), 5)), minute(0)).await.unwrap();
    let tap = confirming("ana", "tap", "h", choice("other", "ze", 300, 45));
    let booked = f.store.book(&tap, minute(4)).await.unwrap();
    let row = booked.row().unwrap();
    assert_eq!((row.booking.id.as_str(), row.booking.state, row.revision), ("h", BookingState::Confirmed, 2));
    assert_eq!((row.booking.customer_name.as_str(), row.booking.hold_until), ("Bia", None));
    assert_eq!(
        f.store.book(&tap, minute(9)).await.unwrap(),
        booked,
        "a second tap finds the first one's outcome"
    );
    assert_eq!(code(&book(&f.store, choice("1", "ze", 60, 45), 10).await), "slot_taken");
}

#[tokio::test]
async fn a_late_tap_still_books_if_the_slot_is_free() {
    let f = fixture().await;
    f.store.book(&by("ana", "h", held(choice("h", "ze", 60, 45), 5)), minute(0)).await.unwrap();
    let tap = confirming("ana", "tap", "h", choice("late", "ze", 60, 45));
    let booked = f.store.book(&tap, minute(6)).await.unwrap();
    assert_eq!(booked.row().unwrap().booking.id, "late");
}

#[tokio::test]
async fn nobody_confirms_another_ones_hold() {
    let f = fixture().await;
    f.store.book(&by("ana", "h", held(choice("h", "ze", 60, 45), 5)), minute(0)).await.unwrap();
    let tap = confirming("bia", "tap", "h", choice("theft", "ze", 60, 45));
    assert_eq!(code(&f.store.book(&tap, minute(1)).await.unwrap()), "slot_taken");
    assert_eq!(f.store.booking("h").await.unwrap().unwrap().booking.state, BookingState::Held);
}
