//! Busy times of outside calendars, mirrored.

use std::sync::Arc;

use mcp_store::{
    StoreError,
    calendar::{CalendarState, MirroredEvent, SyncPage},
};

use crate::{
    Bed,
    make::{at, minute},
};

fn event(id: &str, from: i64, to: i64, staff: Option<&str>) -> MirroredEvent {
    MirroredEvent { event_id: id.into(), from: minute(from), to: minute(to), staff_id: staff.map(Into::into) }
}

fn page(upserts: Vec<MirroredEvent>, deletes: &[&str], token: Option<&str>) -> SyncPage {
    SyncPage {
        replace: false,
        upserts,
        deletes: deletes.iter().map(ToString::to_string).collect(),
        sync_token: token.map(Into::into),
        fresh: true,
    }
}

async fn events(bed: &Bed) -> Vec<(String, String)> {
    let busy = bed.store.mirrored(minute(0), minute(10_000)).await.unwrap();
    busy.into_iter().map(|event| (event.calendar, event.event_id)).collect()
}

fn of(calendar: &str, ids: &[&str]) -> Vec<(String, String)> {
    ids.iter().map(|id| (calendar.to_owned(), (*id).to_owned())).collect()
}

pub async fn events_come_change_and_go(bed: Arc<Bed>) {
    let store = &*bed.store;
    let first = page(vec![event("e1", 60, 90, None), event("e2", 30, 40, Some("ze"))], &[], Some("t1"));
    let state = store.sync("c", None, &first, at(5)).await.unwrap();
    let expected = CalendarState {
        calendar: "c".into(),
        sync_token: Some("t1".into()),
        fresh_at: Some(at(5)),
        events: 2,
    };
    assert_eq!(state, expected);
    assert_eq!(store.calendars().await.unwrap(), [expected]);
    assert_eq!(events(&bed).await, of("c", &["e2", "e1"]), "in order of their beginning");
    let busy = store.mirrored(minute(0), minute(50)).await.unwrap();
    assert_eq!((busy.len(), busy[0].staff_id.as_deref()), (1, Some("ze")));
    assert_eq!((busy[0].from, busy[0].to), (minute(30), minute(40)));

    let second = page(vec![event("e1", 10, 20, Some("rui"))], &["e2", "never seen"], Some("t2"));
    let state = store.sync("c", Some("t1"), &second, at(6)).await.unwrap();
    assert_eq!((state.sync_token.as_deref(), state.events), (Some("t2"), 1));
    assert_eq!(state.fresh_at, Some(at(6)), "bookings are confirmed by how fresh it is");
    let busy = store.mirrored(minute(0), minute(900)).await.unwrap();
    assert_eq!((busy[0].from, busy[0].staff_id.as_deref()), (minute(10), Some("rui")));
}

pub async fn the_last_one_of_an_id_counts(bed: Arc<Bed>) {
    let twice = page(vec![event("e1", 60, 90, None), event("e1", 100, 110, None)], &[], None);
    bed.store.sync("c", None, &twice, at(0)).await.unwrap();
    let busy = bed.store.mirrored(minute(0), minute(900)).await.unwrap();
    assert_eq!((busy.len(), busy[0].from), (1, minute(100)));
}

pub async fn a_whole_calendar_replaces_what_was_there_and_nothing_else(bed: Arc<Bed>) {
    let store = &*bed.store;
    store
        .sync(
            "a",
            None,
            &page(vec![event("e1", 60, 90, None), event("e2", 60, 90, None)], &[], Some("t")),
            at(0),
        )
        .await
        .unwrap();
    store.sync("b", None, &page(vec![event("e1", 60, 90, None)], &[], Some("t")), at(0)).await.unwrap();
    let whole = SyncPage { replace: true, upserts: vec![event("e3", 10, 20, None)], ..SyncPage::default() };
    let state = store.sync("a", Some("t"), &whole, at(9)).await.unwrap();
    assert_eq!((state.sync_token, state.events), (None, 1), "a replacement without a token forgets it");
    assert_eq!(state.fresh_at, Some(at(0)), "the calendar is not up to date with this page");
    assert_eq!(events(&bed).await, [of("a", &["e3"]), of("b", &["e1"])].concat());
    let names: Vec<_> = store.calendars().await.unwrap().into_iter().map(|c| c.calendar).collect();
    assert_eq!(names, ["a", "b"]);
}

