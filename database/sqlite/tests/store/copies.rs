//! Backup and restore: equal row by row, while the store is in use.

use std::fs;

use mcp_store::{
    Tenant,
    audit::{AuditStore, AuditVerdict, NewAudit},
    booking::BookingStore,
    inbox::InboxStore,
    maintenance::Maintenance,
    tenant::OpenError,
    turn::TurnStore,
};
use mcp_store_sqlite::{SqliteStore, url_of};

use crate::support::{
    Fixture, RULE, answer, at, book, by_phone, choice, code, commit, fixture, minute, receive, tenant,
};

async fn lived_in() -> Fixture {
    let f = fixture().await;
    for n in 0..20 {
        receive(&f.store, &format!("w{n}"), by_phone(&format!("55{}", n % 4)), at(n)).await;
    }
    let turn = f.store.claim_turn(&RULE, at(9000)).await.unwrap().unwrap();
    commit(&f.store, &turn, answer("a"), at(9100)).await;
    book(&f.store, choice("1", "ze", 60, 45), 0).await;
    let entry = NewAudit { actor: "system".into(), action: "x".into(), subject: "y".into(), payload: None };
    f.store.record(&entry, at(0)).await.unwrap();
    f
}

#[tokio::test]
async fn a_backup_is_equal_row_by_row_and_opens_as_a_database() {
    let f = lived_in().await;
    let file = f.folder.path().join("backup");
    f.store.backup(&file).await.unwrap();
    let before = f.store.digests().await.unwrap();
    assert!(before.iter().filter(|table| table.rows > 0).count() >= 10, "{before:?}");
    receive(&f.store, "later", by_phone("55"), at(0)).await;
    let copy = SqliteStore::open(&url_of(&file), &tenant()).await.unwrap();
    assert_eq!(copy.digests().await.unwrap(), before);
    assert_ne!(f.store.digests().await.unwrap(), before, "a digest tells a difference");
}

#[tokio::test]
async fn a_restore_while_serving_brings_everything_back_and_keeps_the_rules() {
    let f = lived_in().await;
    let file = f.folder.path().join("backup");
    f.store.backup(&file).await.unwrap();
    let before = f.store.digests().await.unwrap();
    // Somebody else has the file open all the while.
    let other = SqliteStore::open(&f.url, &tenant()).await.unwrap();
    book(&f.store, choice("2", "ze", 300, 45), 0).await;
    receive(&f.store, "later", by_phone("99"), at(0)).await;
    f.store.route(at(1)).await.unwrap();
    other.restore(&file).await.unwrap();
    for store in [&f.store, &other] {
        assert_eq!(store.digests().await.unwrap(), before);
        assert!(matches!(store.verify_audit(None).await.unwrap(), AuditVerdict::Whole { .. }));
    }
    assert_eq!(code(&book(&f.store, choice("3", "ze", 60, 45), 1).await), "slot_taken");
    assert!(book(&f.store, choice("4", "ze", 300, 45), 1).await.row().is_some());
    let changed = sqlx::query("DELETE FROM audit").execute(&f.raw().await).await.unwrap_err();
    assert!(changed.to_string().contains("audit_append_only"), "the triggers are back");
    assert!(f.store.booking("2").await.unwrap().is_none());
    assert!(f.store.agenda(minute(0), minute(999), minute(1)).await.unwrap().occupied.len() == 2);
}

#[tokio::test]
async fn backups_of_a_store_in_use_are_each_of_one_instant() {
    let f = fixture().await;
    let writer = f.store.clone();
    let writing = tokio::spawn(async move {
        for n in 0..200 {
            book(&writer, choice(&format!("b{n}"), "ze", n * 60, 45), 0).await;
        }
    });
    for n in 0..10 {
        let file = f.folder.path().join(format!("backup{n}"));
        f.store.backup(&file).await.unwrap();
        let copy = SqliteStore::open(&url_of(&file), &tenant()).await.unwrap();
        let rows = |digests: &[mcp_store::maintenance::TableDigest], table: &str| {
            digests.iter().find(|digest| digest.table == table).unwrap().rows
        };
        let digests = copy.digests().await.unwrap();
        assert_eq!(rows(&digests, "booking"), rows(&digests, "occupation"), "no half of a booking");
        assert_eq!(rows(&digests, "booking"), rows(&digests, "idempotency"));
    }
    writing.await.unwrap();
}

#[tokio::test]
async fn what_is_no_backup_of_this_tenant_is_refused_and_changes_nothing() {
    let f = lived_in().await;
    let before = f.store.digests().await.unwrap();
    let path = |name: &str| f.folder.path().join(name);

    let backup = path("backup");
    f.store.backup(&backup).await.unwrap();
    assert!(matches!(f.store.backup(&backup).await, Err(OpenError::Backup { .. })), "never written over");

    fs::write(path("garbage"), "x".repeat(9000)).unwrap();
    let mut bytes = fs::read(&backup).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0x5a);
    fs::write(path("damaged"), &bytes).unwrap();
    fs::write(path("cut"), &bytes[..half]).unwrap();
    for name in ["nothing", "garbage", "damaged", "cut"] {
        let refused = f.store.restore(&path(name)).await;
        assert!(matches!(refused, Err(OpenError::Backup { .. })), "{name}: {refused:?}");
    }

    let other = url_of(&path("other.db"));
    let nova = Tenant::new("nova", "production");
    SqliteStore::migrate(&other, &nova).await.unwrap();
    SqliteStore::open(&other, &nova).await.unwrap().backup(&path("novas")).await.unwrap();
    let refused = f.store.restore(&path("novas")).await;
    assert!(matches!(refused, Err(OpenError::OtherTenantsBackup { .. })), "{refused:?}");

    let newer = sqlx::SqlitePool::connect(&url_of(&backup)).await.unwrap();
    sqlx::query("ALTER TABLE customer ADD COLUMN newer TEXT").execute(&newer).await.unwrap();
    newer.close().await;
    let refused = f.store.restore(&backup).await;
    assert!(matches!(refused, Err(OpenError::Backup { .. })), "{refused:?}");

    assert_eq!(f.store.digests().await.unwrap(), before);
    book(&f.store, choice("9", "rui", 60, 45), 1).await;
}
