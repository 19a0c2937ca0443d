//! Holds: reserved until a time, one per holder, gone by themselves.

use std::sync::Arc;

use mcp_store::booking::{
    BookedFor, BookingOutcome, BookingRequest, BookingState, Change, ConfirmHold, OpenLimit,
};

use crate::{
    Bed,
    make::{at, blind, book, booked, cancel, change, choice, customer, hold, id, minute, move_to, refusal},
};

/// A hold by a holder until minute 30.
fn held(n: u64, staff: &str, start: i64, holder: &str) -> BookingRequest {
    let mut request = blind(&format!("hold{n}"), hold(&id(n), staff, start, 45, minute(30)));
    request.holder = Some(holder.into());
    request
}

/// The confirmation of hold `n`, or a booking of `otherwise`.
fn confirm(n: u64, otherwise: u64, holder: &str) -> BookingRequest {
    let mut request = blind(&format!("confirm{n}"), choice(&id(otherwise), "ze", 60, 45));
    request.holder = Some(holder.into());
    request.confirm =
        Some(ConfirmHold { booking_id: id(n), state: BookingState::Confirmed, customer_name: None });
    request
}

pub async fn a_hold_keeps_others_away_until_its_end(bed: Arc<Bed>) {
    let store = &*bed.store;
    let row = store.book(&held(1, "ze", 60, "customer:1"), at(0)).await.unwrap().row().cloned().unwrap();
    assert_eq!((row.booking.state, row.booking.hold_until), (BookingState::Held, Some(minute(30))));
    assert_eq!(refusal(&book(store, choice(&id(2), "ze", 60, 45), minute(29)).await), "slot_taken");
    booked(store, choice(&id(3), "ze", 60, 45), minute(30)).await;
    assert_eq!(store.booking(&id(1)).await.unwrap(), None, "a removed hold leaves no row");
    assert_eq!(bed.raw().await.number("SELECT count(*) FROM occupation").await, 1);
}

pub async fn an_expired_hold_is_in_no_agenda(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.book(&held(1, "ze", 60, "customer:1"), at(0)).await.unwrap();
    let stands = async |now| {
        let agenda = store.agenda(minute(0), minute(600), minute(now)).await.unwrap();
        (agenda.occupied.len(), agenda.standing.len())
    };
    assert_eq!(stands(29).await, (1, 1));
    assert_eq!(stands(30).await, (0, 0));
}

pub async fn every_booking_transaction_removes_expired_holds(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(9), "rui", 600, 45), at(0)).await;
    store.book(&held(1, "ze", 60, "customer:1"), at(0)).await.unwrap();
    store.change(&change("c", &id(9), cancel()), minute(30)).await.unwrap();
    assert_eq!(store.booking(&id(1)).await.unwrap(), None);
}

pub async fn a_holder_has_one_hold(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.book(&held(1, "ze", 60, "customer:1"), at(0)).await.unwrap();
    let overlapping = store.book(&held(2, "ze", 70, "customer:1"), at(1)).await.unwrap();
    assert!(overlapping.row().is_some(), "its own hold is in nobody's way: {overlapping:?}");
    assert_eq!(store.booking(&id(1)).await.unwrap(), None);
    let other = store.book(&held(3, "ze", 80, "customer:2"), at(2)).await.unwrap();
    assert_eq!(refusal(&other), "slot_taken");
    assert!(store.book(&held(4, "rui", 80, "customer:2"), at(3)).await.unwrap().row().is_some());
    assert_eq!(bed.raw().await.number("SELECT count(*) FROM booking WHERE state = 'held'").await, 2);
}

pub async fn a_refused_request_leaves_the_holders_hold(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(9), "rui", 60, 45), at(0)).await;
    let first = store.book(&held(1, "ze", 60, "customer:1"), at(0)).await.unwrap();
    let refused = store.book(&held(2, "rui", 60, "customer:1"), at(1)).await.unwrap();
    assert_eq!(refusal(&refused), "slot_taken");
    assert_eq!(store.booking(&id(1)).await.unwrap().as_ref(), first.row());
    assert_eq!(refusal(&book(store, choice(&id(3), "ze", 60, 45), at(2)).await), "slot_taken");
}

