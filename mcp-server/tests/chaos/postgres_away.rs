//! PostgreSQL cannot be reached for a while: by all processes, or by one of two.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};

use mcp_simulator::Point;
use mcp_store::outbox::OutboxStore as _;
use mcp_store_postgres::PostgresStore;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    harness::http,
    postgres::{OnPostgres, Replica},
    proxy::{Network, Proxy},
};

/// A tenant whose processes reach PostgreSQL through a network that can be cut; the way around it is for the test.
struct Away {
    on: OnPostgres,
    proxy: Proxy,
    through: SecretString,
    direct: SecretString,
}

impl Away {
    async fn start() -> Self {
        let on = OnPostgres::start().await;
        let direct = on.url.clone();
        let mut url = reqwest::Url::parse(direct.expose_secret()).unwrap();
        let address: SocketAddr = format!(
            "{}:{}",
            url.host_str().unwrap().replace("localhost", "127.0.0.1"),
            url.port().unwrap_or(5432)
        )
        .parse()
        .unwrap();
        let proxy = Proxy::before(address).await;
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(proxy.address.port())).unwrap();
        Self { on, proxy, through: url.to_string().into(), direct }
    }

    /// A process behind the network that can be cut.
    async fn serve(&mut self) -> Replica {
        self.serve_with(&[]).await
    }

    async fn serve_with(&mut self, more: &[(&str, &str)]) -> Replica {
        self.on.url = self.through.clone();
        let replica = self.on.serve_with(more).await;
        self.on.url = self.direct.clone();
        replica
    }

    async fn store(&self) -> PostgresStore {
        PostgresStore::open(&self.direct, &self.on.whose).await.unwrap()
    }

    /// Waits until so many messages were sent, and a little longer: each is another one.
    async fn answers(&self, count: usize) {
        self.on
            .tenant
            .within(Duration::from_mins(2), "all answers", |state| state.messages.len() >= count)
            .await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let state = self.on.tenant.sim.state();
        let ours: BTreeSet<_> = state.messages.iter().filter_map(|sent| sent.opaque.clone()).collect();
        assert_eq!((ours.len(), state.messages.len()), (count, count), "no message was sent twice");
        let counts = self.store().await.outbox_counts().await.unwrap();
        assert_eq!(counts.len(), 1, "{counts:?}");
        assert_eq!(self.on.rows("dead_letter").await, 0);
    }
}

async fn ready(replica: &Replica) -> u16 {
    let url = format!("http://127.0.0.1:{}/readyz", replica.internal);
    http().get(url).send().await.unwrap().status().as_u16()
}

async fn held(away: &Away, point: Point) {
    let began = Instant::now();
    while !away.on.tenant.sim.waiting().iter().any(|at| at.point == point && at.n > 0) {
        assert!(began.elapsed().as_secs() < 20, "nobody came to {point:?}: {}", away.on.tenant.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_nothing_is_accepted_and_what_was_sent_is_not_sent_again() {
    let mut away = Away::start().await;
    let replica = away.serve().await;
    let tenant = &away.on.tenant;
    // One customer's answer is on its way to Meta, another one's turn is with the model.
    tenant.sim.hold(Point::GraphAfter, 1);
    assert_eq!(tenant.say("5511999990001", "Quanto custa o corte?").await, 200);
    held(&away, Point::GraphAfter).await;
    tenant.sim.hold(Point::GeminiAfter, 1);
    assert_eq!(tenant.say("5511999990002", "Quanto custa a barba?").await, 200);
    held(&away, Point::GeminiAfter).await;

    away.proxy.set(Network::Cut);
    tenant.sim.release(None);
    let began = Instant::now();
    for n in 3..=6 {
        let status = tenant.say(&format!("551199999000{n}"), "Quanto custa o corte?").await;
        assert_ne!(status, 200, "a 200 that is not on disk");
        assert_eq!(ready(&replica).await, 503);
    }
    // Minutes, by the clock of the process: whatever waits by it is due.
    tenant.pass(Duration::from_mins(5));
    tokio::time::sleep(Duration::from_secs(4).saturating_sub(began.elapsed())).await;
    away.proxy.set(Network::Whole);
    away.answers(6).await;
    assert_eq!(away.on.rows("inbox").await, 6);
    assert_eq!(ready(&replica).await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_one_loses_the_database_in_mid_turn_and_each_message_is_answered_once() {
    let mut away = Away::start().await;
    let first = away.serve().await;
    let second = away.on.serve().await;
    let tenant = &away.on.tenant;
    // Turns and sends of either process are under way when the network of the first is cut; it comes back when the
    // claims of the first are over.
    let customers = 12;
    tenant.sim.hold(Point::GeminiAfter, 3);
    tenant.sim.hold(Point::GraphAfter, 3);
    for n in 0..customers {
        away.on.deliver_to(if n % 2 == 0 { &first } else { &second });
        assert_eq!(tenant.say(&format!("55119999900{n:02}"), "Quanto custa o corte?").await, 200);
    }
    held(&away, Point::GraphAfter).await;
    held(&away, Point::GeminiAfter).await;
    away.proxy.set(Network::Cut);
    away.on.deliver_to(&second);
    tenant.sim.release(None);
    tokio::time::sleep(Duration::from_secs(5)).await;
    away.proxy.set(Network::Whole);
    away.answers(customers).await;
    assert_eq!(away.on.rows("turn").await, u64::try_from(customers).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_whose_connections_died_without_a_word_ends_and_the_next_one_answers() {
    let mut away = Away::start().await;
    let mut replica = away.serve_with(&[("MCP_HUNG_SECONDS", "4")]).await;
    let tenant = &away.on.tenant;
    assert_eq!(tenant.say("5511999990001", "Quanto custa o corte?").await, 200);
    tenant.until("an answer", |state| state.messages.len() == 1).await;
    away.proxy.set(Network::Silent);
    assert_ne!(tenant.say("5511999990002", "Quanto custa o corte?").await, 200, "a 200 that is not on disk");
    let ended = tokio::time::timeout(Duration::from_secs(30), replica.child.wait()).await;
    assert_eq!(ended.expect("it ends").unwrap().code(), Some(70), "{}", tenant.log());
    assert!(tenant.log().contains("gave no answer: the process ends"));
    away.proxy.set(Network::Whole);
    let _replica = away.serve().await;
    away.answers(2).await;
}
