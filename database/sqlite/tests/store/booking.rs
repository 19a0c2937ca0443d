//! The database refuses two bookings of one lane that share time, whatever the code above decides.

use std::sync::Arc;

use crate::support::{
    RULE, at, blind, book, by_phone, choice, code, effect, fixture, minute, on, outgoing, receive,
};
use mcp_store::{
    StoreError,
    booking::{BookingOutcome, BookingStore, OpenLimit, Refused},
    lanes::LaneMove,
    outbox::OutboxStore,
    turn::{Effect, TurnEnd, TurnStore},
};
use mcp_store_sqlite::SqliteStore;

fn booked(outcome: &BookingOutcome) -> bool {
    matches!(outcome, BookingOutcome::Booked(_))
}

#[tokio::test]
async fn overlaps_of_one_lane_are_refused_and_neighbours_are_not() {
    let f = fixture().await;
    let take = async |id: &str, staff: &str, start, minutes| {
        book(&f.store, choice(id, staff, start, minutes), 0).await
    };
    assert!(booked(&take("1", "ze", 60, 45).await));
    for (id, start, minutes) in [("2", 60, 45), ("3", 30, 31), ("4", 104, 10), ("5", 70, 5), ("6", 0, 300)] {
        assert_eq!(
            take(id, "ze", start, minutes).await,
            BookingOutcome::Refused(Refused::slot_taken()),
            "{id}"
        );
    }
    assert!(booked(&take("7", "ze", 105, 45).await), "it begins when the first ends");
    assert!(booked(&take("8", "ze", 15, 45).await), "it ends when the first begins");
    assert!(booked(&take("9", "rui", 60, 45).await), "another person");
}

#[tokio::test]
async fn an_occupation_of_a_month_is_seen_from_its_end() {
    let f = fixture().await;
    let month = 31 * 24 * 60;
    assert!(booked(&book(&f.store, choice("1", "ze", 0, month), 0).await));
    assert_eq!(code(&book(&f.store, choice("2", "ze", month - 1, 30), 0).await), "slot_taken");
    assert!(booked(&book(&f.store, choice("3", "ze", month, 30), 0).await));
    let longer = f.store.book(&blind("4", choice("4", "rui", 0, month + 1)), at(0)).await;
    assert!(matches!(longer, Err(StoreError::Invalid(_))), "{longer:?}");
}

#[tokio::test]
async fn what_goes_around_the_store_cannot_make_an_overlap_either() {
    let f = fixture().await;
    for (id, start) in [("1", 0), ("2", 60)] {
        book(&f.store, choice(id, "ze", start, 45), 0).await;
    }
    let raw = f.raw().await;
    let moved = sqlx::query("UPDATE occupation SET from_us = $1 WHERE booking_id = '2'")
        .bind(minute(30).as_microsecond())
        .execute(&raw)
        .await;
    assert!(moved.unwrap_err().to_string().contains("occupation_overlap"));
    let freed = sqlx::query("UPDATE occupation SET standing = 0 WHERE booking_id = '1'").execute(&raw).await;
    assert!(freed.unwrap_err().to_string().contains("occupation_standing"));
    sqlx::query("UPDATE booking SET state = 'cancelled' WHERE id = '1'").execute(&raw).await.unwrap();
    let revive =
        async || sqlx::query("UPDATE booking SET state = 'confirmed' WHERE id = '1'").execute(&raw).await;
    assert!(booked(&book(&f.store, choice("3", "ze", 10, 20), 0).await), "a cancelled row frees its lane");
    assert!(revive().await.unwrap_err().to_string().contains("occupation_overlap"));
}

