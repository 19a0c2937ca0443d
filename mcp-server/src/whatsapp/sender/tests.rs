//! One try at a time against the stand-in of the Graph API, over a database of its own.

use std::sync::Mutex;

use mcp_simulator::{Fault, Number, Simulator, Template as Approved};
use mcp_store::{
    Tenant,
    inbox::{Delivery, IncomingMessage, Sender},
    outbox::{NewOutgoing, OutgoingKind, OutgoingRow, OutgoingState},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    clock::Clock,
    database::Database,
    settings::WhatsAppSettings,
    status::Reason,
    whatsapp::interactive::{Button, buttons, text},
};

const NUMBER: &str = "1065";

struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct World {
    sim: Simulator,
    sender: SenderLoop,
    clock: Arc<Hands>,
    conversation: i64,
    _folder: tempfile::TempDir,
}

impl World {
    /// A customer who wrote this moment; a number that knows one template and keeps Meta's window.
    async fn start(customer: Sender) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let clock = Arc::new(Hands(Mutex::new(Timestamp::from_second(1_764_000_000).unwrap())));
        let shared: SharedClock = clock.clone();
        let sim = Simulator::start(mcp_simulator::Settings {
            clock: mcp_simulator::Clock::from_fn(move || shared.now()),
            ..Default::default()
        })
        .await
        .unwrap();
        let approved =
            Approved { name: "lembrete".into(), language: "pt_BR".into(), parameters: 1, buttons: 1 };
        let number = Number::new(NUMBER, "http://127.0.0.1:1/", "s");
        sim.register_number(Number { templates: Some(vec![approved]), ..number });
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("tenant.db").display()).into();
        let tenant = Tenant::new("client", "test");
        Database::migrate(&url, &tenant).await.unwrap();
        let store = Database::open(&url, &tenant).await.unwrap().store();
        let now = clock.now();
        let message = IncomingMessage {
            id: "w1".into(),
            sender: customer.clone(),
            kind: "text".into(),
            text: Some("oi".into()),
            sent_at: now,
            raw: json!({}),
        };
        store.accept(&[Delivery { messages: vec![message], ..Delivery::default() }], now).await.unwrap();
        let customer = store.identify(&customer, now).await.unwrap();
        let conversation = store.conversation_of(customer.id).await.unwrap().id;
        store.route(now).await.unwrap();
        let settings = WhatsAppSettings {
            graph_base: sim.graph_base(),
            api_token: "t".to_owned().into(),
            phone_number_id: NUMBER.into(),
            business_account_id: None,
            messages_per_second: 80,
            templates: serde_json::from_value(
                json!({"reminder": {"name": "lembrete", "language": "pt_BR", "buttons": 1}}),
            )
            .unwrap(),
            app_secrets: Vec::new(),
            verify_token: "v".to_owned().into(),
        };
        let sender = SenderLoop {
            store,
            templates: settings.templates.clone(),
            graph: Graph::new(crate::http_client::client(None).unwrap(), settings),
            pace: Arc::new(Pace::new(80)),
            clock: clock.clone(),
            wake: Arc::default(),
            metrics: Arc::default(),
            board: Arc::new(StatusBoard::new(crate::test_bed::MONDAY)),
            pulse: Arc::new(crate::watchdog::Watchdog::default().watch("sends")),
            traces: crate::traces::Traces::default(),
            waiting: Arc::default(),
            unrecorded: Arc::default(),
        };
        Self { sim, sender, clock, conversation, _folder: folder }
    }

    async fn with_phone() -> Self {
        Self::start(Sender { wa_id: Some("5511987654321".into()), user_id: None, name: None }).await
    }

    fn pass(&self, hours: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now = now.saturating_add(SignedDuration::from_hours(hours)).unwrap();
    }

    /// Writes a message and hands over whatever is due.
    async fn say(&self, id: &str, kind: OutgoingKind, body: Value) -> OutgoingRow {
        let message = NewOutgoing { id: id.into(), kind, dedupe_key: None, body };
        self.sender.store.enqueue(self.conversation, &message, self.clock.now()).await.unwrap();
        self.send(id).await
    }

    async fn send(&self, id: &str) -> OutgoingRow {
        while let Some(message) = self.sender.store.claim_outgoing(&SEND, self.clock.now()).await.unwrap() {
            self.sender.deliver(message, &CancellationToken::new()).await;
        }
        self.sender.store.outgoing(id).await.unwrap().unwrap()
    }

    fn sent(&self) -> Vec<(String, String)> {
        self.sim.state().messages.into_iter().map(|m| (m.opaque.unwrap_or_default(), m.kind)).collect()
    }
}

