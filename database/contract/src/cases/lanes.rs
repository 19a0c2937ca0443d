//! The database refuses two standing occupations of one lane that share an instant, whatever the code above decides.

use std::sync::Arc;

use mcp_store::{
    Store,
    booking::{BookingOutcome, BookingState, Change, Choice, Refused},
    lanes::{LaneMove, Occupation},
};

use crate::{
    Bed,
    make::{
        at, blind, book, booked, cancel, change, choice, id, minute, movable, move_to, on, personal, refusal,
    },
};

/// A cut on one of two chairs.
fn on_chair(n: u64, staff: &str, chair: u32, start: i64, minutes: i64, pinned: bool) -> Choice {
    let mut wanted = choice(&id(n), staff, start, minutes);
    let lane = format!("resource:chair/{chair}");
    wanted.occupations.push(Occupation { pinned, ..on(&lane, minute(start), minute(start + minutes)) });
    wanted
}

fn make_room(n: u64, chair: u32, start: i64, to: u32) -> LaneMove {
    LaneMove {
        booking_id: id(n),
        lane: format!("resource:chair/{chair}"),
        from: minute(start),
        to_lane: format!("resource:chair/{to}"),
    }
}

/// Which lane of a resource each booking is on.
async fn chairs(store: &dyn Store) -> Vec<(String, String)> {
    let agenda = store.agenda(minute(0), minute(9000), at(0)).await.unwrap();
    let chairs = agenda.occupied.into_iter().filter(|o| o.lane.starts_with("resource:"));
    let mut chairs: Vec<_> = chairs.map(|o| (o.booking_id, o.lane)).collect();
    chairs.sort();
    chairs
}

pub async fn overlaps_of_one_lane_are_refused_and_neighbours_are_not(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    for (n, start, minutes) in [(2, 60, 45), (3, 30, 31), (4, 104, 10), (5, 70, 5), (6, 0, 300)] {
        let outcome = book(store, choice(&id(n), "ze", start, minutes), at(0)).await;
        assert_eq!(outcome, BookingOutcome::Refused(Refused::slot_taken()), "{start} {minutes}");
        assert_eq!(store.booking(&id(n)).await.unwrap(), None);
    }
    booked(store, choice(&id(7), "ze", 105, 45), at(0)).await;
    booked(store, choice(&id(8), "ze", 15, 45), at(0)).await;
    booked(store, choice(&id(9), "rui", 60, 45), at(0)).await;
}

pub async fn buffers_count_and_services_of_one_booking_stand_beside_each_other(bed: Arc<Bed>) {
    let store = &*bed.store;
    let mut buffered = choice(&id(1), "ze", 60, 45);
    buffered.occupations =
        vec![on("staff:ze", minute(50), minute(80)), on("staff:ze", minute(80), minute(115))];
    booked(store, buffered, at(0)).await;
    assert_eq!(refusal(&book(store, choice(&id(2), "ze", 30, 21), at(0)).await), "slot_taken");
    assert_eq!(refusal(&book(store, choice(&id(3), "ze", 114, 10), at(0)).await), "slot_taken");
    booked(store, choice(&id(4), "ze", 30, 20), at(0)).await;
    booked(store, choice(&id(5), "ze", 115, 10), at(0)).await;
}

pub async fn one_taken_lane_of_several_refuses_all(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, on_chair(1, "ze", 1, 60, 45, true), at(0)).await;
    let mut request = blind("k", on_chair(2, "rui", 1, 60, 45, true));
    request.audit = Some(crate::make::entry("booking.create"));
    assert_eq!(refusal(&store.book(&request, at(0)).await.unwrap()), "slot_taken");
    assert_eq!(store.audit_head().await.unwrap().seq, 0, "nothing of a refused booking stands");
    booked(store, on_chair(3, "rui", 2, 60, 45, true), at(0)).await;
    assert_eq!(refusal(&book(store, on_chair(4, "eva", 2, 104, 5, true), at(0)).await), "slot_taken");
}

pub async fn a_class_shares_person_and_room_but_no_seat(bed: Arc<Bed>) {
    let store = &*bed.store;
    let seat = |n: u64, session: &str, seat: u32, start: i64| {
        let mut wanted = choice(&id(n), "eva", start, 60);
        let shared = |lane: &str| Occupation {
            share: Some(format!("class:{session}")),
            ..on(lane, minute(start), minute(start + 60))
        };
        wanted.occupations = vec![
            shared("staff:eva"),
            shared("resource:room/1"),
            on(&format!("seat:{session}/{seat}"), minute(start), minute(start + 60)),
        ];
        wanted
    };
    booked(store, seat(1, "yoga:eva:1", 1, 60), at(0)).await;
    booked(store, seat(2, "yoga:eva:1", 2, 60), at(0)).await;
    assert_eq!(
        refusal(&book(store, seat(3, "yoga:eva:1", 2, 60), at(0)).await),
        "slot_taken",
        "the seat is taken"
    );
    assert_eq!(
        refusal(&book(store, seat(4, "pilates:eva:1", 1, 90), at(0)).await),
        "slot_taken",
        "another class"
    );
    assert_eq!(
        refusal(&book(store, choice(&id(5), "eva", 70, 10), at(0)).await),
        "slot_taken",
        "no class at all"
    );
    booked(store, seat(6, "pilates:eva:2", 1, 120), at(0)).await;
    let occupied = store.agenda(minute(60), minute(61), at(0)).await.unwrap().occupied;
    assert!(occupied.iter().filter(|o| !o.lane.starts_with("seat:")).all(|o| o.share == "class:yoga:eva:1"));
    assert!(occupied.iter().filter(|o| o.lane.starts_with("seat:")).all(|o| o.share == o.booking_id));
}