#[tokio::test]
async fn of_many_who_race_for_one_slot_one_gets_it() {
    let f = fixture().await;
    // Several handles on one file, as several processes would have.
    let mut stores = vec![f.store.clone()];
    for _ in 0..3 {
        stores.push(SqliteStore::open(&f.url, &crate::support::tenant()).await.unwrap());
    }
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..40 {
        let store = stores[n % stores.len()].clone();
        racing.spawn(async move { book(&store, choice(&format!("b{n}"), "ze", 60, 45), 0).await });
    }
    let outcomes = racing.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| booked(outcome)).count(), 1);
    assert!(outcomes.iter().filter(|outcome| !booked(outcome)).all(|outcome| code(outcome) == "slot_taken"));
    assert_eq!(f.store.agenda(at(0), at(9_000_000), at(0)).await.unwrap().occupied.len(), 1);
}

#[tokio::test]
async fn of_two_chairs_an_appointment_in_between_takes_the_one_that_is_cleared_for_it() {
    let f = fixture().await;
    let on_chair = |id: &str, chair: &str, start| {
        let mut choice = choice(id, id, start, 60);
        let mut lane = on(chair, start, 60);
        lane.pinned = false;
        choice.occupations.push(lane);
        choice
    };
    // 9-10 on the first chair, 10-11 on the second: 9:30-10:30 fits once the second goes to the first.
    assert!(booked(&book(&f.store, on_chair("a", "resource:chair/1", 0), 0).await));
    assert!(booked(&book(&f.store, on_chair("b", "resource:chair/2", 60), 0).await));
    let mut between = on_chair("c", "resource:chair/2", 30);
    assert_eq!(code(&book(&f.store, between.clone(), 0).await), "slot_taken");
    between.moves = vec![LaneMove {
        booking_id: "b".into(),
        lane: "resource:chair/2".into(),
        from: minute(60),
        to_lane: "resource:chair/1".into(),
    }];
    assert!(booked(&book(&f.store, between.clone(), 0).await));
    let agenda = f.store.agenda(minute(0), minute(200), at(0)).await.unwrap();
    let chairs: Vec<_> = agenda
        .occupied
        .iter()
        .filter(|o| o.lane.starts_with("resource"))
        .map(|o| (o.lane.as_str(), o.booking_id.as_str()))
        .collect();
    assert_eq!(chairs, [("resource:chair/1", "a"), ("resource:chair/1", "b"), ("resource:chair/2", "c")]);
    assert_eq!(f.store.booking("b").await.unwrap().unwrap().revision, 1, "nobody was told the chair");
    between.booking.id = "d".into();
    between.booking.reference = "RD".into();
    assert_eq!(code(&book(&f.store, between, 0).await), "slot_taken", "what is to be moved has gone");
}

#[tokio::test]
async fn customers_of_one_class_share_the_person_and_nobody_else_does() {
    let f = fixture().await;
    let seat = |id: &str, seat: u32, class: &str| {
        let mut choice = choice(id, "ze", 60, 45);
        choice.occupations[0].share = Some(format!("class:{class}"));
        choice.occupations.push(on(&format!("seat:{class}/{seat}"), 60, 45));
        choice
    };
    assert!(booked(&book(&f.store, seat("1", 1, "yoga"), 0).await));
    assert!(booked(&book(&f.store, seat("2", 2, "yoga"), 0).await));
    assert_eq!(code(&book(&f.store, seat("3", 2, "yoga"), 0).await), "slot_taken", "the seat is taken");
    assert_eq!(code(&book(&f.store, seat("4", 3, "pilates"), 0).await), "slot_taken", "another class");
    assert_eq!(code(&book(&f.store, choice("5", "ze", 90, 45), 0).await), "slot_taken");
}

