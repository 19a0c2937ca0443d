//! Who a sender is: the five rules of `CustomerStore`, merging, and new ids.

use std::sync::Arc;

use mcp_store::{
    Store, StoreError,
    booking::BookedFor,
    customer::{CustomerRow, Sender},
    waitlist::NewWait,
};

use crate::{
    Bed,
    make::{
        AT_ONCE, RULE, answering, at, book, booked, by_phone, choice, commit, delivery, id, message, minute,
        receive, who,
    },
};

async fn identify(store: &dyn Store, user_id: Option<&str>, wa_id: Option<&str>) -> CustomerRow {
    store.identify(&who(user_id, wa_id), at(0)).await.unwrap()
}

pub async fn a_sender_without_any_id_is_invalid(bed: Arc<Bed>) {
    let sender = Sender { name: Some("Ana".into()), ..Sender::default() };
    let refused = bed.store.identify(&sender, at(0)).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
}

pub async fn an_unknown_sender_becomes_a_new_customer(bed: Arc<Bed>) {
    let sender =
        Sender { user_id: Some("BR.1".into()), wa_id: Some("551188887777".into()), name: Some("Ana".into()) };
    let row = bed.store.identify(&sender, at(7)).await.unwrap();
    let expected = CustomerRow {
        id: row.id,
        user_id: Some("BR.1".into()),
        phone: Some("+5511988887777".into()),
        wa_id: Some("551188887777".into()),
        name: Some("Ana".into()),
        merged_into: None,
        created_at: at(7),
    };
    assert_eq!(row, expected);
    assert_eq!(bed.store.customer(row.id).await.unwrap(), Some(expected.clone()));
    assert_eq!(bed.store.identify(&sender, at(8)).await.unwrap(), expected, "the second time nothing is new");
    assert_eq!(bed.store.customer(row.id + 1000).await.unwrap(), None);
}

pub async fn a_customer_is_found_by_the_phone_in_any_form_people_write(bed: Arc<Bed>) {
    let row = identify(&*bed.store, None, Some("551188887777")).await;
    for form in ["551188887777", "5511988887777", "+55 (11) 98888-7777", "+55 11 8888.7777"] {
        assert_eq!(bed.store.customer_by_phone(form).await.unwrap().map(|c| c.id), Some(row.id), "{form}");
    }
    assert_eq!(identify(&*bed.store, None, Some("5511988887777")).await.id, row.id);
    assert_eq!(bed.store.customer_by_phone("+49 170 1234567").await.unwrap(), None);
    assert_eq!(bed.store.customer_by_phone("no number").await.unwrap(), None);
}

pub async fn name_and_wa_id_follow_what_was_seen_last(bed: Arc<Bed>) {
    let seen = |wa_id: &str, name: Option<&str>| Sender {
        user_id: Some("BR.1".into()),
        wa_id: Some(wa_id.into()),
        name: name.map(Into::into),
    };
    let first = bed.store.identify(&seen("551188887777", Some("Ana")), at(0)).await.unwrap();
    let second = bed.store.identify(&seen("5511988887777", Some("Ana B.")), at(1)).await.unwrap();
    assert_eq!(second.id, first.id);
    assert_eq!((second.wa_id.as_deref(), second.name.as_deref()), (Some("5511988887777"), Some("Ana B.")));
    let third = bed.store.identify(&seen("5511988887777", None), at(2)).await.unwrap();
    assert_eq!(third.name.as_deref(), Some("Ana B."), "no name is no news");
}

pub async fn a_known_user_id_with_a_new_number_is_the_same_customer(bed: Arc<Bed>) {
    let first = identify(&*bed.store, Some("BR.1"), Some("4915111111111")).await;
    let second = identify(&*bed.store, Some("BR.1"), Some("4915122222222")).await;
    assert_eq!(first.id, second.id);
    assert_eq!(second.phone.as_deref(), Some("+4915122222222"));
    assert_eq!(identify(&*bed.store, None, Some("4915122222222")).await.id, first.id);
    assert_eq!(identify(&*bed.store, Some("BR.1"), None).await.id, first.id);
}

pub async fn a_match_by_phone_alone_shows_nothing_earlier(bed: Arc<Bed>) {
    let earlier = identify(&*bed.store, None, Some("4915111111111")).await;
    let mut mine = choice(&id(1), "ze", 60, 45);
    mine.booking.booked_for = BookedFor::Customer(earlier.id);
    booked(&*bed.store, mine, at(0)).await;

    let now = identify(&*bed.store, Some("BR.1"), Some("4915111111111")).await;
    assert_ne!(now.id, earlier.id, "numbers are recycled");
    assert_eq!(now.phone.as_deref(), Some("+4915111111111"), "it takes the phone over");
    assert!(bed.store.open_of(now.id, at(0)).await.unwrap().is_empty());

    let earlier = bed.store.customer(earlier.id).await.unwrap().unwrap();
    assert_eq!((earlier.phone.as_deref(), earlier.wa_id.as_deref()), (None, Some("4915111111111")));
    assert_eq!(earlier.merged_into, Some(now.id));
    assert_eq!(bed.store.open_of(earlier.id, at(0)).await.unwrap().len(), 1, "bookings stay where they were");
    assert_eq!(identify(&*bed.store, None, Some("4915111111111")).await.id, now.id);
}

