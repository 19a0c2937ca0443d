//! A tenant in this process: real listeners, a real database, stand-ins for Meta, Gemini and Google.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use clap::Parser as _;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use mcp_server::{clock::Clock as _, database::Database, serve, settings::ServeArgs};
use mcp_simulator::{Number, Say, SentMessage, Settings, Simulator};
use mcp_store::{Store, Tenant as Whose};
use mcp_store_postgres::Login;
use mcp_tenant::profile::{Mode, Profile};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{Kind, clock::Moving, keys, script::Script};

pub const NUMBER: &str = "106540352242922";
const APP_SECRET: &str = "app-secret-canary";

/// The customer of the dialogue, and somebody else whose data must never be shown.
pub const ME: Person = Person { phone: "5511987650001", name: "Marina Alves" };
pub const OTHER: Person = Person { phone: "5511912340002", name: "Zoraide Quixaba" };

/// Somebody who writes.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub phone: &'static str,
    pub name: &'static str,
}

pub struct Tenant {
    pub sim: Simulator,
    pub clock: Moving,
    pub store: Arc<dyn Store>,
    pub profile: Profile,
    pub zone: TimeZone,
    stop: CancellationToken,
    served: JoinHandle<Result<(), serve::ServeError>>,
    database: Database,
    _folder: TempDir,
}

/// A name of its own: on a shared server many dialogues are at it at once.
fn client_name(folder: &TempDir) -> String {
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("d{}", plain.to_ascii_lowercase())
}

/// A schema and a role of its own on the server of `MCP_TEST_POSTGRES`.
async fn on_a_server(whose: &Whose) -> SecretString {
    let admin = std::env::var("MCP_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!(
            "MCP_TEST_POSTGRES names no PostgreSQL: run `make test`, or scripts/postgres run -- cargo test …"
        )
    });
    let login = Login { password: whose.client.repeat(3).into(), salt: [7; 16] };
    mcp_store_postgres::provision(&admin.into(), whose, &login).await.unwrap()
}

/// A port that nobody else of this process is given, below those that the system gives to whoever asks.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    loop {
        let port = NEXT.fetch_add(1, Ordering::SeqCst);
        assert!(port < 32_000, "no free port");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Tenant {
    pub async fn start(script: &Script, kind: Kind) -> Self {
        let profile =
            Profile::read(&script.profile, Mode::Strict).unwrap_or_else(|wrong| panic!("{wrong}")).profile;
        let zone = TimeZone::get(&profile.business.time_zone).unwrap();
        let now: DateTime = script.now.as_deref().unwrap_or("2026-11-24T10:00").parse().unwrap();
        let clock = Moving::from(now.to_zoned(zone.clone()).unwrap().timestamp());
        let theirs = clock.clone();
        let sim = Simulator::start(Settings {
            clock: mcp_simulator::Clock::from_fn(move || theirs.now()),
            ..Settings::default()
        })
        .await
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("profile.yaml");
        std::fs::write(&file, &script.profile).unwrap();
        let whose = Whose::new(client_name(&folder), "test");
        let url: SecretString = match kind {
            Kind::Sqlite => format!("sqlite://{}", folder.path().join("tenant.db").display()).into(),
            Kind::Postgres => on_a_server(&whose).await,
        };
        Database::migrate(&url, &whose).await.unwrap();
        let (public, internal) = (free_port(), free_port());
        sim.register_number(Number::new(
            NUMBER,
            &format!("http://127.0.0.1:{public}/webhooks/whatsapp"),
            APP_SECRET,
        ));
        let settings = [
            ("--profile-path", file.display().to_string()),
            ("--database-url", url.expose_secret().to_owned()),
            ("--client-name", whose.client.clone()),
            ("--environment", "test".to_owned()),
            ("--listen-public", format!("127.0.0.1:{public}")),
            ("--listen-internal", format!("127.0.0.1:{internal}")),
            ("--public-url", format!("http://127.0.0.1:{public}")),
            ("--whatsapp-graph-base", sim.graph_base()),
            ("--whatsapp-api-token", "graph-token-canary".to_owned()),
            ("--whatsapp-phone-number-id", NUMBER.to_owned()),
            ("--whatsapp-app-secret", APP_SECRET.to_owned()),
            ("--whatsapp-webhook-verify-token", "verify-canary".to_owned()),
            ("--gemini-base", sim.url().to_owned()),
            ("--dependency-check-seconds", "0".to_owned()),
            ("--gemini-api-key", "gemini-key-canary".to_owned()),
            ("--token-signing-key", keys::pems().signing.clone()),
        ];
        let flags = settings.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]);
        let args = ServeArgs::parse_from(std::iter::once("serve".to_owned()).chain(flags));
        let stop = CancellationToken::new();
        let settings = args.settings().unwrap();
        let served = tokio::spawn(serve::start(settings, Arc::new(clock.clone()), stop.clone()));
        let database = Database::open(&url, &whose).await.unwrap();
        let store = database.store();
        let tenant = Self { sim, clock, store, profile, zone, stop, served, database, _folder: folder };
        tenant.ready(internal).await;
        tenant
    }

    async fn ready(&self, internal: u16) {
        let url = format!("http://127.0.0.1:{internal}/readyz");
        let began = Instant::now();
        while !keys::http().get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(!self.served.is_finished(), "the tenant ended at its start");
            assert!(began.elapsed() < Duration::from_secs(30), "the tenant is not ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.served.await.unwrap().unwrap();
        self.database.close().await;
        self.sim.stop().await;
    }

    /// Somebody writes; the webhook must take it.
    pub async fn post(&self, from: Person, text: &str, message: Option<serde_json::Map<String, Value>>) {
        let mut say = Say::text(NUMBER, from.phone, from.name, text);
        say.message = message;
        let said = self.sim.say(say).await.unwrap();
        assert_eq!(said.status, 200, "the webhook did not take the message");
    }

    /// What one person was sent so far, oldest first.
    pub fn read_by(&self, phone: &str) -> Vec<SentMessage> {
        self.sim.state().messages.into_iter().filter(|sent| sent.to.as_deref() == Some(phone)).collect()
    }

    /// `+1d 15:00`: that many days from the day the dialogue is at.
    pub fn instant(&self, text: &str) -> Timestamp {
        let (days, time) = text.split_once(' ').unwrap_or_else(|| panic!("`{text}` is not like `+1d 15:00`"));
        let days: i64 = days.trim_start_matches('+').trim_end_matches('d').parse().unwrap();
        let time: jiff::civil::Time = time.parse().unwrap();
        let today = self.clock.now().to_zoned(self.zone.clone()).date();
        today
            .saturating_add(jiff::Span::new().days(days))
            .to_datetime(time)
            .to_zoned(self.zone.clone())
            .unwrap()
            .timestamp()
    }

    /// The phone of the first owner, digits only.
    pub fn owner(&self) -> String {
        let owner = self.profile.business.owners.first().expect("the profile names no owner");
        owner.chars().filter(char::is_ascii_digit).collect()
    }
}
