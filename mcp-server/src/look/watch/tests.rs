use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use axum::{Router, extract::Query, routing::get};
use jiff::Timestamp;
use mcp_simulator::{Fault, Number, Simulator};

use super::*;
use crate::{clock::Clock, settings::WhatsAppSettings, test_bed::MONDAY, whatsapp::template::Templates};

/// A clock that goes with the time of the test.
struct Paused(Instant);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        MONDAY + jiff::SignedDuration::try_from(self.0.elapsed()).unwrap()
    }
}

/// Shows what a test wrote, then that all is well; notes when it was asked.
#[derive(Clone, Default)]
struct Scripted {
    shows: Arc<Mutex<VecDeque<Reason>>>,
    asked: Arc<Mutex<Vec<Instant>>>,
}

#[async_trait]
impl Look for Scripted {
    async fn look(&mut self) -> Vec<(Dependency, Seen)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
        let reason = self.shows.lock().unwrap().pop_front().unwrap_or(Reason::Works);
        vec![(Dependency::Gemini, Seen::new(reason, "x"))]
    }
}

struct World {
    board: Arc<StatusBoard>,
    clock: SharedClock,
    looks: Scripted,
    began: Instant,
}

impl World {
    fn new(shows: &[Reason]) -> Self {
        let clock: SharedClock = Arc::new(Paused(Instant::now()));
        let board = Arc::new(StatusBoard::new(clock.now()));
        let looks =
            Scripted { shows: Arc::new(Mutex::new(shows.iter().copied().collect())), ..Scripted::default() };
        let watch = Watch {
            board: Arc::clone(&board),
            clock: Arc::clone(&clock),
            ids: Arc::new(crate::test_bed::OrderedIds::default()),
            every: Duration::from_mins(4),
        };
        watch.spawn(looks.clone(), &TaskTracker::new(), &CancellationToken::new());
        Self { board, clock, looks, began: Instant::now() }
    }

    /// Seconds from the start to each look.
    fn asked(&self) -> Vec<u64> {
        let asked = self.looks.asked.lock().unwrap();
        asked.iter().map(|at| at.duration_since(self.began).as_secs()).collect()
    }

