//! How a change is to reach a domain.

use std::{fmt, str::FromStr, time::Duration};

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use mcp_crds::Rollout;

use crate::settings::Settings;

/// How many environments change at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaveSize {
    /// So many.
    Count(u32),
    /// So many of a hundred, rounded up.
    Percent(u32),
}

impl WaveSize {
    /// How many that are of `all`; at least one.
    pub fn of(self, all: usize) -> usize {
        match self {
            Self::Count(count) => count as usize,
            Self::Percent(percent) => (all * percent as usize).div_ceil(100),
        }
        .max(1)
    }
}

impl FromStr for WaveSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size = match text.strip_suffix('%') {
            Some(number) => {
                number.parse().ok().filter(|percent| (1..=100).contains(percent)).map(Self::Percent)
            }
            None => text.parse().ok().filter(|count| *count >= 1).map(Self::Count),
        };
        size.ok_or_else(|| {
            format!("`{text}` is no size of a wave: write a number like 5, or a part like 10%")
        })
    }
}

impl fmt::Display for WaveSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// How a change is to reach a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How many environments change at once.
    pub size: WaveSize,
    /// How long an environment may take to be as ready as before.
    pub deadline: Duration,
    /// How long a wave must have been ready before the next one.
    pub settle: Duration,
    /// No further wave begins.
    pub paused: bool,
    /// The halt a person has seen to: it is tried again once.
    pub resume: Option<String>,
    /// The release a person wants everywhere at once, whatever becomes of it.
    pub skip: Option<String>,
}

impl Policy {
    /// Of clients without a plan.
    pub fn of_settings(settings: &Settings) -> Self {
        Self {
            size: settings.rollout_wave_size,
            deadline: seconds(settings.rollout_deadline_seconds),
            settle: seconds(settings.rollout_settle_seconds),
            paused: false,
            resume: None,
            skip: None,
        }
    }

    /// Of a plan's clients. A size the schema would refuse is that of the default.
    pub fn of_plan(rollout: &Rollout) -> Self {
        let size = match &rollout.wave_size {
            IntOrString::Int(count) => {
                u32::try_from(*count).ok().filter(|count| *count >= 1).map(WaveSize::Count)
            }
            IntOrString::String(text) => text.parse().ok(),
        };
        Self {
            size: size.unwrap_or(WaveSize::Percent(10)),
            deadline: seconds(rollout.deadline_seconds),
            settle: seconds(rollout.settle_seconds),
            paused: rollout.paused,
            resume: None,
            skip: None,
        }
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_has_a_number_or_a_part_of_all_and_at_least_one() {
        assert_eq!("5".parse::<WaveSize>().unwrap().of(3), 5);
        assert_eq!("10%".parse::<WaveSize>().unwrap().of(25), 3);
        assert_eq!("1%".parse::<WaveSize>().unwrap().of(3), 1);
        for text in ["0", "0%", "101%", "-1", "many", ""] {
            assert!(text.parse::<WaveSize>().is_err(), "{text}");
        }
    }
}
