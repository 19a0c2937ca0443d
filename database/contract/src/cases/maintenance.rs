//! Copies of the whole, and whether the database answers.

use std::sync::Arc;

use mcp_store::{OpenError, Store, audit::AuditVerdict, maintenance::TableDigest};
use serde_json::json;

use crate::{
    Bed,
    make::{
        RULE, answering, at, booked, by_phone, choice, commit, customer, entry, id, minute, notice, personal,
        receive,
    },
};

/// Rows in most tables.
async fn fill(store: &dyn Store, from: u64, count: u64) {
    for n in from..from + count {
        let now = at(i64::try_from(n).unwrap() * 10_000);
        receive(store, &format!("w{n}"), by_phone(&format!("49151{:08}", n % 7)), now).await;
        let mut wanted = choice(&id(n + 1), "ze", i64::try_from(n).unwrap() * 60, 45);
        wanted.reminders = vec![minute(90_000)];
        booked(store, wanted, now).await;
        store.record(&personal(&format!("n{n}"), None, json!({"ü\u{0}\\N\t": n})), now).await.unwrap();
        store.remember(&format!("k{n}"), "d", &json!({"a": [n, null, "\r\n\t\\"]}), now).await.unwrap();
    }
    let later = at(i64::try_from(from + count).unwrap() * 10_000);
    while let Some(turn) = store.claim_turn(&RULE, later).await.unwrap() {
        let said = format!("a{}-{}", turn.conversation.id, turn.epoch);
        commit(store, &turn, answering(&said), later).await;
    }
}

async fn digests(store: &dyn Store) -> Vec<TableDigest> {
    store.digests().await.unwrap()
}

pub async fn the_database_answers(bed: Arc<Bed>) {
    bed.store.ping().await.unwrap();
}

pub async fn digests_name_every_table_and_tell_any_change(bed: Arc<Bed>) {
    let store = &*bed.store;
    fill(store, 0, 3).await;
    let before = digests(store).await;
    assert_eq!(digests(&*bed.open().await).await, before);
    let raw = bed.raw().await;
    let mut tables: Vec<String> = raw.columns().await.into_iter().map(|column| column.table).collect();
    tables.dedup();
    let named: Vec<&str> = before.iter().map(|digest| digest.table.as_str()).collect();
    for table in &tables {
        let rows = raw.number(&format!("SELECT count(*) FROM {table}")).await;
        let digest = before.iter().find(|digest| digest.table == *table);
        assert_eq!(digest.map(|digest| digest.rows), u64::try_from(rows).ok(), "{table} in {named:?}");
    }
    store.set_language(1, "pt").await.unwrap();
    let after = digests(store).await;
    let changed: Vec<_> =
        before.iter().zip(&after).filter(|(b, a)| b != a).map(|(b, _)| b.table.as_str()).collect();
    assert_eq!(changed, ["conversation"]);
}

pub async fn a_restored_backup_is_equal_row_by_row_and_goes_on(bed: Arc<Bed>) {
    let store = &*bed.store;
    fill(store, 0, 10).await;
    let before = digests(store).await;
    let file = bed.file("backup");
    store.backup(&file).await.unwrap();
    assert_eq!(digests(store).await, before, "a backup changes nothing");
    fill(store, 10, 5).await;
    store
        .adjust(
            &mcp_store::adjustment::NewAdjustment {
                id: id(1),
                first: jiff::civil::date(2026, 12, 24),
                last: jiff::civil::date(2026, 12, 24),
                content: json!({}),
            },
            None,
            at(0),
        )
        .await
        .unwrap();
    assert_ne!(digests(store).await, before);
    store.restore(&file).await.unwrap();
    assert_eq!(digests(store).await, before);
    assert_eq!(digests(&*bed.open().await).await, before);
    assert!(matches!(store.verify_audit(None).await.unwrap(), AuditVerdict::Whole { .. }));
    // What is guarded and numbered is so after a restore as well.
    fill(store, 10, 5).await;
    let (new, conversation) = customer(store, "4915177777777").await;
    assert_eq!(bed.raw().await.number("SELECT max(id) FROM customer").await, new.id);
    store.enqueue(conversation.id, &notice("after"), at(0)).await.unwrap();
    let raw = bed.raw().await;
    assert!(raw.execute("UPDATE audit SET actor = 'x'").await.is_err());
    let overlap = raw
        .execute("INSERT INTO occupation SELECT booking_id, lane, from_us + 1, to_us, 'x', pinned, standing FROM occupation")
        .await;
    assert!(overlap.is_err());
}

pub async fn numbers_given_after_the_backup_are_not_given_again(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (first, _) = customer(store, "4915111111111").await;
    store.erase_customer(first.id, &entry("customer.erase"), at(0)).await.unwrap();
    let file = bed.file("backup");
    store.backup(&file).await.unwrap();
    store.restore(&file).await.unwrap();
    let (second, _) = customer(store, "4915122222222").await;
    assert!(
        second.id > first.id,
        "the number of an erased customer is not given again, not even after a restore"
    );
}

