//! What is known of one dependency.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::breaker;

/// A third party the tenant needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dependency {
    /// The channel: the token, and the number it sends from.
    WhatsApp,
    /// Where the channel delivers to.
    Webhook,
    /// The model.
    Gemini,
    /// The outside calendar.
    Calendar,
}

impl Dependency {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::WhatsApp, Self::Webhook, Self::Gemini, Self::Calendar];

    /// As it is called in `/status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WhatsApp => "whatsapp",
            Self::Webhook => "webhook",
            Self::Gemini => "gemini",
            Self::Calendar => "calendar",
        }
    }
}

/// How a dependency is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It works.
    Ok,
    /// It does not work; `next` says what a person does.
    Failing,
    /// Nothing is known yet.
    Unknown,
    /// This tenant does without it.
    Unused,
}

/// Why a dependency is as it is: stable codes, a state to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The last look or use succeeded.
    Works,
    /// It works; another model answers in the place of `GEMINI_MODEL`.
    Fallback,
    /// It works; customers complain about the number.
    QualityLow,
    /// It works; the number sends more slowly than there is to send.
    Slowed,
    /// Neither used nor looked at since the process started.
    NotUsedYet,
    /// The settings name none.
    NotConfigured,
    /// It gives no answer, or has trouble of its own.
    Unreachable,
    /// It takes no more requests for now.
    RateLimited,
    /// The token or key is refused.
    CredentialRefused,
    /// The token or key is good and has not the right.
    NotPermitted,
    /// There is no such number, model or calendar for this token or key.
    NotFound,
    /// The account is locked, unpaid or not registered.
    AccountBlocked,
    /// Deliveries go to another address.
    DeliveredElsewhere,
    /// What we asked was refused: a defect, or a setting that cannot be.
    RequestRefused,
    /// The database cannot be used.
    Unusable,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Works,
        Self::Fallback,
        Self::QualityLow,
        Self::Slowed,
        Self::NotUsedYet,
        Self::NotConfigured,
        Self::Unreachable,
        Self::RateLimited,
        Self::CredentialRefused,
        Self::NotPermitted,
        Self::NotFound,
        Self::AccountBlocked,
        Self::DeliveredElsewhere,
        Self::RequestRefused,
        Self::Unusable,
    ];

    /// The state it belongs to.
    pub fn state(self) -> State {
        match self {
            Self::Works | Self::Fallback | Self::QualityLow | Self::Slowed => State::Ok,
            Self::NotUsedYet => State::Unknown,
            Self::NotConfigured => State::Unused,
            Self::Unreachable
            | Self::RateLimited
            | Self::CredentialRefused
            | Self::NotPermitted
            | Self::NotFound
            | Self::AccountBlocked
            | Self::DeliveredElsewhere
            | Self::RequestRefused
            | Self::Unusable => State::Failing,
        }
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Fallback => "fallback",
            Self::QualityLow => "quality_low",
            Self::Slowed => "slowed",
            Self::NotUsedYet => "not_used_yet",
            Self::NotConfigured => "not_configured",
            Self::Unreachable => "unreachable",
            Self::RateLimited => "rate_limited",
            Self::CredentialRefused => "credential_refused",
            Self::NotPermitted => "not_permitted",
            Self::NotFound => "not_found",
            Self::AccountBlocked => "account_blocked",
            Self::DeliveredElsewhere => "delivered_elsewhere",
            Self::RequestRefused => "request_refused",
            Self::Unusable => "unusable",
        }
    }

    /// Whether it may pass by itself: one failed look proves nothing then.
    pub fn passes(self) -> bool {
        matches!(self, Self::Unreachable | Self::RateLimited)
    }

    /// Whether only a use can show that it is over: a look asks for less than a use does.
    pub fn needs_use(self) -> bool {
        matches!(self, Self::AccountBlocked | Self::NotPermitted)
    }
}

/// What one look at a dependency, or one use of it, has shown. No text holds a credential, a customer or a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Why it is as it is.
    pub reason: Reason,
    /// What was seen, in a few words.
    pub message: Option<String>,
    /// What a person does about it.
    pub next: Option<String>,
}

impl Seen {
    /// It works.
    pub fn works() -> Self {
        Self { reason: Reason::Works, message: None, next: None }
    }

    /// This was seen.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: Some(message.into()), next: None }
    }

    /// And this is what a person does about it.
    #[must_use]
    pub fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }
}

/// The last that is known of a dependency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Known {
    /// How it is.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// Since when it is so.
    #[cfg_attr(test, schemars(with = "String", extend("format" = "date-time")))]
    pub since: Timestamp,
    /// When it was last looked at or used.
    #[cfg_attr(test, schemars(with = "Option<String>", extend("format" = "date-time")))]
    pub checked_at: Option<Timestamp>,
    /// When it last worked.
    #[cfg_attr(test, schemars(with = "Option<String>", extend("format" = "date-time")))]
    pub last_ok_at: Option<Timestamp>,
    /// What was seen.
    pub message: Option<String>,
    /// What a person does about it.
    pub next: Option<String>,
    /// How its breaker stands, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<breaker::State>,
    /// Whether a use showed it, and not a look.
    #[serde(skip)]
    pub(super) by_use: bool,
}

impl Known {
    /// Of what nobody has looked at.
    pub(super) fn nothing(since: Timestamp) -> Self {
        let reason = Reason::NotUsedYet;
        Self {
            state: reason.state(),
            reason,
            since,
            checked_at: None,
            last_ok_at: None,
            message: Some("not used yet".to_owned()),
            next: None,
            breaker: None,
            by_use: false,
        }
    }

    /// After this was seen, by using it or by looking at it.
    pub(super) fn after(&self, seen: Seen, at: Timestamp, by_use: bool) -> Self {
        let state = seen.reason.state();
        let same = self.reason == seen.reason;
        Self {
            state,
            reason: seen.reason,
            since: if same { self.since } else { at },
            checked_at: (state != State::Unused).then_some(at),
            last_ok_at: if state == State::Ok { Some(at) } else { self.last_ok_at },
            message: seen.message,
            next: seen.next,
            breaker: None,
            by_use,
        }
    }
}
