//! The API server refuses, is overloaded, or does not answer, before or after it did what it was asked for.

use std::collections::{HashMap, HashSet};

use http::Method;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::DeleteParams;

use crate::{
    lane::{Lane, eventually},
    picture::{self, Picture},
    proxy::{Ask, Deed},
    running::Operator,
};

/// What kind of request this is, for rules that look at each kind.
fn kind(ask: &Ask) -> String {
    let verb = if ask.is_watch() { "WATCH" } else { ask.method.as_str() };
    format!("{verb} {}", ask.resource())
}

/// A lane with a neighbour, and how a client looks that came, changed and went without a hitch.
struct Course {
    lane: Lane,
    operator: Operator,
    came: Picture,
    went: Picture,
    /// Reads and writes that took.
    cost: (usize, usize),
}

impl Course {
    async fn begin(agency: &'static str) -> Self {
        let lane = Lane::enter(agency).await;
        let operator = lane.operator().await;
        lane.neighbour().await;
        lane.quiet(&operator).await;
        let before = operator.proxy.count();
        let (name, number) = (&format!("{agency}-usual"), "72000001");
        lane.ready(name, number).await;
        lane.quiet(&operator).await;
        let came = picture::of(&lane, name, number).await.unwrap();
        lane.delete(name).await;
        lane.gone(name).await;
        lane.quiet(&operator).await;
        let went = picture::of(&lane, name, number).await.unwrap();
        assert!(came.len() > 10 && !went.is_empty() && went.len() < came.len(), "{came:?} {went:?}");
        let after = operator.proxy.count();
        Self { lane, operator, came, went, cost: (after.0 - before.0, after.1 - before.1) }
    }

    /// A client comes and goes under a rule: in the end as if there were none. Returns what it cost.
    async fn run(&self, name: &str, rule: impl FnMut(&Ask) -> Deed + Send + 'static) -> (usize, usize) {
        let number = "72000002";
        let neighbour = picture::versions(&self.lane, &format!("{}-neighbour", self.lane.agency)).await;
        let before = self.operator.proxy.count();
        let done = self.operator.proxy.done_to();
        self.operator.proxy.rule(rule);
        self.lane.create(&self.lane.example(name, number)).await;
        picture::becomes(&self.lane, name, number, &self.came).await;
        self.lane.delete(name).await;
        self.lane.gone(name).await;
        picture::becomes(&self.lane, name, number, &self.went).await;
        assert!(self.operator.proxy.done_to() > done + 3, "the rule did next to nothing");
        self.operator.proxy.pass();
        self.lane.quiet(&self.operator).await;
        picture::becomes(&self.lane, name, number, &self.went).await;
        assert_eq!(
            picture::versions(&self.lane, &format!("{}-neighbour", self.lane.agency)).await,
            neighbour
        );
        let after = self.operator.proxy.count();
        (after.0 - before.0, after.1 - before.1)
    }

    /// Every request may be asked again as often as it was refused, and each refusal may cost a pass over what is already
    /// known; what would be more is a storm.
    fn is_no_storm(&self, spent: (usize, usize), refused: usize) {
        let most = (self.cost.0 * 2 + refused * 8, self.cost.1 + refused * 4);
        assert!(
            spent.0 <= most.0 && spent.1 <= most.1,
            "{spent:?} reads and writes, {most:?} are enough: {}",
            self.operator.proxy.story()
        );
    }
}

/// Does something to the first requests of each kind that changes something.
fn first_writes(times: usize, deed: Deed) -> impl FnMut(&Ask) -> Deed + Send + 'static {
    let mut seen = HashMap::<String, usize>::new();
    move |ask| {
        let count = seen.entry(kind(ask)).or_default();
        *count += 1;
        if ask.is_write() && *count <= times { deed.clone() } else { Deed::Pass }
    }
}

/// Most faults in a course: after each in a row the operator waits twice as long.
const MOST: usize = 6;

/// Does something to one request in so many, watches apart, never to the same two times in a row, a handful of times.
fn now_and_then(
    client: &'static str,
    every: usize,
    deeds: &'static [Deed],
) -> impl FnMut(&Ask) -> Deed + Send + 'static {
    let (mut count, mut done, mut last) = (0_usize, 0_usize, String::new());
    move |ask| {
        if ask.is_about_the_lease() || ask.is_watch() || !ask.concerns(client) {
            return Deed::Pass;
        }
        count += 1;
        let id = format!("{} {}", ask.method, ask.path);
        if count % every != 0 || id == last || done == MOST {
            return Deed::Pass;
        }
        last = id;
        done += 1;
        deeds[done % deeds.len()].clone()
    }
}

