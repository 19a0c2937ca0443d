//! A breaker before an outside service: when it fails again and again it is left alone for a while, then tried
//! carefully.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::SharedClock;

/// When a breaker opens and closes.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open.
    pub open: SignedDuration,
    /// Trials at once while it is half open.
    pub trials: u32,
    /// Successes that close it.
    pub successes: u32,
}

impl Default for Rule {
    fn default() -> Self {
        Self { failures: 5, open: SignedDuration::from_secs(60), trials: 3, successes: 2 }
    }
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, schemars(rename = "Breaker"))]
pub enum State {
    /// Everything passes.
    Closed,
    /// Nothing passes.
    Open,
    /// A few trials pass.
    HalfOpen,
}

#[derive(Clone, Copy, Debug)]
enum Inner {
    Closed { failures: u32 },
    Open { until: Timestamp },
    HalfOpen { running: u32, successes: u32 },
}

#[derive(Debug)]
struct Kept {
    inner: Inner,
    /// Grows with every change of state: what began under another state says nothing about this one.
    era: u64,
}

/// One breaker for one service.
pub struct Breaker {
    rule: Rule,
    clock: SharedClock,
    kept: Mutex<Kept>,
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker").field("state", &self.state()).finish_non_exhaustive()
    }
}

/// The right to one request. One that is dropped without an outcome (its caller gave up waiting) counts as failed.
#[derive(Debug)]
#[must_use = "a pass that is dropped counts as a failure"]
pub struct Pass {
    breaker: Arc<Breaker>,
    era: u64,
    told: bool,
}

impl Breaker {
    /// A closed one.
    pub fn new(rule: Rule, clock: SharedClock) -> Arc<Self> {
        let kept = Mutex::new(Kept { inner: Inner::Closed { failures: 0 }, era: 0 });
        Arc::new(Self { rule, clock, kept })
    }

    /// How it stands now.
    pub fn state(&self) -> State {
        match self.with(|kept| kept.inner) {
            Inner::Closed { .. } => State::Closed,
            Inner::Open { until } if self.clock.now() < until => State::Open,
            Inner::Open { .. } | Inner::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// Asks to send one request; `None` while the service is left alone.
    pub fn admit(self: &Arc<Self>) -> Option<Pass> {
        let now = self.clock.now();
        let era = self.with(|kept| {
            if let Inner::Open { until } = kept.inner {
                // A clock that was set back must not keep it open for longer than the rule says.
                let left = until.duration_since(now);
                if left > SignedDuration::ZERO && left <= self.rule.open {
                    return None;
                }
                kept.inner = Inner::HalfOpen { running: 0, successes: 0 };
                kept.era += 1;
            }
            if let Inner::HalfOpen { running, .. } = &mut kept.inner {
                if *running >= self.rule.trials {
                    return None;
                }
                *running += 1;
            }
            Some(kept.era)
        })?;
        Some(Pass { breaker: Arc::clone(self), era, told: false })
    }

    fn tell(&self, era: u64, ok: bool) {
        let until = self.clock.now().saturating_add(self.rule.open).unwrap_or(Timestamp::MAX);
        self.with(|kept| {
            if kept.era != era {
                return;
            }
            let next = match kept.inner {
                Inner::Closed { .. } if ok => Inner::Closed { failures: 0 },
                Inner::Closed { failures } if failures + 1 < self.rule.failures => {
                    Inner::Closed { failures: failures + 1 }
                }
                Inner::HalfOpen { running, successes } if ok && successes + 1 < self.rule.successes => {
                    Inner::HalfOpen { running: running.saturating_sub(1), successes: successes + 1 }
                }
                Inner::HalfOpen { .. } if ok => Inner::Closed { failures: 0 },
                Inner::Closed { .. } | Inner::HalfOpen { .. } | Inner::Open { .. } => Inner::Open { until },
            };
            if std::mem::discriminant(&next) != std::mem::discriminant(&kept.inner) {
                kept.era += 1;
            }
            kept.inner = next;
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Pass {
    /// The service answered.
    pub fn succeeded(mut self) {
        self.told = true;
        self.breaker.tell(self.era, true);
    }

    /// The service did not answer, or said that it cannot.
    pub fn failed(mut self) {
        self.told = true;
        self.breaker.tell(self.era, false);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if !self.told {
            self.breaker.tell(self.era, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::clock::Clock;

    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
        }
    }

    fn breaker() -> (Arc<Hand>, Arc<Breaker>) {
        let hand = Arc::new(Hand(AtomicI64::new(1_800_000_000)));
        let clock: SharedClock = hand.clone();
        (hand, Breaker::new(Rule::default(), clock))
    }

    fn fail(breaker: &Arc<Breaker>, times: usize) {
        for _ in 0..times {
            breaker.admit().unwrap().failed();
        }
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_a_minute() {
        let (hand, breaker) = breaker();
        fail(&breaker, 4);
        breaker.admit().unwrap().succeeded();
        fail(&breaker, 4);
        assert_eq!(breaker.state(), State::Closed);
        fail(&breaker, 1);
        assert!(breaker.state() == State::Open && breaker.admit().is_none());
        hand.0.fetch_add(59, Ordering::Relaxed);
        assert!(breaker.admit().is_none());
        hand.0.fetch_add(1, Ordering::Relaxed);
        assert!(breaker.state() == State::HalfOpen && breaker.admit().is_some());
    }

    #[test]
    fn half_open_lets_three_through_and_closes_after_two_successes() {
        let (hand, breaker) = breaker();
        fail(&breaker, 5);
        hand.0.fetch_add(60, Ordering::Relaxed);
        let trials: Vec<Pass> = (0..3).map(|_| breaker.admit().unwrap()).collect();
        assert!(breaker.admit().is_none());
        for (n, trial) in trials.into_iter().enumerate() {
            assert_eq!(breaker.state(), if n < 2 { State::HalfOpen } else { State::Closed });
            trial.succeeded();
        }
        assert_eq!(breaker.state(), State::Closed);
    }

    #[test]
    fn a_failed_trial_opens_it_again_and_a_late_success_of_before_changes_nothing() {
        let (hand, breaker) = breaker();
        let early = breaker.admit().unwrap();
        fail(&breaker, 5);
        early.succeeded();
        assert_eq!(breaker.state(), State::Open);
        hand.0.fetch_add(60, Ordering::Relaxed);
        // Given up waiting.
        drop(breaker.admit().unwrap());
        assert_eq!(breaker.state(), State::Open);
    }

    #[test]
    fn a_clock_set_back_does_not_keep_it_open() {
        let (hand, breaker) = breaker();
        fail(&breaker, 5);
        hand.0.fetch_sub(3600, Ordering::Relaxed);
        assert!(breaker.admit().is_some());
    }
}
