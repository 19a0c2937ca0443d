//! Bookings: what is written, read, changed and refused.

use std::sync::Arc;

use mcp_store::{
    StoreError,
    booking::{BookedFor, BookingItem, BookingOutcome, BookingRow, BookingState, Change, OpenLimit, Refused},
};

use super::changes::changed;
use crate::{
    Bed,
    make::{
        at, blind, booked, cancel, change, choice, customer, entry, hold, id, minute, on, reference, refusal,
    },
};

pub async fn a_booking_is_kept_as_it_was_made(bed: Arc<Bed>) {
    let store = &*bed.store;
    let mut wanted = choice(&id(1), "ze", 60, 45);
    wanted.booking.reference = "k7qf2m".into();
    wanted.booking.booked_for = BookedFor::Named { phone: Some("+55 (11) 98888-7777".into()) };
    wanted.booking.customer_name = "João D'Ávila \"Jô\"".into();
    wanted.booking.items.push(BookingItem {
        service_id: "barba".into(),
        service_name: "Barba".into(),
        staff_id: "rui".into(),
        staff_name: "Rui".into(),
        start: minute(105),
        end: minute(120),
        price_cents: 3050,
    });
    wanted.occupations.push(on("staff:rui", minute(105), minute(130)));
    let row = booked(store, wanted.clone(), at(7)).await;
    wanted.booking.reference = "K7QF2M".into();
    let expected = BookingRow {
        booking: wanted.booking,
        revision: 1,
        reason: None,
        created_at: at(7),
        changed_at: at(7),
        erased_at: None,
    };
    assert_eq!(row, expected);
    assert_eq!(store.booking(&id(1)).await.unwrap(), Some(expected.clone()));
    for quoted in ["K7QF2M", "k7qf2m", "k7Qf2m"] {
        assert_eq!(store.booking_by_reference(quoted).await.unwrap(), Some(expected.clone()), "{quoted}");
    }
    assert_eq!(store.booking(&id(9)).await.unwrap(), None);
    assert_eq!(store.booking_by_reference("K7QF2X").await.unwrap(), None);
}

pub async fn instants_are_cut_to_microseconds(bed: Arc<Bed>) {
    let store = &*bed.store;
    let fine = jiff::SignedDuration::from_nanos(1999);
    let mut wanted = choice(&id(1), "ze", 60, 45);
    wanted.booking.items[0].start = minute(60) + fine;
    wanted.booking.items[0].end = minute(105) + fine;
    wanted.occupations[0].from = minute(60) + fine;
    wanted.occupations[0].to = minute(105) + fine;
    let row = booked(store, wanted, at(0) + fine).await;
    let micro = jiff::SignedDuration::from_micros(1);
    assert_eq!(row.booking.items[0].start, minute(60) + micro);
    assert_eq!(row.created_at, at(0) + micro);
    assert_eq!(
        store.booking(&id(1)).await.unwrap(),
        Some(row),
        "what a writer returns is what is read later"
    );
    let agenda = store.agenda(minute(0), minute(600), at(0)).await.unwrap();
    assert_eq!(agenda.occupied[0].to, minute(105) + micro);
}

