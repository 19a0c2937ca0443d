//! What PostgreSQL has besides the contract: tenants beside each other, a server that fails, a clock of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests, also where they are told in functions of their own"
)]

use std::{sync::Arc, time::Duration};

use mcp_store::{
    LeaseTime, OpenError, Store, StoreError, Tenant,
    outbox::{OutgoingState, SendEnd},
};
use mcp_store_contract::{
    Bed, Database, Place,
    bed::Raw,
    make::{
        LEASE, RULE, SENDING, answering, booked, by_phone, choice, commit, customer, delivery, id, message,
        minute, notice, receive, render_nothing,
    },
};
use mcp_store_postgres::{Login, PostgresStore};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::task::JoinHandle;

const WORKER: &str = env!("CARGO_BIN_EXE_contract-worker");
const PHONE: &str = "4915111111111";

/// The server's administrator.
fn admin_url() -> SecretString {
    std::env::var("MCP_TEST_POSTGRES").expect("MCP_TEST_POSTGRES: run `make test` or scripts/postgres").into()
}

async fn connect(url: &SecretString) -> PgConnection {
    PgConnection::connect(url.expose_secret()).await.unwrap()
}

fn url_of(place: &Place) -> SecretString {
    match place {
        Place::Postgres { url, .. } => url.clone().into(),
        Place::Sqlite { .. } => panic!("these tests are PostgreSQL's"),
    }
}

fn login() -> Login {
    Login { password: SecretString::from("only0for0tests0only"), salt: [7; 16] }
}

fn name_of(bed: &Bed) -> String {
    mcp_store_postgres::name_of(&bed.place.tenant()).unwrap()
}

/// The names of a tenant's tables.
async fn tables(raw: &Raw) -> Vec<String> {
    let mut tables: Vec<String> = raw.columns().await.into_iter().map(|column| column.table).collect();
    tables.dedup();
    tables
}

async fn refused(connection: &mut PgConnection, sql: &str) -> String {
    let done = connection.execute(AssertSqlSafe(sql.to_owned())).await;
    let error = done.expect_err(sql);
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).expect("a code").into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_sees_nothing_of_another() {
    Bed::run(Database::Postgres, WORKER, sees_nothing).await;
}

