//! What a pass found, before it is written into a status.

pub use super::reason::{Reason, WaitsFor};

/// Whether something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It was not looked at.
    Unknown,
}

impl Holds {
    /// The word that stands in the condition.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "True",
            Self::No => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// One finding: whether something holds, why, and what a person should do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it holds.
    pub holds: Holds,
    /// Why, for programs.
    pub reason: Reason,
    /// Why and what to do, for people.
    pub message: String,
}

impl Verdict {
    /// It holds.
    pub fn yes(message: impl Into<String>) -> Self {
        Self { holds: Holds::Yes, reason: Reason::Ready, message: message.into() }
    }

    /// It does not hold.
    pub fn no(reason: Reason, message: impl Into<String>) -> Self {
        Self { holds: Holds::No, reason, message: message.into() }
    }

    /// It was not looked at.
    pub fn unknown(reason: Reason, message: impl Into<String>) -> Self {
        Self { holds: Holds::Unknown, reason, message: message.into() }
    }
}

/// What a pass found about one environment, the running workload apart: that is looked at anew each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// `CredentialsReady`.
    pub credentials: Verdict,
    /// `ProfileReady`.
    pub profile: Verdict,
    /// `NamespaceReady`.
    pub namespace: Verdict,
    /// Whether the workload was delivered.
    pub delivery: Verdict,
    /// Whether no route is asked for and somebody else's has the name it would have: its kind.
    pub foreign_route: Option<&'static str>,
    /// Why there can be no route, if so.
    pub route: Option<Verdict>,
}

impl Outcome {
    /// Nothing was looked at, for one reason that goes for all.
    pub fn untouched(reason: Reason, message: &str) -> Self {
        let unknown = || Verdict::unknown(reason, "not looked at");
        Self {
            credentials: unknown(),
            profile: unknown(),
            namespace: unknown(),
            delivery: Verdict::no(reason, message),
            foreign_route: None,
            route: None,
        }
    }
}