    /// What is known in these seconds, and since which of them.
    async fn seen(&self, seconds: u64) -> Vec<(u64, Reason)> {
        let mut seen = Vec::new();
        for second in 0..seconds {
            if seen.last().map(|(_, reason)| *reason) != Some(self.reason()) {
                seen.push((second, self.reason()));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        seen
    }

    fn reason(&self) -> Reason {
        self.board.of(Dependency::Gemini).reason
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_looked_within_seconds_of_the_start_and_then_at_least_every_four_minutes() {
    let world = World::new(&[]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.reason(), Reason::Works);
    tokio::time::sleep(Duration::from_hours(1)).await;
    let asked = world.asked();
    assert!((15..=21).contains(&asked.len()), "{asked:?}");
    assert!(asked.windows(2).all(|two| two[1] - two[0] <= 240), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_seen_within_four_minutes_and_its_renewal_sooner() {
    let world = World::new(&[Reason::Works, Reason::CredentialRefused, Reason::CredentialRefused]);
    let seen = world.seen(600).await;
    let reasons: Vec<_> = seen.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(reasons, [Reason::NotUsedYet, Reason::Works, Reason::CredentialRefused, Reason::Works]);
    let (refused, mended) = (seen[2].0, seen[3].0);
    assert!(refused <= 243 && mended - refused <= 46, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn one_look_without_an_answer_proves_nothing_and_two_do() {
    let world = World::new(&[
        Reason::Works,
        Reason::Unreachable,
        Reason::Works,
        Reason::Unreachable,
        Reason::Unreachable,
    ]);
    let seen: Vec<_> = world.seen(900).await.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(seen, [Reason::NotUsedYet, Reason::Works, Reason::Unreachable, Reason::Works]);
    let known = world.board.of(Dependency::Gemini);
    assert!(world.clock.now() >= known.since);
}

#[tokio::test(start_paused = true)]
async fn trouble_in_use_is_looked_into_at_once_and_not_after_minutes() {
    let world = World::new(&[]);
    tokio::time::sleep(Duration::from_secs(30)).await;
    world.board.used(Dependency::Gemini, world.clock.now(), Seen::new(Reason::Unreachable, "x"));
    assert_eq!(world.reason(), Reason::Unreachable, "a failed use is seen at once");
    tokio::time::sleep(Duration::from_secs(16)).await;
    assert_eq!((world.reason(), world.asked().len()), (Reason::Works, 2));
}

async fn number() -> (Simulator, Graph) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let sim = Simulator::start(mcp_simulator::Settings::default()).await.unwrap();
    sim.register_number(Number::new("1065", "http://127.0.0.1:1/app", "s"));
    let settings = WhatsAppSettings {
        graph_base: sim.graph_base(),
        api_token: "t".to_owned().into(),
        phone_number_id: "1065".into(),
        business_account_id: None,
        messages_per_second: 80,
        templates: Templates::default(),
        app_secrets: Vec::new(),
        verify_token: "v".to_owned().into(),
    };
    (sim, Graph::new(crate::http_client::client(None).unwrap(), settings))
}

/// A webhook that knows the verify token.
async fn webhook() -> String {
    let repeat = |Query(query): Query<std::collections::HashMap<String, String>>| async move {
        if query["hub.verify_token"] == "v" { query["hub.challenge"].clone() } else { String::new() }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks/whatsapp", listener.local_addr().unwrap());
    let router = Router::new().route("/webhooks/whatsapp", get(repeat));
    tokio::spawn(axum::serve(listener, router).into_future());
    url
}

fn of(seen: &[(Dependency, Seen)], dependency: Dependency) -> Seen {
    seen.iter().find(|(of, _)| *of == dependency).unwrap().1.clone()
}

#[tokio::test]
async fn the_numbers_own_address_is_set_once_and_seen_again() {
    let (sim, graph) = number().await;
    // Meta wants TLS; the stand-in takes this machine's addresses without.
    let mut look = NumberLook { graph, own: Ok(webhook().await), set: None };
    let seen = look.look().await;
    assert_eq!(of(&seen, Dependency::WhatsApp).reason, Reason::Works);
    assert_eq!(of(&seen, Dependency::Webhook).reason, Reason::Works, "{seen:?}");
    look.set = None;
    let again = look.look().await;
    assert_eq!(of(&again, Dependency::Webhook).reason, Reason::Works);
    assert!(look.set.is_none(), "what is right is not set again");
    assert!(sim.state().violations.is_empty(), "{:?}", sim.state().violations);
}

#[tokio::test]
async fn an_address_that_may_not_be_set_says_what_a_person_must_do_and_is_not_tried_at_every_look() {
    let (sim, graph) = number().await;
    let own = Ok("http://127.0.0.1:1/webhooks/whatsapp".to_owned());
    let mut look = NumberLook { graph, own, set: None };
    let seen = of(&look.look().await, Dependency::Webhook);
    assert_eq!(seen.reason, Reason::RequestRefused, "{seen:?}");
    assert!(seen.next.unwrap().contains("answers from the internet"));
    let again = of(&look.look().await, Dependency::Webhook);
    assert_eq!(again.reason, Reason::DeliveredElsewhere, "only looked at: {again:?}");
    assert!(again.next.unwrap().contains("whatsapp_business_management"));
    assert!(sim.state().violations.is_empty(), "{:?}", sim.state().violations);
}

#[tokio::test]
async fn without_tls_nothing_is_set_at_meta_and_a_refused_token_is_told_as_that() {
    let (sim, graph) = number().await;
    let mut look = NumberLook::new(graph, "http://bella.ns.svc");
    assert_eq!(of(&look.look().await, Dependency::Webhook).reason, Reason::NotConfigured);
    sim.fail(Fault::graph(190));
    let seen = look.look().await;
    assert_eq!(of(&seen, Dependency::WhatsApp).reason, Reason::CredentialRefused);
    assert!(sim.state().violations.is_empty(), "{:?}", sim.state().violations);
}
