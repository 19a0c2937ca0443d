//! Messages of many customers as Meta delivers them on a bad day: in batches, some of them twice, out of order, and again
//! until they are taken.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mcp_server::clock::{Clock as _, SystemClock};
use mcp_simulator::Simulator;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::harness::NUMBER;

/// A small generator with a seed: the same storm every time.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

/// How many deliver at once.
const LANES: usize = 4;
/// Messages of a whole storm that are delivered in a second, at most: a few hundred last as long as the process is
/// being ended at every step twice, ten thousand a good five minutes.
const RATES: [(usize, usize); 2] = [(1_000, 13), (usize::MAX, 32)];

/// What is to be delivered, in the order in which it is tried.
pub struct Storm {
    batches: Vec<Vec<usize>>,
    pause: Duration,
}

impl Storm {
    /// One message of each customer; every tenth batch comes a second time.
    pub fn of(customers: usize, seed: u64) -> Self {
        let mut random = Lcg(seed);
        let mut order: Vec<usize> = (0..customers).collect();
        for at in (1..customers).rev() {
            order.swap(at, random.below(at + 1));
        }
        let mut batches = Vec::new();
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let (batch, after) = rest.split_at((1 + random.below(5)).min(rest.len()));
            batches.push(batch.to_vec());
            rest = after;
        }
        for at in (0..batches.len()).step_by(10) {
            let again = batches[at].clone();
            batches.insert(random.below(batches.len()), again);
        }
        let rate = RATES.iter().find(|(most, _)| customers < *most).unwrap().1;
        // A batch has three messages on average.
        let pause = Duration::from_secs(1) * u32::try_from(LANES * 3).unwrap() / u32::try_from(rate).unwrap();
        Self { batches, pause }
    }

    /// Delivers everything in the background and counts customers whose message was taken; ends when all of it was.
    pub fn pour(self, sim: Simulator, taken: Arc<AtomicUsize>) -> JoinHandle<()> {
        let Self { batches, pause } = self;
        tokio::spawn(async move {
            let mut lanes: Vec<Vec<(Vec<usize>, usize)>> = vec![Vec::new(); LANES];
            let mut seen = BTreeSet::new();
            for (n, batch) in batches.into_iter().enumerate() {
                let new = batch.iter().filter(|customer| seen.insert(**customer)).count();
                lanes[n % LANES].push((batch, new));
            }
            let lanes = lanes.into_iter().map(|batches| {
                let (sim, taken) = (sim.clone(), Arc::clone(&taken));
                tokio::spawn(async move {
                    for (batch, new) in batches {
                        let body = body(&batch);
                        while sim.post_webhook(NUMBER, &body).await.unwrap() != 200 {
                            tokio::time::sleep(Duration::from_millis(100)).await;
                        }
                        taken.fetch_add(new, Ordering::Relaxed);
                        tokio::time::sleep(pause).await;
                    }
                })
            });
            for lane in lanes.collect::<Vec<_>>() {
                lane.await.unwrap();
            }
        })
    }
}

fn body(customers: &[usize]) -> Value {
    let contacts: Vec<Value> = customers
        .iter()
        .map(|n| json!({"profile": {"name": format!("C{n}")}, "wa_id": phone(*n), "user_id": format!("BR.{n:016}")}))
        .collect();
    let messages: Vec<Value> = customers
        .iter()
        .map(|n| {
            json!({"from": phone(*n), "from_user_id": format!("BR.{n:016}"), "id": format!("wamid.storm{n}"),
                   "timestamp": SystemClock.now().as_second().to_string(), "type": "text", "text": {"body": text(*n)}})
        })
        .collect();
    json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": NUMBER},
        "contacts": contacts, "messages": messages}}]}]})
}

fn phone(n: usize) -> String {
    format!("55119{:08}", 10_000_000 + n)
}

/// One in four wants something written, most of them another hour.
fn text(n: usize) -> String {
    const DAYS: [&str; 6] = ["amanhã", "depois de amanhã", "dia 15", "dia 16", "dia 17", "dia 18"];
    let (day, hour) = (DAYS[n / 4 % 6], 9 + n / 24 % 10);
    if n.is_multiple_of(4) {
        format!("Quero marcar um corte {day} às {hour}h")
    } else {
        "Quanto custa o corte?".to_owned()
    }
}