pub async fn a_known_user_id_takes_the_phone_of_one_without_over(bed: Arc<Bed>) {
    let known = identify(&*bed.store, Some("BR.1"), None).await;
    let earlier = identify(&*bed.store, None, Some("4915111111111")).await;
    let now = identify(&*bed.store, Some("BR.1"), Some("4915111111111")).await;
    assert_eq!((now.id, now.phone.as_deref()), (known.id, Some("+4915111111111")));
    let earlier = bed.store.customer(earlier.id).await.unwrap().unwrap();
    assert_eq!((earlier.phone, earlier.merged_into), (None, Some(known.id)));
    assert_eq!(earlier.wa_id.as_deref(), Some("4915111111111"), "messages can still be sent to it");
}

pub async fn a_number_of_another_user_id_leads_to_another_person(bed: Arc<Bed>) {
    let one = identify(&*bed.store, Some("BR.1"), Some("4915111111111")).await;
    let other = identify(&*bed.store, Some("BR.2"), Some("4915111111111")).await;
    assert_ne!(one.id, other.id);
    let one = bed.store.customer(one.id).await.unwrap().unwrap();
    assert_eq!((one.phone, one.wa_id, one.merged_into), (None, None, None));
    assert_eq!(one.user_id.as_deref(), Some("BR.1"));
    assert_eq!(identify(&*bed.store, None, Some("4915111111111")).await.id, other.id);
    assert_eq!(identify(&*bed.store, Some("BR.1"), None).await.id, one.id);
}

/// The customers of a series of senders, as numbers in order of first appearance.
fn pattern(customers: &[i64]) -> Vec<usize> {
    let mut seen: Vec<i64> = Vec::new();
    let place = |id: &i64, seen: &mut Vec<i64>| {
        seen.iter().position(|s| s == id).unwrap_or_else(|| {
            seen.push(*id);
            seen.len() - 1
        })
    };
    customers.iter().map(|id| place(id, &mut seen)).collect()
}

pub async fn a_batch_finds_the_same_customers_as_one_message_after_the_other(bed: Arc<Bed>) {
    let shapes =
        [(Some(1), Some(5)), (Some(1), None), (None, Some(5)), (Some(2), Some(5)), (Some(1), Some(6))];
    let raw = bed.raw().await;
    for case in 0..shapes.len().pow(3) {
        // Each case and each way has people of its own.
        let senders = |way: usize| -> Vec<Sender> {
            let one = |n: u32| {
                let (user, phone) = shapes[case / shapes.len().pow(n) % shapes.len()];
                let user = user.map(|user: usize| format!("BR.{way}.{case}.{user}"));
                let phone =
                    phone.map(|phone: usize| format!("491{}", 500_000_000 + case * 1000 + way * 100 + phone));
                who(user.as_deref(), phone.as_deref())
            };
            (0..3).map(one).collect()
        };
        let batch: Vec<_> = senders(1)
            .into_iter()
            .enumerate()
            .map(|(n, sender)| delivery(vec![message(&format!("batch-{case}-{n}"), sender)]))
            .collect();
        // The first is known before the batch, so that known and new senders meet in it.
        bed.store.accept(&batch[..1], at(0)).await.unwrap();
        bed.store.accept(&batch[1..], at(1)).await.unwrap();
        bed.store.route(at(2)).await.unwrap();
        let rows = raw
            .rows(&format!(
                "SELECT c.customer_id FROM inbox i JOIN inbox_route r ON r.seq = i.seq
                 JOIN conversation c ON c.id = r.conversation_id WHERE i.id LIKE 'batch-{case}-%' ORDER BY i.seq"
            ))
            .await;
        let together: Vec<i64> = rows.iter().map(|row| row[0].as_i64().unwrap()).collect();
        let mut apart = Vec::new();
        for sender in senders(2) {
            apart.push(bed.store.identify(&sender, at(0)).await.unwrap().id);
        }
        assert_eq!(pattern(&together), pattern(&apart), "{:?}", senders(1));
    }
}