#[tokio::test]
async fn a_repeated_key_gets_the_first_outcome_and_another_request_under_it_is_refused() {
    let f = fixture().await;
    let first = f.store.book(&blind("k", choice("1", "ze", 60, 45)), at(0)).await.unwrap();
    crate::support::change(&f.store, "1", mcp_store::booking::Change::Cancel { reason: None }, 1).await;
    let again = f.store.book(&blind("k", choice("2", "ze", 600, 45)), minute(2)).await.unwrap();
    assert_eq!(first, again, "word for word, though the booking is cancelled by now");
    let mut other = blind("k", choice("3", "ze", 900, 45));
    other.digest = "another".into();
    assert!(matches!(f.store.book(&other, minute(3)).await, Err(StoreError::KeyReused)));
    let next_day = f.store.book(&other, minute(24 * 60)).await.unwrap();
    assert!(booked(&next_day), "after 24 hours the key counts as never seen");
}

#[tokio::test]
async fn a_refused_request_may_ask_again_under_its_key() {
    let f = fixture().await;
    book(&f.store, choice("1", "ze", 60, 45), 0).await;
    let wish = blind("k", choice("2", "ze", 60, 45));
    assert_eq!(code(&f.store.book(&wish, at(0)).await.unwrap()), "slot_taken");
    crate::support::change(&f.store, "1", mcp_store::booking::Change::Cancel { reason: None }, 1).await;
    assert!(booked(&f.store.book(&wish, minute(2)).await.unwrap()));
}

#[tokio::test]
async fn a_reference_or_id_that_is_taken_is_a_conflict_and_no_taken_slot() {
    let f = fixture().await;
    book(&f.store, choice("1", "ze", 60, 45), 0).await;
    let mut same = choice("2", "ze", 600, 45);
    same.booking.reference = "r1".into();
    let refused = f.store.book(&blind("k", same), at(0)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert_eq!(f.store.booking_by_reference(" r1 ").await.unwrap().unwrap().booking.id, "1");
}

#[tokio::test]
async fn a_turn_books_and_speaks_in_one_transaction_and_again_changes_nothing() {
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("5511988887777"), at(0)).await;
    let turn = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    let mut request = blind("turn:w1", choice("1", "ze", 60, 45));
    request.limit = Some(OpenLimit { customer_id: turn.conversation.customer_id, most: 3 });
    let render =
        |outcome: &BookingOutcome| (outgoing(if booked(outcome) { "receipt" } else { "sorry" }), vec![]);
    let result = effect(Effect::Book(Box::new(request)));
    let end = f.store.commit_turn(&turn, result.clone(), &render, at(2100)).await.unwrap();
    assert!(matches!(end, TurnEnd::Committed { booking: Some(ref outcome) } if booked(outcome)), "{end:?}");
    let again = f.store.commit_turn(&turn, result, &render, at(2200)).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
    assert_eq!(f.store.outgoing("receipt").await.unwrap().unwrap().booking_id.as_deref(), Some("1"));
    assert_eq!(f.store.agenda(at(0), at(9_000_000), at(0)).await.unwrap().occupied.len(), 1);
}

#[tokio::test]
async fn a_turn_whose_booking_is_refused_still_speaks_and_leaves_nothing_of_the_booking() {
    let f = fixture().await;
    book(&f.store, choice("1", "ze", 60, 45), 0).await;
    receive(&f.store, "w1", by_phone("5511988887777"), at(0)).await;
    let turn = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    let request = blind("turn:w1", choice("2", "ze", 60, 45));
    let render = |outcome: &BookingOutcome| (outgoing(code(outcome)), vec![serde_json::json!("no")]);
    let end =
        f.store.commit_turn(&turn, effect(Effect::Book(Box::new(request))), &render, at(2100)).await.unwrap();
    assert!(matches!(end, TurnEnd::Committed { booking: Some(BookingOutcome::Refused(_)) }), "{end:?}");
    assert!(f.store.outgoing("slot_taken").await.unwrap().is_some());
    assert!(f.store.booking("2").await.unwrap().is_none());
    assert_eq!(f.store.history(turn.conversation.id, 9).await.unwrap(), [serde_json::json!("no")]);
}

