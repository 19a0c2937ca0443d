//! A tenant with two calendars: the business's, and Rui's own.

use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use mcp_simulator::{Clock as SimClock, Settings, Simulator};
use mcp_store::{
    StoreError,
    booking::{BookingOutcome, BookingRow},
};
use mcp_tenant::slots::Stretch;
use serde_json::{Value, json};

use crate::{
    booking::{Desk, SlotRef, SlotRefs, Wish},
    calendar::{
        OutsideCalendar,
        calendars::Calendars,
        confirm::Confirmer,
        event::event_id,
        proposals::{AskOwner, Proposal, Reoffer},
        service::{CalendarService, Parts},
    },
    clock::{Clock, SharedClock},
    http_client,
    settings::GoogleSettings,
    status::StatusBoard,
    test_bed::{self, Bed, OrderedIds, local},
    wake::Wake,
};

pub const BUSINESS: &str = "agenda@group.calendar.example";
pub const RUI: &str = "rui@group.calendar.example";

/// Writes down what is asked, or fails.
#[derive(Default)]
pub struct Asked {
    pub proposals: Mutex<Vec<Proposal>>,
    pub reoffered: Mutex<Vec<(String, i64)>>,
    pub fails: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl AskOwner for Asked {
    async fn ask(&self, proposal: Proposal) -> Result<(), StoreError> {
        if self.fails.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(StoreError::Full);
        }
        self.proposals.lock().unwrap().push(proposal);
        Ok(())
    }
}

#[async_trait]
impl Reoffer for Asked {
    async fn reoffer(&self, booking_id: &str, revision: i64) -> Result<(), StoreError> {
        self.reoffered.lock().unwrap().push((booking_id.to_owned(), revision));
        Ok(())
    }
}

pub struct World {
    pub bed: Bed,
    pub sim: Simulator,
    pub calendars: Arc<Calendars>,
    pub desk: Desk,
    pub asked: Arc<Asked>,
    pub board: Arc<StatusBoard>,
    pub wake: Arc<Wake>,
}

fn key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
    })
}

pub fn http() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    http_client::client(None).unwrap()
}

pub fn settings(sim: &Simulator) -> GoogleSettings {
    GoogleSettings {
        calendar_base: sim.google_calendar_base(),
        token_url: sim.google_token_url(),
        calendar_id: BUSINESS.into(),
        client_email: "bot@project.iam.example".into(),
        private_key: key().to_owned().into(),
        poll: std::time::Duration::from_mins(1),
    }
}

impl World {
    pub async fn new() -> Self {
        let own = format!("name: Rui\n    calendarId: {RUI}");
        let bed = Bed::with(&test_bed::profile("").replace("name: Rui", &own)).await;
        let clock: SharedClock = bed.clock.clone();
        let now = Arc::clone(&bed.clock);
        let sim_clock = SimClock::from_fn(move || now.now());
        let sim = Simulator::start(Settings { clock: sim_clock, ..Settings::default() }).await.unwrap();
        let (asked, board, wake) =
            (Arc::<Asked>::default(), Arc::new(StatusBoard::new(bed.clock.now())), Arc::<Wake>::default());
        let service = CalendarService::new(
            &settings(&sim),
            "https://bella.example",
            Parts {
                http: http(),
                secret: b"secret",
                store: Arc::clone(&bed.store),
                profile: bed.profile.subscribe(),
                clock: Arc::clone(&clock),
                ids: Arc::new(OrderedIds::default()),
                wake: Arc::clone(&wake),
                board: Arc::clone(&board),
                owner: asked.clone(),
                reoffer: asked.clone(),
            },
        );
        let calendars = service.unwrap().calendars;
        let desk = Desk {
            store: Arc::clone(&bed.store),
            clock,
            ids: Arc::new(OrderedIds::default()),
            profile: bed.profile.subscribe(),
            refs: SlotRefs::new(b"secret"),
            outside: Some(calendars.clone()),
            templates: crate::whatsapp::template::Templates::default(),
        };
        Self { bed, sim, calendars, desk, asked, board, wake }
    }

    pub fn now(&self) -> Timestamp {
        self.bed.clock.now()
    }

    /// An event of the owner's own; its id.
    pub fn event(&self, calendar: &str, from: &str, to: &str) -> String {
        let at = |text: &str| json!({"dateTime": local(text).to_string()});
        let event = json!({"summary": "Dentista", "start": at(from), "end": at(to)});
        self.insert(calendar, &event)
    }

    pub fn insert(&self, calendar: &str, event: &Value) -> String {
        let created = self.sim.insert_owner_event(calendar, event.as_object().unwrap().clone()).unwrap();
        created["id"].as_str().unwrap().to_owned()
    }

    /// What takes time from everybody, and from Rui, on a day; in local time.
    pub async fn busy(&self, day: &str) -> Vec<String> {
        let span = (local(&format!("{day}T00:00")), local(&format!("{day}T23:59")));
        let zone = jiff::tz::TimeZone::get("America/Sao_Paulo").unwrap();
        let clock = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%d %H:%M").to_string();
        let rows = self.bed.store.mirrored(span.0, span.1).await.unwrap();
        let mut shown: Vec<String> = rows
            .iter()
            .map(|row| {
                let whom = row.staff_id.as_deref().unwrap_or("all");
                format!("{whom} {}-{}", clock(row.from), clock(row.to))
            })
            .collect();
        shown.sort();
        shown
    }

    pub async fn refresh(&self) {
        self.calendars.refresh().await.unwrap();
    }

    /// How often a method was called, whatever the answer.
    pub fn calls(&self, method: &str) -> usize {
        self.sim.state().calendar_calls.iter().filter(|call| call.method == method).count()
    }

    pub async fn book(&self, customer: i64, staff: &str, start: &str) -> BookingOutcome {
        let slot = SlotRef::one("corte", staff, local(start), true);
        let wish = Wish::of_customer(customer, slot, "Ana", format!("{staff} {start} {}", self.now()));
        let request = self.desk.request(wish).await;
        self.bed.store.book(&request, self.now()).await.unwrap()
    }

    pub async fn booked(&self, staff: &str, start: &str) -> BookingRow {
        let customer = self.bed.customer("5511999990001").await;
        let outcome = self.book(customer, staff, start).await;
        outcome.row().unwrap_or_else(|| panic!("{outcome:?}")).clone()
    }

    /// A booking with its event in Google.
    pub async fn mirrored(&self, staff: &str, start: &str) -> (BookingRow, String) {
        let row = self.booked(staff, start).await;
        self.calendars.put(&row, "America/Sao_Paulo").await.unwrap();
        self.refresh().await;
        let id = event_id(&row.booking.id, row.revision);
        (row, id)
    }

    pub fn proposals(&self) -> Vec<Proposal> {
        self.asked.proposals.lock().unwrap().clone()
    }

    pub fn confirmer(&self) -> Confirmer {
        Confirmer {
            store: Arc::clone(&self.bed.store),
            calendars: Arc::clone(&self.calendars),
            profile: self.bed.profile.subscribe(),
            clock: self.bed.clock.clone(),
            ids: Arc::new(OrderedIds::default()),
            wake: Arc::clone(&self.wake),
            reoffer: self.asked.clone(),
            told: Mutex::default(),
        }
    }

    pub async fn read(&self, span: (&str, &str)) -> Result<Vec<Stretch>, String> {
        self.calendars.busy(local(span.0), local(span.1)).await.map_err(|error| error.to_string())
    }
}
