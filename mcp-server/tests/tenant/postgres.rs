//! A tenant on PostgreSQL.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use mcp_simulator::{Number, Snapshot};
use mcp_store::{Store, Tenant as Whose};
use mcp_store_postgres::{Login, PostgresStore, provision};
use secrecy::{ExposeSecret, SecretString};
use tokio::process::{Child, Command};

use crate::harness::{APP_SECRET, NUMBER, Tenant, http};

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
    #[cfg(feature = "failpoints")]
    pub internal: u16,
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
        self.serve_with(&[]).await
    }

    /// The same with these variables.
    pub async fn serve_with(&self, more: &[(&str, &str)]) -> Replica {
        let (public, internal) = (free_port(), free_port());
        let mut command = self.command("serve");
        command
            .env("LISTEN_PUBLIC", format!("127.0.0.1:{public}"))
            .env("LISTEN_INTERNAL", format!("127.0.0.1:{internal}"))
            .envs(more.iter().copied());
        let replica = Replica {
            child: command.spawn().unwrap(),
            public,
            #[cfg(feature = "failpoints")]
            internal,
        };
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
    pub async fn one_of_each(&self) -> Snapshot {
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