#[tokio::test]
async fn one_customer_has_so_many_open_bookings_and_no_more() {
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("5511988887777"), at(0)).await;
    let customer = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap().conversation.customer_id;
    let mine = |id: &str, start: i64| {
        let mut choice = choice(id, "ze", start, 45);
        choice.booking.booked_for = mcp_store::booking::BookedFor::Customer(customer);
        let mut request = blind(id, choice);
        request.limit = Some(OpenLimit { customer_id: customer, most: 2 });
        request
    };
    for (id, start, expected) in [("1", 60, ""), ("2", 120, ""), ("3", 240, "limit_reached")] {
        assert_eq!(code(&f.store.book(&mine(id, start), minute(0)).await.unwrap()), expected, "{id}");
    }
    assert_eq!(f.store.open_of(customer, minute(0)).await.unwrap().len(), 2);
    let after = f.store.book(&mine("3", 240), minute(105)).await.unwrap();
    assert!(booked(&after), "the first one is over: {after:?}");
}

#[tokio::test]
async fn a_decision_sees_what_stands_in_its_span_and_nothing_else() {
    let f = fixture().await;
    book(&f.store, choice("1", "ze", 60, 45), 0).await;
    book(&f.store, choice("2", "rui", 300, 45), 0).await;
    let mut wish = blind("k", choice("3", "ze", 200, 45));
    wish.around = (minute(100), minute(300));
    wish.choose = Arc::new(|agenda| {
        let seen: Vec<_> = agenda.occupied.iter().map(|o| o.booking_id.as_str()).collect();
        assert_eq!(seen, ["1"], "it ends in the span; the other begins when the span ends");
        assert!(agenda.standing.is_empty(), "none begins in the span");
        Err(Refused::new("outside_hours", "no"))
    });
    assert_eq!(code(&f.store.book(&wish, at(0)).await.unwrap()), "outside_hours");
}

/// Rising and falling numbers from a fixed seed (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 % limit).unwrap()
    }
}

#[tokio::test]
async fn short_and_long_occupations_are_refused_exactly_where_a_comparison_of_all_pairs_refuses_them() {
    let f = fixture().await;
    let mut numbers = Numbers(0x5eed_0004);
    let mut standing: Vec<(i64, String, i64, i64)> = Vec::new();
    let mut refusals = 0;
    for n in 0..600 {
        // Most last minutes, some are about as long as what the searches look back, a few last for days.
        let length = match numbers.below(10) {
            0 => 1 + numbers.below(6 * 24 * 60),
            1 | 2 => 240 - 2 + numbers.below(5),
            _ => 1 + numbers.below(90),
        };
        let (lane, from) = (numbers.below(3), numbers.below(40 * 24 * 60));
        let share = format!("class:{}", numbers.below(4));
        let mut wish = choice(&format!("{n}"), &format!("{lane}"), from, length);
        wish.occupations[0].share = Some(share.clone());
        let free = standing
            .iter()
            .all(|(l, s, a, b)| *l != lane || *s == share || *b <= from || from + length <= *a);
        let outcome = book(&f.store, wish, 0).await;
        assert_eq!(booked(&outcome), free, "{n}: lane {lane}, {share}, {from} for {length}: {outcome:?}");
        if free {
            standing.push((lane, share, from, from + length));
        } else {
            refusals += 1;
        }
        let (a, b) = (numbers.below(40 * 24 * 60), 1 + numbers.below(24 * 60));
        let seen = f.store.agenda(minute(a), minute(a + b), at(0)).await.unwrap();
        let expected = standing.iter().filter(|(_, _, from, to)| *from < a + b && a < *to).count();
        let begin = standing.iter().filter(|(_, _, from, _)| a <= *from && *from < a + b).count();
        assert_eq!((seen.occupied.len(), seen.standing.len()), (expected, begin), "{n}: {a} for {b}");
    }
    assert!(refusals > 100 && standing.len() > 100, "{refusals} refused, {} stand", standing.len());
}