fn reminder() -> Value {
    buttons("Amanhã às 15:00\nCorte", &[Button::new("c:1", "Confirmar")])
}

#[tokio::test]
async fn outside_the_window_a_reminder_is_a_template_and_an_answer_is_not_even_tried() {
    let world = World::with_phone().await;
    assert_eq!(world.say("o1", OutgoingKind::Answer, text("oi")).await.state, OutgoingState::Sent);
    world.pass(24);
    assert_eq!(world.say("o2", OutgoingKind::Reminder, reminder()).await.state, OutgoingState::Sent);
    let late = world.say("o3", OutgoingKind::Answer, text("oi")).await;
    assert_eq!(late.state, OutgoingState::Failed);
    assert!(late.error.unwrap().contains("24-hour window"));
    let sent = world.sent();
    assert_eq!(sent, [("o1".into(), "text".into()), ("o2".into(), "template".into())]);
    let state = world.sim.state();
    assert_eq!(
        state.messages[1].body["template"]["components"][0]["parameters"][0]["text"],
        "Amanhã às 15:00 Corte"
    );
    assert!(state.violations.is_empty(), "{:?}", state.violations);
}

#[tokio::test]
async fn where_meta_knows_better_that_the_window_is_closed_the_template_goes_at_once() {
    let world = World::with_phone().await;
    world.sim.fail(Fault::graph(131_047));
    assert_eq!(world.say("o1", OutgoingKind::Reminder, reminder()).await.state, OutgoingState::Sent);
    assert_eq!(world.sent(), [("o1".into(), "template".into())]);
}

#[tokio::test]
async fn a_refused_token_stops_the_sender_and_says_what_to_do() {
    let world = World::with_phone().await;
    world.sim.fail(Fault::graph(190));
    assert_eq!(world.say("o1", OutgoingKind::Answer, text("oi")).await.state, OutgoingState::Pending);
    assert!(world.sender.pace.is_stopped() && world.sender.pace.ready(world.clock.now()).is_some());
    let known = world.sender.board.of(Dependency::WhatsApp);
    assert_eq!(known.reason, Reason::CredentialRefused);
    assert!(
        known.message.unwrap().contains("nothing is sent")
            && known.next.unwrap().contains("WHATSAPP_API_TOKEN")
    );
    world.pass(1);
    assert_eq!(world.send("o1").await.state, OutgoingState::Sent, "nothing was lost");
    assert!(!world.sender.pace.is_stopped());
}

#[tokio::test]
async fn a_customer_who_cannot_be_reached_is_no_trouble_of_the_channel() {
    let world = World::with_phone().await;
    world.sim.fail(Fault::graph(131_026));
    assert_eq!(world.say("o1", OutgoingKind::Answer, text("oi")).await.state, OutgoingState::Failed);
    assert_eq!(world.sender.board.of(Dependency::WhatsApp).reason, Reason::NotUsedYet);
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn complaints_hold_news_back_and_let_answers_through() {
    let world = World::with_phone().await;
    world.sim.fail(Fault::graph(131_048));
    assert_eq!(world.say("o1", OutgoingKind::Reminder, reminder()).await.state, OutgoingState::Pending);
    assert!(world.sender.pace.notices(world.clock.now()).is_some());
    world.pass(1);
    assert_eq!(world.send("o1").await.state, OutgoingState::Sent);
}

#[tokio::test]
async fn a_wrong_request_is_a_dead_letter_with_metas_details() {
    let world = World::with_phone().await;
    let row = world.say("o1", OutgoingKind::Answer, json!({"type": "text"})).await;
    assert_eq!(row.state, OutgoingState::Failed);
    assert!(row.error.unwrap().contains("parameter text is required"));
    assert_eq!(world.sender.store.dead_letters(0, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_customer_without_a_phone_is_reached_and_a_burst_to_one_customer_is_paced() {
    let world =
        World::start(Sender { wa_id: None, user_id: Some("BR.1502576394655843".into()), name: None }).await;
    for n in 0..46 {
        let row = world.say(&format!("o{n}"), OutgoingKind::Answer, text("oi")).await;
        assert_eq!(row.state == OutgoingState::Sent, n < 45, "{n}");
    }
    let state = world.sim.state();
    assert!(state.messages.iter().all(|m| m.to.is_none() && m.recipient.is_some()));
}
