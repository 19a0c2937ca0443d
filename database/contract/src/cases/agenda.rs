//! What stands in a span: what offering and booking decide over.

use std::sync::Arc;

use mcp_store::{
    booking::{Agenda, BookedFor, Refused, Standing},
    calendar::{MirroredEvent, SyncPage},
};

use super::changes::changed;
use crate::{
    Bed,
    make::{at, blind, book, booked, cancel, choice, customer, hold, id, minute, on, refusal},
};

pub async fn the_chooser_sees_what_stands_at_that_moment(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (customer, _) = customer(store, "4915111111111").await;
    let mut first = choice(&id(1), "ze", 60, 45);
    first.booking.booked_for = BookedFor::Customer(customer.id);
    first.occupations =
        vec![on("staff:ze", minute(50), minute(115)), on("resource:chair/1", minute(60), minute(105))];
    booked(store, first, at(0)).await;
    booked(store, hold(&id(2), "rui", 60, 45, minute(30)), at(0)).await;
    booked(store, hold(&id(3), "eva", 60, 45, minute(10)), at(0)).await;
    booked(store, choice(&id(4), "leo", 60, 45), at(0)).await;
    changed(store, "c4", &id(4), cancel()).await;
    booked(store, choice(&id(5), "ze", 200, 45), at(0)).await;
    let page = SyncPage {
        upserts: vec![
            MirroredEvent { event_id: "e2".into(), from: minute(100), to: minute(130), staff_id: None },
            MirroredEvent {
                event_id: "e1".into(),
                from: minute(110),
                to: minute(120),
                staff_id: Some("ze".into()),
            },
            MirroredEvent { event_id: "e0".into(), from: minute(130), to: minute(140), staff_id: None },
        ],
        ..SyncPage::default()
    };
    store.sync("c", None, &page, at(0)).await.unwrap();

    let seen = Arc::new(std::sync::Mutex::new(Agenda::default()));
    let keep = Arc::clone(&seen);
    let mut request = blind("k", choice(&id(9), "ze", 600, 45));
    request.around = (minute(100), minute(120));
    request.choose = Arc::new(move |agenda| {
        *keep.lock().unwrap() = agenda.clone();
        Err(Refused::new("validation", "seen"))
    });
    // Ten minutes later: the hold of booking 3 is over.
    store.book(&request, minute(10)).await.unwrap();
    let seen = seen.lock().unwrap().clone();
    let lanes: Vec<_> =
        seen.occupied.iter().map(|o| (o.lane.as_str(), o.booking_id.clone(), o.share.clone())).collect();
    assert_eq!(
        lanes,
        [("resource:chair/1", id(1), id(1)), ("staff:rui", id(2), id(2)), ("staff:ze", id(1), id(1)),]
    );
    assert!(seen.standing.is_empty(), "none begins between 100 and 120");
    let events: Vec<_> = seen.mirrored.iter().map(|m| m.event_id.as_str()).collect();
    assert_eq!(events, ["e2", "e1"], "in order of their beginning");
    let day = store.agenda(minute(60), minute(201), minute(10)).await.unwrap();
    let standing = |n: u64, staff: &str, start, customer_id| Standing {
        booking_id: id(n),
        customer_id,
        service_id: "corte".into(),
        staff_id: staff.into(),
        start: minute(start),
    };
    assert_eq!(
        day.standing,
        [
            standing(1, "ze", 60, Some(customer.id)),
            standing(2, "rui", 60, None),
            standing(5, "ze", 200, None)
        ]
    );
}

