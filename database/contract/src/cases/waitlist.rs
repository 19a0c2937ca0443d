//! Customers who wait for a slot to become free.

use std::sync::Arc;

use mcp_store::{
    Store, StoreError,
    outbox::OutgoingKind,
    waitlist::{NewWait, Offer, WaitEnd, WaitRow, WaitState},
};

use crate::{
    Bed,
    make::{at, customer, id, minute, notice},
};

fn wish(n: u64, customer_id: i64, from: i64, to: i64) -> NewWait {
    NewWait {
        id: id(n),
        customer_id,
        service_id: "corte".into(),
        staff_id: Some("ze".into()),
        from: minute(from),
        to: minute(to),
    }
}

fn offer(until: i64) -> Offer {
    Offer { start: minute(500), staff_id: "ze".into(), until: minute(until), message: None }
}

fn ids(found: Result<Vec<WaitRow>, StoreError>) -> Vec<String> {
    found.unwrap().into_iter().map(|row| row.wait.id).collect()
}

async fn waiting(store: &dyn Store, from: i64, to: i64, now: i64) -> Vec<String> {
    ids(store.waiting(minute(from), minute(to), minute(now), 9).await)
}

pub async fn a_wish_is_kept_and_found_who_came_first_first(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (customer, _) = customer(store, "4915111111111").await;
    let row = store.wait(&wish(9, customer.id, 60, 600), at(1)).await.unwrap();
    let expected = WaitRow {
        wait: wish(9, customer.id, 60, 600),
        state: WaitState::Waiting,
        offered_start: None,
        offered_staff_id: None,
        offer_until: None,
        revision: row.revision,
        created_at: at(1),
    };
    assert_eq!(row, expected);
    let mut anyone = wish(1, customer.id, 300, 900);
    anyone.staff_id = None;
    store.wait(&anyone, at(2)).await.unwrap();
    assert_eq!(waiting(store, 0, 9000, 0).await, [id(9), id(1)]);
    assert_eq!(waiting(store, 600, 700, 0).await, [id(1)], "the end of a wish is exclusive");
    assert_eq!(waiting(store, 0, 60, 0).await, Vec::<String>::new(), "the end of a span as well");
    assert_eq!(waiting(store, 0, 61, 0).await, [id(9)]);
    assert_eq!(store.waiting(minute(0), minute(9000), at(0), 1).await.unwrap().len(), 1);
    let mine = store.waits_of(customer.id).await.unwrap();
    assert_eq!((mine.len(), &mine[0], mine[1].wait.staff_id.as_deref()), (2, &expected, None));
}

pub async fn wishes_that_cannot_be_are_refused(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (customer, _) = customer(store, "4915111111111").await;
    store.wait(&wish(1, customer.id, 60, 600), at(0)).await.unwrap();
    let taken = store.wait(&wish(1, customer.id, 60, 600), at(1)).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    let nobody = store.wait(&wish(2, 999, 60, 600), at(1)).await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))), "{nobody:?}");
    let backwards = store.wait(&wish(3, customer.id, 60, 60), at(1)).await;
    assert!(matches!(backwards, Err(StoreError::Invalid(_))), "{backwards:?}");
}

pub async fn an_offer_and_its_notice_are_written_together(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (customer, conversation) = customer(store, "4915111111111").await;
    let row = store.wait(&wish(1, customer.id, 60, 600), at(0)).await.unwrap();
    let with_notice = Offer { message: Some(notice("o1")), ..offer(30) };
    let offered = store.offer(&id(1), row.revision, &with_notice, at(5)).await.unwrap();
    assert_eq!((offered.state, offered.offered_start), (WaitState::Offered, Some(minute(500))));
    assert_eq!((offered.offered_staff_id.as_deref(), offered.offer_until), (Some("ze"), Some(minute(30))));
    assert_eq!(offered.revision, row.revision + 1);
    let message = store.outgoing("o1").await.unwrap().unwrap();
    assert_eq!((message.conversation_id, message.kind), (conversation.id, OutgoingKind::Notice));
    assert!(waiting(store, 0, 9000, 0).await.is_empty(), "who has an offer does not wait for another");
    assert_eq!(store.waits_of(customer.id).await.unwrap(), std::slice::from_ref(&offered));

    let stale = store.offer(&id(1), row.revision, &offer(30), at(6)).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
    let twice = store.offer(&id(1), offered.revision, &offer(30), at(6)).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    let nobody = store.offer(&id(9), 1, &offer(30), at(6)).await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))), "{nobody:?}");
}

pub async fn a_notice_needs_a_conversation(bed: Arc<Bed>) {
    let store = &*bed.store;
    let silent = store.identify(&crate::make::by_phone("4915111111111"), at(0)).await.unwrap();
    let row = store.wait(&wish(1, silent.id, 60, 600), at(0)).await.unwrap();
    let with_notice = Offer { message: Some(notice("o1")), ..offer(30) };
    let refused = store.offer(&id(1), row.revision, &with_notice, at(5)).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    assert_eq!(store.waits_of(silent.id).await.unwrap(), std::slice::from_ref(&row), "nothing of it stands");
    store.offer(&id(1), row.revision, &offer(30), at(5)).await.unwrap();
}