pub async fn a_booking_that_is_over_or_cancelled_frees_its_lanes(bed: Arc<Bed>) {
    let store = &*bed.store;
    for (n, how) in [(1, cancel()), (2, Change::Complete), (3, Change::NoShow)] {
        booked(store, choice(&id(n), "ze", 60, 45), at(0)).await;
        assert_eq!(refusal(&book(store, choice(&id(50 + n), "ze", 60, 45), at(0)).await), "slot_taken");
        store.change(&change(&format!("c{n}"), &id(n), how), at(0)).await.unwrap();
        assert!(store.agenda(minute(0), minute(900), at(0)).await.unwrap().occupied.is_empty());
    }
    let mut requested = choice(&id(4), "ze", 60, 45);
    requested.booking.state = BookingState::Requested;
    booked(store, requested, at(0)).await;
    assert_eq!(
        refusal(&book(store, choice(&id(54), "ze", 60, 45), at(0)).await),
        "slot_taken",
        "requested stands"
    );
    store.change(&change("c4", &id(4), Change::Decline { reason: None }), at(0)).await.unwrap();
    booked(store, choice(&id(55), "ze", 60, 45), at(0)).await;
}

pub async fn neither_sql_nor_a_revived_state_makes_an_overlap(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 0, 45), at(0)).await;
    booked(store, choice(&id(2), "ze", 60, 45), at(0)).await;
    let raw = bed.raw().await;
    let (one, two) = (id(1), id(2));
    let from = minute(30).as_microsecond();
    let moved =
        raw.execute(&format!("UPDATE occupation SET from_us = {from} WHERE booking_id = '{two}'")).await;
    assert!(moved.as_ref().is_err_and(|why| why.contains("overlap")), "{moved:?}");
    let inserted = raw
        .execute(&format!(
            "INSERT INTO occupation SELECT booking_id, lane, from_us + 1, to_us, 'other', pinned, standing
             FROM occupation WHERE booking_id = '{one}'"
        ))
        .await;
    assert!(inserted.as_ref().is_err_and(|why| why.contains("overlap")), "{inserted:?}");
    let freed =
        raw.execute(&format!("UPDATE occupation SET standing = (1 = 0) WHERE booking_id = '{one}'")).await;
    assert!(freed.is_err(), "lanes follow from the booking's state, and from nothing else");

    raw.execute(&format!("UPDATE booking SET state = 'cancelled' WHERE id = '{one}'")).await.unwrap();
    booked(store, choice(&id(3), "ze", 10, 20), at(0)).await;
    let revived = raw.execute(&format!("UPDATE booking SET state = 'confirmed' WHERE id = '{one}'")).await;
    assert!(revived.as_ref().is_err_and(|why| why.contains("overlap")), "{revived:?}");
    assert_eq!(raw.number("SELECT count(*) FROM occupation WHERE standing").await, 2);
}

