//! Whom to ask, when, and what is known of each. Plain data under a lock; [`super::rounds`] does the asking.

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry as Slot},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{
    MISSES,
    answer::Answer,
    judge::{Findings, judge},
    target::Target,
    token::SigningKey,
};
use crate::{client::outcome::Verdict, names::TenantNamespace};

/// How soon a server is asked again that did not answer, or that is to get another profile.
const SOON: Duration = Duration::from_secs(10);
/// How long a profile may be on its way: the kubelet brings it within its period of a minute and the age of its cache.
const PROFILE_ON_ITS_WAY: Duration = Duration::from_mins(3);
/// How often the words of a condition change by themselves, where neither status nor reason does: a server's words may be
/// others each time.
const REWORD: Duration = Duration::from_mins(10);

/// Whom to ask, and what is known.
#[derive(Debug)]
pub struct Board {
    interval: Duration,
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<TenantNamespace, Entry>,
    due: BTreeSet<(Instant, TenantNamespace)>,
    keys: HashMap<TenantNamespace, SigningKey>,
    /// How many targets there have been.
    revisions: u64,
}

#[derive(Debug)]
struct Entry {
    target: Arc<Target>,
    /// Another one for each target: an answer to an earlier question says nothing.
    revision: u64,
    due: Instant,
    /// The revision that is being asked.
    asking: Option<u64>,
    round: u64,
    misses: u8,
    /// When another profile was delivered.
    profile_since: Instant,
    known: Option<Findings>,
    worded: Instant,
}

/// One question to ask.
#[derive(Clone, Debug)]
pub struct Question {
    /// Whom.
    pub target: Arc<Target>,
    revision: u64,
}

