//! The database refuses two bookings of one staff member that share time, whatever the code above decides.

use std::sync::Arc;

use crate::support::{RULE, at, blind, booking, by_phone, fixture, outgoing, receive};
use mcp_store::{
    StoreError,
    booking::{BookingOutcome, BookingStore, OpenLimit, Refused},
    conversation::{ConversationStore, Effect, TurnEnd, TurnResult},
    outbox::OutboxStore,
};
use mcp_store_sqlite::SqliteStore;

fn booked(outcome: &BookingOutcome) -> bool {
    matches!(outcome, BookingOutcome::Booked(_))
}

#[tokio::test]
async fn overlaps_of_one_person_are_refused_and_neighbours_are_not() {
    let f = fixture().await;
    let book = async |id: &str, staff: &str, start, minutes| {
        f.store.book(&blind(id, booking(id, staff, start, minutes)), at(0)).await.unwrap()
    };
    assert!(booked(&book("1", "ze", 60, 45).await));
    for (id, start, minutes) in [("2", 60, 45), ("3", 30, 31), ("4", 104, 10), ("5", 70, 5), ("6", 0, 300)] {
        assert_eq!(
            book(id, "ze", start, minutes).await,
            BookingOutcome::Refused(Refused::slot_taken()),
            "{id}"
        );
    }
    assert!(booked(&book("7", "ze", 105, 45).await), "it begins when the first ends");
    assert!(booked(&book("8", "ze", 15, 45).await), "it ends when the first begins");
    assert!(booked(&book("9", "rui", 60, 45).await), "another person");
}

#[tokio::test]
async fn an_update_cannot_make_an_overlap_either() {
    let f = fixture().await;
    for (id, start) in [("1", 0), ("2", 60)] {
        f.store.book(&blind(id, booking(id, "ze", start, 45)), at(0)).await.unwrap();
    }
    let raw = sqlx::SqlitePool::connect(&f.url).await.unwrap();
    let moved = sqlx::query("UPDATE booking SET occupies_from_us = $1, start_us = $1 WHERE id = '2'")
        .bind(at(30 * 60_000).as_microsecond())
        .execute(&raw)
        .await;
    assert!(moved.unwrap_err().to_string().contains("booking_overlap"));
    sqlx::query("UPDATE booking SET state = 'cancelled' WHERE id = '1'").execute(&raw).await.unwrap();
    let revived =
        async || sqlx::query("UPDATE booking SET state = 'confirmed' WHERE id = '1'").execute(&raw).await;
    f.store.book(&blind("3", booking("3", "ze", 10, 20)), at(0)).await.unwrap();
    assert!(revived().await.unwrap_err().to_string().contains("booking_overlap"));
}

#[tokio::test]
async fn of_many_who_race_for_one_slot_one_gets_it() {
    let f = fixture().await;
    // Several handles on one file, as several processes would have.
    let mut stores = vec![f.store.clone()];
    for _ in 0..3 {
        stores.push(SqliteStore::open(&f.url).await.unwrap());
    }
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..40 {
        let store = stores[n % stores.len()].clone();
        racing.spawn(async move {
            let id = format!("b{n}");
            store.book(&blind(&id, booking(&id, "ze", 60, 45)), at(0)).await.unwrap()
        });
    }
    let outcomes = racing.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| booked(outcome)).count(), 1);
    assert_eq!(f.store.occupied(at(0), at(9_000_000)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_repeated_key_finds_the_first_booking_and_another_request_under_it_is_refused() {
    let f = fixture().await;
    let first = f.store.book(&blind("k", booking("1", "ze", 60, 45)), at(0)).await.unwrap();
    let again = f.store.book(&blind("k", booking("2", "ze", 600, 45)), at(1)).await.unwrap();
    assert_eq!(first, again);
    let mut other = blind("k", booking("3", "ze", 900, 45));
    other.digest = "another".into();
    assert!(matches!(f.store.book(&other, at(2)).await, Err(StoreError::KeyReused)));
}

#[tokio::test]
async fn a_turn_books_and_speaks_in_one_transaction_and_again_changes_nothing() {
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("55"), at(0)).await;
    let turn = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    let mut request = blind("turn:w1", booking("1", "ze", 60, 45));
    request.limit = Some(OpenLimit { customer_id: turn.customer_id, most: 3 });
    let result = TurnResult { history: vec![], effect: Effect::Book(Box::new(request)) };
    let render = |outcome: &BookingOutcome| {
        (
            outgoing(if booked(outcome) { "receipt" } else { "sorry" }),
            vec![serde_json::json!({"booked": booked(outcome)})],
        )
    };
    let end = f.store.commit_turn(&turn, result.clone(), &render, at(2500)).await.unwrap();
    assert!(matches!(end, TurnEnd::Committed { booking: Some(BookingOutcome::Booked(_)) }));
    assert!(matches!(f.store.commit_turn(&turn, result, &render, at(2600)).await, Err(StoreError::Stale)));
    assert_eq!(f.store.outbox_counts().await.unwrap(), [("pending".to_owned(), 1)]);
    let claimed =
        f.store.claim_outgoing(at(3000), jiff::SignedDuration::from_secs(30)).await.unwrap().unwrap();
    assert_eq!(claimed.id, "receipt");
    assert_eq!(f.store.occupied(at(0), at(9_000_000)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_customer_has_at_most_so_many_open_bookings() {
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("55"), at(0)).await;
    let customer = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap().customer_id;
    let mut outcomes = Vec::new();
    for n in 0..3_i64 {
        let id = n.to_string();
        let mut row = booking(&id, "ze", 60 + n * 60, 45);
        row.booked_for = mcp_store::booking::BookedFor::Customer(customer);
        let mut request = blind(&id, row);
        request.limit = Some(OpenLimit { customer_id: customer, most: 2 });
        outcomes.push(f.store.book(&request, at(0)).await.unwrap());
    }
    assert!(booked(&outcomes[1]));
    assert!(matches!(&outcomes[2], BookingOutcome::Refused(refused) if refused.code == "limit_reached"));
}

#[tokio::test]
async fn the_decision_sees_what_is_taken_at_that_moment() {
    let f = fixture().await;
    f.store.book(&blind("1", booking("1", "ze", 60, 45)), at(0)).await.unwrap();
    let mut request = blind("2", booking("2", "ze", 600, 45));
    request.around = (at(0), at(9_000_000));
    request.choose = Arc::new(|taken| Err(Refused::new("seen", taken.len().to_string())));
    assert_eq!(
        f.store.book(&request, at(0)).await.unwrap(),
        BookingOutcome::Refused(Refused::new("seen", "1"))
    );
}

#[tokio::test]
async fn every_booking_is_mirrored_until_it_is_recorded() {
    let f = fixture().await;
    f.store.book(&blind("1", booking("1", "ze", 60, 45)), at(0)).await.unwrap();
    let job = f.store.claim_mirror(at(0), at(30_000)).await.unwrap().unwrap();
    assert_eq!((job.row.booking.id.as_str(), job.attempt), ("1", 1));
    assert!(f.store.claim_mirror(at(1000), at(31_000)).await.unwrap().is_none(), "somebody is at it");
    let job = f.store.claim_mirror(at(30_000), at(60_000)).await.unwrap().unwrap();
    assert_eq!(job.attempt, 2, "that one died");
    f.store.mirror_failed("1", "no answer", at(40_000)).await.unwrap();
    assert_eq!(f.store.next_mirror_at().await.unwrap(), Some(at(40_000)));
    f.store.mirrored("1", job.row.revision).await.unwrap();
    assert_eq!(f.store.next_mirror_at().await.unwrap(), None);
}
