//! A person takes over.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    turn::{Also, ClaimedTurn},
};
use mcp_tenant::{profile::localized, words::Language};

use super::owner;
use crate::{booking::Desk, words};

/// What the customer reads, and what is done with it.
#[derive(Debug)]
pub struct HandOver {
    /// What the customer reads.
    pub text: String,
    /// The takeover and the owner's message; empty where nobody can be told.
    pub also: Vec<Also>,
}

impl HandOver {
    /// Whether a person answers from now on.
    pub fn is_taken_over(&self) -> bool {
        self.also.iter().any(|also| matches!(also, Also::Takeover { .. }))
    }
}

/// Hands the conversation over: the assistant is silent for the profile's time and the owner is told. Where the
/// profile names no owner nobody would come, so the assistant stays and says how a person is reached; so it does where
/// the owner cannot be reached now, whose message waits until they can.
pub async fn hand_over(
    desk: &Desk,
    turn: &ClaimedTurn,
    language: Language,
    why: Option<&str>,
) -> Result<HandOver, StoreError> {
    let loaded = desk.profile();
    let profile = &loaded.profile;
    let handover = &profile.assistant.handover;
    let burst = turn.messages.first().map_or("", |message| message.id.as_str());
    let (key, who, theirs) = (format!("handover:{burst}"), owner::who(turn), words::language(profile));
    let told = words::turn::wants_a_person(theirs, &who, why);
    let Some(telling) = owner::telling(desk, turn, key.clone(), &told).await? else {
        return Ok(HandOver { text: words::person::person(language, profile), also: Vec::new() });
    };
    if !telling.reached {
        let told = words::turn::wanted_a_person(theirs, &who, why);
        let left = owner::tell(desk, turn, key, &told).await?;
        let text = words::turn::message_left(language, &words::person::contact(language, profile));
        return Ok(HandOver { text, also: left.into_iter().collect() });
    }
    let own = localized(&handover.message, language.tag());
    let text = if own.is_empty() { words::turn::handed_over(language).to_owned() } else { own.to_owned() };
    let until = desk.clock.now().saturating_add(handover.silence.as_duration()).unwrap_or(Timestamp::MAX);
    Ok(HandOver { text, also: vec![Also::Takeover { until }, telling.also] })
}