pub async fn nothing_of_a_booking_is_there_without_it(bed: Arc<Bed>) {
    let mut wanted = choice(&id(1), "ze", 60, 45);
    wanted.reminders = vec![minute(30)];
    booked(&*bed.store, wanted, at(0)).await;
    bed.store.record(&personal("live", None, "x".into()), at(0)).await.unwrap();
    let raw = bed.raw().await;
    let (one, nobody) = (id(1), id(2));
    for stray in [
        format!(
            "INSERT INTO occupation SELECT '{nobody}', 'rui', from_us, to_us, share, pinned, standing FROM occupation"
        ),
        format!(
            "INSERT INTO reminder (booking_id, due_us, state, not_before_us) VALUES ('{nobody}', 1, 'pending', 1)"
        ),
        format!("UPDATE occupation SET booking_id = '{nobody}'"),
        format!("UPDATE reminder SET booking_id = '{nobody}'"),
        format!("UPDATE booking SET id = '{nobody}'"),
        "INSERT INTO audit_payload (seq, salt, content_json) VALUES (9, 's', '{}')".to_owned(),
    ] {
        let done = raw.execute(&stray).await;
        assert!(done.is_err(), "{stray}: {done:?}");
    }
    raw.execute(&format!("DELETE FROM booking WHERE id = '{one}'")).await.unwrap();
    for table in ["occupation", "reminder"] {
        assert_eq!(raw.number(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
}

pub async fn nine_to_ten_and_ten_to_eleven_on_two_chairs_still_take_half_past_nine(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (nine, ten, half_past) = (540, 600, 570);
    booked(store, on_chair(1, "ze", 1, nine, 60, false), at(0)).await;
    booked(store, on_chair(2, "ze", 2, ten, 60, false), at(0)).await;
    // Without making room there is no chair from 9:30 to 10:30.
    for chair in [1, 2] {
        let blocked = on_chair(3, "rui", chair, half_past, 60, false);
        assert_eq!(refusal(&book(store, blocked, at(0)).await), "slot_taken", "chair {chair}");
    }
    let before = store.booking(&id(2)).await.unwrap();
    let mut wanted = on_chair(3, "rui", 2, half_past, 60, false);
    wanted.moves = vec![make_room(2, 2, ten, 1)];
    booked(store, wanted, at(0)).await;
    assert_eq!(
        chairs(store).await,
        [
            (id(1), "resource:chair/1".into()),
            (id(2), "resource:chair/1".into()),
            (id(3), "resource:chair/2".into()),
        ]
    );
    assert_eq!(
        store.booking(&id(2)).await.unwrap(),
        before,
        "that is no change of the booking: nobody was told the unit"
    );
    assert_eq!(refusal(&book(store, on_chair(4, "eva", 2, half_past, 30, false), at(0)).await), "slot_taken");
}

pub async fn two_bookings_may_change_places(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, on_chair(1, "ze", 1, 60, 60, false), at(0)).await;
    booked(store, on_chair(2, "rui", 2, 60, 60, false), at(0)).await;
    booked(store, on_chair(3, "eva", 3, 60, 60, false), at(0)).await;
    // A ring of three, in an order in which no single step ends valid.
    let mut wanted = choice(&id(4), "leo", 600, 30);
    wanted.moves = vec![make_room(1, 1, 60, 2), make_room(2, 2, 60, 3), make_room(3, 3, 60, 1)];
    booked(store, wanted, at(0)).await;
    assert_eq!(
        chairs(store).await,
        [
            (id(1), "resource:chair/2".into()),
            (id(2), "resource:chair/3".into()),
            (id(3), "resource:chair/1".into()),
        ]
    );
}

pub async fn who_is_pinned_or_gone_does_not_make_room(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, on_chair(1, "ze", 1, 60, 60, true), at(0)).await;
    booked(store, on_chair(2, "ze", 2, 300, 60, false), at(0)).await;
    let with = |n: u64, moves: Vec<LaneMove>| {
        let mut wanted = on_chair(n, "rui", 1, 60, 60, false);
        wanted.moves = moves;
        wanted
    };
    for (n, moves) in [
        (11, vec![make_room(1, 1, 60, 2)]),
        (12, vec![make_room(9, 1, 60, 2)]),
        (13, vec![make_room(2, 1, 300, 2)]),
        (14, vec![make_room(2, 2, 301, 1)]),
    ] {
        assert_eq!(refusal(&book(store, with(n, moves), at(0)).await), "slot_taken", "{n}");
    }
    store.change(&change("c", &id(1), cancel()), at(0)).await.unwrap();
    let gone = book(store, with(15, vec![make_room(1, 1, 60, 2)]), at(0)).await;
    assert_eq!(refusal(&gone), "slot_taken", "a cancelled booking has no place to give");
    assert_eq!(chairs(store).await, [(id(2), "resource:chair/2".into())]);
}

pub async fn making_room_that_still_overlaps_leaves_everybody_where_they_were(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, on_chair(1, "ze", 1, 60, 60, false), at(0)).await;
    booked(store, on_chair(2, "rui", 2, 60, 60, false), at(0)).await;
    let before = chairs(store).await;
    let mut wanted = on_chair(3, "eva", 1, 60, 60, false);
    wanted.moves = vec![make_room(1, 1, 60, 2)];
    assert_eq!(refusal(&book(store, wanted, at(0)).await), "slot_taken");
    assert_eq!(chairs(store).await, before);
}

pub async fn a_move_of_a_booking_may_have_others_make_room(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, on_chair(1, "ze", 1, 540, 60, false), at(0)).await;
    booked(store, on_chair(2, "ze", 2, 600, 60, false), at(0)).await;
    booked(store, on_chair(3, "rui", 1, 900, 60, false), at(0)).await;
    let mut there = on_chair(3, "rui", 2, 570, 60, false);
    there.moves = vec![make_room(2, 2, 600, 1)];
    let outcome = store.change(&change("m", &id(3), move_to(there)), at(0)).await.unwrap();
    assert!(matches!(outcome, BookingOutcome::Changed(_)), "{outcome:?}");
    assert_eq!(chairs(store).await[1], (id(2), "resource:chair/1".into()));
    let mut movables = choice(&id(4), "eva", 900, 60);
    movables.occupations.push(movable("resource:chair/1", minute(900), minute(960)));
    booked(store, movables, at(0)).await;
}
