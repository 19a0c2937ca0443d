//! A bounded load of webhooks, to measure how fast a tenant accepts them.

mod outcome;
mod sender;

use std::{
    net::IpAddr,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use reqwest::Url;

pub use outcome::Outcome;
use sender::{Plan, Sender};

use crate::{
    clock::Clock,
    http::{self, ClientError},
    ids::{Ids, NoRandomness},
    webhook::Number,
};

const LONGEST_RUN: Duration = Duration::from_mins(10);
const MOST_CONNECTIONS: usize = 512;
const MOST_PER_SECOND: u32 = 10_000;

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
    /// Requests under way at once, each begun when another one has its answer.
    #[arg(long, default_value_t = 32, conflicts_with = "rate")]
    pub connections: usize,
    /// Instead: so many requests a second at fixed instants, answered or not. Times then count from those instants.
    #[arg(long)]
    pub rate: Option<u32>,
    /// For how long at most, in seconds.
    #[arg(long, default_value_t = 5.0)]
    pub seconds: f64,
    /// How many messages at most; without it only the time ends the load.
    #[arg(long)]
    pub messages: Option<u64>,
    /// How many customers write, one after the other.
    #[arg(long, default_value_t = 1000)]
    pub customers: u64,
    /// How many messages a customer writes in a row.
    #[arg(long, default_value_t = 1)]
    pub burst: u64,
}

/// A load that is not sent.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant says all it has to say in its text")]
pub enum LoadError {
    #[error("refusing to send load to {0}: only 127.0.0.0/8, ::1, localhost and 198.18.0.0/15 are allowed")]
    Foreign(String),
    #[error(
        "refusing the load: connections must be 1 to {MOST_CONNECTIONS}, the rate 1 to {MOST_PER_SECOND} a second, \
         seconds more than 0 and at most {}, customers and burst at least 1",
        LONGEST_RUN.as_secs()
    )]
    Bounds,
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Ids(#[from] NoRandomness),
    #[error("waiting for a sender failed")]
    Sender(#[from] tokio::task::JoinError),
}

/// Sends until the time or the messages are over, and waits for the last answer.
pub async fn run(load: Load) -> Result<Outcome, LoadError> {
    let Load { url, secret, phone_number_id, connections, rate, seconds, messages, customers, burst } = load;
    if !near(&url) {
        return Err(LoadError::Foreign(url.host_str().unwrap_or("nowhere").to_owned()));
    }
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| LoadError::Bounds)?;
    if duration.is_zero()
        || duration > LONGEST_RUN
        || !(1..=MOST_CONNECTIONS).contains(&connections)
        || rate.is_some_and(|rate| !(1..=MOST_PER_SECOND).contains(&rate))
        || customers == 0
        || burst == 0
    {
        return Err(LoadError::Bounds);
    }
    let sender = Arc::new(Sender {
        client: http::client(None)?,
        ids: Ids::random()?,
        clock: Clock::system(),
        number: Number::new(&phone_number_id, url.as_str(), &secret),
        plan: Plan { customers, burst, messages: messages.unwrap_or(u64::MAX), duration },
        next: AtomicU64::new(0),
    });
    let begin = Instant::now();
    let answers = match rate {
        Some(rate) => sender.open(Duration::from_secs(1) / rate).await?,
        None => sender.closed(connections).await?,
    };
    Ok(Outcome::of(&answers, begin.elapsed()))
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
}