async fn sees_nothing(bed: Arc<Bed>) {
    let theirs = bed.neighbour().await;
    receive(&*theirs.store, "secret", by_phone(PHONE), minute(0)).await;
    let name = name_of(&theirs);
    let mut role = connect(&url_of(&bed.place)).await;
    let tables = tables(&theirs.raw().await).await;
    assert!(tables.len() > 20);
    for table in tables {
        for sql in [
            format!(r#"SELECT * FROM "{name}".{table}"#),
            format!(r#"DELETE FROM "{name}".{table}"#),
            format!(r#"TRUNCATE "{name}".{table}"#),
            format!(r#"DROP TABLE "{name}".{table}"#),
        ] {
            assert_eq!(refused(&mut role, &sql).await, "42501", "{sql}");
        }
    }
    for sql in [
        format!(r#"CREATE TABLE "{name}".mine (id INT)"#),
        format!(r#"DROP SCHEMA "{name}" CASCADE"#),
        format!(r#"SET ROLE "{name}""#),
        format!(r#"ALTER ROLE "{name}" PASSWORD 'x'"#),
        "SET ROLE postgres".to_owned(),
        "CREATE TABLE public.mine (id INT)".to_owned(),
        "CREATE SCHEMA more".to_owned(),
        "CREATE ROLE more".to_owned(),
        "CREATE DATABASE more".to_owned(),
        "SELECT rolpassword FROM pg_authid".to_owned(),
        "COPY (SELECT 1) TO PROGRAM 'cat'".to_owned(),
        "SELECT pg_read_file('/etc/hostname')".to_owned(),
    ] {
        assert_eq!(refused(&mut role, &sql).await, "42501", "{sql}");
    }
    let seen: i64 =
        sqlx::query_scalar("SELECT count(*) FROM information_schema.tables WHERE table_schema = $1")
            .bind(&name)
            .fetch_one(&mut role)
            .await
            .unwrap();
    assert_eq!(seen, 0);
    let schema: String =
        sqlx::query_scalar("SELECT current_schema()::text").fetch_one(&mut role).await.unwrap();
    assert_eq!(schema, name_of(&bed), "its own, and by itself");
    role.close().await.unwrap();
    theirs.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provisioning_again_keeps_the_data_and_changes_the_password() {
    Bed::run(Database::Postgres, WORKER, provisioned_again).await;
}

async fn provisioned_again(bed: Arc<Bed>) {
    receive(&*bed.store, "kept", by_phone(PHONE), minute(0)).await;
    let tenant = bed.place.tenant();
    let (before, old) = (bed.store.digests().await.unwrap(), url_of(&bed.place));
    let new = Login { password: SecretString::from("another0password0"), ..login() };
    let url = mcp_store_postgres::provision(&admin_url(), &tenant, &new).await.unwrap();
    assert!(url.expose_secret().contains("another0password0"));
    let store = PostgresStore::open(&url, &tenant).await.unwrap();
    assert_eq!(mcp_store::maintenance::Maintenance::digests(&store).await.unwrap(), before);
    let refused = PostgresStore::open(&old, &tenant).await.map(drop);
    let Err(OpenError::Unreachable(why, _)) = &refused else { panic!("{refused:?}") };
    assert!(why.contains("password"), "{why}");
    assert!(!format!("{refused:?} {why}").contains("only0for0tests"), "a credential is never shown");
    let short = Login { password: SecretString::from("short"), ..login() };
    assert!(matches!(
        mcp_store_postgres::provision(&admin_url(), &tenant, &short).await,
        Err(OpenError::Url(_))
    ));
    store.close().await;
}

#[test]
fn names_that_need_care_are_refused() {
    for (client, environment) in
        [("a\"; DROP ROLE postgres; --", "x"), ("Capital", "x"), ("pg-x", "y"), (&"a".repeat(60), "abcd")]
    {
        assert!(matches!(
            mcp_store_postgres::name_of(&Tenant::new(client, environment)),
            Err(OpenError::Url(_))
        ));
    }
    assert_eq!(
        mcp_store_postgres::name_of(&Tenant::new("bella-salon", "production")).unwrap(),
        "bella-salon-production"
    );
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let tenant = Tenant::new("nobody", "staging");
    let open =
        async |url: &str| PostgresStore::open(&SecretString::from(url.to_owned()), &tenant).await.map(drop);
    assert!(matches!(open("sqlite:///data/tenant.db").await, Err(OpenError::Url(_))));
    assert!(matches!(open("postgres://:::").await, Err(OpenError::Url(_))));
    let nobody_listens = open("postgres://a:b@127.0.0.1:1/x").await;
    assert!(
        matches!(&nobody_listens, Err(OpenError::Unreachable(why, _)) if why.contains("reached")),
        "{nobody_listens:?}"
    );
    let admin = admin_url().expose_secret().to_owned();
    let no_database = open(&admin.replace("/postgres?", "/no-such-database?")).await;
    assert!(
        matches!(&no_database, Err(OpenError::Unreachable(why, _)) if why.contains("no database")),
        "{no_database:?}"
    );
    let empty = open(&admin).await;
    assert!(matches!(empty, Err(OpenError::NotMigrated(1))), "{empty:?}");
}

#[tokio::test]
async fn a_missing_extension_says_who_has_to_do_what() {
    let (database, role) =
        (format!("bare-{}", std::process::id()), format!("bare-role-{}", std::process::id()));
    let mut admin = connect(&admin_url()).await;
    for sql in [
        format!(r#"CREATE DATABASE "{database}""#),
        format!(r#"CREATE ROLE "{role}" LOGIN PASSWORD 'only0for0tests0only'"#),
    ] {
        admin.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let at_database = admin_url().expose_secret().replace("/postgres?", &format!("/{database}?"));
    let mut there = connect(&SecretString::from(at_database.clone())).await;
    there.execute(AssertSqlSafe(format!(r#"CREATE SCHEMA "{role}" AUTHORIZATION "{role}""#))).await.unwrap();
    there.close().await.unwrap();
    let (_, host) = at_database.split_once('@').unwrap();
    let url = SecretString::from(format!("postgres://{role}:only0for0tests0only@{host}"));
    let tenant = Tenant::new("bare", "staging");
    let refused = PostgresStore::migrate(&url, &tenant).await;
    assert!(matches!(refused, Err(OpenError::Extension("btree_gist", _))), "{refused:?}");
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("administrator") && told.contains("CREATE EXTENSION btree_gist"), "{told}");
    let mut there = connect(&SecretString::from(at_database)).await;
    there.execute("CREATE EXTENSION btree_gist").await.unwrap();
    there.close().await.unwrap();
    PostgresStore::migrate(&url, &tenant).await.expect("once it is there");
    PostgresStore::open(&url, &tenant).await.unwrap().close().await;
    for sql in [format!(r#"DROP DATABASE "{database}" WITH (FORCE)"#), format!(r#"DROP ROLE "{role}""#)] {
        admin.execute(AssertSqlSafe(sql)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_end_by_the_servers_clock() {
    Bed::run(Database::Postgres, WORKER, servers_clock).await;
}

async fn servers_clock(bed: Arc<Bed>) {
    let opened = bed.place.open(LeaseTime::Database).await;
    let store = &*opened;
    receive(store, "m1", by_phone(PHONE), minute(0)).await;
    let first = store.claim_turn(&RULE, minute(1)).await.unwrap().unwrap();
    let years = minute(1_000_000);
    assert_eq!(store.claim_turn(&RULE, years).await.unwrap(), None, "whatever a caller believes the time is");
    let lapse = async |sql: &str| assert_eq!(bed.raw().await.execute(sql).await, Ok(1));
    lapse("UPDATE conversation SET lease_until_us = 1").await;
    let second =
        store.claim_turn(&RULE, minute(1)).await.unwrap().expect("the server says that it has ended");
    assert!(matches!(
        store.commit_turn(&first, answering("a"), &render_nothing, minute(2)).await,
        Err(StoreError::Stale)
    ));
    commit(store, &second, answering("a"), minute(2)).await;
    let sending = store.claim_outgoing(&SENDING, minute(2)).await.unwrap().unwrap();
    assert_eq!(store.claim_outgoing(&SENDING, years).await.unwrap(), None);
    assert_eq!(store.outgoing("a").await.unwrap().unwrap().state, OutgoingState::Sending);
    lapse("UPDATE outbox SET due_us = 1").await;
    assert_eq!(
        store.claim_outgoing(&SENDING, minute(-1_000_000_000)).await.unwrap(),
        None,
        "ambiguous, and it waits"
    );
    assert_eq!(store.outgoing("a").await.unwrap().unwrap().state, OutgoingState::Ambiguous);
    assert!(store.claim_outgoing(&SENDING, years).await.unwrap().unwrap().epoch > sending.epoch);

    let mut wanted = choice(&id(1), "ana", 1_000, 30);
    wanted.reminders = vec![minute(10)];
    booked(store, wanted, minute(0)).await;
    let mirroring = store.claim_mirror(LEASE, minute(1)).await.unwrap().unwrap();
    assert_eq!(store.claim_mirror(LEASE, years).await.unwrap(), None);
    lapse("UPDATE booking SET mirror_lease_us = 1").await;
    assert!(store.claim_mirror(LEASE, minute(1)).await.unwrap().unwrap().epoch > mirroring.epoch);
    let reminding = store.claim_reminder(LEASE, minute(10)).await.unwrap().unwrap();
    assert_eq!(store.claim_reminder(LEASE, minute(999)).await.unwrap(), None);
    lapse("UPDATE reminder SET lease_until_us = 1").await;
    assert!(store.claim_reminder(LEASE, minute(10)).await.unwrap().unwrap().epoch > reminding.epoch);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_claims_at_once_one_gets_a_conversation() {
    Bed::run(Database::Postgres, WORKER, one_gets_a_conversation).await;
}

async fn one_gets_a_conversation(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (_, conversation) = customer(store, PHONE).await;
    for id in ["first", "second"] {
        store.enqueue(conversation.id, &notice(id), minute(0)).await.unwrap();
    }
    let first = store.claim_outgoing(&SENDING, minute(0)).await.unwrap().unwrap();
    store.sent(&first, SendEnd::Failed { why: "refused".into() }, minute(0)).await.unwrap();
    let letter = store.dead_letters(0, 1).await.unwrap().remove(0);

    // One worker stops in the middle of taking the second message.
    for sql in [
        "CREATE FUNCTION contract_stop() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN PERFORM pg_advisory_xact_lock_shared(hashtext(current_schema())); RETURN NEW; END $$",
        "CREATE TRIGGER contract_stop BEFORE UPDATE ON outbox FOR EACH ROW
         WHEN (NEW.id = 'second' AND NEW.state = 'sending') EXECUTE FUNCTION contract_stop()",
    ] {
        bed.raw().await.execute(sql).await.unwrap();
    }
    let mut stop = connect(&url_of(&bed.place)).await;
    stop.execute("SELECT pg_advisory_lock(hashtext(current_schema()))").await.unwrap();
    let claim = |handle: Arc<dyn Store>| {
        tokio::spawn(async move { handle.claim_outgoing(&SENDING, minute(1)).await.unwrap() })
    };
    let waits = async |count: i64, worker: &JoinHandle<_>| {
        let (raw, locked) =
            (bed.raw().await, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
        while !worker.is_finished()
            && raw.number(&format!("{locked} AND usename = current_user")).await < count
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let one = claim(bed.open().await);
    waits(1, &one).await;

    // What it did is not seen yet, and the first message is to be sent again.
    store.replay(letter.id, minute(1)).await.unwrap();
    let other = claim(bed.open().await);
    waits(2, &other).await;
    stop.execute("SELECT pg_advisory_unlock_all()").await.unwrap();
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    assert_eq!(one.map(|message| message.id).as_deref(), Some("second"));
    assert_eq!(other, None, "the conversation has a message in flight");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_overlap_is_told_as_one() {
    Bed::run(Database::Postgres, WORKER, only_an_overlap).await;
}

async fn only_an_overlap(bed: Arc<Bed>) {
    booked(&*bed.store, choice(&id(1), "ana", 60, 30), minute(0)).await;
    let other_rule = "ALTER TABLE booking ADD CONSTRAINT other EXCLUDE USING gist (currency WITH =)";
    bed.raw().await.execute(other_rule).await.unwrap();
    let failed = bed
        .store
        .book(&mcp_store_contract::make::blind("k2", choice(&id(2), "ana", 120, 30)), minute(0))
        .await;
    assert!(matches!(failed, Err(StoreError::Database(_))), "another exclusion: {failed:?}");
}

/// Has every insert of a booking fail with a code, the first so many times.
async fn failing(bed: &Bed, code: &str, times: u32) {
    for sql in [
        "CREATE SEQUENCE contract_tries",
        &format!(
            "CREATE FUNCTION contract_fail() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 IF nextval('contract_tries') <= {times} THEN RAISE 'as ordered' USING ERRCODE = '{code}'; END IF;
                 RETURN NEW;
             END $$"
        ),
        "CREATE TRIGGER contract_fail BEFORE INSERT ON booking FOR EACH ROW EXECUTE FUNCTION contract_fail()",
    ] {
        bed.raw().await.execute(sql).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_lost_is_tried_again_a_few_times() {
    Bed::run(Database::Postgres, WORKER, tried_again).await;
}

async fn tried_again(bed: Arc<Bed>) {
    for code in ["40P01", "40001"] {
        let bed = bed.neighbour().await;
        failing(&bed, code, 3).await;
        booked(&*bed.store, choice(&id(1), "ana", 60, 30), minute(0)).await;
        assert_eq!(bed.raw().await.number("SELECT COUNT(*) FROM idempotency").await, 1, "done once");
        bed.end().await;
    }
    let unlucky = bed.neighbour().await;
    failing(&unlucky, "40P01", 1_000).await;
    let failed = unlucky
        .store
        .book(&mcp_store_contract::make::blind("k1", choice(&id(1), "ana", 60, 30)), minute(0))
        .await;
    assert!(matches!(failed, Err(StoreError::Database(_))), "bounded: {failed:?}");
    assert_eq!(unlucky.raw().await.number("SELECT last_value FROM contract_tries").await, 6);
    unlucky.end().await;
    failing(&bed, "53100", 1_000).await;
    let failed = bed
        .store
        .book(&mcp_store_contract::make::blind("k1", choice(&id(1), "ana", 60, 30)), minute(0))
        .await;
    assert!(matches!(failed, Err(StoreError::Full)), "a full disk is told as such: {failed:?}");
    assert_eq!(
        bed.raw().await.number("SELECT last_value FROM contract_tries").await,
        1,
        "and not tried again"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_survives_the_loss_of_its_connections() {
    Bed::run(Database::Postgres, WORKER, lost_connections).await;
}

async fn lost_connections(bed: Arc<Bed>) {
    let name = name_of(&bed);
    let busy = (0..4).map(|n| receive(&*bed.store, ["a", "b", "c", "d"][n], by_phone(PHONE), minute(0)));
    futures::future::join_all(busy).await;
    let mut admin = connect(&admin_url()).await;
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1")
        .bind(&name)
        .execute(&mut admin)
        .await
        .unwrap();
    admin.close().await.unwrap();
    // Each connection may cost one error, which says so; nothing hangs and nothing is half done.
    let mut errors = 0;
    let mut n = 0;
    while n < 10 {
        let message = message(&format!("n{n}"), by_phone(PHONE));
        match bed.store.accept(&[delivery(vec![message])], minute(1)).await {
            Ok(_) => n += 1,
            Err(_) => errors += 1,
        }
        assert!(errors <= 4, "one per connection");
    }
    let store = bed.open().await;
    let claimed = store.claim_turn(&RULE, minute(2)).await.unwrap().unwrap();
    assert_eq!(claimed.messages.len(), 14);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn committed_means_on_disk_whatever_the_role_says() {
    Bed::run(Database::Postgres, WORKER, on_disk).await;
}

async fn on_disk(bed: Arc<Bed>) {
    let name = name_of(&bed);
    let mut admin = connect(&admin_url()).await;
    let weaken = format!(r#"ALTER ROLE "{name}" SET synchronous_commit = off"#);
    admin.execute(AssertSqlSafe(weaken)).await.unwrap();
    admin.close().await.unwrap();
    for sql in [
        "CREATE TABLE contract_seen (setting TEXT)",
        "CREATE FUNCTION contract_see() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN INSERT INTO contract_seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$",
        "CREATE TRIGGER contract_see BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION contract_see()",
    ] {
        bed.raw().await.execute(sql).await.unwrap();
    }
    let store = bed.open().await;
    receive(&*store, "m", by_phone(PHONE), minute(0)).await;
    assert_eq!(bed.raw().await.rows("SELECT setting FROM contract_seen").await, [["on"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_was_changed_is_refused() {
    Bed::run(Database::Postgres, WORKER, changed_backup).await;
}

async fn changed_backup(bed: Arc<Bed>) {
    receive(&*bed.store, "needle", by_phone(PHONE), minute(0)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    bed.store.backup(&file).await.unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "customers' data is for its owner");
    let text = std::fs::read_to_string(&file).unwrap();
    let before = bed.store.digests().await.unwrap();
    std::fs::write(&file, text.replace("needle", "Needle")).unwrap();
    let refused = bed.store.restore(&file).await;
    assert!(matches!(&refused, Err(OpenError::Backup { why, .. }) if why.contains("digest")), "{refused:?}");
    assert_eq!(bed.store.digests().await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_may_be_encrypted_and_the_server_proven() {
    Bed::run(Database::Postgres, WORKER, encrypted).await;
}

async fn encrypted(bed: Arc<Bed>) {
    let certificate = std::env::var("MCP_TEST_POSTGRES_CA").expect(
        "MCP_TEST_POSTGRES_CA names the certificate of the server's authority; run `make test`, which makes one, or set \
         it beside MCP_TEST_POSTGRES",
    );
    let tenant = bed.place.tenant();
    let url = |query: &str| {
        let plain = url_of(&bed.place).expose_secret().to_owned();
        SecretString::from(format!("{}?{query}", plain.split('?').next().unwrap()))
    };
    let proven =
        PostgresStore::open(&url(&format!("sslmode=verify-full&sslrootcert={certificate}")), &tenant)
            .await
            .unwrap();
    mcp_store::maintenance::Health::ping(&proven).await.unwrap();
    let name = mcp_store_postgres::name_of(&tenant).unwrap();
    let mut admin = connect(&admin_url()).await;
    let encrypted: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.usename = $1 AND s.ssl",
    )
    .bind(&name)
    .fetch_one(&mut admin)
    .await
    .unwrap();
    admin.close().await.unwrap();
    assert_eq!(encrypted, 1);
    proven.close().await;
    let unproven = PostgresStore::open(&url("sslmode=verify-full"), &tenant).await.map(drop);
    assert!(
        matches!(&unproven, Err(OpenError::Unreachable(why, _)) if why.contains("encrypted")),
        "{unproven:?}"
    );
}
