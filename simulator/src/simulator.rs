//! A running simulator, in this process or behind the binary.

use std::{net::SocketAddr, sync::Arc};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    clock::Clock,
    fault::Fault,
    google::error::CalendarError,
    hold::{Point, Waiting},
    http::{self, ClientError},
    ids::{Ids, NoRandomness},
    listener::{self, ListenError, Tls},
    router::router,
    schema::{SchemaError, schemas},
    shared::{App, Shared},
    state::Snapshot,
    webhook::{Number, Say, deliver, payload},
};

/// How a simulator runs. The default listens on a free port of 127.0.0.1 without TLS.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// With TLS, if given.
    pub tls: Option<Tls>,
    /// Roots (PEM) that webhooks over TLS are checked against.
    pub extra_ca: Option<Vec<u8>>,
    /// The time it goes by.
    pub clock: Clock,
    /// Makes its ids repeatable.
    pub seed: Option<[u8; 16]>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            extra_ca: None,
            clock: Clock::system(),
            seed: None,
        }
    }
}

/// Starting a simulator failed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant says all it has to say in its text")]
pub enum StartError {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Schema(#[from] &'static SchemaError),
    #[error(transparent)]
    Ids(#[from] NoRandomness),
}

/// A test asked for something that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nothing can be said to a number that is not there.
    #[error("the number {0} is not registered: register it with its webhook_url and app_secret first")]
    UnknownNumber(String),
    /// Not an RSA public key.
    #[error("reading the public key failed: it must be an RSA public key in PEM")]
    Key(#[source] jsonwebtoken::errors::Error),
    /// Calendar refuses the event.
    #[error("inserting the event failed")]
    Event(#[source] CalendarError),
}

/// What became of something said.
#[derive(Clone, Debug, Serialize)]
pub struct Said {
    /// The message's id.
    pub wamid: String,
    /// The HTTP status of the first attempt, 0 if there was no answer. Anything but 200 is tried again.
    pub status: u16,
}

/// A handle to a running simulator. The simulator ends with the last handle's [`Simulator::stop`], or with the
/// runtime it runs on.
#[derive(Clone)]
pub struct Simulator {
    app: App,
    /// `http://127.0.0.1:9900`, without a slash at the end. Empty inside the simulator itself.
    url: Arc<str>,
}

impl Simulator {
    /// Binds, and serves in the background.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let Settings { listen, tls, extra_ca, clock, seed } = settings;
        let ids = seed.map_or_else(Ids::random, |seed| Ok(Ids::seeded(seed)))?;
        let client = http::client(extra_ca.as_deref())?;
        let tls = tls.as_ref().map(listener::acceptor).transpose()?;
        let app = Arc::new(Shared::new(clock, ids, schemas()?, client));
        let (listener, address) = listener::bind(listen).await?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        app.tasks.spawn(listener::serve(listener, tls, router(app.clone()), app.clone()));
        Ok(Self { app, url: format!("{scheme}://{address}").into() })
    }

    pub(crate) fn of(app: App) -> Self {
        Self { app, url: "".into() }
    }

    /// Ends it, and waits until every connection and delivery has ended.
    pub async fn stop(self) {
        self.app.stop.cancel();
        self.app.tasks.close();
        self.app.tasks.wait().await;
    }

    /// Scheme, host and port. Also the base of Gemini (`GEMINI_BASE`).
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The value of `WHATSAPP_GRAPH_BASE`.
    pub fn graph_base(&self) -> String {
        format!("{}/v26.0", self.url)
    }

    /// The value of `GOOGLE_TOKEN_URL`.
    pub fn google_token_url(&self) -> String {
        format!("{}/token", self.url)
    }

    /// The value of `GOOGLE_CALENDAR_BASE`.
    pub fn google_calendar_base(&self) -> String {
        format!("{}/calendar/v3", self.url)
    }

    /// Everything recorded so far.
    pub fn state(&self) -> Snapshot {
        self.app.with(|state| state.snapshot())
    }

    /// Forgets everything, and releases what is held.
    pub fn reset(&self) {
        self.app.reset();
    }

    /// Registers a number, or changes where its webhooks go.
    pub fn register_number(&self, number: Number) {
        self.app.with(|state| state.numbers.insert(number.phone_number_id.clone(), number));
    }

    /// Delivers a customer's message, and keeps trying until it is accepted.
    pub async fn say(&self, say: Say) -> Result<Said, ControlError> {
        let number = self.number(&say.phone_number_id)?;
        let wamid = say.wamid.clone().unwrap_or_else(|| self.app.ids.wamid());
        let timestamp = say.timestamp.unwrap_or_else(|| self.app.clock.now().as_second());
        let body = payload::message(&number, &say, &wamid, timestamp);
        let status = deliver::deliver(&self.app, &say.phone_number_id, "message", &wamid, &body).await;
        Ok(Said { wamid, status })
    }

    /// Posts any body to a number's webhook, signed; once. Returns the HTTP status, 0 if there was no answer.
    pub async fn post_webhook(&self, phone_number_id: &str, body: &Value) -> Result<u16, ControlError> {
        self.number(phone_number_id)?;
        Ok(deliver::once(&self.app, phone_number_id, body).await)
    }

    /// Assertions of this service account must be signed with this key (PEM) from now on.
    pub fn register_google_key(&self, client_email: &str, public_key_pem: &str) -> Result<(), ControlError> {
        let key =
            jsonwebtoken::DecodingKey::from_rsa_pem(public_key_pem.as_bytes()).map_err(ControlError::Key)?;
        self.app.with(|state| state.google_keys.insert(client_email.to_owned(), key));
        Ok(())
    }

    /// Puts an event into a calendar as its owner would by hand.
    pub fn insert_owner_event(
        &self,
        calendar: &str,
        event: Map<String, Value>,
    ) -> Result<Value, ControlError> {
        let (id, now) = (self.app.ids.event(), self.app.clock.now());
        self.app
            .with(|state| state.calendars.insert(calendar, event, id, calendar, now))
            .map_err(ControlError::Event)
    }

    /// Keeps the next `count` requests at `point` waiting.
    pub fn hold(&self, point: Point, count: u32) {
        self.app.holds.arm(point, count);
    }

    /// Lets everything held at `point` (everywhere, if none) go on.
    pub fn release(&self, point: Option<Point>) {
        self.app.holds.release(point);
    }

    /// What is held.
    pub fn waiting(&self) -> Vec<Waiting> {
        self.app.holds.waiting()
    }

    /// Makes the next requests to a vendor fail.
    pub fn fail(&self, fault: Fault) {
        self.app.with(|state| state.faults.push_back(fault));
    }

    /// What the model answers next, instead of thinking: see the crate's documentation for the forms.
    pub fn script(&self, replies: impl IntoIterator<Item = Value>) {
        self.app.with(|state| state.script.extend(replies));
    }

    fn number(&self, phone_number_id: &str) -> Result<Number, ControlError> {
        self.app
            .with(|state| state.numbers.get(phone_number_id).cloned())
            .ok_or_else(|| ControlError::UnknownNumber(phone_number_id.to_owned()))
    }
}
