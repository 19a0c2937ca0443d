//! Tables, columns, migrations and whose database it is.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use jiff::civil::date;
use mcp_store::{LeaseTime, OpenError, Store, Tenant, booking::Change, outbox::SendEnd};

use crate::{
    Bed,
    make::{
        LEASE, RULE, SENDING, answering, at, booked, by_phone, change, choice, commit, id, minute, personal,
        receive, reference,
    },
};

/// Types by the names each database has for them.
fn form(kind: &str, name: &str) -> Option<&'static str> {
    match (kind.to_ascii_lowercase().as_str(), name) {
        ("text", _) => Some("text"),
        // In SQLite yes and no are integers.
        ("boolean", _) | ("integer" | "bigint", "redone" | "pinned" | "standing" | "notices") => {
            Some("number or yes and no")
        }
        ("integer" | "bigint", _) => Some("number"),
        _ => None,
    }
}

/// All tables and columns with their forms, in the words of neither database.
const TABLES: &str = include_str!("tables.txt");

pub async fn tables_and_columns_are_those_both_databases_have(bed: Arc<Bed>) {
    let mut found = String::new();
    let mut table = String::new();
    for column in bed.raw().await.columns().await {
        if column.table != table {
            table.clone_from(&column.table);
            writeln!(found, "{table}").unwrap();
        }
        let form = form(&column.kind, &column.name).unwrap_or(&column.kind);
        let null = if column.nullable { ", may be missing" } else { "" };
        writeln!(found, "    {}: {form}{null}", column.name).unwrap();
    }
    if std::env::var_os("CONTRACT_WRITE_TABLES").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/cases/tables.txt"), &found).unwrap();
    }
    assert!(found == TABLES, "tables.txt does not have what the migrations make:\n{found}");
}

pub async fn another_tenants_database_is_refused(bed: Arc<Bed>) {
    let owner = bed.place.tenant();
    for (client, environment) in [("somebody-else", "test"), (owner.client.as_str(), "production")] {
        let other = Tenant::new(client, environment);
        let refused = bed.place.try_open(&other, LeaseTime::Caller).await.err();
        let Some(OpenError::OtherTenant { found, expected }) = refused else { panic!("{refused:?}") };
        assert_eq!((found, expected), (owner.clone(), other.clone()));
        let refused = bed.place.migrate(&other).await;
        assert!(matches!(refused, Err(OpenError::OtherTenant { .. })), "{refused:?}");
    }
    bed.place.try_open(&owner, LeaseTime::Caller).await.unwrap();
}

pub async fn migrating_again_changes_nothing(bed: Arc<Bed>) {
    booked(&*bed.store, choice(&id(1), "ze", 60, 45), at(0)).await;
    let before = bed.store.digests().await.unwrap();
    bed.place.migrate(&bed.place.tenant()).await.unwrap();
    assert_eq!(bed.store.digests().await.unwrap(), before);
}

pub async fn newer_expansions_are_tolerated_and_newer_contractions_refused(bed: Arc<Bed>) {
    let (raw, tenant) = (bed.raw().await, bed.place.tenant());
    raw.execute("ALTER TABLE booking ADD COLUMN colour TEXT").await.unwrap();
    raw.execute("INSERT INTO schema_version (version, kind) VALUES (1000, 'expand')").await.unwrap();
    let older = bed.place.try_open(&tenant, LeaseTime::Caller).await.unwrap();
    booked(&*older, choice(&id(1), "ze", 60, 45), at(0)).await;
    bed.place.migrate(&tenant).await.unwrap();
    raw.execute("INSERT INTO schema_version (version, kind) VALUES (1001, 'contract')").await.unwrap();
    let refused = bed.place.try_open(&tenant, LeaseTime::Caller).await.err();
    assert!(matches!(refused, Some(OpenError::TooNew(1001))), "{refused:?}");
    let refused = bed.place.migrate(&tenant).await;
    assert!(matches!(refused, Err(OpenError::TooNew(1001))), "{refused:?}");
}

