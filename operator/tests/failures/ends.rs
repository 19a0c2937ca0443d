//! The operator ends at a write, before or after it takes effect, and another one goes on.

use std::ops::Deref;

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, ResourceExt, api::DeleteParams};
use mcp_crds::{DeletionPolicy, EnvironmentName, McpClient};
use serde_json::{Value, json};

use crate::{
    lane::{Lane, eventually},
    picture::{self, Picture, Versions},
    proxy::{Ask, Deed},
    running::Operator,
};

/// Whether every write has its turn, or a part of them.
pub fn all() -> bool {
    std::env::var("FAILURES").is_ok_and(|which| which == "all")
}

/// At which write it ends, and whether that still takes effect. The step is odd, so that both have their turns.
fn points(writes: usize, from: usize) -> Vec<(usize, bool)> {
    assert!(writes > 0, "nothing was written");
    let points = (1..=writes).flat_map(|write| [(write, false), (write, true)]);
    let step = if all() { 1 } else { 5 };
    points.skip(if all() { 0 } else { from }).step_by(step).collect()
}

/// A lane with an operator that ends again and again, and a client it must leave alone.
struct Walk {
    lane: Lane,
    operator: Operator,
    neighbour: (Versions, String),
    /// What an operator writes that starts and finds everything done.
    restart: usize,
}

impl Deref for Walk {
    type Target = Lane;

    fn deref(&self) -> &Lane {
        &self.lane
    }
}

impl Walk {
    async fn begin(agency: &'static str) -> Self {
        let lane = Lane::enter(agency).await;
        let operator = lane.operator().await;
        let name = lane.neighbour().await;
        lane.quiet(&operator).await;
        let neighbour = (picture::versions(&lane, &name).await, name);
        let mut walk = Self { lane, operator, neighbour, restart: 0 };
        walk.another_operator().await;
        walk.lane.quiet(&walk.operator).await;
        walk.restart = walk.operator.proxy.count().1;
        walk
    }

    async fn another_operator(&mut self) {
        self.operator.kill();
        self.operator = self.lane.operator().await;
    }

    /// How many writes concern a client from now on, until all is quiet.
    async fn written(&self, client: &str, deed: impl AsyncFnOnce()) -> usize {
        let before = self.operator.proxy.asked().len();
        deed().await;
        self.lane.quiet(&self.operator).await;
        let asked = self.operator.proxy.asked();
        asked[before..].iter().filter(|one| counts(&one.ask, client)).count()
    }

    /// The operator will end at this write.
    fn will_end(&self, client: &str, (at, takes_effect): (usize, bool)) {
        let (client, mut seen) = (client.to_owned(), 0);
        self.operator.proxy.rule(move |ask| {
            seen += usize::from(counts(ask, &client));
            if seen == at { Deed::Die(takes_effect) } else { Deed::Pass }
        });
    }

    /// The operator has ended; another one begins, brings everything to its end, spends no more on that than a start and
    /// the whole work cost, and touches nobody else.
    async fn goes_on(&mut self, client: &str, number: &str, wanted: &Picture, writes: usize) {
        let dead = eventually("the operator has ended, or was done before", async || {
            if self.operator.proxy.is_dead() {
                return Ok(true);
            }
            let now = picture::of(&self.lane, client, number).await?;
            if now == *wanted { Ok(false) } else { Err(picture::difference(&now, wanted)) }
        })
        .await;
        if !dead {
            // Two passes came together this time, and there was one write less.
            self.operator.proxy.pass();
        }
        self.another_operator().await;
        picture::becomes(&self.lane, client, number, wanted).await;
        self.lane.quiet(&self.operator).await;
        picture::becomes(&self.lane, client, number, wanted).await;
        let (_, spent) = self.operator.proxy.count();
        // What stands of the client, in one environment or two, is applied once more, as the neighbour is.
        let most = 3 * self.restart + writes;
        assert!(spent <= most, "{spent} writes, and {most} are enough: {}", self.operator.proxy.story());
        let (before, name) = &self.neighbour;
        assert_eq!(picture::versions(&self.lane, name).await, *before);
    }

    /// Takes a client away, so that the next operator has less to do.
    async fn clear(&self, name: &str) {
        if self.clients().get_opt(name).await.unwrap().is_some() {
            self.delete(name).await;
            self.gone(name).await;
        }
        let namespaces: Api<Namespace> = self.namespaces();
        for environment in EnvironmentName::ALL {
            let _ = namespaces.delete(&format!("{name}-{environment}"), &DeleteParams::default()).await;
        }
    }
}

fn counts(ask: &Ask, client: &str) -> bool {
    ask.is_write() && ask.concerns(client)
}

fn name_of(what: &str, (at, takes_effect): (usize, bool)) -> (String, String) {
    let when = if takes_effect { "after" } else { "before" };
    (format!("{what}-{when}-{at}"), format!("71{at:03}{:03}", usize::from(takes_effect)))
}