pub async fn merging_gives_the_other_row_what_it_lacks_and_all_bookings(bed: Arc<Bed>) {
    let store = &*bed.store;
    receive(store, "w1", by_phone("4915111111111"), at(0)).await;
    let turn = store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    commit(store, &turn, answering("a1"), at(2100)).await;
    let from = store.customer_by_phone("4915111111111").await.unwrap().unwrap();
    let into = identify(store, Some("BR.1"), None).await;
    let mut mine = choice(&id(1), "ze", 60, 45);
    mine.booking.booked_for = BookedFor::Customer(from.id);
    booked(store, mine, at(0)).await;
    let wait = NewWait {
        id: id(2),
        customer_id: from.id,
        service_id: "corte".into(),
        staff_id: None,
        from: minute(0),
        to: minute(600),
    };
    store.wait(&wait, at(0)).await.unwrap();

    let merged = store.merge(from.id, into.id).await.unwrap();
    assert_eq!((merged.id, merged.user_id.as_deref()), (into.id, Some("BR.1")));
    assert_eq!(merged.phone.as_deref(), Some("+4915111111111"));
    assert_eq!((merged.wa_id.as_deref(), merged.name.as_deref()), (Some("4915111111111"), Some("Ana")));
    assert_eq!(store.customer(into.id).await.unwrap(), Some(merged));

    let left = store.customer(from.id).await.unwrap().unwrap();
    assert_eq!((left.user_id, left.phone, left.merged_into), (None, None, Some(into.id)));
    assert!(store.open_of(from.id, at(0)).await.unwrap().is_empty());
    assert_eq!(store.open_of(into.id, at(0)).await.unwrap()[0].booking.id, id(1));
    assert!(store.waits_of(from.id).await.unwrap().is_empty());
    assert_eq!(store.waits_of(into.id).await.unwrap()[0].wait.id, id(2));
    let conversation = turn.conversation.id;
    assert_eq!(store.conversation(conversation).await.unwrap().unwrap().customer_id, from.id);
    assert_eq!(store.history(conversation, 10).await.unwrap().len(), 1, "its conversation keeps its history");
    assert_eq!(identify(store, None, Some("4915111111111")).await.id, into.id);
}

pub async fn merging_keeps_what_the_other_row_has_and_refuses_two_user_ids(bed: Arc<Bed>) {
    let store = &*bed.store;
    let from = identify(store, None, Some("4915111111111")).await;
    let into = identify(store, Some("BR.1"), Some("4915122222222")).await;
    let merged = store.merge(from.id, into.id).await.unwrap();
    assert_eq!(merged.phone.as_deref(), Some("+4915122222222"));

    let other = identify(store, Some("BR.2"), None).await;
    assert!(matches!(store.merge(other.id, into.id).await, Err(StoreError::Conflict(_))));
    assert!(matches!(store.merge(other.id, 999).await, Err(StoreError::NotFound(_))));
    assert!(matches!(store.merge(999, other.id).await, Err(StoreError::NotFound(_))));
    assert_eq!(store.customer(other.id).await.unwrap(), Some(other), "a refused merge changes nothing");
}

pub async fn a_user_id_moves_to_the_row_a_person_knows_to_be_the_same(bed: Arc<Bed>) {
    let store = &*bed.store;
    let from = identify(store, Some("BR.1"), None).await;
    let into = identify(store, None, Some("4915111111111")).await;
    store.merge(from.id, into.id).await.unwrap();
    let left = store.customer(from.id).await.unwrap().unwrap();
    assert_eq!(left.user_id, None, "the row that was merged has no user id any more");
    assert_eq!(identify(store, Some("BR.1"), None).await.id, into.id, "whoever has it is that one now");
    assert_eq!(identify(store, None, Some("4915111111111")).await.id, into.id);
}

pub async fn new_ids_that_the_channel_announces_stay_with_the_customer(bed: Arc<Bed>) {
    let store = &*bed.store;
    let row = identify(store, Some("BR.1"), Some("4915111111111")).await;
    let changed =
        store.ids_changed(&who(Some("BR.1"), None), &who(Some("BR.9"), Some("4915199999999"))).await.unwrap();
    assert_eq!((changed.id, changed.user_id.as_deref()), (row.id, Some("BR.9")));
    assert_eq!(changed.phone.as_deref(), Some("+4915199999999"));
    assert_eq!(identify(store, Some("BR.9"), None).await.id, row.id);
    assert_ne!(identify(store, Some("BR.1"), None).await.id, row.id, "the old id is nobody's now");
    let unknown = store.ids_changed(&who(Some("BR.77"), None), &who(Some("BR.78"), None)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))), "{unknown:?}");
}

