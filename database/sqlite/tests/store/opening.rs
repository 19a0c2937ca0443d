//! A file that cannot be used says why, each in its own words.

use std::{fs, os::unix::fs::PermissionsExt};

use mcp_store::{StoreError, inbox::InboxStore, turn::TurnStore};
use mcp_store::{Tenant, maintenance::Health, tenant::OpenError};
use mcp_store_sqlite::{Options, SqliteStore, url_of};

use crate::support::{RULE, at, by_phone, fixture, message, receive, tenant};

#[tokio::test]
async fn a_url_of_another_kind_is_refused_without_being_repeated() {
    for url in ["postgres://user:secret@host/db", "tenant.db", "sqlite://", "sqlite:///x.db?mode=ro"] {
        let error = SqliteStore::open(url, &tenant()).await.unwrap_err();
        assert!(matches!(error, OpenError::Url(_)), "{url}: {error:?}");
        assert!(!error.to_string().contains("secret"));
    }
}

#[tokio::test]
async fn a_missing_file_folder_or_schema_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let url = url_of(&folder.path().join("tenant.db"));
    let missing = SqliteStore::open(&url, &tenant()).await.unwrap_err();
    assert!(
        matches!(&missing, OpenError::Unreachable(why, _) if why.contains("tenant.db is not there") && why.contains("migrate")),
        "{missing:?}"
    );
    fs::write(folder.path().join("tenant.db"), "").unwrap();
    let empty = SqliteStore::open(&url, &tenant()).await.unwrap_err();
    assert!(matches!(empty, OpenError::NotMigrated(1)), "{empty:?}");
    let nowhere = url_of(&folder.path().join("no/such/folder/tenant.db"));
    for error in [
        SqliteStore::migrate(&nowhere, &tenant()).await.unwrap_err(),
        SqliteStore::open(&nowhere, &tenant()).await.unwrap_err(),
    ] {
        assert!(
            matches!(&error, OpenError::Unreachable(why, _) if why.contains("no/such/folder is not there") && !why.contains("run")),
            "{error:?}"
        );
    }
    let a_folder = SqliteStore::migrate(&url_of(folder.path()), &tenant()).await.unwrap_err();
    assert!(
        matches!(&a_folder, OpenError::Unreachable(why, _) if why.contains("is a folder")),
        "{a_folder:?}"
    );
}

#[tokio::test]
async fn another_tenants_file_is_refused_and_left_alone() {
    let f = fixture().await;
    f.store.close().await;
    for other in [Tenant::new("bella", "staging"), Tenant::new("nova", "production")] {
        for error in [
            SqliteStore::open(&f.url, &other).await.unwrap_err(),
            SqliteStore::migrate(&f.url, &other).await.unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(matches!(error, OpenError::OtherTenant { .. }), "{error:?}");
            assert!(text.contains("bella/production") && text.contains(&other.to_string()), "{text}");
        }
    }
    SqliteStore::migrate(&f.url, &tenant()).await.unwrap();
    SqliteStore::open(&f.url, &tenant()).await.unwrap();
}

#[tokio::test]
async fn newer_migrations_that_add_are_tolerated_and_those_that_take_away_are_not() {
    let f = fixture().await;
    let raw = f.raw().await;
    let seed = async |version: i64, kind: &str| {
        sqlx::query("INSERT INTO schema_version (version, kind) VALUES ($1, $2)")
            .bind(version)
            .bind(kind)
            .execute(&raw)
            .await
            .unwrap();
    };
    seed(9001, "expand").await;
    SqliteStore::open(&f.url, &tenant()).await.unwrap();
    SqliteStore::migrate(&f.url, &tenant()).await.unwrap();
    seed(9002, "contract").await;
    let open = SqliteStore::open(&f.url, &tenant()).await.unwrap_err();
    let migrate = SqliteStore::migrate(&f.url, &tenant()).await.unwrap_err();
    assert!(matches!(open, OpenError::TooNew(9002)), "{open:?}");
    assert!(matches!(migrate, OpenError::TooNew(9002)), "{migrate:?}");
}

#[tokio::test]
async fn every_migration_says_what_kind_it_is() {
    let f = fixture().await;
    let raw = f.raw().await;
    let run: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY version")
        .fetch_all(&raw)
        .await
        .unwrap();
    let said: Vec<i64> = sqlx::query_scalar("SELECT version FROM schema_version ORDER BY version")
        .fetch_all(&raw)
        .await
        .unwrap();
    assert_eq!(run, said);
}