pub async fn a_backup_made_while_serving_is_whole(bed: Arc<Bed>) {
    let store = &*bed.store;
    fill(store, 0, 5).await;
    let busy = bed.open().await;
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let writing = tokio::spawn(async move {
        let mut n = 100;
        while stopped.try_recv().is_err() {
            fill(&*busy, n, 1).await;
            n += 1;
        }
        n
    });
    let mut files = Vec::new();
    for n in 0..5 {
        let file = bed.file(&format!("backup-{n}"));
        store.backup(&file).await.unwrap();
        files.push(file);
    }
    stop.send(()).unwrap();
    let written = writing.await.unwrap() - 100;
    assert!(written > 0, "something was written meanwhile");
    let raw = bed.raw().await;
    for file in files {
        store.restore(&file).await.unwrap();
        assert!(matches!(store.verify_audit(None).await.unwrap(), AuditVerdict::Whole { .. }));
        for half in [
            "SELECT count(*) FROM booking b WHERE NOT EXISTS (SELECT 1 FROM occupation o WHERE o.booking_id = b.id)",
            "SELECT count(*) FROM booking b WHERE NOT EXISTS (SELECT 1 FROM reminder r WHERE r.booking_id = b.id)",
            "SELECT count(*) FROM booking b WHERE NOT EXISTS (SELECT 1 FROM idempotency k WHERE k.booking_id = b.id)",
        ] {
            assert_eq!(raw.number(half).await, 0, "{half}");
        }
    }
}

pub async fn what_reads_while_a_restore_runs_sees_the_old_or_the_new(bed: Arc<Bed>) {
    let store = &*bed.store;
    fill(store, 0, 30).await;
    let file = bed.file("backup");
    store.backup(&file).await.unwrap();
    fill(store, 30, 10).await;
    let reader = bed.open().await;
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let reading = tokio::spawn(async move {
        let mut seen = Vec::new();
        while stopped.try_recv().is_err() {
            seen.push(reader.bookings(minute(0), minute(100_000), 1000).await.unwrap().len());
        }
        seen.push(reader.bookings(minute(0), minute(100_000), 1000).await.unwrap().len());
        seen
    });
    store.restore(&file).await.unwrap();
    stop.send(()).unwrap();
    let seen = reading.await.unwrap();
    assert!(seen.iter().all(|count| [40, 30].contains(count)), "{seen:?}");
    assert_eq!(seen.last(), Some(&30));
}

pub async fn a_backup_never_overwrites_a_file(bed: Arc<Bed>) {
    let file = bed.file("precious");
    std::fs::write(&file, "precious").unwrap();
    let refused = bed.store.backup(&file).await;
    assert!(matches!(refused, Err(OpenError::Backup { .. })), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    let nowhere = bed.store.backup(&bed.file("no such folder/backup")).await;
    assert!(nowhere.is_err());
}

pub async fn what_is_no_backup_or_damaged_is_refused_with_nothing_changed(bed: Arc<Bed>) {
    let store = &*bed.store;
    fill(store, 0, 40).await;
    let good = bed.file("good");
    store.backup(&good).await.unwrap();
    let bytes = std::fs::read(&good).unwrap();
    let before = digests(store).await;
    let mut wrong: Vec<(String, Vec<u8>)> = vec![
        ("empty".into(), Vec::new()),
        ("text".into(), b"not a backup at all\n".to_vec()),
        ("cut".into(), bytes[..bytes.len() / 2].to_vec()),
        ("end cut off".into(), bytes[..bytes.len() - 1].to_vec()),
    ];
    // A text of ours in the middle of the data, changed.
    for (name, needle) in [("other message", &b"\"w3"[..]), ("other hash", &b"salt of n1"[..])] {
        let mut changed = bytes.clone();
        if let Some(place) = changed.windows(needle.len()).position(|window| window == needle) {
            changed[place + needle.len() - 1] ^= 0x01;
            wrong.push((name.into(), changed));
        }
    }
    for (name, content) in wrong {
        let file = bed.file(&name);
        std::fs::write(&file, content).unwrap();
        let refused = store.restore(&file).await;
        assert!(refused.is_err(), "{name}");
        assert_eq!(digests(store).await, before, "{name}");
    }
    let missing = store.restore(&bed.file("missing")).await;
    assert!(missing.is_err());
    store.restore(&good).await.unwrap();
}

pub async fn a_backup_of_another_tenant_is_refused(bed: Arc<Bed>) {
    let neighbour = bed.neighbour().await;
    fill(&*neighbour.store, 0, 3).await;
    let file = bed.file("neighbours");
    neighbour.store.backup(&file).await.unwrap();
    let before = digests(&*bed.store).await;
    let refused = bed.store.restore(&file).await;
    assert!(matches!(refused, Err(OpenError::OtherTenantsBackup { .. })), "{refused:?}");
    assert_eq!(digests(&*bed.store).await, before);
    neighbour.end().await;
}