pub async fn entries_end_in_the_ways_that_are_allowed(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (customer, _) = customer(store, "4915111111111").await;
    let cases = [
        (false, WaitEnd::Served, Some(WaitState::Served)),
        (false, WaitEnd::Left, Some(WaitState::Left)),
        (false, WaitEnd::WaitOn, None),
        (true, WaitEnd::Served, Some(WaitState::Served)),
        (true, WaitEnd::Left, Some(WaitState::Left)),
        (true, WaitEnd::WaitOn, Some(WaitState::Waiting)),
        (false, WaitEnd::Expired, None),
        (true, WaitEnd::Expired, Some(WaitState::Expired)),
    ];
    for (n, (with_offer, end, expected)) in cases.into_iter().enumerate() {
        let n = n as u64 + 1;
        let mut row = store.wait(&wish(n, customer.id, 60, 600), at(0)).await.unwrap();
        if with_offer {
            row = store.offer(&id(n), row.revision, &offer(30), at(1)).await.unwrap();
        }
        let ended = store.end_wait(&id(n), row.revision, end, at(2)).await;
        let Some(expected) = expected else {
            assert!(matches!(ended, Err(StoreError::Conflict(_))), "{ended:?}");
            continue;
        };
        let ended = ended.unwrap();
        assert_eq!((ended.state, ended.revision), (expected, row.revision + 1), "{end:?}");
        let stale = store.end_wait(&id(n), row.revision, end, at(3)).await;
        assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
        if expected == WaitState::Waiting {
            assert_eq!((ended.offered_start, ended.offer_until), (None, None));
            assert_eq!(ended.offered_staff_id, None);
            store.offer(&id(n), ended.revision, &offer(30), at(4)).await.unwrap();
        } else {
            let over = store.end_wait(&id(n), ended.revision, WaitEnd::Left, at(3)).await;
            assert!(matches!(over, Err(StoreError::Conflict(_))), "{over:?}");
        }
    }
    let open = ids(store.waits_of(customer.id).await);
    assert_eq!(open, [id(3), id(6), id(7)]);
    let other = store.identify(&crate::make::by_phone("4915122222222"), at(0)).await.unwrap();
    assert!(store.waits_of(other.id).await.unwrap().is_empty(), "wishes of somebody else");
}

pub async fn what_is_over_expires(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (customer, _) = customer(store, "4915111111111").await;
    let mut revisions = Vec::new();
    for (n, to) in [(1, 600), (2, 600), (3, 100), (4, 600)] {
        revisions.push(store.wait(&wish(n, customer.id, 60, to), at(0)).await.unwrap().revision);
    }
    store.offer(&id(1), revisions[0], &offer(30), at(1)).await.unwrap();
    store.offer(&id(2), revisions[1], &offer(200), at(1)).await.unwrap();
    assert!(store.offers_over(minute(29)).await.unwrap().is_empty());
    let over = store.offers_over(minute(30)).await.unwrap();
    assert_eq!(ids(Ok(over.clone())), [id(1)]);
    assert_eq!(store.offers_over(minute(30)).await.unwrap(), over, "looking ends nothing");
    assert!(store.expire_waits(minute(30)).await.unwrap().is_empty(), "an offer is ended by whoever made it");
    store.end_wait(&id(1), over[0].revision, WaitEnd::Expired, minute(30)).await.unwrap();
    assert!(store.offers_over(minute(30)).await.unwrap().is_empty());
    assert_eq!(
        waiting(store, 0, 9000, 100).await,
        [id(4)],
        "a wish that is over does not wait, expired or not"
    );
    assert_eq!(ids(store.offers_over(minute(250)).await), [id(2)]);
    assert_eq!(ids(store.expire_waits(minute(250)).await), [id(3)]);
    assert!(store.expire_waits(minute(250)).await.unwrap().is_empty());
    assert_eq!(ids(store.waits_of(customer.id).await), [id(2), id(4)]);
}

pub async fn who_waits_on_keeps_the_place_in_the_queue(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (customer, _) = customer(store, "4915111111111").await;
    let first = store.wait(&wish(2, customer.id, 60, 600), at(0)).await.unwrap();
    store.wait(&wish(1, customer.id, 60, 600), at(1)).await.unwrap();
    let offered = store.offer(&id(2), first.revision, &offer(30), at(2)).await.unwrap();
    let on = store.end_wait(&id(2), offered.revision, WaitEnd::WaitOn, minute(30)).await.unwrap();
    assert_eq!((on.created_at, on.state), (first.created_at, WaitState::Waiting));
    assert_eq!(waiting(store, 0, 9000, 31).await, [id(2), id(1)]);
}