#[tokio::test]
async fn while_a_client_is_created() {
    let mut walk = Walk::begin("ends-create").await;
    let writes = walk.written("ends-usual", async || walk.ready("ends-usual", "71000001").await).await;
    let wanted = picture::of(&walk, "ends-usual", "71000001").await.unwrap();
    walk.clear("ends-usual").await;
    for point in points(writes, 0) {
        let (name, number) = name_of("made", point);
        walk.will_end(&name, point);
        walk.create(&walk.example(&name, &number)).await;
        walk.goes_on(&name, &number, &wanted, writes).await;
        walk.clear(&name).await;
    }
}

/// Goes from one state to another and back, with an end at each point on both ways.
async fn to_and_fro(walk: &mut Walk, name: &str, number: &str, states: [Value; 2], reasons: [&str; 2]) {
    walk.patch(name, states[0].clone()).await;
    walk.reason(name, reasons[0]).await;
    walk.quiet(&walk.operator).await;
    let mut pictures = Vec::new();
    let mut ways = Vec::new();
    for to in [1, 0] {
        let writes = walk
            .written(name, async || {
                walk.patch(name, states[to].clone()).await;
                walk.reason(name, reasons[to]).await;
            })
            .await;
        pictures.push(picture::of(walk, name, number).await.unwrap());
        ways.push(points(writes, to).into_iter().map(|point| (point, writes)).collect::<Vec<_>>());
    }
    for round in 0..ways[0].len().max(ways[1].len()) {
        for (way, to) in [1, 0].into_iter().enumerate() {
            let ends = ways[way].get(round).copied();
            if let Some((point, _)) = ends {
                walk.will_end(name, point);
            }
            walk.patch(name, states[to].clone()).await;
            match ends {
                Some((_, writes)) => walk.goes_on(name, number, &pictures[way], writes).await,
                None => picture::becomes(walk, name, number, &pictures[way]).await,
            }
        }
    }
}

#[tokio::test]
async fn while_one_field_changes() {
    let mut walk = Walk::begin("ends-change").await;
    walk.ready("changed", "71000002").await;
    let client = walk.clients().get("changed").await.unwrap();
    let price = |price: &str| {
        let mut profile = client.spec.profile.clone();
        profile.services[0].price = price.parse().unwrap();
        json!({"spec": {"profile": profile}})
    };
    to_and_fro(&mut walk, "changed", "71000002", ["80.00", "95.00"].map(price), ["Ready", "Ready"]).await;
    let suspend = |suspend: bool| {
        let mut environments = client.spec.environments.clone();
        environments[0].suspend = suspend;
        json!({"spec": {"environments": environments}})
    };
    to_and_fro(&mut walk, "changed", "71000002", [false, true].map(suspend), ["Ready", "Suspended"]).await;
}

/// The example with a staging besides.
fn with_staging(lane: &Lane, name: &str, number: &str) -> McpClient {
    let mut client = lane.example(name, number);
    let mut staging = client.spec.environments[0].clone();
    staging.name = EnvironmentName::Staging;
    staging.whatsapp.phone_number_id = format!("{number}9");
    client.spec.environments.push(staging);
    client
}

#[tokio::test]
async fn while_an_environment_is_given_up_and_asked_for_again() {
    let mut walk = Walk::begin("ends-removal").await;
    let client = with_staging(&walk, "fewer", "71000003");
    walk.create(&client).await;
    walk.reason("fewer", "Ready").await;
    let environments =
        [2, 1].map(|count| json!({"spec": {"environments": client.spec.environments[..count]}}));
    to_and_fro(&mut walk, "fewer", "71000003", environments, ["Ready", "Ready"]).await;
}

#[tokio::test]
async fn while_a_client_is_deleted_with_its_data_or_without() {
    let mut walk = Walk::begin("ends-deletion").await;
    for policy in [DeletionPolicy::Delete, DeletionPolicy::Retain] {
        let what = if policy == DeletionPolicy::Delete { "destroyed" } else { "kept" };
        let client = |name: &str, number: &str| {
            let mut client = walk.lane.example(name, number);
            client.spec.deletion_policy = policy;
            let confirmed = format!("{name}-production");
            client.annotations_mut().insert("mcp-platform.dev/confirm-delete".to_owned(), confirmed);
            client
        };
        walk.create(&client(what, "71000004")).await;
        walk.reason(what, "Ready").await;
        let writes = walk
            .written(what, async || {
                walk.delete(what).await;
                walk.gone(what).await;
            })
            .await;
        let wanted = picture::of(&walk, what, "71000004").await.unwrap();
        assert_eq!(wanted.is_empty(), policy == DeletionPolicy::Delete, "{wanted:?}");
        let points = points(writes, 1);
        let clients: Vec<_> = points.iter().map(|point| name_of(what, *point)).collect();
        for (name, number) in &clients {
            walk.create(&client(name, number)).await;
        }
        for (name, _) in &clients {
            walk.reason(name, "Ready").await;
        }
        let others = clients.len();
        for (point, (name, number)) in points.iter().zip(&clients) {
            walk.quiet(&walk.operator).await;
            walk.will_end(name, *point);
            walk.delete(name).await;
            walk.goes_on(name, number, &wanted, writes + others * walk.restart).await;
            walk.clear(name).await;
        }
        walk.clear(what).await;
    }
}
