//! What came of a load, in numbers.

use std::time::Duration;

use serde::Serialize;

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
    /// All of them were.
    pub max_ms: f64,
}

/// How long an answer took; `None` for one that was no 200.
pub(super) type Answer = Option<Duration>;

impl Outcome {
    pub(super) fn of(answers: &[Answer], took: Duration) -> Self {
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
        Self {
            requests: answers.len(),
            ok: times.len(),
            seconds,
            rate,
            p50_ms: percentile(50),
            p99_ms: percentile(99),
            max_ms: percentile(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_accepted_requests_only() {
        let mut answers: Vec<Answer> = (1..=100).map(|ms| Some(Duration::from_millis(ms))).collect();
        answers.push(None);
        let outcome = Outcome::of(&answers, Duration::from_secs(2));
        assert_eq!((outcome.requests, outcome.ok), (101, 100));
        assert!((outcome.p50_ms - 50.0).abs() < 0.001 && (outcome.p99_ms - 99.0).abs() < 0.001);
        assert!((outcome.max_ms - 100.0).abs() < 0.001 && (outcome.rate - 50.0).abs() < 0.001);
    }
}
