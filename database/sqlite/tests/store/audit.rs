//! The chain of what was done.

use mcp_store::audit::{AuditHead, AuditPayload, AuditStore, AuditVerdict, NewAudit};
use serde_json::json;

use crate::support::{Fixture, fixture, minute};

async fn three(f: &Fixture) {
    for n in 1..=3_i64 {
        let entry = NewAudit {
            actor: "staff:rui".into(),
            action: "note".into(),
            subject: format!("thing:{n}"),
            payload: Some(AuditPayload {
                customer_id: None,
                salt: format!("s{n}"),
                content: json!({"n": n}),
            }),
        };
        f.store.record(&entry, minute(n)).await.unwrap();
    }
}

#[tokio::test]
async fn entries_follow_each_other_and_verify() {
    let f = fixture().await;
    assert_eq!(f.store.audit_head().await.unwrap().seq, 0);
    three(&f).await;
    let rows = f.store.audit(1, 9).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!((&rows[1].previous, &rows[1].payload), (&rows[0].hash, &Some(json!({"n": 3}))));
    let head = f.store.audit_head().await.unwrap();
    assert_eq!(f.store.verify_audit(Some(&head)).await.unwrap(), AuditVerdict::Whole { head, erased: 0 });
}

#[tokio::test]
async fn the_database_lets_nobody_change_or_remove_an_entry() {
    let f = fixture().await;
    three(&f).await;
    let raw = f.raw().await;
    for sql in [
        "UPDATE audit SET action = 'x' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 3",
        "UPDATE audit_payload SET content_json = '{}' WHERE seq = 2",
        "INSERT INTO audit SELECT 9, at_us, actor, action, subject, payload_digest, previous, hash FROM audit WHERE seq = 3",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 2",
    ] {
        let refused = sqlx::query(sql).execute(&raw).await.unwrap_err();
        assert!(refused.to_string().contains("audit_append_only"), "{sql}: {refused}");
    }
}

#[tokio::test]
async fn whoever_goes_around_the_triggers_is_found() {
    let head = AuditHead { seq: 3, hash: "somebody else's".into() };
    for (sql, seq) in [
        ("UPDATE audit SET action = 'x' WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("UPDATE audit_payload SET content_json = '{}' WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("UPDATE audit SET seq = 9 WHERE seq = 3", 3),
        ("SELECT 1", 3),
    ] {
        let f = fixture().await;
        three(&f).await;
        let raw = f.raw().await;
        for trigger in ["audit_no_update", "audit_no_delete", "audit_payload_no_update"] {
            sqlx::query(sqlx::AssertSqlSafe(format!("DROP TRIGGER {trigger}"))).execute(&raw).await.unwrap();
        }
        sqlx::query("DELETE FROM audit_payload WHERE seq > 1").execute(&raw).await.unwrap();
        sqlx::query(sql).execute(&raw).await.unwrap();
        let verdict = f.store.verify_audit(Some(&head)).await.unwrap();
        assert!(matches!(verdict, AuditVerdict::Broken { seq: s, .. } if s == seq), "{sql}: {verdict:?}");
    }
}