pub async fn what_a_page_removes_is_what_it_names_in_its_own_calendar(bed: Arc<Bed>) {
    let both = page(vec![event("e1", 60, 90, None), event("e2", 100, 110, None)], &[], Some("t"));
    for calendar in ["a", "b"] {
        bed.store.sync(calendar, None, &both, at(0)).await.unwrap();
    }
    bed.store.sync("a", Some("t"), &page(vec![], &["e1"], Some("u")), at(1)).await.unwrap();
    assert_eq!(events(&bed).await, [of("a", &["e2"]), of("b", &["e1", "e2"])].concat());
}

pub async fn a_page_without_a_token_keeps_the_one_there_is(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.sync("c", None, &page(vec![], &[], Some("t1")), at(0)).await.unwrap();
    let mut more = page(vec![event("e1", 60, 90, None)], &[], None);
    more.fresh = false;
    let state = store.sync("c", Some("t1"), &more, at(7)).await.unwrap();
    assert_eq!((state.sync_token.as_deref(), state.fresh_at), (Some("t1"), Some(at(0))));
}

pub async fn who_began_with_an_old_token_is_stale(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.sync("c", None, &page(vec![event("e1", 60, 90, None)], &[], Some("t1")), at(0)).await.unwrap();
    for began_with in [None, Some("t0")] {
        let stale = store.sync("c", began_with, &page(vec![], &["e1"], Some("t9")), at(1)).await;
        assert!(matches!(stale, Err(StoreError::Stale)), "{began_with:?} {stale:?}");
    }
    assert_eq!(events(&bed).await, of("c", &["e1"]));
    let unknown = store.sync("never seen", Some("t1"), &page(vec![], &[], Some("t2")), at(1)).await;
    assert!(matches!(unknown, Err(StoreError::Stale)), "{unknown:?}");
}

pub async fn of_two_who_synchronise_at_once_one_is_stale(bed: Arc<Bed>) {
    bed.store.sync("c", None, &page(vec![], &[], Some("t1")), at(0)).await.unwrap();
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..4 {
        let store = bed.open().await;
        racing.spawn(async move {
            let mine = page(vec![event(&format!("e{n}"), 60, 90, None)], &[], Some(&format!("u{n}")));
            store.sync("c", Some("t1"), &mine, at(1)).await
        });
    }
    let outcomes = racing.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(StoreError::Stale))), "{outcomes:?}");
    assert_eq!(events(&bed).await.len(), 1);
}

pub async fn busy_times_share_an_instant_with_the_span(bed: Arc<Bed>) {
    let store = &*bed.store;
    // A year-long event is found by any day in it; one without length blocks nothing outside itself.
    let upserts = vec![event("long", 0, 525_600, None), event("e1", 60, 90, None)];
    store.sync("c", None, &page(upserts, &[], None), at(0)).await.unwrap();
    let found = async |from, to| {
        let busy = store.mirrored(minute(from), minute(to)).await.unwrap();
        busy.into_iter().map(|event| event.event_id).collect::<Vec<_>>()
    };
    assert_eq!(found(90, 100).await, ["long"]);
    assert_eq!(found(30, 60).await, ["long"]);
    assert_eq!(found(89, 90).await, ["long", "e1"]);
    assert_eq!(found(500_000, 500_010).await, ["long"]);
    assert!(found(525_600, 525_700).await.is_empty());
}

pub async fn a_calendar_that_is_no_longer_used_is_forgotten(bed: Arc<Bed>) {
    let store = &*bed.store;
    for calendar in ["a", "b"] {
        store
            .sync(calendar, None, &page(vec![event("e1", 60, 90, None)], &[], Some("t")), at(0))
            .await
            .unwrap();
    }
    store.forget_calendar("a").await.unwrap();
    assert_eq!(events(&bed).await, of("b", &["e1"]));
    assert_eq!(store.calendars().await.unwrap().len(), 1);
    let anew = store.sync("a", None, &page(vec![], &[], Some("t")), at(1)).await.unwrap();
    assert_eq!(anew.events, 0, "it begins from nothing");
}
