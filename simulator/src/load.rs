//! A bounded load of webhooks, to measure how fast a tenant accepts them.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use axum::http::header;
use reqwest::{Client, Url};
use serde::Serialize;

use crate::{
    clock::Clock,
    http::{self, ClientError},
    ids::{Ids, NoRandomness},
    webhook::{Number, Say, payload, signature},
};

/// How many customers write.
const CUSTOMERS: u64 = 1000;
/// A request without an answer after this is counted as failed.
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_RUN: Duration = Duration::from_mins(5);
const MOST_CONNECTIONS: usize = 512;

/// What to send where.
#[derive(Clone, Debug, clap::Args)]
pub struct Load {
    /// The webhook, on this machine or the test bed's network.
    #[arg(long)]
    pub url: Url,
    /// The app secret that signs.
    #[arg(long, env = "WHATSAPP_APP_SECRET", hide_env_values = true)]
    pub secret: String,
    /// The number written to.
    #[arg(long)]
    pub phone_number_id: String,
    /// Requests under way at once.
    #[arg(long, default_value_t = 32)]
    pub connections: usize,
    /// For how long, in seconds.
    #[arg(long, default_value_t = 5.0)]
    pub seconds: f64,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Requests sent.
    pub requests: usize,
    /// Those answered 200.
    pub ok: usize,
    /// How long it took.
    pub seconds: f64,
    /// Accepted requests per second.
    pub rate: f64,
    /// Half of the accepted requests were answered within this.
    pub p50_ms: f64,
    /// 99 of 100 were.
    pub p99_ms: f64,
}

/// A load that is not sent.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant says all it has to say in its text")]
pub enum LoadError {
    #[error("refusing to send load to {0}: only 127.0.0.0/8, ::1, localhost and 198.18.0.0/15 are allowed")]
    Foreign(String),
    #[error(
        "refusing the load: connections must be 1 to {MOST_CONNECTIONS}, seconds more than 0 and at most 300"
    )]
    Bounds,
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Ids(#[from] NoRandomness),
    #[error("waiting for a sender failed")]
    Sender(#[from] tokio::task::JoinError),
}

/// Sends for the given time.
pub async fn run(load: Load) -> Result<Outcome, LoadError> {
    let Load { url, secret, phone_number_id, connections, seconds } = load;
    if !near(&url) {
        return Err(LoadError::Foreign(url.host_str().unwrap_or("nowhere").to_owned()));
    }
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| LoadError::Bounds)?;
    if duration.is_zero() || duration > LONGEST_RUN || !(1..=MOST_CONNECTIONS).contains(&connections) {
        return Err(LoadError::Bounds);
    }
    let sender = std::sync::Arc::new(Sender {
        client: http::client(None)?,
        ids: Ids::random()?,
        clock: Clock::system(),
        number: Number::new(&phone_number_id, url.as_str(), &secret),
    });
    let begin = Instant::now();
    let senders: Vec<_> = (0..connections)
        .map(|index| {
            let sender = sender.clone();
            tokio::spawn(async move { sender.send_until(index, begin + duration).await })
        })
        .collect();
    let mut answers = Vec::new();
    for sender in senders {
        answers.extend(sender.await?);
    }
    Ok(outcome(&answers, begin.elapsed()))
}

/// Whether the host is this machine or the network kept free for measurements.
fn near(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => match host.trim_matches(['[', ']']).parse() {
            Ok(IpAddr::V4(address)) => {
                let [first, second, ..] = address.octets();
                address.is_loopback() || (first == 198 && (18..=19).contains(&second))
            }
            Ok(IpAddr::V6(address)) => address.is_loopback(),
            Err(_) => false,
        },
        None => false,
    }
}

struct Sender {
    client: Client,
    ids: Ids,
    clock: Clock,
    number: Number,
}

/// How long an answer took; `None` for one that was no 200.
type Answer = Option<Duration>;

impl Sender {
    async fn send_until(&self, index: usize, end: Instant) -> Vec<Answer> {
        let mut answers = Vec::new();
        while Instant::now() < end {
            answers.push(self.send(index as u64 * 7919 + answers.len() as u64).await);
        }
        answers
    }

    async fn send(&self, count: u64) -> Answer {
        let wamid = self.ids.wamid();
        let from = format!("55119{:08}", count % CUSTOMERS);
        let say = Say::text(&self.number.phone_number_id, &from, "Carga", &format!("mensagem {wamid}"));
        let body = payload::message(&self.number, &say, &wamid, self.clock.now().as_second());
        let body = signature::meta_json(&body);
        let request = self
            .client
            .post(&self.number.webhook_url)
            .timeout(PATIENCE)
            .header(header::CONTENT_TYPE, "application/json")
            .header("X-Hub-Signature-256", signature::sign(&self.number.app_secret, body.as_bytes()))
            .body(body);
        let begin = Instant::now();
        let answer = request.send().await.ok()?;
        let ok = answer.status().as_u16() == 200;
        // Read to the end, so that the connection is used again.
        answer.bytes().await.ok()?;
        ok.then(|| begin.elapsed())
    }
}

fn outcome(answers: &[Answer], took: Duration) -> Outcome {
    let mut times: Vec<Duration> = answers.iter().copied().flatten().collect();
    times.sort_unstable();
    // The nearest rank; whole numbers, so that no float decides an index.
    let percentile = |percent: usize| {
        let rank = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(rank).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    let seconds = took.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
    let rate = times.len() as f64 / seconds;
    Outcome {
        requests: answers.len(),
        ok: times.len(),
        seconds,
        rate,
        p50_ms: percentile(50),
        p99_ms: percentile(99),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_goes_only_to_this_machine_and_the_measurement_network() {
        let near = |url: &str| near(&url.parse().unwrap());
        for url in [
            "http://127.0.0.1:8000/x",
            "http://localhost/",
            "http://[::1]:80/",
            "http://198.18.0.9/",
            "http://198.19.255.1/",
        ] {
            assert!(near(url), "{url}");
        }
        for url in
            ["http://10.0.0.1/", "http://198.20.0.1/", "http://example.com/", "http://127.0.0.1.example.com/"]
        {
            assert!(!near(url), "{url}");
        }
    }

    #[test]
    fn percentiles_are_of_the_accepted_requests_only() {
        let mut answers: Vec<Answer> = (1..=100).map(|ms| Some(Duration::from_millis(ms))).collect();
        answers.push(None);
        let outcome = outcome(&answers, Duration::from_secs(2));
        assert_eq!((outcome.requests, outcome.ok), (101, 100));
        assert!((outcome.p50_ms - 50.0).abs() < 0.001 && (outcome.p99_ms - 99.0).abs() < 0.001);
        assert!((outcome.rate - 50.0).abs() < 0.001);
    }
}
