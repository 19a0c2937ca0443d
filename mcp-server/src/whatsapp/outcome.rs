//! What becomes of a message after a try: one rule per class of the channel's answers.

use jiff::{SignedDuration, Timestamp};
use mcp_store::outbox::{ClaimedOutgoing, OutgoingKind, SendEnd};

use super::{
    answer::{Answer, Class, Trouble},
    pace::Pace,
    sender::UNKNOWN_WAIT,
};

/// A message the channel keeps putting off is tried until the customer service window has surely closed on it.
const WORTH_SENDING: SignedDuration = SignedDuration::from_hours(24);
/// News nobody asked for is worth little after this.
const WORTH_TELLING: SignedDuration = SignedDuration::from_hours(6);
/// Waits grow up to this, in seconds.
const LONGEST_WAIT: i64 = 300;

/// How a try ended, and what it teaches about the limits.
pub(super) fn of(answer: Answer, message: &ClaimedOutgoing, pace: &Pace, now: Timestamp) -> SendEnd {
    let trouble = match answer {
        Answer::Sent(wamid) => {
            pace.sent(message.conversation_id);
            return SendEnd::Sent { wamid };
        }
        Answer::Unknown(trouble) => {
            return SendEnd::Unknown { until: later(now, UNKNOWN_WAIT.as_secs()), why: trouble.why };
        }
        Answer::Refused(trouble) => trouble,
    };
    let wait = backoff(message, &trouble);
    let at = match trouble.class {
        Class::Token | Class::Account => pace.stop(now),
        Class::Throttled => {
            pace.throttled(now);
            later(now, wait)
        }
        Class::Pair => pace.too_much(message.conversation_id, now),
        Class::Spam => {
            let held = pace.spam(now);
            if unasked(message) { held } else { later(now, wait) }
        }
        Class::Transient => later(now, wait),
        // The customer asked, or a person must look; another try would end the same.
        Class::Window | Class::Recipient | Class::Request => {
            pace.works();
            return SendEnd::Failed { why: trouble.why };
        }
    };
    put_off(message, at, trouble.why, now)
}

/// Waits, as long as the message is worth it.
pub(super) fn put_off(message: &ClaimedOutgoing, at: Timestamp, why: String, now: Timestamp) -> SendEnd {
    let worth = if unasked(message) { WORTH_TELLING } else { WORTH_SENDING };
    if now.duration_since(message.created_at) > worth {
        return SendEnd::Failed { why: format!("{why}; given up after {} hours", worth.as_hours()) };
    }
    SendEnd::Retry { at, why }
}

/// Waits until the channel answers at all.
pub(super) fn not_yet(message: &ClaimedOutgoing, now: Timestamp) -> SendEnd {
    let trouble = Trouble::new(Class::Transient, "the Graph API does not answer");
    let at = later(now, backoff(message, &trouble));
    put_off(message, at, trouble.why, now)
}

/// Whether nobody waits for it.
pub(super) fn unasked(message: &ClaimedOutgoing) -> bool {
    matches!(message.kind, OutgoingKind::Notice | OutgoingKind::Reminder)
}

/// Seconds that double with each try, spread by a quarter so that many messages do not come back at once, and never
/// less than Meta asks for.
fn backoff(message: &ClaimedOutgoing, trouble: &Trouble) -> i64 {
    let doubled = (1_i64 << message.attempt.min(9)).min(LONGEST_WAIT);
    // Ids are random: their last bytes are as good as a die, and a test can choose them.
    let die = message.id.bytes().fold(0_i64, |sum, byte| (sum * 31 + i64::from(byte)) % 101);
    let spread = doubled + doubled * die / 400;
    let asked = trouble.retry_after.map_or(0, |wait| i64::try_from(wait.as_secs()).unwrap_or(LONGEST_WAIT));
    spread.max(asked)
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn message(kind: OutgoingKind, attempt: u32) -> ClaimedOutgoing {
        ClaimedOutgoing {
            id: "o".into(),
            epoch: 1,
            conversation_id: 1,
            recipient: mcp_store::inbox::Sender::default(),
            kind,
            body: json!({}),
            attempt,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn refused(class: Class) -> Answer {
        Answer::Refused(Trouble::new(class, "x"))
    }

    fn hours(hours: i64) -> Timestamp {
        Timestamp::from_second(hours * 3600).unwrap()
    }

    fn waits(end: &SendEnd, now: Timestamp) -> Option<i64> {
        match end {
            SendEnd::Retry { at, .. } => Some(at.duration_since(now).as_secs()),
            _ => None,
        }
    }

    #[test]
    fn every_class_has_its_end() {
        let now = hours(0);
        for (class, expected) in [
            (Class::Token, Some(30)),
            (Class::Account, Some(30)),
            (Class::Pair, Some(4)),
            (Class::Spam, Some(900)),
            (Class::Window, None),
            (Class::Recipient, None),
            (Class::Request, None),
        ] {
            let end = of(refused(class), &message(OutgoingKind::Notice, 1), &Pace::new(80), now);
            assert_eq!(waits(&end, now), expected, "{class:?}");
            assert_eq!(matches!(end, SendEnd::Failed { .. }), expected.is_none(), "{class:?}");
        }
        let asked = of(refused(Class::Spam), &message(OutgoingKind::Answer, 1), &Pace::new(80), now);
        assert!(
            waits(&asked, now) < Some(10),
            "a customer who asked is not made to wait for others' complaints"
        );
        let unknown = of(
            Answer::Unknown(Trouble::new(Class::Transient, "x")),
            &message(OutgoingKind::Answer, 1),
            &Pace::new(80),
            now,
        );
        assert!(matches!(unknown, SendEnd::Unknown { until, .. } if until == later(now, 30)));
    }

    #[test]
    fn an_answer_waits_for_a_day_however_often_it_was_tried_and_news_for_six_hours() {
        let end = |kind, at| of(refused(Class::Transient), &message(kind, 500), &Pace::new(80), at);
        assert!(matches!(end(OutgoingKind::Answer, hours(23)), SendEnd::Retry { .. }));
        assert!(matches!(end(OutgoingKind::Answer, hours(25)), SendEnd::Failed { .. }));
        assert!(matches!(end(OutgoingKind::Notice, hours(7)), SendEnd::Failed { .. }));
        let token = of(refused(Class::Token), &message(OutgoingKind::Answer, 9), &Pace::new(80), hours(23));
        assert!(
            matches!(token, SendEnd::Retry { .. }),
            "nothing is lost while a person looks for a new token"
        );
    }

    #[test]
    fn waits_double_with_a_spread_and_obey_retry_after() {
        let now = hours(0);
        let wait = |attempt, retry_after| {
            let trouble = Trouble { retry_after, ..Trouble::new(Class::Throttled, "x") };
            waits(
                &of(Answer::Refused(trouble), &message(OutgoingKind::Answer, attempt), &Pace::new(80), now),
                now,
            )
            .unwrap()
        };
        for (attempt, least) in [(1, 2), (3, 8), (6, 64), (30, 300)] {
            assert!((least..=least + least / 4).contains(&wait(attempt, None)), "{attempt}");
        }
        assert_eq!(wait(1, Some(Duration::from_mins(2))), 120);
    }
}
