//! One tenant process per test, with its own database, ports and stand-ins.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use mcp_server::clock::{Clock as _, SystemClock};
use mcp_simulator::{Clock, Number, Say, Settings, Simulator, Snapshot};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

pub use crate::keys::http;
use crate::{database::Database, keys::pems};

pub const NUMBER: &str = "106540352242922";
pub const APP_SECRET: &str = "app-secret-canary";
pub const CALENDAR: &str = "agenda@group.calendar.example";
const EMAIL: &str = "agenda@project.iam.example";
const BINARY: &str = env!("CARGO_BIN_EXE_mcp-server");

const PROFILE: &str = r#"
schemaVersion: 1
business:
  type: barbershop
  name: Barbearia do Zé
  timeZone: America/Sao_Paulo
  languages: [pt-BR]
  currency: BRL
  contact: {phone: "+55 11 3333-4444"}
services:
  - {id: corte, name: {pt-BR: Corte}, duration: 45m, price: "80.00"}
  - {id: barba, name: {pt-BR: Barba}, duration: 30m, price: "40.00"}
staff: [{id: ze, name: Zé}]
hours:
  mon: ["09:00-19:00"]
  tue: ["09:00-19:00"]
  wed: ["09:00-19:00"]
  thu: ["09:00-19:00"]
  fri: ["09:00-19:00"]
  sat: ["09:00-19:00"]
  sun: ["09:00-19:00"]
"#;

