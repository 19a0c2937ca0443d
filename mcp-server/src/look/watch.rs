//! Looks again and again, so that `/status` is true while no customer writes: an expired token is seen within four
//! minutes. Hundreds of tenants do not look at once, and what fails is looked at sooner.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{address, model, number};
use crate::{
    assistant::gemini::Google,
    calendar::calendars::Calendars,
    clock::SharedClock,
    ids::{SharedIds, share},
    status::{Dependency, Reason, Seen, State, StatusBoard},
    whatsapp::{
        answer::{Class, Trouble},
        graph::Graph,
        verdict,
    },
};

/// After a failure first this long …
const FIRST_RETRY: Duration = Duration::from_secs(15);
/// Within this time after the start the first look is taken.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// The number's address is not set more often than this: it is Meta's place to refuse it.
const SET_AGAIN: Duration = Duration::from_mins(15);

/// One thing that is looked at.
#[async_trait]
pub trait Look: Send + 'static {
    /// What it shows, of one or several dependencies.
    async fn look(&mut self) -> Vec<(Dependency, Seen)>;
}

/// Looks as long as the process runs.
#[derive(Clone)]
pub struct Watch {
    /// Where it is said.
    pub board: Arc<StatusBoard>,
    /// Time.
    pub clock: SharedClock,
    /// For the jitter.
    pub ids: SharedIds,
    /// The longest time between two looks; zero: nothing is looked at.
    pub every: Duration,
}

impl Watch {
    /// Begins to look.
    pub fn spawn(&self, look: impl Look, tasks: &TaskTracker, stop: &CancellationToken) {
        if !self.every.is_zero() {
            tasks.spawn(self.clone().run(look, stop.clone()));
        }
    }

    async fn run(self, mut look: impl Look, stop: CancellationToken) {
        let mut nap = FIRST_LOOK.mul_f64(share(&*self.ids));
        let mut failures = 0;
        let mut missed = BTreeMap::<Dependency, u32>::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(nap) => {}
                () = self.trouble(missed.keys().copied().collect()) => {}
            }
            let seen = look.look().await;
            let failing = seen.iter().any(|(_, seen)| seen.reason.state() == State::Failing);
            failures = if failing { failures + 1 } else { 0 };
            for (dependency, seen) in seen {
                // One look that fails by what may pass proves nothing; the second one in a row does.
                let times = missed.entry(dependency).or_default();
                *times = if seen.reason.passes() { *times + 1 } else { 0 };
                if *times != 1 {
                    self.board.looked(dependency, self.clock.now(), seen);
                }
            }
            nap = self.nap(failures);
        }
    }

    /// Waits until use shows trouble with one of these, and then for as long as after a failed look.
    async fn trouble(&self, watched: Vec<Dependency>) {
        if watched.is_empty() {
            return std::future::pending().await;
        }
        let waits = watched.into_iter().map(|dependency| Box::pin(self.board.trouble(dependency)));
        let _ = futures::future::select_all(waits).await;
        tokio::time::sleep(FIRST_RETRY).await;
    }

    /// Between three quarters and the whole of the longest time; after failures less.
    fn nap(&self, failures: u32) -> Duration {
        let usual = self.every.mul_f64(0.75 + 0.25 * share(&*self.ids));
        match failures.checked_sub(1) {
            None => usual,
            Some(more) => (FIRST_RETRY * 2_u32.saturating_pow(more.min(8))).min(usual),
        }
    }
}

/// The number, and where its deliveries go; that is set where it is another place.
pub struct NumberLook {
    graph: Graph,
    /// Where they should go.
    own: Result<String, Seen>,
    /// When that was last tried.
    set: Option<Instant>,
}

impl NumberLook {
    /// For the tenant at this public base URL.
    pub fn new(graph: Graph, public_url: &str) -> Self {
        Self { graph, own: address::own(public_url), set: None }
    }

    /// Has deliveries come here, unless that was tried lately.
    async fn keep(&mut self, addresses: &serde_json::Value) -> Seen {
        let judged = address::judge(addresses, &self.own);
        let Ok(url) = &self.own else { return judged };
        // Another level's address may be ours today and another tenant's tomorrow.
        if address::of_the_number(addresses) == Some(url)
            || self.set.is_some_and(|at| at.elapsed() < SET_AGAIN)
        {
            return judged;
        }
        self.set = Some(Instant::now());
        if let Err(trouble) = self.graph.set_callback(url).await {
            return if judged.reason.state() == State::Ok { judged } else { refused(&trouble, judged) };
        }
        tracing::info!("the webhook's address of the number was set at Meta");
        match self.graph.number().await.1 {
            Ok(body) => address::judge(&body["webhook_configuration"], &self.own),
            // It was taken; the next look tells.
            Err(_) => Seen::new(Reason::Works, "the number's webhook address was set at Meta"),
        }
    }
}

/// Why the address could not be set, and so deliveries go where they went.
fn refused(trouble: &Trouble, judged: Seen) -> Seen {
    match trouble.class {
        Class::Token | Class::Account => {
            let said = judged.message.unwrap_or_default();
            Seen {
                reason: Reason::DeliveredElsewhere,
                message: Some(format!("{}; the token may not set the number's address: {said}", trouble.why)),
                next: judged.next,
            }
        }
        Class::Request => Seen::new(
            Reason::RequestRefused,
            format!("{}: Meta refused the webhook's address", trouble.why),
        )
        .next(
            "check that the app is subscribed to the WhatsApp business account, and that the address answers from the \
             internet with a valid certificate",
        ),
        _ => verdict::of_trouble(trouble),
    }
}

#[async_trait]
impl Look for NumberLook {
    async fn look(&mut self) -> Vec<(Dependency, Seen)> {
        let seen = number::look(&self.graph).await;
        let mut all = vec![(Dependency::WhatsApp, seen.number)];
        if let Some(addresses) = seen.addresses {
            all.push((Dependency::Webhook, self.keep(&addresses).await));
        } else if let Err(seen) = &self.own {
            all.push((Dependency::Webhook, seen.clone()));
        }
        all
    }
}

/// The models of the chain.
pub struct ModelLook {
    /// Google.
    pub google: Google,
    /// Their ids, the preferred one first.
    pub chain: Vec<String>,
}

#[async_trait]
impl Look for ModelLook {
    async fn look(&mut self) -> Vec<(Dependency, Seen)> {
        vec![(Dependency::Gemini, model::look(&self.google, &self.chain).await)]
    }
}

/// The calendars outside.
pub struct CalendarLook(pub Arc<Calendars>);

#[async_trait]
impl Look for CalendarLook {
    async fn look(&mut self) -> Vec<(Dependency, Seen)> {
        vec![(Dependency::Calendar, self.0.look().await)]
    }
}

#[cfg(test)]
mod tests;
