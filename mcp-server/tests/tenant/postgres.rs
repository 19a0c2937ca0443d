//! A handful of stories on PostgreSQL: what the process promises on SQLite holds there too.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use mcp_simulator::{Number, Point, Snapshot};
use mcp_store::{Store, Tenant as Whose};
use mcp_store_postgres::{Login, PostgresStore, provision};
use secrecy::{ExposeSecret, SecretString};
use tokio::process::{Child, Command};

use crate::harness::{APP_SECRET, NUMBER, Tenant, http};

const TEXT: &str = "Quero marcar um corte amanhã às 15h";
const FROM: &str = "5511999990001";

/// A tenant whose database is a schema of its own on the PostgreSQL that `MCP_TEST_POSTGRES` names.
pub struct OnPostgres {
    pub tenant: Tenant,
    pub url: SecretString,
    pub whose: Whose,
}

/// One process of a tenant.
pub struct Replica {
    pub child: Child,
    pub public: u16,
}

impl Replica {
    /// SIGKILL, and the process is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

impl OnPostgres {
    /// A migrated tenant; no process runs.
    pub async fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let admin = std::env::var("MCP_TEST_POSTGRES").unwrap_or_else(|_| {
            panic!(
                "MCP_TEST_POSTGRES names no PostgreSQL to test with: run `make test`, or \
                 `scripts/postgres run -- cargo test -p mcp-server`, which start one of their own"
            )
        });
        let mut tenant = Tenant::start().await;
        tenant.stop().await;
        let (process, number) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let client = format!("t{process}-{number}");
        let whose = Whose::new(&client, "development");
        // A password for minutes, on a server whose own password is not known outside.
        let login = Login { password: format!("canarypass{process:08}{number:04}").into(), salt: [7; 16] };
        let url = provision(&SecretString::from(admin), &whose, &login).await.unwrap();
        let this = Self { tenant, url, whose };
        assert!(this.command("migrate").status().await.unwrap().success(), "{}", this.tenant.log());
        this
    }

    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = self.tenant.command(subcommand);
        command.env("DATABASE_URL", self.url.expose_secret()).env("CLIENT_NAME", &self.whose.client);
        command
    }

    /// Starts a process with ports of its own, and has deliveries go to it.
    pub async fn serve(&self) -> Replica {
        let public = free_port();
        let mut command = self.command("serve");
        command
            .env("LISTEN_PUBLIC", format!("127.0.0.1:{public}"))
            .env("LISTEN_INTERNAL", format!("127.0.0.1:{}", free_port()));
        let replica = Replica { child: command.spawn().unwrap(), public };
        let began = Instant::now();
        while http().get(replica.webhook()).send().await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "not listening: {}", self.tenant.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.deliver_to(&replica);
        replica
    }

    /// Has deliveries go to this process from now on.
    pub fn deliver_to(&self, replica: &Replica) {
        self.tenant.sim.register_number(Number::new(NUMBER, &replica.webhook(), APP_SECRET));
    }

    pub async fn store(&self) -> Arc<dyn Store> {
        Arc::new(PostgresStore::open(&self.url, &self.whose).await.unwrap())
    }

    pub async fn rows(&self, table: &str) -> u64 {
        let digests = self.store().await.digests().await.unwrap();
        digests.into_iter().find(|digest| digest.table == table).unwrap().rows
    }

    /// Exactly one answer, one row, one event.
    async fn one_of_each(&self) -> Snapshot {
        let seen = |s: &Snapshot| !s.messages.is_empty() && !s.events.is_empty();
        self.tenant.within(Duration::from_secs(90), "an answer and an event", seen).await;
        // Time for a second one to appear, were there one.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let state = self.tenant.sim.state();
        let texts: Vec<&str> = state.messages.iter().map(mcp_simulator::SentMessage::text).collect();
        assert_eq!((texts.len(), state.events.len(), self.rows("booking").await), (1, 1, 1), "{texts:?}");
        assert!(state.violations.is_empty(), "{:?}", state.violations);
        state
    }
}

impl Replica {
    fn webhook(&self) -> String {
        format!("http://127.0.0.1:{}/webhooks/whatsapp", self.public)
    }
}

#[tokio::test]
async fn a_booking_is_made_once_and_outlives_a_kill_after_the_acknowledgement() {
    let on = OnPostgres::start().await;
    let replica = on.serve().await;
    assert_eq!(on.tenant.say(FROM, TEXT).await, 200);
    replica.kill().await;
    let _replica = on.serve().await;
    on.one_of_each().await;
    assert!(!on.tenant.log().contains("canarypass"), "the password is in no log");
}

#[tokio::test]
async fn a_kill_between_send_and_record_sends_nothing_twice() {
    let on = OnPostgres::start().await;
    let replica = on.serve().await;
    on.tenant.sim.hold(Point::GraphAfter, 1);
    on.tenant.say(FROM, TEXT).await;
    let began = Instant::now();
    while !on.tenant.sim.waiting().iter().any(|w| w.point == Point::GraphAfter && w.n > 0) {
        assert!(began.elapsed().as_secs() < 20, "nothing is being sent: {}", on.tenant.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    replica.kill().await;
    on.tenant.sim.release(None);
    let _replica = on.serve().await;
    assert_eq!(on.one_of_each().await.messages.len(), 1);
}

#[tokio::test]
async fn a_running_server_goes_on_with_what_a_backup_holds() {
    let on = OnPostgres::start().await;
    let _replica = on.serve().await;
    on.tenant.say(FROM, TEXT).await;
    on.one_of_each().await;
    let copy = on.tenant.path("copy");
    let ran = async |subcommand| on.command(subcommand).arg(&copy).status().await.unwrap().success();
    assert!(ran("backup").await, "{}", on.tenant.log());
    on.tenant.say("5511999990002", "Quero um corte amanhã às 16h").await;
    on.tenant.until("a second event", |s| s.events.len() == 2).await;
    assert!(ran("restore").await, "{}", on.tenant.log());
    assert_eq!(on.rows("booking").await, 1);
    on.tenant.say("5511999990003", "Quero um corte amanhã às 17h").await;
    on.tenant.until("a third answer", |s| s.messages.len() == 3).await;
    assert_eq!(on.rows("booking").await, 2);
}

#[tokio::test]
async fn the_database_may_be_named_by_its_parts() {
    let on = OnPostgres::start().await;
    let url = reqwest::Url::parse(on.url.expose_secret()).unwrap();
    let by_parts = |password: &str| {
        let mut command = on.command("doctor");
        command
            .env_remove("DATABASE_URL")
            .env("DATABASE_HOST", url.host_str().unwrap())
            .env("DATABASE_PORT", url.port().unwrap_or(5432).to_string())
            .env("DATABASE_NAME", url.path().trim_start_matches('/'))
            .env("DATABASE_USER", url.username())
            .env("DATABASE_PASSWORD", password);
        command
    };
    let line = |output: std::process::Output| {
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().find(|line| line.contains("database")).unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    let right = line(by_parts(url.password().unwrap()).output().await.unwrap());
    assert!(right.starts_with("ok "), "{right}");
    let wrong = line(by_parts("wrong-canary").output().await.unwrap());
    assert!(wrong.starts_with("FAILED ") && !wrong.contains("canary"), "{wrong}");
}
