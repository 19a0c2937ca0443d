//! What was done by whom: an append-only chain.

use std::sync::Arc;

use mcp_store::{
    Store,
    audit::{AuditHead, AuditVerdict, GENESIS, entry_hash, payload_digest},
};
use serde_json::json;

use crate::{
    Bed,
    make::{at, customer, entry, personal},
};

async fn three_entries(store: &dyn Store) {
    store.record(&entry("one"), at(1)).await.unwrap();
    store.record(&personal("two", None, json!({"name": "Ana", "n": 1.5})), at(2)).await.unwrap();
    store.record(&entry("three"), at(3)).await.unwrap();
}

async fn verdict(store: &dyn Store) -> AuditVerdict {
    store.verify_audit(None).await.unwrap()
}

/// Where the chain is said to break.
async fn broken_at(store: &dyn Store) -> Option<i64> {
    match verdict(store).await {
        AuditVerdict::Broken { seq, .. } => Some(seq),
        AuditVerdict::Whole { .. } => None,
    }
}

pub async fn entries_are_a_chain_that_anybody_can_recompute(bed: Arc<Bed>) {
    let store = &*bed.store;
    assert_eq!(store.audit_head().await.unwrap(), AuditHead { seq: 0, hash: GENESIS.into() });
    three_entries(store).await;
    let entries = store.audit(0, 9).await.unwrap();
    assert_eq!(
        entries.iter().map(|e| (e.seq, e.at)).collect::<Vec<_>>(),
        [(1, at(1)), (2, at(2)), (3, at(3))]
    );
    assert_eq!(entries[1].payload, Some(json!({"name": "Ana", "n": 1.5})));
    let digest = payload_digest("salt of two", &json!({"name": "Ana", "n": 1.5}).to_string());
    assert_eq!(entries[1].payload_digest.as_deref(), Some(digest.as_str()));
    assert_eq!((entries[0].payload_digest.clone(), entries[0].payload.clone()), (None, None));
    let mut previous = GENESIS.to_owned();
    for entry in &entries {
        assert_eq!(entry.previous, previous);
        let hash = entry_hash(
            &previous,
            entry.seq,
            entry.at,
            &entry.actor,
            &entry.action,
            &entry.subject,
            entry.payload_digest.as_deref(),
        );
        assert_eq!(entry.hash, hash);
        previous = hash;
    }
    let head = AuditHead { seq: 3, hash: previous };
    assert_eq!(store.audit_head().await.unwrap(), head);
    assert_eq!(verdict(store).await, AuditVerdict::Whole { head, erased: 0 });
    assert_eq!(store.audit(1, 1).await.unwrap(), entries[1..2]);
    assert_eq!(store.audit(3, 9).await.unwrap(), []);
}

pub async fn texts_of_any_kind_are_chained_as_they_are(bed: Arc<Bed>) {
    let store = &*bed.store;
    let mut odd = personal("a\"b\\c\n\t💈", None, json!({"ü": "\u{1f}\u{7f}\u{2028}</script>"}));
    odd.actor = "agent:müller \"x\"\r".into();
    odd.subject = "\u{1}\u{1f}é".into();
    let row = store.record(&odd, at(-7)).await.unwrap();
    assert_eq!((&row.actor, &row.action, &row.subject), (&odd.actor, &odd.action, &odd.subject));
    let hash =
        entry_hash(GENESIS, 1, at(-7), &odd.actor, &odd.action, &odd.subject, row.payload_digest.as_deref());
    assert_eq!(row.hash, hash);
    assert_eq!(store.audit(0, 9).await.unwrap(), [row]);
    assert!(matches!(verdict(store).await, AuditVerdict::Whole { .. }));
}