pub async fn an_open_store_goes_on_when_a_newer_program_adds_columns(bed: Arc<Bed>) {
    let raw = bed.raw().await;
    live(&*bed.store, 1).await;
    for table in bed.store.digests().await.unwrap() {
        let add = format!("ALTER TABLE {} ADD COLUMN newer TEXT DEFAULT 'x'", table.table);
        raw.execute(&add).await.unwrap();
    }
    live(&*bed.store, 2).await;
    live(&*bed.store, 3).await;
}

/// A bit of everything, at the n-th hour: whatever the first one prepared is used again by the second.
async fn live(store: &dyn Store, n: i64) {
    let (start, now) = (n * 60, minute(n * 60));
    let number = u64::try_from(n).unwrap();
    receive(store, &format!("m{n}"), by_phone("4915111111111"), now).await;
    let claimed = store.claim_turn(&RULE, minute(start + 1)).await.unwrap().unwrap();
    commit(store, &claimed, answering(&format!("a{n}")), now).await;
    let sending = store.claim_outgoing(&SENDING, now).await.unwrap().unwrap();
    store.sent(&sending, SendEnd::Sent { wamid: format!("w{n}") }, now).await.unwrap();
    let mut wanted = choice(&id(number), "ana", start + 120, 30);
    wanted.reminders = vec![minute(start + 1)];
    booked(store, wanted, now).await;
    store.change(&change(&format!("c{n}"), &id(number), Change::Confirm), now).await.unwrap();
    assert!(store.booking_by_reference(&reference(&id(number))).await.unwrap().is_some());
    store.open_of(1, now).await.unwrap();
    store.bookings(minute(0), minute(999), 9).await.unwrap();
    store.agenda(minute(0), minute(999), now).await.unwrap();
    let reminder = store.claim_reminder(LEASE, minute(start + 1)).await.unwrap();
    assert!(reminder.is_some());
    store.customer(1).await.unwrap().unwrap();
    store.conversation(1).await.unwrap().unwrap();
    store.set_language(1, "de").await.unwrap();
    store.record(&personal("live", Some(1), "x".into()), now).await.unwrap();
    store.audit(0, 9).await.unwrap();
    store.claim_mirror(LEASE, now).await.unwrap().unwrap();
    store.turns(1, 9).await.unwrap();
    store.calendars().await.unwrap();
    store.dead_letters(0, 9).await.unwrap();
    store.waits_of(1).await.unwrap();
    store.adjustments(date(2027, 1, 1), date(2027, 12, 31)).await.unwrap();
    store.export_customer(1).await.unwrap().unwrap();
    assert!(store.digests().await.unwrap().len() > 20);
}

pub async fn a_database_that_lacks_a_migration_is_not_opened(bed: Arc<Bed>) {
    bed.raw().await.execute("DELETE FROM schema_version").await.unwrap();
    let refused = bed.place.try_open(&bed.place.tenant(), LeaseTime::Caller).await.err();
    assert!(matches!(refused, Some(OpenError::NotMigrated(1))), "{refused:?}");
}

pub async fn a_backup_of_another_schema_version_is_refused(bed: Arc<Bed>) {
    let file = bed.file("backup");
    bed.store.backup(&file).await.unwrap();
    let raw = bed.raw().await;
    raw.execute("INSERT INTO schema_version (version, kind) VALUES (1000, 'expand')").await.unwrap();
    let before = bed.store.digests().await.unwrap();
    let refused = bed.store.restore(&file).await;
    assert!(refused.is_err());
    assert_eq!(bed.store.digests().await.unwrap(), before);
}

pub async fn no_column_is_called_differently_than_its_form_asks(bed: Arc<Bed>) {
    let mut wrong = BTreeMap::new();
    for column in bed.raw().await.columns().await {
        let number = form(&column.kind, &column.name) == Some("number");
        let text = form(&column.kind, &column.name) == Some("text");
        if (column.name.ends_with("_us") && !number) || (column.name.ends_with("_json") && !text) {
            wrong.insert(format!("{}.{}", column.table, column.name), column.kind);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
