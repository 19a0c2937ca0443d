//! What tests in this crate stand on: a database in a file of its own, a clock that is set by hand, ids in order.

pub mod chat;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    Store, Tenant,
    booking::BookingRow,
    inbox::{Delivery, IncomingMessage, Sender},
    outbox::{ClaimedOutgoing, SendEnd, SendRule},
};
use mcp_store_sqlite::SqliteStore;
use mcp_tenant::slots::Stretch;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::{
    booking::{Desk, SlotRefs},
    calendar::{CalendarError, OutsideCalendar},
    clock::Clock,
    ids::Ids,
    profile_file::{self, Loaded},
    whatsapp::template::Templates,
};

/// Monday 2026-11-16, 09:00 in São Paulo.
pub const MONDAY: Timestamp = Timestamp::constant(1_794_830_400, 0);

/// A clock that is set by hand.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    /// Lets time pass.
    pub fn pass(&self, time: SignedDuration) {
        self.0.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// Sets the time.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_microsecond(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Ids in order.
#[derive(Debug, Default)]
pub struct OrderedIds(AtomicU64);

impl OrderedIds {
    /// Those after a number.
    pub fn from(number: u64) -> Self {
        Self(AtomicU64::new(number))
    }
}

impl Ids for OrderedIds {
    fn id(&self) -> String {
        format!("{:032x}", self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn reference(&self) -> String {
        format!("REF{:03}", self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

/// A tenant without doors.
pub struct Bed {
    pub desk: Arc<Desk>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<HandClock>,
    pub profile: watch::Sender<Arc<Loaded>>,
    _folder: TempDir,
}

/// The barbershop of the tests with more in it.
pub fn profile(more: &str) -> String {
    const BARBERSHOP: &str = include_str!("../../tenant/src/testdata/barbershop.yaml");
    format!("{BARBERSHOP}{more}")
}

impl Bed {
    /// With the barbershop as it is.
    pub async fn new() -> Self {
        Self::with(&profile("")).await
    }

    /// With a profile.
    pub async fn with(profile: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = mcp_store_sqlite::url_of(&folder.path().join("tenant.db"));
        let tenant = Tenant::new("bella", "production");
        SqliteStore::migrate(&url, &tenant).await.unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&url, &tenant).await.unwrap());
        let clock = Arc::new(HandClock(AtomicI64::new(MONDAY.as_microsecond())));
        let (sender, watch) = watch::channel(Arc::new(profile_file::read(profile, MONDAY).unwrap()));
        let desk = Arc::new(Desk {
            store: Arc::clone(&store),
            clock: clock.clone(),
            ids: Arc::new(OrderedIds::default()),
            profile: watch,
            refs: SlotRefs::new(b"secret"),
            outside: None,
            templates: Templates::default(),
        });
        Self { desk, store, clock, profile: sender, _folder: folder }
    }

    /// With a calendar outside.
    pub fn beside(&mut self, outside: Arc<dyn OutsideCalendar>) {
        self.desk = Arc::new(Desk {
            store: Arc::clone(&self.store),
            clock: self.clock.clone(),
            ids: Arc::new(OrderedIds::from(1000)),
            profile: self.profile.subscribe(),
            refs: SlotRefs::new(b"secret"),
            outside: Some(outside),
            templates: Templates::default(),
        });
    }

    /// A customer with a conversation.
    pub async fn customer(&self, wa_id: &str) -> i64 {
        let sender = Sender { user_id: None, wa_id: Some(wa_id.into()), name: Some("Ana".into()) };
        let customer = self.store.identify(&sender, self.clock.now()).await.unwrap().id;
        self.store.conversation_of(customer).await.unwrap();
        customer
    }
}

/// A calendar outside in which nothing stands, and which answers nobody while it is away.
#[derive(Debug, Default)]
pub struct Outside {
    /// Whether it is away.
    pub away: AtomicBool,
}

impl Outside {
    fn answer<T>(&self, answer: T) -> Result<T, CalendarError> {
        if self.away.load(Ordering::SeqCst) { Err(CalendarError::NotNow("down".into())) } else { Ok(answer) }
    }
}

#[async_trait]
impl OutsideCalendar for Outside {
    async fn busy(&self, _: Timestamp, _: Timestamp) -> Result<Vec<Stretch>, CalendarError> {
        self.answer(Vec::new())
    }

    async fn put(&self, _: &BookingRow, _: &str) -> Result<(), CalendarError> {
        self.answer(())
    }

    async fn remove(&self, _: &BookingRow, _: i64) -> Result<(), CalendarError> {
        self.answer(())
    }
}

/// A body of which a byte comes every three seconds, without end.
pub fn dripping() -> axum::body::Body {
    axum::body::Body::from_stream(futures::stream::unfold((), |()| async {
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        Some((Ok::<_, std::io::Error>("{"), ()))
    }))
}

/// An instant of the barbershop's local time, `2026-11-17T10:00`.
pub fn local(text: &str) -> Timestamp {
    let local: jiff::civil::DateTime = text.parse().unwrap();
    local.to_zoned(jiff::tz::TimeZone::get("America/Sao_Paulo").unwrap()).unwrap().timestamp()
}

impl Bed {
    /// A customer writes: from now on the customer service window is open. Returns the customer.
    pub async fn writes(&self, wa_id: &str, text: &str) -> i64 {
        let sender = Sender { user_id: None, wa_id: Some(wa_id.into()), name: Some("Ana".into()) };
        let now = self.clock.now();
        let message = IncomingMessage {
            id: self.desk.ids.id(),
            sender: sender.clone(),
            kind: "text".into(),
            text: Some(text.into()),
            sent_at: now,
            raw: serde_json::json!({}),
        };
        let delivery = Delivery { messages: vec![message], ..Delivery::default() };
        self.store.accept(&[delivery], now).await.unwrap();
        self.store.route(now).await.unwrap();
        self.store.identify(&sender, now).await.unwrap().id
    }

    /// What is to be said, and the channel refuses it for good; returns how many messages.
    pub async fn refused(&self) -> usize {
        let rule =
            SendRule { lease: SignedDuration::from_secs(30), unknown_wait: SignedDuration::from_secs(30) };
        let mut refused = 0;
        while let Some(message) = self.store.claim_outgoing(&rule, self.clock.now()).await.unwrap() {
            let end = SendEnd::Failed { why: "the window is closed".into() };
            self.store.sent(&message, end, self.clock.now()).await.unwrap();
            refused += 1;
        }
        refused
    }

    /// What is to be said is handed over twice, and nobody knows whether it arrived: it is parked. Returns how many
    /// messages.
    pub async fn lost(&self) -> usize {
        let wait = SignedDuration::from_secs(30);
        let rule = SendRule { lease: wait, unknown_wait: wait };
        let mut handed = 0;
        for _ in 0..2 {
            handed = 0;
            while let Some(message) = self.store.claim_outgoing(&rule, self.clock.now()).await.unwrap() {
                let end = SendEnd::Unknown { until: self.clock.now() + wait, why: "no answer".into() };
                self.store.sent(&message, end, self.clock.now()).await.unwrap();
                handed += 1;
            }
            self.clock.pass(wait);
        }
        handed
    }

    /// What is to be said, taken out of the outbox as if it had been sent.
    pub async fn said(&self) -> Vec<ClaimedOutgoing> {
        let rule = SendRule {
            lease: jiff::SignedDuration::from_secs(30),
            unknown_wait: jiff::SignedDuration::from_secs(30),
        };
        let mut all = Vec::new();
        while let Some(message) = self.store.claim_outgoing(&rule, self.clock.now()).await.unwrap() {
            let end = SendEnd::Sent { wamid: format!("wamid.{}", message.id) };
            self.store.sent(&message, end, self.clock.now()).await.unwrap();
            all.push(message);
        }
        all
    }
}
