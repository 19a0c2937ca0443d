//! How fast may be sent: to everybody together, to one customer, and whether at all. In memory: after a restart Meta
//! itself says where a limit is (130429, 131056), which costs a refusal and loses nothing.

use std::{collections::HashMap, sync::Mutex};

use jiff::{SignedDuration, Timestamp};

/// A customer may be sent to once in so many milliseconds (Meta, "Pair rate limits": about one message in six seconds) …
const PAIR_MILLIS: i64 = 6_000;
/// … after a burst of so many.
const PAIR_BURST: i64 = 45;
/// Holds of a customer grow fourfold (Meta: 4^n seconds) up to this.
const LONGEST_PAIR_HOLD: i64 = 4_096;
/// A sender that was stopped tries one message after this many seconds, then after twice as many, and so on …
const FIRST_CHECK: i64 = 30;
/// … but at least this often.
const LONGEST_CHECK: i64 = 300;
/// After 131048 what nobody asked for waits this long.
const SPAM_HOLD: SignedDuration = SignedDuration::from_mins(15);
/// After 130429 the number sends at a quarter of its rate for this long.
const SLOW: SignedDuration = SignedDuration::from_mins(1);
/// Callers come with instants they took a moment ago; a clock that goes back by more was set.
const SET_BACK: SignedDuration = SignedDuration::from_secs(30);
/// Customers remembered before those at rest are forgotten.
const MANY: usize = 1_024;

/// What the sender knows of limits.
#[derive(Debug)]
pub struct Pace {
    per_second: u32,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The latest instant anybody came with.
    latest: Option<Timestamp>,
    /// When the next message may go, as the bucket of the whole number has it, in milliseconds.
    next_millis: i64,
    slow_until: Option<Timestamp>,
    notices_held_until: Option<Timestamp>,
    stopped: Option<Stopped>,
    pairs: HashMap<i64, Pair>,
}

#[derive(Clone, Copy, Debug)]
struct Stopped {
    check_at: Timestamp,
    checks: u32,
}

/// The bucket of one customer, as the instant at which it is full again.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    full_at_millis: i64,
    strikes: u32,
}

impl State {
    /// Where the clock was set back, waits that had begun go back with it: none becomes longer than its rule.
    fn follow(&mut self, now: Timestamp) {
        let back = self.latest.map_or(SignedDuration::ZERO, |latest| latest.duration_since(now));
        if back > SET_BACK {
            let earlier = |at: Timestamp| at.saturating_sub(back).unwrap_or(now);
            let millis = i64::try_from(back.as_millis()).unwrap_or(i64::MAX);
            self.next_millis = self.next_millis.saturating_sub(millis);
            self.slow_until = self.slow_until.map(earlier);
            self.notices_held_until = self.notices_held_until.map(earlier);
            if let Some(stopped) = &mut self.stopped {
                stopped.check_at = earlier(stopped.check_at);
            }
            for pair in self.pairs.values_mut() {
                pair.full_at_millis = pair.full_at_millis.saturating_sub(millis);
            }
            self.latest = Some(now);
        }
        self.latest = self.latest.max(Some(now));
    }
}