#[tokio::test]
async fn conflicts_at_the_client_and_everywhere() {
    let course = Course::begin("conflicts").await;
    // What others write all the time: the client itself and its status.
    let mut times = HashMap::<String, usize>::new();
    let spent = course
        .run("tried-409", move |ask| {
            if !ask.is_write() || !ask.resource().starts_with("mcpclients") {
                return Deed::Pass;
            }
            let count = times.entry(ask.resource()).or_default();
            *count += 1;
            if *count <= 3 { Deed::Answer(409) } else { Deed::Pass }
        })
        .await;
    course.is_no_storm(spent, 6);
    let spent = course.run("tried-again", now_and_then("tried-again", 7, &[Deed::Answer(409)])).await;
    course.is_no_storm(spent, 8);
}

#[tokio::test]
async fn overload_with_and_without_a_time_to_come_again_and_faults() {
    let course = Course::begin("overload").await;
    let mut told = HashSet::new();
    let spent = course
        .run("tried-429", move |ask| {
            // Every kind of request once, the lists and watches that begin meanwhile included.
            if !ask.is_about_the_lease() && told.len() < 12 && told.insert(kind(ask)) {
                Deed::Later(429)
            } else {
                Deed::Pass
            }
        })
        .await;
    course.is_no_storm(spent, 12);
    let spent = course.run("tried-503", first_writes(2, Deed::Answer(503))).await;
    course.is_no_storm(spent, 30);
    let faults: &[Deed] = const { &[Deed::Answer(500), Deed::Answer(502), Deed::Cut] };
    let spent = course.run("tried-500", now_and_then("tried-500", 9, faults)).await;
    course.is_no_storm(spent, 8);
}

#[tokio::test]
async fn answers_that_are_lost_after_the_deed() {
    let course = Course::begin("lost-answers").await;
    let spent = course.run("tried-504", first_writes(1, Deed::DoneBut(504))).await;
    course.is_no_storm(spent, 20);
    let lost: &[Deed] = const { &[Deed::DoneAndCut, Deed::DoneBut(500)] };
    let spent = course.run("tried-cut", now_and_then("tried-cut", 8, lost)).await;
    course.is_no_storm(spent, 8);
}

#[tokio::test]
async fn nobody_answers_before_or_after_the_deed() {
    let course = Course::begin("silences").await;
    let mut left: Vec<(&str, Deed)> = vec![
        ("PATCH configmaps", Deed::DoneAndSilence),
        ("POST events", Deed::Silence),
        ("GET namespaces", Deed::Silence),
        ("DELETE services", Deed::DoneAndSilence),
    ];
    if !crate::ends::all() {
        // Each costs half a minute.
        left.truncate(2);
    }
    let (name, number) = ("tried", "72000002");
    course.operator.proxy.rule(move |ask| match left.iter().position(|(which, _)| *which == kind(ask)) {
        Some(at) => left.remove(at).1,
        None => Deed::Pass,
    });
    course.lane.create(&course.lane.example(name, number)).await;
    picture::becomes(&course.lane, name, number, &course.came).await;
    // Its turn comes again.
    let suspended = serde_json::json!({"spec": {"displayName": "Another name"}});
    course.lane.patch(name, suspended).await;
    course.lane.reason(name, "Ready").await;
    course.lane.delete(name).await;
    course.lane.gone(name).await;
    picture::becomes(&course.lane, name, number, &course.went).await;
    assert!(course.operator.proxy.done_to() >= 2);
}

#[tokio::test]
async fn a_list_that_nobody_answers_when_the_operator_starts() {
    let lane = Lane::enter("versions").await;
    let operator = lane.operator().await;
    let mut waits = true;
    operator.proxy.rule(move |ask| {
        let hangs = ask.method == Method::GET && ask.resource() == "networkpolicies" && !ask.is_watch();
        if hangs && std::mem::take(&mut waits) { Deed::Silence } else { Deed::Pass }
    });
    lane.ready("patient", "72000009").await;
    // What nobody listed is looked after all the same, a little later.
    let policies = lane.inside::<NetworkPolicy>("patient-production");
    policies.delete("default-deny", &DeleteParams::default()).await.unwrap();
    eventually("nothing goes in or out again", async || {
        policies.get("default-deny").await.map(drop).map_err(|error| error.to_string())
    })
    .await;
}