#[tokio::test]
async fn a_file_that_is_no_database_or_is_damaged_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tenant.db");
    fs::write(&path, "not a database, but long enough to be taken for one ".repeat(200)).unwrap();
    for error in [
        SqliteStore::open(&url_of(&path), &tenant()).await.unwrap_err(),
        SqliteStore::migrate(&url_of(&path), &tenant()).await.unwrap_err(),
    ] {
        assert!(matches!(error, OpenError::Corrupt(_)), "{error:?}");
    }

    // Damage beyond the first page is found by `migrate`, which runs before every start.
    let f = fixture().await;
    for n in 0..50 {
        receive(&f.store, &format!("w{n}"), by_phone("55"), at(n)).await;
    }
    f.store.close().await;
    let mut bytes = fs::read(f.store.path()).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0x5a);
    fs::write(f.store.path(), bytes).unwrap();
    let error = SqliteStore::migrate(&f.url, &tenant()).await.unwrap_err();
    assert!(matches!(error, OpenError::Corrupt(_)), "{error:?}");
}

#[tokio::test]
async fn damage_met_while_serving_is_said_to_be() {
    let f = fixture().await;
    for n in 0..300 {
        receive(&f.store, &format!("w{n}"), by_phone("55"), at(n)).await;
    }
    f.store.close().await;
    let mut bytes = fs::read(f.store.path()).unwrap();
    for page in bytes.chunks_mut(4096).skip(1) {
        page[0] = 0x5a;
    }
    fs::write(f.store.path(), bytes).unwrap();
    // The first page is sound, so that some of it can be opened; whatever fails, fails by this name.
    let error = match SqliteStore::open(&f.url, &tenant()).await {
        Err(error) => error.to_string(),
        Ok(store) => store.claim_turn(&RULE, at(9000)).await.unwrap_err().to_string(),
    };
    assert!(error.contains("damaged"), "{error}");
}

#[tokio::test]
async fn a_full_disk_is_said_to_be_full_and_nothing_half_written_stays() {
    let f = fixture().await;
    f.store.close().await;
    let options = Options { max_pages: Some(120), ..Options::default() };
    let store = SqliteStore::open_with(&f.url, &tenant(), options).await.unwrap();
    let mut kept = 0;
    let large = |n: i64| {
        let mut one = message(&format!("w{n}"), by_phone("55"), "oi");
        one.raw = serde_json::json!({"text": "x".repeat(2000)});
        [mcp_store::inbox::Delivery { messages: vec![one], ..Default::default() }]
    };
    let error = loop {
        match store.accept(&large(kept), at(kept)).await {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1000, "the cap does not hold");
    };
    assert!(matches!(error, StoreError::Full), "{error:?}");
    store.ping().await.unwrap();
    // SQLite ended that transaction by itself; the next ones are transactions like any other.
    for _ in 0..2 {
        let again = store.accept(&large(1000), at(9000)).await.unwrap_err();
        assert!(matches!(again, StoreError::Full), "{again:?}");
    }
    store.recover(at(9000), jiff::SignedDuration::from_secs(30)).await.unwrap();
    store.close().await;
    let store = SqliteStore::open(&f.url, &tenant()).await.unwrap();
    assert_eq!(i64::try_from(store.route(at(9000)).await.unwrap()).unwrap(), kept);
}

/// Says what happens when the file given by the environment is opened; run as another user by the test below.
#[tokio::test]
#[ignore = "run by the test below, with a file to open"]
async fn open_the_file_of_the_environment() {
    let url = std::env::var("MCP_TEST_FILE").expect("the test below sets MCP_TEST_FILE; run that one");
    let error = SqliteStore::open(&url, &tenant()).await.unwrap_err();
    println!("OPENED WITH {error}");
}

#[tokio::test]
async fn a_file_that_may_only_be_read_is_said_to_be() {
    let f = fixture().await;
    f.store.close().await;
    let set =
        |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    set(f.store.path(), 0o444);
    set(f.folder.path(), 0o755);
    // Root may write everything: the look is taken by somebody who may not.
    let exe = f.folder.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();
    set(&exe, 0o755);
    let mut look = std::process::Command::new(&exe);
    look.args(["--ignored", "--nocapture", "--exact", "opening::open_the_file_of_the_environment"])
        .env("MCP_TEST_FILE", &f.url)
        .current_dir(f.folder.path());
    if fs::OpenOptions::new().write(true).open(f.store.path()).is_ok() {
        std::os::unix::process::CommandExt::uid(&mut look, 65534);
    }
    let output = look.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("OPENED WITH open the database: it is read-only"), "{said}");
}