pub async fn a_taken_reference_or_id_is_a_conflict_not_a_taken_slot(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    let mut same_reference = choice(&id(2), "ze", 600, 45);
    same_reference.booking.reference = reference(&id(1)).to_lowercase();
    let refused = store.book(&blind("k2", same_reference), at(0)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let mut same_id = choice(&id(1), "ze", 600, 45);
    same_id.booking.reference = "OTHER".into();
    let refused = store.book(&blind("k3", same_id), at(0)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let agenda = store.agenda(minute(0), minute(900), at(0)).await.unwrap();
    assert_eq!(agenda.occupied.len(), 1, "nothing of what failed stands");
}

pub async fn a_choice_that_breaks_the_rules_is_invalid(bed: Arc<Bed>) {
    let store = &*bed.store;
    let day = 24 * 60;
    let none = {
        let mut c = choice(&id(1), "ze", 60, 45);
        c.occupations.clear();
        c
    };
    let no_items = {
        let mut c = choice(&id(1), "ze", 60, 45);
        c.booking.items.clear();
        c
    };
    let empty_lane = {
        let mut c = choice(&id(1), "ze", 60, 45);
        c.occupations[0].lane.clear();
        c
    };
    let backwards = {
        let mut c = choice(&id(1), "ze", 60, 45);
        c.occupations[0].to = minute(60);
        c
    };
    let long = {
        let mut c = choice(&id(1), "ze", 60, 45);
        c.occupations[0].to = minute(61 + 31 * day);
        c
    };
    let twice = {
        let mut c = choice(&id(1), "ze", 60, 45);
        c.occupations.push(c.occupations[0].clone());
        c
    };
    let wide = {
        let mut c = choice(&id(1), "ze", 60, 45);
        let mut late = c.booking.items[0].clone();
        late.start = minute(60 + 31 * day);
        late.end = minute(90 + 31 * day);
        c.booking.items.push(late);
        c
    };
    for (n, (what, wrong)) in [
        ("no occupation", none),
        ("no item", no_items),
        ("an empty lane", empty_lane),
        ("an end before its start", backwards),
        ("more than 31 days", long),
        ("two equal occupations", twice),
        ("items too far apart", wide),
    ]
    .into_iter()
    .enumerate()
    {
        let mut request = blind(&format!("k{n}"), wrong);
        request.around = (minute(0), minute(600));
        let refused = store.book(&request, at(0)).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{what}: {refused:?}");
    }
    assert_eq!(store.booking(&id(1)).await.unwrap(), None);
    let mut longest = choice(&id(2), "ze", 60, 45);
    longest.occupations[0].to = minute(60 + 31 * day);
    booked(store, longest, at(0)).await;
}

pub async fn a_refusal_of_the_chooser_is_the_outcome_and_writes_nothing(bed: Arc<Bed>) {
    let store = &*bed.store;
    let refused = Refused {
        code: "outside_hours".into(),
        message: "we open at nine".into(),
        alternatives: vec![mcp_store::booking::Alternative { staff_id: "ze".into(), start: minute(60) }],
    };
    let mut request = blind("k", choice(&id(1), "ze", 60, 45));
    let answer = refused.clone();
    request.choose = Arc::new(move |_| Err(answer.clone()));
    request.audit = Some(entry("booking.create"));
    assert_eq!(store.book(&request, at(0)).await.unwrap(), BookingOutcome::Refused(refused));
    assert_eq!(store.booking(&id(1)).await.unwrap(), None);
    assert_eq!(store.audit_head().await.unwrap().seq, 0);
    let again = store.book(&blind("k", choice(&id(1), "ze", 60, 45)), at(1)).await.unwrap();
    assert!(again.row().is_some(), "a refused request is decided anew under the same key: {again:?}");
}

pub async fn open_bookings_are_the_requested_and_confirmed_that_are_not_over(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (customer, _) = customer(store, "4915111111111").await;
    let (other, _) = super::super::make::customer(store, "4915122222222").await;
    for (n, (who, start, state)) in [
        (customer.id, 300, BookingState::Confirmed),
        (customer.id, 60, BookingState::Requested),
        (customer.id, 10, BookingState::Confirmed),
        (customer.id, 500, BookingState::Held),
        (other.id, 400, BookingState::Confirmed),
    ]
    .into_iter()
    .enumerate()
    {
        let mut wanted = choice(&id(n as u64 + 1), "ze", start, 45);
        wanted.booking.booked_for = BookedFor::Customer(who);
        wanted.booking.state = state;
        wanted.booking.hold_until = (state == BookingState::Held).then(|| minute(5000));
        booked(store, wanted, at(0)).await;
    }
    let open = async |now| {
        let rows = store.open_of(customer.id, minute(now)).await.unwrap();
        rows.iter().map(|row| row.booking.start()).collect::<Vec<_>>()
    };
    assert_eq!(open(0).await, [minute(10), minute(60), minute(300)], "the next one first");
    assert_eq!(open(54).await, [minute(10), minute(60), minute(300)], "it is not over yet");
    assert_eq!(open(55).await, [minute(60), minute(300)]);
    changed(store, "c", &id(2), cancel()).await;
    assert_eq!(open(55).await, [minute(300)]);
    for n in 0..25 {
        let mut wanted = choice(&id(100 + n), "eva", 1000 + i64::try_from(n).unwrap() * 60, 45);
        wanted.booking.booked_for = BookedFor::Customer(other.id);
        booked(store, wanted, at(0)).await;
    }
    assert_eq!(store.open_of(other.id, at(0)).await.unwrap().len(), 20, "at most twenty");
}

pub async fn bookings_of_a_span_are_those_that_begin_in_it(bed: Arc<Bed>) {
    let store = &*bed.store;
    booked(store, choice(&id(3), "ze", 60, 45), at(0)).await;
    booked(store, choice(&id(2), "rui", 60, 45), at(0)).await;
    booked(store, choice(&id(1), "eva", 100, 45), at(0)).await;
    booked(store, hold(&id(4), "leo", 60, 45, minute(999)), at(0)).await;
    changed(store, "c", &id(1), cancel()).await;
    let found = async |from, to, most| {
        let rows = store.bookings(minute(from), minute(to), most).await.unwrap();
        rows.into_iter().map(|row| row.booking.id).collect::<Vec<_>>()
    };
    assert_eq!(found(60, 101, 9).await, [id(2), id(3), id(1)], "any state but held, in order of (start, id)");
    assert_eq!(found(60, 100, 9).await, [id(2), id(3)], "the end is exclusive");
    assert_eq!(found(61, 900, 9).await, [id(1)]);
    assert_eq!(found(0, 900, 1).await, [id(2)]);
}

pub async fn requests_are_found_among_all_bookings_page_by_page(bed: Arc<Bed>) {
    let store = &*bed.store;
    for (n, staff, start) in [(4, "ze", 60), (3, "rui", 60), (2, "eva", 30), (1, "leo", 90)] {
        let mut asked = choice(&id(n), staff, start, 45);
        asked.booking.state = BookingState::Requested;
        booked(store, asked, at(0)).await;
    }
    booked(store, choice(&id(5), "ana", 60, 45), at(0)).await;
    booked(store, hold(&id(6), "ada", 60, 45, minute(999)), at(0)).await;
    changed(store, "c", &id(1), cancel()).await;
    let found = async |from, most| {
        let rows = store.requested(minute(from), most).await.unwrap();
        rows.into_iter().map(|row| row.booking.id).collect::<Vec<_>>()
    };
    assert_eq!(found(0, 9).await, [id(2), id(3), id(4)], "requested only, in order of (start, id)");
    assert_eq!(found(60, 9).await, [id(3), id(4)], "the begin is inclusive");
    assert_eq!(found(0, 2).await, [id(2), id(3)]);
    store.change(&change("y", &id(3), Change::Confirm), at(0)).await.unwrap();
    assert_eq!(found(0, 9).await, [id(2), id(4)]);
}

pub async fn a_customer_has_at_most_so_many_open_bookings(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (customer, _) = customer(store, "4915111111111").await;
    let holder = Some(format!("customer:{}", customer.id));
    let request = |n: u64, start: i64, now_held: bool| {
        let mut wanted = if now_held {
            hold(&id(n), "ze", start, 45, minute(999))
        } else {
            choice(&id(n), "ze", start, 45)
        };
        wanted.booking.booked_for = BookedFor::Customer(customer.id);
        let mut request = blind(&format!("k{n}"), wanted);
        request.limit = Some(OpenLimit { customer_id: customer.id, most: 2 });
        request.holder.clone_from(&holder);
        request
    };
    assert!(store.book(&request(1, 60, false), at(0)).await.unwrap().row().is_some());
    assert!(store.book(&request(2, 120, true), at(0)).await.unwrap().row().is_some());
    let third = store.book(&request(3, 180, false), at(0)).await.unwrap();
    assert!(third.row().is_some(), "the holder's own hold does not count, and gives way: {third:?}");
    let fourth = store.book(&request(4, 240, false), at(0)).await.unwrap();
    assert_eq!(refusal(&fourth), "limit_reached");
    let (other, _) = super::super::make::customer(store, "4915122222222").await;
    let mut theirs = blind("other", choice(&id(9), "rui", 240, 45));
    theirs.limit = Some(OpenLimit { customer_id: other.id, most: 1 });
    assert!(
        store.book(&theirs, at(0)).await.unwrap().row().is_some(),
        "each customer has a limit of its own"
    );
    // At minute 105 the first is over.
    assert_eq!(refusal(&store.book(&request(4, 240, false), minute(104)).await.unwrap()), "limit_reached");
    assert!(store.book(&request(4, 240, false), minute(105)).await.unwrap().row().is_some());
    changed(store, "c", &id(4), cancel()).await;
    assert!(store.book(&request(5, 240, false), minute(105)).await.unwrap().row().is_some());
}

pub async fn a_limit_holds_against_requests_at_once(bed: Arc<Bed>) {
    let (customer, _) = customer(&*bed.store, "4915111111111").await;
    let others = [bed.open().await, bed.open().await];
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..12_u64 {
        let store = Arc::clone(&others[usize::try_from(n).unwrap() % 2]);
        let mut wanted = choice(&id(n + 1), &format!("staff{n}"), 60, 45);
        wanted.booking.booked_for = BookedFor::Customer(customer.id);
        let mut request = blind(&format!("k{n}"), wanted);
        request.limit = Some(OpenLimit { customer_id: customer.id, most: 3 });
        racing.spawn(async move { store.book(&request, at(0)).await.unwrap() });
    }
    let outcomes = racing.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.row().is_some()).count(), 3);
    assert_eq!(outcomes.iter().filter(|outcome| refusal(outcome) == "limit_reached").count(), 9);
}

pub async fn what_is_done_to_bookings_is_in_the_audit_with_its_subject(bed: Arc<Bed>) {
    let store = &*bed.store;
    let mut request = blind("k1", choice(&id(1), "ze", 60, 45));
    request.audit = Some(entry("booking.create"));
    store.book(&request, at(0)).await.unwrap();
    store.book(&request, at(1)).await.unwrap();
    let mut request = change("k2", &id(1), cancel());
    request.audit = Some(entry("booking.cancel"));
    store.change(&request, at(2)).await.unwrap();
    store.change(&request, at(3)).await.unwrap();
    let entries = store.audit(0, 9).await.unwrap();
    let short: Vec<_> = entries.iter().map(|e| (e.seq, e.at, e.action.as_str(), e.subject.clone())).collect();
    let subject = format!("booking:{}", id(1));
    assert_eq!(
        short,
        [(1, at(0), "booking.create", subject.clone()), (2, at(2), "booking.cancel", subject)],
        "a repeat writes none"
    );
}