pub async fn the_database_refuses_to_change_or_remove_an_entry(bed: Arc<Bed>) {
    three_entries(&*bed.store).await;
    let raw = bed.raw().await;
    for statement in [
        "UPDATE audit SET actor = 'somebody else' WHERE seq = 2",
        "UPDATE audit SET at_us = at_us + 1",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
        "UPDATE audit_payload SET content_json = '{}'",
        "UPDATE audit_payload SET customer_id = 1",
        "INSERT INTO audit SELECT seq + 2, at_us, actor, action, subject, payload_digest, previous, hash FROM audit WHERE seq = 3",
        "INSERT INTO audit SELECT seq + 1, at_us, actor, action, subject, payload_digest, previous, hash FROM audit WHERE seq = 3",
    ] {
        let done = raw.execute(statement).await;
        assert!(done.is_err(), "{statement}: {done:?}");
    }
    assert!(matches!(verdict(&*bed.store).await, AuditVerdict::Whole { .. }));
    assert_eq!(bed.store.audit(0, 9).await.unwrap().len(), 3);
}

pub async fn what_other_hands_did_to_the_chain_is_found(bed: Arc<Bed>) {
    for (statement, seq) in [
        ("UPDATE audit SET actor = 'x' WHERE seq = 2", 2),
        ("UPDATE audit SET at_us = at_us + 1 WHERE seq = 1", 1),
        ("UPDATE audit SET subject = 'x' WHERE seq = 3", 3),
        ("UPDATE audit SET payload_digest = NULL WHERE seq = 2", 2),
        ("UPDATE audit SET hash = previous WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("UPDATE audit_payload SET content_json = '{}' WHERE seq = 2", 2),
        ("UPDATE audit_payload SET salt = 'x' WHERE seq = 2", 2),
        ("INSERT INTO audit_payload VALUES (3, NULL, 's', '{}')", 3),
    ] {
        let bed = bed.neighbour().await;
        three_entries(&*bed.store).await;
        let raw = bed.raw().await;
        raw.disarm_audit().await;
        raw.execute(statement).await.unwrap();
        assert_eq!(broken_at(&*bed.store).await, Some(seq), "{statement}");
        bed.end().await;
    }
}

pub async fn a_chain_cut_off_or_written_anew_is_found_with_an_earlier_head(bed: Arc<Bed>) {
    let store = &*bed.store;
    three_entries(store).await;
    let head = store.audit_head().await.unwrap();
    let raw = bed.raw().await;
    raw.disarm_audit().await;
    raw.execute("DELETE FROM audit WHERE seq = 3").await.unwrap();
    assert_eq!(broken_at(store).await, None, "by itself a shorter chain is a chain");
    let cut = store.verify_audit(Some(&head)).await.unwrap();
    assert!(matches!(cut, AuditVerdict::Broken { seq: 3, .. }), "{cut:?}");
    store.record(&entry("another third"), at(3)).await.unwrap();
    let anew = store.verify_audit(Some(&head)).await.unwrap();
    assert!(matches!(anew, AuditVerdict::Broken { seq: 3, .. }), "{anew:?}");
}

pub async fn an_earlier_head_is_recognised_in_a_chain_that_grew(bed: Arc<Bed>) {
    let store = &*bed.store;
    three_entries(store).await;
    let head = store.audit_head().await.unwrap();
    store.record(&entry("four"), at(4)).await.unwrap();
    let whole = store.verify_audit(Some(&head)).await.unwrap();
    assert!(matches!(whole, AuditVerdict::Whole { head: AuditHead { seq: 4, .. }, erased: 0 }), "{whole:?}");
}

pub async fn entries_written_at_once_are_one_chain(bed: Arc<Bed>) {
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..3_i64 {
        let store = bed.open().await;
        racing.spawn(async move {
            for m in 0..15 {
                store.record(&personal(&format!("{n}-{m}"), None, json!(m)), at(m)).await.unwrap();
            }
        });
    }
    racing.join_all().await;
    let whole = verdict(&*bed.store).await;
    assert!(matches!(whole, AuditVerdict::Whole { head: AuditHead { seq: 45, .. }, erased: 0 }), "{whole:?}");
}

pub async fn a_payload_about_a_customer_says_so(bed: Arc<Bed>) {
    let (customer, _) = customer(&*bed.store, "4915111111111").await;
    bed.store.record(&personal("one", Some(customer.id), json!("x")), at(0)).await.unwrap();
    let raw = bed.raw().await;
    assert_eq!(raw.number("SELECT customer_id FROM audit_payload").await, customer.id);
}
