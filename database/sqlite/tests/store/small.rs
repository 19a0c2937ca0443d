//! Keys, adjustments and counters.

use jiff::civil::date;
use mcp_store::{
    StoreError,
    adjustment::{AdjustmentStore, NewAdjustment},
    audit::{AuditStore, NewAudit},
    booking::BookingStore,
    idempotency::IdempotencyStore,
    usage::{Usage, UsageKind, UsageStore},
};
use serde_json::json;

use crate::support::{fixture, minute};

#[tokio::test]
async fn the_first_outcome_under_a_key_wins_for_a_day() {
    let f = fixture().await;
    assert_eq!(f.store.recall("k", "d", minute(0)).await.unwrap(), None);
    assert_eq!(f.store.remember("k", "d", &json!(1), minute(0)).await.unwrap(), json!(1));
    assert_eq!(f.store.remember("k", "d", &json!(2), minute(1)).await.unwrap(), json!(1));
    assert_eq!(f.store.recall("k", "d", minute(1)).await.unwrap(), Some(json!(1)));
    assert!(matches!(f.store.recall("k", "e", minute(1)).await, Err(StoreError::KeyReused)));
    assert!(matches!(f.store.remember("k", "e", &json!(1), minute(1)).await, Err(StoreError::KeyReused)));
    assert_eq!(
        f.store.recall("k", "e", minute(24 * 60)).await.unwrap(),
        None,
        "a day later it was never seen"
    );
    assert_eq!(f.store.expire_keys(minute(24 * 60 - 1)).await.unwrap(), 0);
    assert_eq!(f.store.expire_keys(minute(24 * 60)).await.unwrap(), 1);
}

#[tokio::test]
async fn adjustments_are_found_by_their_days_in_the_order_they_were_made() {
    let f = fixture().await;
    let new = |id: &str, first: i8, last: i8| NewAdjustment {
        id: id.into(),
        first: date(2027, 1, first),
        last: date(2027, 1, last),
        content: json!({"kind": "closed"}),
    };
    let entry = NewAudit {
        actor: "staff:rui".into(),
        action: "adjust".into(),
        subject: String::new(),
        payload: None,
    };
    f.store.adjust(&new("z", 10, 12), Some(&entry), minute(0)).await.unwrap();
    f.store.adjust(&new("a", 12, 12), None, minute(1)).await.unwrap();
    assert!(matches!(f.store.adjust(&new("a", 1, 2), None, minute(2)).await, Err(StoreError::Conflict(_))));
    assert!(matches!(f.store.adjust(&new("b", 2, 1), None, minute(2)).await, Err(StoreError::Invalid(_))));
    let ids = async |first: i8, last: i8| {
        let rows = f.store.adjustments(date(2027, 1, first), date(2027, 1, last)).await.unwrap();
        rows.into_iter().map(|row| row.adjustment.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(12, 20).await, ["z", "a"]);
    assert_eq!(ids(1, 10).await, ["z"]);
    assert!(ids(13, 31).await.is_empty());
    // The test's clock begins on 2027-01-15, and an agenda looks one day further on both sides.
    let agenda = f.store.agenda(minute(-3 * 24 * 60), minute(0), minute(0)).await.unwrap();
    assert_eq!(agenda.adjustments.len(), 2);
    assert!(f.store.agenda(minute(0), minute(60), minute(0)).await.unwrap().adjustments.is_empty());
    f.store.remove_adjustment("z", Some(&entry), minute(3)).await.unwrap();
    assert!(matches!(f.store.remove_adjustment("z", None, minute(3)).await, Err(StoreError::NotFound(_))));
    let subjects: Vec<_> = f.store.audit(0, 9).await.unwrap().into_iter().map(|row| row.subject).collect();
    assert_eq!(subjects, ["adjustment:z", "adjustment:z"]);
}

#[tokio::test]
async fn what_is_used_up_adds_up_per_day_and_stays_within_its_limit() {
    let f = fixture().await;
    let day = date(2027, 1, 15);
    let some = Usage { tokens_in: 10, messages: 1, ..Usage::default() };
    f.store.add_usage(day, None, &some).await.unwrap();
    let sums = f.store.add_usage(day, None, &some).await.unwrap();
    assert_eq!(sums, Usage { tokens_in: 20, messages: 2, ..Usage::default() });
    assert_eq!(f.store.usage(date(2027, 1, 16)).await.unwrap(), Usage::default());
    let mut spending = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = f.store.clone();
        spending.spawn(async move { store.spend(day, UsageKind::AudioSeconds, 30, 100).await.unwrap() });
    }
    let granted = spending.join_all().await.into_iter().filter(|granted| *granted).count();
    assert_eq!((granted, f.store.usage(day).await.unwrap().audio_seconds), (3, 90));
    assert!(f.store.spend(day, UsageKind::AudioSeconds, 10, 100).await.unwrap(), "up to the limit itself");
    let huge = Usage { tokens_out: u64::MAX, ..Usage::default() };
    f.store.add_usage(day, None, &huge).await.unwrap();
    assert_eq!(
        f.store.add_usage(day, None, &huge).await.unwrap().tokens_out,
        u64::try_from(i64::MAX).unwrap()
    );
}