pub struct Tenant {
    pub sim: Simulator,
    pub db: Database,
    folder: TempDir,
    public: u16,
    internal: u16,
    child: Option<Child>,
    extra: Vec<(&'static str, String)>,
    /// Seconds by which everybody's clock was set.
    #[cfg(feature = "failpoints")]
    offset: Arc<AtomicI64>,
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

impl Tenant {
    /// A migrated, running, ready tenant.
    pub async fn start() -> Self {
        Self::start_with(&[], |_| ()).await
    }

    /// The same with settings of its own, in a world that was prepared.
    pub async fn start_with(extra: &[(&'static str, &str)], prepare: impl FnOnce(&Simulator)) -> Self {
        let offset = Arc::new(AtomicI64::new(0));
        let set = Arc::clone(&offset);
        let clock = Clock::from_fn(move || {
            SystemClock.now() + jiff::SignedDuration::from_secs(set.load(Ordering::SeqCst))
        });
        let sim = Simulator::start(Settings { clock, ..Settings::default() }).await.unwrap();
        sim.register_google_key(EMAIL, &pems().google_public).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("profile.yaml"), PROFILE).unwrap();
        let db = Database::new(folder.path().join("tenant.db"));
        prepare(&sim);
        let extra = extra.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let (public, internal) = (free_port(), free_port());
        let mut tenant = Self {
            sim,
            db,
            folder,
            public,
            internal,
            child: None,
            extra,
            #[cfg(feature = "failpoints")]
            offset,
        };
        tenant.sim.register_number(Number::new(NUMBER, &tenant.url("/webhooks/whatsapp"), APP_SECRET));
        let migrated = tenant.command("migrate").status().await.unwrap();
        assert!(migrated.success());
        tenant.run().await;
        tenant
    }

    pub fn command(&self, subcommand: &str) -> Command {
        let pems = pems();
        let mut command = Command::new(BINARY);
        command.arg(subcommand).env_clear().kill_on_drop(true).stderr(Stdio::piped());
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        command.stderr(log);
        for (name, value) in [
            ("PROFILE_PATH", self.path("profile.yaml").display().to_string()),
            ("DATABASE_URL", self.db.url()),
            ("LISTEN_PUBLIC", format!("127.0.0.1:{}", self.public)),
            ("LISTEN_INTERNAL", format!("127.0.0.1:{}", self.internal)),
            ("BASE_PATH", "/barbearia/production".into()),
            ("PUBLIC_URL", self.public_url()),
            ("WHATSAPP_GRAPH_BASE", self.sim.graph_base()),
            ("WHATSAPP_API_TOKEN", "graph-token-canary".into()),
            ("WHATSAPP_PHONE_NUMBER_ID", NUMBER.into()),
            ("WHATSAPP_APP_SECRET", format!("old-secret-canary,{APP_SECRET}")),
            ("WHATSAPP_WEBHOOK_VERIFY_TOKEN", "verify-canary".into()),
            ("GEMINI_BASE", self.sim.url().into()),
            ("GEMINI_API_KEY", "gemini-key-canary".into()),
            ("GOOGLE_CALENDAR_BASE", self.sim.google_calendar_base()),
            ("GOOGLE_TOKEN_URL", self.sim.google_token_url()),
            ("GOOGLE_CALENDAR_ID", CALENDAR.into()),
            ("GOOGLE_CLIENT_EMAIL", EMAIL.into()),
            ("GOOGLE_PRIVATE_KEY", pems.google.replace('\n', "\\n")),
            ("TOKEN_SIGNING_KEY", pems.signing.clone()),
            // A look takes a prepared failure that is meant for a use.
            ("DEPENDENCY_CHECK_SECONDS", "0".into()),
            ("MCP_CLOCK_OFFSET", self.path("clock").display().to_string()),
        ] {
            command.env(name, value);
        }
        command.envs(self.extra.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the process and waits until it is ready.
    pub async fn run(&mut self) {
        let mut child = self.command("serve").spawn().unwrap();
        let ready = format!("http://127.0.0.1:{}/readyz", self.internal);
        let began = Instant::now();
        while !http().get(&ready).send().await.is_ok_and(|r| r.status().is_success()) {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the server ended with {status}: {}", self.log());
            }
            assert!(began.elapsed() < Duration::from_secs(20), "not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.child = Some(child);
    }

    /// Starts the process with more variables, and does not wait until it is ready: it may end before.
    #[cfg(feature = "failpoints")]
    pub fn run_with(&mut self, more: &[(&str, String)]) {
        let mut command = self.command("serve");
        command.envs(more.iter().map(|(name, value)| (*name, value.as_str())));
        self.child = Some(command.spawn().unwrap());
    }

    /// Whether the process ends by itself in this time.
    #[cfg(feature = "failpoints")]
    pub async fn dies_within(&mut self, limit: Duration) -> bool {
        let child = self.child.as_mut().unwrap();
        let died = tokio::time::timeout(limit, child.wait()).await.is_ok();
        if died {
            self.child = None;
        }
        died
    }

    /// SIGKILL, if the process is there.
    #[cfg(feature = "failpoints")]
    pub async fn kill_if_alive(&mut self) {
        if self.child.is_some() {
            self.kill().await;
        }
    }

    /// Starts the process anew with these variables, now and whenever it is started again.
    #[cfg(feature = "failpoints")]
    pub async fn run_anew_with(&mut self, more: Vec<(&'static str, String)>) {
        self.extra.extend(more);
        self.stop().await;
        self.run().await;
    }

    /// Sets the clock of the process, and of nobody else, to so many seconds from the machine's.
    #[cfg(feature = "failpoints")]
    pub fn set_its_clock(&self, seconds: i64) {
        std::fs::write(self.path("clock.new"), seconds.to_string()).unwrap();
        std::fs::rename(self.path("clock.new"), self.path("clock")).unwrap();
    }

    /// Lets time pass, for the process and for the stand-ins.
    #[cfg(feature = "failpoints")]
    pub fn pass(&self, time: Duration) {
        let seconds = i64::try_from(time.as_secs()).unwrap();
        let passed = self.offset.fetch_add(seconds, Ordering::SeqCst) + seconds;
        self.set_its_clock(passed);
    }

    /// The process's id.
    #[cfg(feature = "failpoints")]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).unwrap()
    }

    /// SIGKILL, and the process is gone.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().await.unwrap();
    }

    /// SIGTERM, and the process ends by itself.
    pub async fn stop(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().unwrap();
        let pid = child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        child.wait().await.unwrap()
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn log_path(&self) -> PathBuf {
        self.path("server.log")
    }

    /// All that the process wrote.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    pub fn public_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.public)
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url())
    }

    pub fn internal_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.internal)
    }

    pub async fn internal(&self, path: &str) -> String {
        http().get(self.internal_url(path)).send().await.unwrap().text().await.unwrap()
    }

    /// Says something as a customer; returns the webhook's status.
    pub async fn say(&self, from: &str, text: &str) -> u16 {
        self.sim.say(Say::text(NUMBER, from, "Ana", text)).await.unwrap().status
    }

    /// Waits until the stand-ins have seen what is asked for.
    pub async fn until(&self, what: &str, seen: impl Fn(&Snapshot) -> bool) -> Snapshot {
        self.within(Duration::from_secs(50), what, seen).await
    }

    pub async fn within(&self, limit: Duration, what: &str, seen: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let began = Instant::now();
        loop {
            let state = self.sim.state();
            if seen(&state) {
                return state;
            }
            assert!(
                began.elapsed() < limit,
                "not within {limit:?}: {what}\nmessages: {:?}\nviolations: {:?}\nlog:\n{}",
                state.messages.iter().map(|m| m.text().to_owned()).collect::<Vec<_>>(),
                state.violations,
                self.log(),
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Exactly one answer, one row, one event, and nobody found fault with a request.
    pub async fn one_of_each(&self) -> Snapshot {
        self.until("an answer and an event", |s| !s.messages.is_empty() && !s.events.is_empty()).await;
        // Time for a second one to appear, were there one.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let state = self.sim.state();
        let texts: Vec<&str> = state.messages.iter().map(mcp_simulator::SentMessage::text).collect();
        assert_eq!((texts.len(), state.events.len()), (1, 1), "{texts:?}");
        assert!(texts[0].contains("confirmado"), "{texts:?}");
        assert_eq!(self.db.bookings().await.len(), 1);
        assert!(state.violations.is_empty(), "{:?}", state.violations);
        state
    }

    /// A token minted by the command line.
    pub async fn token(&self, scope: &str) -> String {
        let output = self
            .command("token")
            .args(["--scope", scope, "--subject", "agent"])
            .stderr(Stdio::inherit())
            .output()
            .await
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Calls an MCP tool; the structured result.
    pub async fn tool(&self, token: &str, name: &str, arguments: Value) -> Value {
        let body = serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}});
        let response = http()
            .post(self.url("/mcp"))
            .bearer_auth(token)
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25")
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        serde_json::from_str::<Value>(&text).unwrap_or_else(|_| panic!("{status}: {text}"))["result"].clone()
    }
}