impl Board {
    /// Nobody to ask yet; each server is asked once in this interval, or somewhat sooner.
    pub fn new(interval: Duration) -> Self {
        Self { interval, inner: Mutex::default(), changed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the key of a tenant. A pass that has nothing to do does not read it again.
    pub fn learn_key(&self, namespace: &TenantNamespace, key: Option<SigningKey>) {
        let mut inner = self.lock();
        match key {
            Some(key) => inner.keys.insert(namespace.clone(), key),
            None => inner.keys.remove(namespace),
        };
    }

    /// The key of a tenant.
    pub fn key(&self, namespace: &TenantNamespace) -> Option<SigningKey> {
        self.lock().keys.get(namespace).cloned()
    }

    /// From now on these servers are asked. Nothing happens where they are already; where something about them is new
    /// they are asked at once, and what was known of them before holds until they answer.
    pub fn want(&self, target: Target) {
        let now = Instant::now();
        let mut inner = self.lock();
        let Inner { entries, due, revisions, .. } = &mut *inner;
        let namespace = target.namespace.clone();
        match entries.entry(namespace.clone()) {
            Slot::Occupied(entry) if *entry.get().target == target => return,
            Slot::Occupied(mut entry) => {
                *revisions += 1;
                let entry = entry.get_mut();
                due.remove(&(entry.due, namespace.clone()));
                entry.turn_to(Arc::new(target), *revisions, now);
                // While it is asked it is not due; it becomes so with the answer.
                if entry.asking.is_none() {
                    due.insert((now, namespace));
                }
            }
            Slot::Vacant(slot) => {
                *revisions += 1;
                slot.insert(Entry::new(Arc::new(target), *revisions, now));
                due.insert((now, namespace));
            }
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// These servers are not asked for now, and nothing is known of them.
    pub fn rest(&self, namespace: &TenantNamespace) {
        let mut inner = self.lock();
        if let Some(entry) = inner.entries.remove(namespace) {
            inner.due.remove(&(entry.due, namespace.clone()));
        }
    }

    /// Forgets a tenant, its key included.
    pub fn end(&self, namespace: &TenantNamespace) {
        self.rest(namespace);
        self.lock().keys.remove(namespace);
    }

    /// What is known of a tenant's servers; none before they have answered.
    pub fn findings(&self, namespace: &TenantNamespace) -> Option<Findings> {
        self.lock().entries.get(namespace)?.known.clone()
    }

    /// Waits until there may be something new to ask.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// When somebody is to be asked next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.lock().due.first().map(|(due, _)| *due)
    }

    /// A question that is due now. It is not handed out again before it is answered.
    pub(super) fn take(&self, now: Instant) -> Option<Question> {
        let mut inner = self.lock();
        let (_, namespace) = inner.due.first().filter(|(due, _)| *due <= now)?.clone();
        inner.due.pop_first();
        let entry = inner.entries.get_mut(&namespace)?;
        entry.asking = Some(entry.revision);
        Some(Question { target: Arc::clone(&entry.target), revision: entry.revision })
    }

    /// Takes in an answer. Returns whether a condition would change.
    pub(super) fn conclude(&self, question: &Question, answer: Answer, now: Instant) -> bool {
        let mut inner = self.lock();
        let Inner { entries, due, .. } = &mut *inner;
        let namespace = &question.target.namespace;
        // Another one of the same name may have begun since; it is asked on its own account.
        let mine = |entry: &&mut Entry| entry.asking == Some(question.revision);
        let Some(entry) = entries.get_mut(namespace).filter(mine) else { return false };
        entry.asking = None;
        let mut changed = false;
        if entry.revision == question.revision {
            entry.round += 1;
            changed = entry.take_in(answer, now);
            entry.due = now + entry.pause(self.interval);
        }
        due.insert((entry.due, namespace.clone()));
        changed
    }
}

impl Entry {
    fn new(target: Arc<Target>, revision: u64, now: Instant) -> Self {
        Self {
            target,
            revision,
            due: now,
            asking: None,
            round: 0,
            misses: 0,
            profile_since: now,
            known: None,
            worded: now,
        }
    }

    fn turn_to(&mut self, target: Arc<Target>, revision: u64, now: Instant) {
        if self.target.profile != target.profile {
            self.profile_since = now;
        }
        (self.target, self.revision, self.due, self.misses) = (target, revision, now, 0);
    }

    fn take_in(&mut self, answer: Answer, now: Instant) -> bool {
        let fresh = match answer {
            Answer::Said(said) => {
                self.misses = 0;
                judge(&self.target, &said, self.profile_is_on_its_way(now))
            }
            Answer::Silent(why) => {
                self.misses = self.misses.saturating_add(1);
                if self.misses < MISSES {
                    return false;
                }
                Findings::unreachable(&self.target, &why)
            }
        };
        let reword = now.duration_since(self.worded) >= REWORD;
        let fresh = match &self.known {
            Some(known) if !reword => keep_words(known, fresh),
            _ => fresh,
        };
        if self.known.as_ref() == Some(&fresh) {
            return false;
        }
        self.known = Some(fresh);
        self.worded = now;
        true
    }

    fn profile_is_on_its_way(&self, now: Instant) -> bool {
        now.duration_since(self.profile_since) < PROFILE_ON_ITS_WAY
    }

    /// Until the next question: the interval, up to a fifth less of it, so that a thousand tenants are not asked in the
    /// same second; soon where something is in the air.
    fn pause(&self, interval: Duration) -> Duration {
        let missing = (1..MISSES).contains(&self.misses);
        let late = self.known.as_ref().is_some_and(|known| known.late);
        let pause = if missing || late { interval.min(SOON) } else { interval };
        let mut hasher = DefaultHasher::new();
        (&self.target.namespace, self.round).hash(&mut hasher);
        let less = u32::try_from(hasher.finish() % 200).unwrap_or_default();
        pause * (1000 - less) / 1000
    }
}

/// The fresh findings, in the words of before where only the words differ. Of the server's own condition the words are the
/// operator's.
fn keep_words(known: &Findings, fresh: Findings) -> Findings {
    let keep = |known: &Verdict, fresh: Verdict| {
        if (known.holds, known.reason) == (fresh.holds, fresh.reason) { known.clone() } else { fresh }
    };
    Findings {
        channel: keep(&known.channel, fresh.channel),
        calendar: keep(&known.calendar, fresh.calendar),
        model: keep(&known.model, fresh.model),
        ..fresh
    }
}

#[cfg(test)]
mod tests;