pub async fn a_hold_that_stands_becomes_the_booking(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.book(&held(1, "ze", 60, "customer:1"), at(0)).await.unwrap();
    let mut request = confirm(1, 2, "customer:1");
    request.choose = Arc::new(|_| panic!("nothing is chosen where the hold stands"));
    if let Some(confirm) = &mut request.confirm {
        confirm.state = BookingState::Requested;
        confirm.customer_name = Some("Bia".into());
    }
    let outcome = store.book(&request, at(1)).await.unwrap();
    let BookingOutcome::Booked(row) = &outcome else { panic!("{outcome:?}") };
    assert_eq!((row.booking.id.clone(), row.revision), (id(1), 2));
    assert_eq!((row.booking.state, row.booking.hold_until), (BookingState::Requested, None));
    assert_eq!(row.booking.customer_name, "Bia");
    assert_eq!(store.booking(&id(1)).await.unwrap().as_ref(), Some(&**row));
    assert_eq!(store.book(&request, at(2)).await.unwrap(), outcome, "a second tap finds the first");
    assert_eq!(refusal(&book(store, choice(&id(3), "ze", 60, 45), minute(40)).await), "slot_taken");
}

pub async fn a_late_tap_still_books_if_the_slot_is_free(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.book(&held(1, "ze", 60, "customer:1"), at(0)).await.unwrap();
    let outcome = store.book(&confirm(1, 2, "customer:1"), minute(30)).await.unwrap();
    assert_eq!(outcome.row().map(|row| row.booking.id.clone()), Some(id(2)));
    assert_eq!(store.booking(&id(1)).await.unwrap(), None);
    let gone = store.book(&confirm(7, 8, "customer:2"), minute(31)).await.unwrap();
    assert_eq!(refusal(&gone), "slot_taken", "and does not where it is not");
}

pub async fn a_hold_of_somebody_else_is_not_confirmed(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.book(&held(1, "ze", 60, "customer:1"), at(0)).await.unwrap();
    let outcome = store.book(&confirm(1, 2, "customer:2"), at(1)).await.unwrap();
    assert_eq!(refusal(&outcome), "slot_taken");
    assert_eq!(store.booking(&id(1)).await.unwrap().unwrap().booking.state, BookingState::Held);
}

pub async fn who_confirms_a_hold_that_is_gone_books_anew_though_another_hold_stands(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.book(&held(1, "rui", 300, "customer:1"), at(0)).await.unwrap();
    let outcome = store.book(&confirm(7, 2, "customer:1"), at(1)).await.unwrap();
    assert_eq!(
        outcome.row().map(|row| row.booking.id.clone()),
        Some(id(2)),
        "what was chosen, not what was held"
    );
    assert_eq!(store.booking(&id(1)).await.unwrap(), None, "one hold, which gave way");
}

pub async fn a_hold_that_was_confirmed_gives_way_to_nothing(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.book(&held(1, "ze", 60, "customer:1"), at(0)).await.unwrap();
    store.book(&confirm(1, 2, "customer:1"), at(1)).await.unwrap();
    store.book(&held(3, "rui", 60, "customer:1"), at(2)).await.unwrap();
    assert_eq!(store.booking(&id(1)).await.unwrap().unwrap().booking.state, BookingState::Confirmed);
}

pub async fn a_hold_can_be_changed_while_it_stands_and_not_after(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.book(&held(1, "ze", 60, "customer:1"), at(0)).await.unwrap();
    let longer = hold(&id(1), "ze", 120, 45, minute(50));
    let moved = store.change(&change("m", &id(1), move_to(longer)), at(1)).await.unwrap();
    assert_eq!(moved.row().unwrap().booking.hold_until, Some(minute(50)));
    assert_eq!(moved.row().unwrap().booking.state, BookingState::Held);
    let late = store.change(&change("c", &id(1), Change::Confirm), minute(50)).await.unwrap();
    assert_eq!(refusal(&late), "not_found", "an expired hold is none");
}

pub async fn a_customers_hold_does_not_stand_in_the_way_of_its_limit(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (customer, _) = customer(store, "4915111111111").await;
    let holder = format!("customer:{}", customer.id);
    let mut hold = held(1, "ze", 60, &holder);
    hold.limit = Some(OpenLimit { customer_id: customer.id, most: 1 });
    let chosen = {
        let mut choice = crate::make::hold(&id(1), "ze", 60, 45, minute(30));
        choice.booking.booked_for = BookedFor::Customer(customer.id);
        choice
    };
    hold.choose = Arc::new(move |_| Ok(chosen.clone()));
    assert!(store.book(&hold, at(0)).await.unwrap().row().is_some());
    let mut request = confirm(1, 2, &holder);
    request.limit = hold.limit;
    assert!(store.book(&request, at(1)).await.unwrap().row().is_some());
    assert_eq!(store.open_of(customer.id, at(2)).await.unwrap().len(), 1);
}