pub async fn new_ids_that_lead_to_others_are_taken_from_them(bed: Arc<Bed>) {
    let store = &*bed.store;
    let was = identify(store, Some("BR.1"), Some("4915111111111")).await;
    let other = identify(store, Some("BR.2"), Some("4915122222222")).await;
    let changed =
        store.ids_changed(&who(Some("BR.1"), None), &who(Some("BR.3"), Some("4915122222222"))).await.unwrap();
    assert_eq!((changed.id, changed.phone.as_deref()), (was.id, Some("+4915122222222")));
    let other = store.customer(other.id).await.unwrap().unwrap();
    assert_eq!((other.phone, other.wa_id, other.merged_into), (None, None, None));
    assert_eq!(other.user_id.as_deref(), Some("BR.2"));
}

pub async fn what_happens_to_the_ids_of_some_is_nothing_to_others(bed: Arc<Bed>) {
    let store = &*bed.store;
    let others = [
        identify(store, Some("BR.7"), Some("4915177777777")).await,
        identify(store, None, Some("4915188888888")).await,
    ];
    identify(store, None, Some("4915111111111")).await;
    let known = identify(store, Some("BR.1"), Some("4915111111111")).await;
    identify(store, Some("BR.2"), Some("4915111111111")).await;
    store.ids_changed(&who(Some("BR.2"), None), &who(Some("BR.3"), Some("4915122222222"))).await.unwrap();
    let by_phone = identify(store, None, Some("4915133333333")).await;
    let (was, is) = (who(None, Some("4915133333333")), who(None, Some("4915144444444")));
    let changed = store.ids_changed(&was, &is).await.unwrap();
    assert_eq!(
        (changed.id, changed.phone.as_deref()),
        (by_phone.id, Some("+4915144444444")),
        "known by phone alone"
    );
    store.merge(by_phone.id, known.id).await.unwrap();
    for other in others {
        assert_eq!(store.customer(other.id).await.unwrap(), Some(other));
    }
}

pub async fn senders_who_arrive_at_once_become_one_customer(bed: Arc<Bed>) {
    let others = [bed.open().await, bed.open().await];
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..2 * AT_ONCE {
        let store = Arc::clone(&others[n % 2]);
        let sender =
            if n % 3 == 0 { who(Some("BR.1"), None) } else { who(Some("BR.1"), Some("4915111111111")) };
        racing.spawn(async move { store.identify(&sender, at(0)).await.unwrap().id });
    }
    let found = racing.join_all().await;
    assert!(found.iter().all(|id| *id == found[0]), "{found:?}");
    assert_eq!(bed.raw().await.number("SELECT count(*) FROM customer").await, 1);
}

pub async fn a_booking_for_a_customer_that_is_not_there_is_no_booking(bed: Arc<Bed>) {
    let mut nobody = choice(&id(1), "ze", 60, 45);
    nobody.booking.booked_for = BookedFor::Customer(999);
    let failed = bed.store.book(&crate::make::blind("k", nobody), at(0)).await;
    assert!(failed.is_err(), "{failed:?}");
    assert!(matches!(
        book(&*bed.store, choice(&id(2), "ze", 60, 45), at(0)).await,
        mcp_store::booking::BookingOutcome::Booked(_)
    ));
}

pub async fn the_first_who_is_known_as_an_owner_stays_the_owner(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (number, other_number) = ("+55 11 98888-0000", "+55 11 97777-0000");
    let with = |user: &str, wa_id: Option<&str>| Sender {
        user_id: Some(user.into()),
        wa_id: wa_id.map(str::to_owned),
        name: None,
    };
    let owner = store.identify(&with("BR.1", Some("5511988880000")), at(0)).await.unwrap();
    assert!(store.known_owners().await.unwrap().is_empty());
    let known = store.know_owner(number, owner.id).await.unwrap();
    assert_eq!(known.customer_id, owner.id);
    assert_eq!(store.known_owners().await.unwrap(), std::slice::from_ref(&known));

    let stranger = store.identify(&with("BR.2", Some("5511988880000")), at(1)).await.unwrap();
    assert_ne!(stranger.id, owner.id);
    assert_eq!(store.know_owner("5511988880000", stranger.id).await.unwrap(), known, "the first one stays");
    let twice = store.know_owner(other_number, owner.id).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    let nobody = store.know_owner(other_number, 999).await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))), "{nobody:?}");

    store.ids_changed(&with("BR.1", None), &with("BR.3", Some("5511966660000"))).await.unwrap();
    assert_eq!(store.known_owners().await.unwrap(), std::slice::from_ref(&known), "the channel's own word");
    let without = store.identify(&by_phone("5511955550000"), at(2)).await.unwrap();
    store.merge(without.id, owner.id).await.unwrap();
    assert_eq!(store.known_owners().await.unwrap(), std::slice::from_ref(&known));

    store.forget_owner(number).await.unwrap();
    store.forget_owner(number).await.unwrap();
    assert!(store.known_owners().await.unwrap().is_empty());
    assert_eq!(store.know_owner(number, stranger.id).await.unwrap().customer_id, stranger.id);
}
