//! Dated changes of hours or closures that an owner made at run time.

use std::sync::Arc;

use jiff::civil::{Date, date};
use mcp_store::{Store, StoreError, adjustment::NewAdjustment};
use serde_json::json;

use crate::{
    Bed,
    make::{at, entry, id},
};

fn adjustment(n: u64, first: Date, last: Date) -> NewAdjustment {
    NewAdjustment {
        id: id(n),
        first,
        last,
        content: json!({"kind": "closed", "reason": "Férias", "n": [n, 1.5]}),
    }
}

async fn found(store: &dyn Store, first: Date, last: Date) -> Vec<String> {
    let rows = store.adjustments(first, last).await.unwrap();
    rows.into_iter().map(|row| row.adjustment.id).collect()
}

pub async fn adjustments_are_found_by_the_days_they_share_in_order_of_their_making(bed: Arc<Bed>) {
    let store = &*bed.store;
    let row =
        store.adjust(&adjustment(9, date(2026, 12, 24), date(2026, 12, 26)), None, at(1)).await.unwrap();
    assert_eq!(
        (&row.adjustment.content, row.created_at),
        (&json!({"kind": "closed", "reason": "Férias", "n": [9, 1.5]}), at(1))
    );
    store.adjust(&adjustment(1, date(2026, 12, 26), date(2026, 12, 26)), None, at(2)).await.unwrap();
    store.adjust(&adjustment(5, date(2026, 12, 31), date(2027, 1, 1)), None, at(2)).await.unwrap();
    assert_eq!(found(store, date(2026, 12, 26), date(2026, 12, 31)).await, [id(9), id(1), id(5)]);
    assert_eq!(found(store, date(2026, 12, 20), date(2026, 12, 23)).await, Vec::<String>::new());
    assert_eq!(found(store, date(2026, 12, 20), date(2026, 12, 24)).await, [id(9)]);
    assert_eq!(found(store, date(2027, 1, 1), date(2027, 1, 1)).await, [id(5)]);
    assert_eq!(store.adjustments(date(2026, 12, 24), date(2026, 12, 24)).await.unwrap(), [row]);
}

pub async fn adjustments_that_cannot_be_are_refused(bed: Arc<Bed>) {
    let store = &*bed.store;
    let backwards =
        store.adjust(&adjustment(1, date(2026, 12, 24), date(2026, 12, 23)), Some(&entry("a")), at(0)).await;
    assert!(matches!(backwards, Err(StoreError::Invalid(_))), "{backwards:?}");
    store.adjust(&adjustment(1, date(2026, 12, 24), date(2026, 12, 24)), None, at(0)).await.unwrap();
    let taken =
        store.adjust(&adjustment(1, date(2027, 1, 1), date(2027, 1, 1)), Some(&entry("a")), at(1)).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    assert_eq!(store.audit_head().await.unwrap().seq, 0, "what failed is not in the audit");
}

pub async fn an_adjustment_is_taken_back_and_both_are_in_the_audit(bed: Arc<Bed>) {
    let store = &*bed.store;
    let christmas = adjustment(1, date(2026, 12, 24), date(2026, 12, 26));
    let row = store.adjust(&christmas, Some(&entry("adjustment.add")), at(0)).await.unwrap();
    assert_eq!(store.remove_adjustment(&id(1), Some(&entry("adjustment.remove")), at(9)).await.unwrap(), row);
    assert!(found(store, date(2026, 1, 1), date(2027, 12, 31)).await.is_empty());
    let again = store.remove_adjustment(&id(1), Some(&entry("adjustment.remove")), at(10)).await;
    assert!(matches!(again, Err(StoreError::NotFound(_))), "{again:?}");
    let entries = store.audit(0, 9).await.unwrap();
    let short: Vec<_> = entries.iter().map(|e| (e.action.as_str(), e.at)).collect();
    assert_eq!(short, [("adjustment.add", at(0)), ("adjustment.remove", at(9))]);
}

pub async fn an_agenda_has_the_adjustments_of_its_days_in_any_zone(bed: Arc<Bed>) {
    let store = &*bed.store;
    // at(0) is 2027-01-15 08:00 UTC; in some zone it is the 14th, or the 16th.
    for (n, day) in [(1, 13), (2, 14), (3, 15), (4, 16), (5, 17)] {
        store
            .adjust(
                &adjustment(n, date(2027, 1, day), date(2027, 1, day)),
                None,
                at(i64::try_from(n).unwrap()),
            )
            .await
            .unwrap();
    }
    let agenda = store.agenda(at(0), at(3_600_000), at(0)).await.unwrap();
    let ids: Vec<_> = agenda.adjustments.into_iter().map(|row| row.adjustment.id).collect();
    assert_eq!(ids, [id(2), id(3), id(4)]);
}
