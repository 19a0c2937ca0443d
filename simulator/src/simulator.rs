//! A running simulator, in this process or behind the binary.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    chat::Panels,
    clock::Clock,
    fault::Fault,
    gemini::manner::Manner,
    google::{error::CalendarError, settings::Access, watch},
    graph::{self, media::Media},
    hold::{Point, Waiting},
    http::{self, ClientError},
    ids::{Ids, NoRandomness},
    listener::{self, ListenError, Tls},
    router::router,
    schema::{SchemaError, schemas},
    shared::{App, Shared},
    state::{SaidMessage, Snapshot},
    webhook::{Echo, Number, Say, deliver, payload},
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
    /// How many model calls are kept, the newest; all without a number.
    pub keep: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            extra_ca: None,
            clock: Clock::system(),
            seed: None,
            keep: None,
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
        let Settings { listen, tls, extra_ca, clock, seed, keep } = settings;
        let ids = seed.map_or_else(Ids::random, |seed| Ok(Ids::seeded(seed)))?;
        let client = http::client(extra_ca.as_deref())?;
        let tls = tls.as_ref().map(listener::acceptor).transpose()?;
        let app = Arc::new(Shared::new(clock, ids, schemas()?, client, keep));
        let (listener, address) = listener::bind(listen).await?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        app.tasks.spawn(listener::serve(listener, tls, router(app.clone()), app.clone()));
        let url = format!("{scheme}://{address}");
        // It is empty until now.
        let _ = app.origin.set(url.clone());
        Ok(Self { app, url: url.into() })
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

    /// What the chat page shows beside the chat, from now on.
    pub fn show_beside_chat(&self, panels: Arc<dyn Panels>) {
        self.app.with(|state| state.panels = Some(panels));
    }

    /// Everything recorded so far.
    pub fn state(&self) -> Snapshot {
        self.app.with(|state| state.snapshot())
    }

    /// How many messages each customer was sent, by phone. Cheap, where [`Simulator::state`] copies everything.
    pub fn sent_to(&self) -> BTreeMap<String, usize> {
        self.app.with(|state| {
            let mut sent = BTreeMap::new();
            for to in state.messages.iter().filter_map(|message| message.to.as_ref()) {
                *sent.entry(to.clone()).or_default() += 1;
            }
            sent
        })
    }

    /// Forgets what the model was asked and answered so far: by far the largest part of what is recorded.
    pub fn forget_model_calls(&self) {
        self.app.with(|state| state.gemini.clear());
    }

    /// Forgets everything, and releases what is held.
    pub fn reset(&self) {
        self.app.reset();
    }

    /// Registers a number, or changes where its webhooks go.
    pub fn register_number(&self, number: Number) {
        self.app.with(|state| state.numbers.insert(number.phone_number_id.clone(), number));
    }

    /// The business-scoped user id of a phone towards a registered number.
    pub fn user_id(&self, phone_number_id: &str, phone: &str) -> Result<String, ControlError> {
        Ok(payload::user_id(&self.number(phone_number_id)?.business_account_id, phone))
    }

    /// Delivers a customer's message, and keeps trying until it is accepted.
    pub async fn say(&self, say: Say) -> Result<Said, ControlError> {
        let number = self.number(&say.phone_number_id)?;
        let wamid = say.wamid.clone().unwrap_or_else(|| self.app.ids.wamid());
        let timestamp = say.timestamp.unwrap_or_else(|| self.app.clock.now().as_second());
        let body = payload::message(&number, &say, &wamid, timestamp);
        self.heard(&say, &body);
        let user_id = say.user_id.clone();
        let said = SaidMessage {
            wamid: wamid.clone(),
            from: say.from.clone(),
            user_id: user_id.unwrap_or_else(|| payload::user_id(&number.business_account_id, &say.from)),
            name: say.name.clone(),
            text: say.text.clone(),
            message: say.message.clone(),
            at: self.app.clock.now(),
        };
        self.app.with(|state| state.said.push(said));
        let status = deliver::deliver(&self.app, &say.phone_number_id, "message", &wamid, &body).await;
        Ok(Said { wamid, status })
    }

    fn heard(&self, say: &Say, body: &Value) {
        let message = &body["entry"][0]["changes"][0]["value"]["messages"][0];
        let now = self.app.clock.now();
        self.app.with(|state| {
            for id in [&message["from"], &message["from_user_id"]] {
                if let Some(id) = id.as_str() {
                    state.heard.insert((say.phone_number_id.clone(), id.to_owned()), now);
                }
            }
        });
    }

    /// Delivers what a person of the business wrote to a customer from the phone (`smb_message_echoes`).
    pub async fn echo(&self, echo: Echo) -> Result<Said, ControlError> {
        let number = self.number(&echo.phone_number_id)?;
        let wamid = echo.wamid.clone().unwrap_or_else(|| self.app.ids.wamid());
        let body = payload::echo(&number, &echo, &wamid, self.app.clock.now().as_second());
        let status = deliver::deliver(&self.app, &echo.phone_number_id, "echo", &wamid, &body).await;
        Ok(Said { wamid, status })
    }

    /// Keeps a file that a customer can send: see [`Say::voice`].
    pub fn put_media(&self, mime_type: &str, bytes: Vec<u8>) -> Media {
        graph::media::put(&self.app, mime_type, bytes)
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
        let inserted = self.app.with(|state| state.calendars.insert(calendar, event, id, calendar, now));
        watch::changed(&self.app, calendar);
        inserted.map_err(ControlError::Event)
    }

    /// Changes an event as the calendar's owner would by hand: fields are replaced, `null` takes one away.
    pub fn change_owner_event(
        &self,
        calendar: &str,
        event: &str,
        changes: &Value,
    ) -> Result<Value, ControlError> {
        let now = self.app.clock.now();
        let patched = self.app.with(|state| state.calendars.patch(calendar, event, changes, None, now));
        watch::changed(&self.app, calendar);
        patched.map_err(ControlError::Event)
    }

    /// Deletes an event as the calendar's owner would by hand.
    pub fn delete_owner_event(&self, calendar: &str, event: &str) -> Result<(), ControlError> {
        let now = self.app.clock.now();
        let deleted = self.app.with(|state| state.calendars.delete(calendar, event, None, now));
        watch::changed(&self.app, calendar);
        deleted.map_err(ControlError::Event)
    }

    /// What the service account may do in a calendar from now on.
    pub fn set_access(&self, calendar: &str, access: Access) {
        self.app.with(|state| state.calendars.configure(calendar, |settings| settings.access = access));
    }

    /// The zone of a calendar; UTC at first.
    pub fn set_calendar_zone(&self, calendar: &str, zone: &str) -> Result<(), ControlError> {
        let zone = TimeZone::get(zone)
            .map_err(|_| ControlError::Event(CalendarError::Invalid("Invalid time zone".to_owned())))?;
        self.app.with(|state| state.calendars.configure(calendar, |settings| settings.zone = zone));
        Ok(())
    }

    /// Makes every sync token of a calendar too old: the next use answers 410.
    pub fn expire_sync_tokens(&self, calendar: &str) {
        self.app.with(|state| state.calendars.expire_tokens(calendar));
    }

    /// Pushes to addresses that begin with `public` go to `local` instead, as an ingress would have it.
    pub fn route_pushes(&self, public: &str, local: &str) {
        self.app.with(|state| state.channels.ingress.insert(public.to_owned(), local.to_owned()));
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

    /// How the model behaves from now on, for so many answers; for ever without a number.
    pub fn behave(&self, manner: Manner, times: Option<u32>) {
        self.app.with(|state| state.manner = (manner, times));
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