impl Pace {
    /// For a number that may send so many messages a second (Meta: 80, or 20 beside the WhatsApp Business app).
    pub fn new(per_second: u32) -> Self {
        Self { per_second: per_second.clamp(1, 1_000), state: Mutex::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What is known, by the clock of now.
    fn state_at(&self, now: Timestamp) -> std::sync::MutexGuard<'_, State> {
        let mut state = self.state();
        state.follow(now);
        state
    }

    /// When the next message of the number may be taken; `None` for now.
    pub fn ready(&self, now: Timestamp) -> Option<Timestamp> {
        let state = self.state_at(now);
        if let Some(stopped) = state.stopped {
            return Some(stopped.check_at).filter(|at| now < *at);
        }
        let millis = now.as_millisecond();
        if state.next_millis > millis { Timestamp::from_millisecond(state.next_millis).ok() } else { None }
    }

    /// A message was taken.
    pub fn took(&self, now: Timestamp) {
        let mut state = self.state_at(now);
        if let Some(stopped) = &mut state.stopped {
            // One message finds out; the others wait for what becomes of it.
            stopped.checks = stopped.checks.saturating_add(1);
            stopped.check_at = add(now, check_after(stopped.checks));
        }
        let slow = state.slow_until.is_some_and(|until| now < until);
        let rate = i64::from(if slow { (self.per_second / 4).max(1) } else { self.per_second });
        // A second's worth may go at once.
        let since = state.next_millis.max(now.as_millisecond() - 1_000);
        state.next_millis = since + (999 + rate) / rate;
    }

    /// Whether nothing is sent until a person acts.
    pub fn is_stopped(&self) -> bool {
        self.state().stopped.is_some()
    }

    /// Until when a message to a conversation has to wait; `None` for now, and then it is counted.
    pub fn pair(&self, conversation: i64, now: Timestamp) -> Option<Timestamp> {
        let mut state = self.state_at(now);
        let millis = now.as_millisecond();
        if state.pairs.len() >= MANY {
            state.pairs.retain(|_, pair| pair.full_at_millis > millis || pair.strikes > 0);
        }
        let pair = state.pairs.entry(conversation).or_default();
        let full_at = pair.full_at_millis.max(millis) + PAIR_MILLIS;
        let earliest = full_at - PAIR_MILLIS * PAIR_BURST;
        if earliest > millis {
            return Timestamp::from_millisecond(earliest).ok();
        }
        pair.full_at_millis = full_at;
        None
    }

    /// Until when a message nobody asked for has to wait.
    pub fn notices(&self, now: Timestamp) -> Option<Timestamp> {
        self.state_at(now).notices_held_until.filter(|until| now < *until)
    }

    /// The channel took a message: nothing is stopped.
    pub fn sent(&self, conversation: i64) {
        let mut state = self.state();
        state.stopped = None;
        if let Some(pair) = state.pairs.get_mut(&conversation) {
            pair.strikes = 0;
        }
    }

    /// Token or account were refused; returns when one message tries again.
    pub fn stop(&self, now: Timestamp) -> Timestamp {
        let mut state = self.state_at(now);
        let first = Stopped { check_at: add(now, check_after(0)), checks: 0 };
        state.stopped.get_or_insert(first).check_at
    }

    /// The credential is good, whatever became of the message.
    pub fn works(&self) {
        self.state().stopped = None;
    }

    /// 130429 and the like.
    pub fn throttled(&self, now: Timestamp) {
        self.state_at(now).slow_until = Some(now.saturating_add(SLOW).unwrap_or(now));
    }

    /// 131048; returns until when notices wait.
    pub fn spam(&self, now: Timestamp) -> Timestamp {
        let until = now.saturating_add(SPAM_HOLD).unwrap_or(now);
        self.state_at(now).notices_held_until = Some(until);
        until
    }

    /// 131056; returns until when this customer is left alone.
    pub fn too_much(&self, conversation: i64, now: Timestamp) -> Timestamp {
        let mut state = self.state_at(now);
        let pair = state.pairs.entry(conversation).or_default();
        pair.strikes = pair.strikes.saturating_add(1);
        let seconds = 4_i64.saturating_pow(pair.strikes).min(LONGEST_PAIR_HOLD);
        let until = add(now, seconds);
        // The bucket is empty: one message when the hold ends, and one each six seconds after it.
        pair.full_at_millis = until.as_millisecond() + PAIR_MILLIS * (PAIR_BURST - 1);
        until
    }
}

fn check_after(checks: u32) -> i64 {
    FIRST_CHECK.saturating_mul(1 << checks.min(10)).min(LONGEST_CHECK)
}

fn add(now: Timestamp, seconds: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_764_000_000_000 + millis).unwrap()
    }

    fn secs(from: Timestamp, to: Timestamp) -> i64 {
        to.duration_since(from).as_secs()
    }

    #[test]
    fn a_number_sends_at_its_rate_after_a_seconds_burst() {
        let pace = Pace::new(20);
        let sent = |from: i64, to: i64| {
            let mut sent = 0;
            for now in (from..to).map(at) {
                while pace.ready(now).is_none() {
                    pace.took(now);
                    sent += 1;
                }
            }
            sent
        };
        assert!((40..=41).contains(&sent(0, 1_000)));
        assert!((19..=21).contains(&sent(1_000, 2_000)));
        pace.throttled(at(2_000));
        assert!((4..=6).contains(&sent(2_000, 3_000)), "a quarter of it after a complaint");
    }

    #[test]
    fn a_customer_gets_a_burst_and_then_one_in_six_seconds() {
        let pace = Pace::new(1_000);
        let burst = (0..100).filter(|_| pace.pair(1, at(0)).is_none()).count();
        assert_eq!(burst, 45);
        assert_eq!(pace.pair(1, at(0)).map(|until| secs(at(0), until)), Some(6));
        assert_eq!(pace.pair(2, at(0)), None, "another customer is another bucket");
        assert_eq!(pace.pair(1, at(6_000)), None);
        assert!(pace.pair(1, at(6_001)).is_some());
    }

    #[test]
    fn holds_of_a_customer_grow_fourfold_and_end_with_a_success() {
        let pace = Pace::new(1_000);
        let holds: Vec<i64> = (0..7).map(|_| secs(at(0), pace.too_much(1, at(0)))).collect();
        assert_eq!(holds, [4, 16, 64, 256, 1024, 4096, 4096]);
        assert!(pace.pair(1, at(4_095_000)).is_some());
        assert_eq!(pace.pair(1, at(4_096_000)), None);
        pace.sent(1);
        assert_eq!(secs(at(0), pace.too_much(1, at(0))), 4);
    }

    #[test]
    fn a_stopped_sender_checks_with_one_message_ever_more_rarely() {
        let pace = Pace::new(1_000);
        assert_eq!(secs(at(0), pace.stop(at(0))), 30);
        assert_eq!(secs(at(0), pace.stop(at(10_000))), 30, "those in flight do not put it off");
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..5 {
            let check = pace.ready(now).unwrap();
            waits.push(secs(now, check));
            now = check;
            assert_eq!(pace.ready(now), None, "one goes");
            pace.took(now);
            assert!(pace.ready(now).is_some(), "the next one waits");
        }
        assert_eq!(waits, [30, 60, 120, 240, 300]);
        pace.sent(1);
        assert!(!pace.is_stopped() && pace.ready(now).is_none());
    }

    #[test]
    fn after_complaints_only_what_was_asked_for_goes_on() {
        let pace = Pace::new(1_000);
        assert_eq!(secs(at(0), pace.spam(at(0))), 900);
        assert!(pace.notices(at(899_000)).is_some() && pace.notices(at(900_000)).is_none());
        assert_eq!(pace.ready(at(0)), None);
    }

    #[test]
    fn a_clock_set_back_by_an_hour_makes_no_wait_longer() {
        let pace = Pace::new(20);
        let hour = 3_600_000;
        while pace.ready(at(hour)).is_none() {
            pace.took(at(hour));
        }
        assert!(pace.ready(at(0)).is_none_or(|ready| secs(at(0), ready) < 1), "the whole number's bucket");
        for _ in 0..45 {
            assert_eq!(pace.pair(1, at(hour)), None);
        }
        assert!(pace.pair(1, at(0)).is_some_and(|until| secs(at(0), until) <= 6), "a customer's bucket");
        pace.spam(at(hour));
        assert_eq!(pace.notices(at(0)).map(|until| secs(at(0), until)), Some(900));
        pace.stop(at(hour));
        assert_eq!(pace.ready(at(0)).map(|check| secs(at(0), check)), Some(30));
    }

    #[test]
    fn customers_at_rest_are_forgotten() {
        let pace = Pace::new(1_000);
        for conversation in 0..5_000 {
            assert_eq!(pace.pair(conversation, at(conversation * 10)), None);
        }
        assert!(pace.state().pairs.len() <= MANY + 1);
    }
}
