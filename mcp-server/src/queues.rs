//! How much waits, and how late the oldest of it is: read from the database when somebody looks.

use jiff::Timestamp;
use mcp_store::{Store, StoreError, inbox::DeadSource, outbox::OutgoingState};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{assistant::BURST, owner::again};

/// More dead letters than that are not told apart.
const MANY: u32 = 1000;
const SOURCES: [DeadSource; 3] = [DeadSource::Webhook, DeadSource::Turn, DeadSource::Outbox];

/// What waits at one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queues {
    /// Messages to customers by state; states without any are left out.
    pub outbox: Vec<(OutgoingState, u64)>,
    /// What a person has to look at, by where it came from.
    pub dead: [(&'static str, u64); 3],
    /// Seconds since the oldest burst could have been answered; a turn that runs counts from the end of its lease.
    pub turns_late: i64,
    /// Seconds since the oldest message could have been sent.
    pub outbox_late: i64,
    /// Questions and news that did not reach the owner; each is a dead letter too.
    pub owner: u64,
}

impl Queues {
    /// Reads them.
    pub async fn read(store: &dyn Store, now: Timestamp) -> Result<Self, StoreError> {
        let late = |due: Option<Timestamp>| due.map_or(0, |due| now.duration_since(due).as_secs().max(0));
        let letters = store.dead_letters(0, MANY).await?;
        let of = |source: DeadSource| letters.iter().filter(|row| row.letter.source == source).count() as u64;
        Ok(Self {
            outbox: store.outbox_counts().await?,
            dead: SOURCES.map(|source| (source.as_str(), of(source))),
            turns_late: late(store.next_turn_at(&BURST).await?),
            outbox_late: late(store.next_outgoing_at().await?),
            owner: again::waiting(store).await?,
        })
    }

    /// What a person has to do about it, a sentence each.
    pub fn next(&self) -> Vec<String> {
        let of = |source: DeadSource| {
            self.dead.iter().find(|(name, _)| *name == source.as_str()).map_or(0, |(_, count)| *count)
        };
        let mut next = Vec::new();
        if self.owner > 0 {
            next.push(format!(
                "{} messages did not reach the owner: have them write anything to the business's WhatsApp number, they \
                 are sent then; with an approved template in WHATSAPP_TEMPLATES they are sent without",
                self.owner
            ));
        }
        if of(DeadSource::Turn) + of(DeadSource::Outbox) > self.owner {
            next.push("run `mcp-server outbox list` and replay or discard each".to_owned());
        }
        if of(DeadSource::Webhook) > 0 {
            next.push(
                "run `mcp-server outbox list --payload` and discard what was not understood".to_owned(),
            );
        }
        next
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct From {
    source: &'static str,
}

/// The same for Prometheus.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    outbox: Family<InState, Gauge>,
    dead: Family<From, Gauge>,
    turns_late: Gauge,
    outbox_late: Gauge,
    owner: Gauge,
}

impl Gauges {
    /// Registered under their names.
    pub fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        registry.register("outbox_messages", "Messages to customers, by state", gauges.outbox.clone());
        registry.register(
            "dead_letters",
            "What a person has to look at, by where it came from, at most 1000",
            gauges.dead.clone(),
        );
        registry.register(
            "turns_late_seconds",
            "How long the oldest burst could have been answered already",
            gauges.turns_late.clone(),
        );
        registry.register(
            "outbox_late_seconds",
            "How long the oldest message could have been sent already",
            gauges.outbox_late.clone(),
        );
        registry.register(
            "owner_messages_waiting",
            "Questions and news that did not reach the owner, at most 1000",
            gauges.owner.clone(),
        );
        gauges
    }

    /// Shows these from now on.
    pub fn set(&self, queues: &Queues) {
        self.outbox.clear();
        for (state, count) in &queues.outbox {
            self.outbox.get_or_create(&InState { state: state.as_str() }).set(whole(*count));
        }
        for (source, count) in queues.dead {
            self.dead.get_or_create(&From { source }).set(whole(count));
        }
        self.turns_late.set(queues.turns_late);
        self.outbox_late.set(queues.outbox_late);
        self.owner.set(whole(queues.owner));
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
