//! Who waits for whom at the writer, and the write-ahead log.

use std::{cell::RefCell, fs, time::Duration};

use futures::{FutureExt as _, future::join_all};
use mcp_store::{
    conversation::ConversationStore,
    inbox::{Delivery, InboxStore},
};
use mcp_store_sqlite::{Options, SqliteStore};

use crate::support::{at, by_phone, fixture, message, receive, tenant};

#[tokio::test]
async fn a_delivery_goes_before_everything_else_that_waits_for_the_writer() {
    let f = fixture().await;
    receive(&f.store, "w0", by_phone("55"), at(0)).await;
    f.store.route(at(0)).await.unwrap();
    // Another process writes: whoever is at the writer waits for it, and all others behind.
    let raw = f.raw().await;
    let mut other = raw.begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::query("UPDATE conversation SET language = 'de'").execute(&mut *other).await.unwrap();
    let seen = RefCell::new(Vec::new());
    let work = async |name| {
        f.store.set_language(1, "en").await.unwrap();
        seen.borrow_mut().push(name);
    };
    let delivery = async {
        receive(&f.store, "w1", by_phone("55"), at(1)).await;
        seen.borrow_mut().push("delivery");
    };
    let release = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        other.rollback().await.unwrap();
    };
    let works = ["first", "second", "third", "fourth"].map(|name| work(name).boxed_local());
    let all = works.into_iter().chain([delivery.boxed_local(), release.boxed_local()]);
    join_all(all).await;
    assert_eq!(*seen.borrow(), ["first", "delivery", "second", "third", "fourth"]);
}

#[tokio::test]
async fn the_log_stays_short_however_much_is_written_and_nothing_of_it_is_lost() {
    const DELIVERIES: i64 = 400;
    let f = fixture().await;
    f.store.close().await;
    let options = Options { checkpoint_after: Some(16), ..Options::default() };
    let store = SqliteStore::open_with(&f.url, &tenant(), options).await.unwrap();
    for n in 0..DELIVERIES {
        let mut one = message(&format!("w{n}"), by_phone("55"), "oi");
        one.raw = serde_json::json!({"text": "x".repeat(40_000)});
        store.accept(&[Delivery { messages: vec![one], ..Delivery::default() }], at(n)).await.unwrap();
    }
    let log = f.folder.path().join("tenant.db-wal");
    let longest = fs::metadata(log).unwrap().len();
    assert!(longest < 8 << 20, "the log has {longest} bytes, of some 17 million that were written");
    store.close().await;
    let store = SqliteStore::open(&f.url, &tenant()).await.unwrap();
    assert_eq!(i64::try_from(store.route(at(DELIVERIES)).await.unwrap()).unwrap(), DELIVERIES);
}

/// Earlier versions can lose pages where a second connection makes a checkpoint while the writer begins the log anew
/// (<https://sqlite.org/wal.html>, "the WAL-reset bug").
#[tokio::test]
async fn the_sqlite_that_is_compiled_in_bears_checkpoints_beside_the_writer() {
    let f = fixture().await;
    let version: String =
        sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&f.raw().await).await.unwrap();
    let numbers: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(numbers >= vec![3, 51, 3], "{version}");
}
