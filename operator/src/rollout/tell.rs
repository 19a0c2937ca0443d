//! What is said of a roll-out.

use std::fmt::Write;

use super::{
    Policy, keep,
    state::{Halt, State},
};
use crate::{
    client::outcome::{Reason, Verdict},
    labels,
};

/// Most environments a message names.
const MOST_NAMED: usize = 5;

/// `RolloutProgressing` and `RolloutHalted`, in this order.
pub struct Words {
    /// Whether something is on its way.
    pub progressing: Verdict,
    /// Whether nothing goes on before a person has looked.
    pub halted: Verdict,
}

/// What is said of the roll-out of a domain.
pub fn words(domain: &str, namespace: &str, state: &State, policy: &Policy, rolled: (usize, usize)) -> Words {
    let (done, all) = rolled;
    let release = &state.release;
    let not_halted = || Verdict::no(Reason::Ready, "nothing is halted");
    if let Some(halt) = &state.halt {
        let message = halted(domain, namespace, state, halt);
        let progressing = Verdict::no(
            Reason::RolloutHalted,
            format!("halted: {done} of {all} environments have {release}"),
        );
        return Words {
            progressing,
            halted: Verdict { holds: yes(), ..Verdict::no(Reason::RolloutHalted, message) },
        };
    }
    let progressing = match &state.wave {
        Some(wave) => Verdict {
            holds: yes(),
            ..Verdict::no(
                Reason::Progressing,
                format!(
                    "wave {} of the release {release}, {} environments of {all}; it goes on by itself when they are as \
                     ready as before",
                    state.waves,
                    wave.members.len()
                ),
            )
        },
        None if done < all && policy.paused => Verdict::no(
            Reason::RolloutPaused,
            format!(
                "{done} of {all} environments have the release {release}: set spec.rollout.paused to false to go on"
            ),
        ),
        None => Verdict::no(Reason::Ready, format!("every environment has the release {release}")),
    };
    Words { progressing, halted: not_halted() }
}

fn yes() -> crate::client::outcome::Holds {
    crate::client::outcome::Holds::Yes
}

fn halted(domain: &str, namespace: &str, state: &State, halt: &Halt) -> String {
    let release = &state.release;
    let mut text =
        format!("the release {release} is halted, and nothing was changed for further environments: ");
    let named = halt.failed.iter().take(MOST_NAMED);
    for (index, (environment, trouble)) in named.enumerate() {
        let between = if index == 0 { "" } else { "; " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{between}{environment} did not come back ({trouble})");
    }
    if halt.failed.len() > MOST_NAMED {
        let _ = write!(text, "; and {} more", halt.failed.len() - MOST_NAMED);
    }
    let _ = match halt.back.len() {
        0 => write!(text, ". The wave could not go back: it is not known what it had"),
        count => write!(text, ". {count} environments of the wave went back to what they had"),
    };
    let token = state.resume_token().unwrap_or_default();
    let (object, cause) = if domain.is_empty() {
        (
            format!("-n {namespace} configmap {}", keep::name_of(domain)),
            "the platform's settings or the operator's version",
        )
    } else {
        (format!("mcpplan {domain}"), "the plan, the platform's settings or the operator's version")
    };
    let _ = write!(
        text,
        ". Correct {cause}, and it begins anew by itself; or have the same tried again: kubectl annotate {object} \
         --overwrite {}={token}",
        labels::ROLLOUT_RESUME
    );
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::rollout::WaveSize;

    #[test]
    fn a_halt_names_who_failed_and_the_next_action() {
        let failed =
            (0..7).map(|n| (format!("shop-{n}-production"), "ImagePullBackOff".to_owned())).collect();
        let state = State {
            release: "abc".to_owned(),
            halts: 2,
            halt: Some(Halt {
                since: Timestamp::UNIX_EPOCH,
                failed,
                back: ["shop-0-production".to_owned()].into(),
            }),
            ..State::default()
        };
        let policy = Policy {
            size: WaveSize::Count(1),
            deadline: Duration::ZERO,
            settle: Duration::ZERO,
            paused: false,
            resume: None,
            skip: None,
        };
        let said = words("basic", "mcp-platform", &state, &policy, (0, 20));
        let message = &said.halted.message;
        assert!(message.contains("shop-0-production did not come back (ImagePullBackOff)"), "{message}");
        assert!(
            message.contains("and 2 more") && message.contains("1 environments of the wave went back"),
            "{message}"
        );
        assert!(
            message.ends_with(
                "kubectl annotate mcpplan basic --overwrite mcp-platform.dev/rollout-resume=abc-2"
            ),
            "{message}"
        );
        let said = words("", "mcp-platform", &state, &policy, (0, 20));
        assert!(said.halted.message.contains("annotate -n mcp-platform configmap mcp-rollout --overwrite"));
    }
}