pub async fn the_agenda_has_what_shares_an_instant_with_the_span(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    let occupied =
        async |from, to| store.agenda(minute(from), minute(to), at(0)).await.unwrap().occupied.len();
    assert_eq!(occupied(0, 60).await, 0, "it begins when the span ends");
    assert_eq!(occupied(0, 61).await, 1);
    assert_eq!(occupied(105, 200).await, 0, "it ends when the span begins");
    assert_eq!(occupied(104, 200).await, 1);
    assert_eq!(occupied(70, 80).await, 1);
    let agenda = store.agenda(minute(60), minute(61), at(0)).await.unwrap();
    assert_eq!((agenda.standing.len(), agenda.occupied[0].pinned), (1, true));
    assert!(store.agenda(minute(61), minute(90), at(0)).await.unwrap().standing.is_empty());
}

pub async fn however_long_a_lane_is_taken_its_last_minute_is_found_and_keeps_others_out(bed: Arc<Bed>) {
    let store = &*bed.store;
    // Both sides of an hour, four hours and a day, which searches may treat differently, and the longest there is.
    for (n, minutes) in (1..).zip([1, 60, 61, 240, 241, 1_440, 1_441, 31 * 1_440]) {
        let lane = format!("p{n}");
        let mut long = choice(&id(n), &lane, 0, 1);
        long.occupations[0].to = minute(minutes);
        booked(store, long, at(0)).await;
        let found = async |from, to| {
            let agenda = store.agenda(minute(from), minute(to), at(0)).await.unwrap();
            agenda.occupied.iter().filter(|o| o.booking_id == id(n)).count()
        };
        assert_eq!(found(minutes - 1, minutes + 60).await, 1, "{minutes}");
        assert_eq!(found(minutes, minutes + 60).await, 0, "{minutes}");
        let last = choice(&id(100 + n), &lane, minutes - 1, 30);
        assert_eq!(refusal(&book(store, last, at(0)).await), "slot_taken", "{minutes}");
        booked(store, choice(&id(200 + n), &lane, minutes, 1), at(0)).await;
    }
}

pub async fn services_of_one_visit_count_one_by_one(bed: Arc<Bed>) {
    let store = &*bed.store;
    let mut visit = choice(&id(1), "ze", 60, 30);
    let mut second = visit.booking.items[0].clone();
    second.service_id = "barba".into();
    (second.start, second.end) = (minute(90), minute(105));
    visit.booking.items.push(second);
    booked(store, visit, at(0)).await;
    let services = async |from, to| {
        let agenda = store.agenda(minute(from), minute(to), at(0)).await.unwrap();
        agenda.standing.into_iter().map(|s| (s.service_id, s.start)).collect::<Vec<_>>()
    };
    assert_eq!(services(0, 900).await, [("corte".to_owned(), minute(60)), ("barba".to_owned(), minute(90))]);
    assert_eq!(services(61, 91).await, [("barba".to_owned(), minute(90))], "each by its own beginning");
}

pub async fn what_is_near_is_asked_first_and_all_around_where_that_does_not_settle_it(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    booked(store, choice(&id(2), "rui", 300, 45), at(0)).await;
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    // The first takes a lane, the second finds it taken.
    for (n, start) in [(8, 120), (9, 130)] {
        let wanted = choice(&id(n), "ze", start, 30);
        let mut request = blind(&format!("k{n}"), wanted.clone());
        request.near = Some(request.around);
        request.around = (minute(0), minute(600));
        let keep = Arc::clone(&seen);
        request.choose = Arc::new(move |agenda| {
            keep.lock().unwrap().push((agenda.occupied.len(), agenda.standing.len()));
            let free = agenda.occupied.iter().all(|o| {
                o.lane != wanted.occupations[0].lane
                    || wanted.booking.end() <= o.from
                    || o.to <= wanted.booking.start()
            });
            if free { Ok(wanted.clone()) } else { Err(Refused::new("validation", "seen")) }
        });
        let outcome = store.book(&request, at(0)).await.unwrap();
        assert_eq!(refusal(&outcome), if n == 8 { "" } else { "validation" });
    }
    assert_eq!(*seen.lock().unwrap(), [(0, 0), (1, 0), (3, 3)]);
}
