//! Why a condition is as it is: a closed set. `docs/conditions.md` explains each, and a test compares the two.

/// Why a condition is as it is, for programs. The message beside it is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// As asked for.
    Ready,
    /// On the way, without a fault so far.
    Progressing,
    /// Nobody has looked yet.
    NotObserved,
    /// The client lives in a namespace the operator was not told of.
    AgencyNotServed,
    /// The client names a plan that is not there.
    PlanMissing,
    /// The client asks for more than its plan allows.
    PlanExceeded,
    /// The resource, or the profile in it, cannot be used.
    ProfileInvalid,
    /// A referenced Secret does not exist.
    SecretMissing,
    /// A referenced Secret lacks the label that allows reading it.
    SecretNotLabelled,
    /// Keys are missing in the Secret, or empty.
    KeysMissing,
    /// The Secret of the database does not say where it is, or says it twice.
    DatabaseKeysInvalid,
    /// The platform's database could not be used.
    DatabaseNotReady,
    /// The namespace belongs to somebody else.
    NameTaken,
    /// The phone number id belongs to another client.
    NumberTaken,
    /// The host and path belong to another client.
    RouteTaken,
    /// A Gateway is named, and the cluster has no Gateway API.
    GatewayApiMissing,
    /// The namespace is being deleted.
    NamespaceTerminating,
    /// The API server refused something.
    DeliveryFailed,
    /// The server does not run.
    WorkloadNotReady,
    /// The server that runs does not answer the operator.
    ServerUnreachable,
    /// Something answers that is not this tenant's server as it should be.
    ServerMismatch,
    /// The server does not use the profile that was delivered.
    ProfileNotRead,
    /// A third party does not answer the server.
    ServiceUnreachable,
    /// A third party takes no more requests for now.
    RateLimited,
    /// A third party refuses a credential.
    CredentialRefused,
    /// A credential is good and has not the right that is needed.
    NotPermitted,
    /// A third party knows no such number, model or calendar.
    NotFound,
    /// The WhatsApp account is locked, unpaid or not registered.
    AccountBlocked,
    /// Customers' messages go to somebody else.
    DeliveredElsewhere,
    /// A third party refuses what the server asks for.
    RequestRefused,
    /// A third party cannot be used, for a reason this operator does not know.
    DependencyFailing,
    /// The spec says that no server is to run.
    Suspended,
    /// The client is being deleted.
    Deleting,
    /// The client is being deleted, and its data is kept because nobody confirmed that it may go.
    DeletionUnconfirmed,
    /// The host is none of those the client's agency may have.
    HostNotAllowed,
    /// A plan is being deleted that clients still name.
    InUse,
    /// A change did not go well for the first environments that got it.
    RolloutHalted,
    /// A person has stopped a roll-out.
    RolloutPaused,
}

impl Reason {
    /// Every reason there is.
    pub const ALL: [Self; 38] = [
        Self::Ready,
        Self::Progressing,
        Self::NotObserved,
        Self::AgencyNotServed,
        Self::PlanMissing,
        Self::PlanExceeded,
        Self::ProfileInvalid,
        Self::SecretMissing,
        Self::SecretNotLabelled,
        Self::KeysMissing,
        Self::DatabaseKeysInvalid,
        Self::DatabaseNotReady,
        Self::NameTaken,
        Self::NumberTaken,
        Self::RouteTaken,
        Self::GatewayApiMissing,
        Self::NamespaceTerminating,
        Self::DeliveryFailed,
        Self::WorkloadNotReady,
        Self::ServerUnreachable,
        Self::ServerMismatch,
        Self::ProfileNotRead,
        Self::ServiceUnreachable,
        Self::RateLimited,
        Self::CredentialRefused,
        Self::NotPermitted,
        Self::NotFound,
        Self::AccountBlocked,
        Self::DeliveredElsewhere,
        Self::RequestRefused,
        Self::DependencyFailing,
        Self::Suspended,
        Self::Deleting,
        Self::DeletionUnconfirmed,
        Self::HostNotAllowed,
        Self::InUse,
        Self::RolloutHalted,
        Self::RolloutPaused,
    ];

    /// The word that stands in the condition.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Progressing => "Progressing",
            Self::NotObserved => "NotObserved",
            Self::AgencyNotServed => "AgencyNotServed",
            Self::PlanMissing => "PlanMissing",
            Self::PlanExceeded => "PlanExceeded",
            Self::ProfileInvalid => "ProfileInvalid",
            Self::SecretMissing => "SecretMissing",
            Self::SecretNotLabelled => "SecretNotLabelled",
            Self::KeysMissing => "KeysMissing",
            Self::DatabaseKeysInvalid => "DatabaseKeysInvalid",
            Self::DatabaseNotReady => "DatabaseNotReady",
            Self::NameTaken => "NameTaken",
            Self::NumberTaken => "NumberTaken",
            Self::RouteTaken => "RouteTaken",
            Self::GatewayApiMissing => "GatewayApiMissing",
            Self::NamespaceTerminating => "NamespaceTerminating",
            Self::DeliveryFailed => "DeliveryFailed",
            Self::WorkloadNotReady => "WorkloadNotReady",
            Self::ServerUnreachable => "ServerUnreachable",
            Self::ServerMismatch => "ServerMismatch",
            Self::ProfileNotRead => "ProfileNotRead",
            Self::ServiceUnreachable => "ServiceUnreachable",
            Self::RateLimited => "RateLimited",
            Self::CredentialRefused => "CredentialRefused",
            Self::NotPermitted => "NotPermitted",
            Self::NotFound => "NotFound",
            Self::AccountBlocked => "AccountBlocked",
            Self::DeliveredElsewhere => "DeliveredElsewhere",
            Self::RequestRefused => "RequestRefused",
            Self::DependencyFailing => "DependencyFailing",
            Self::Suspended => "Suspended",
            Self::Deleting => "Deleting",
            Self::DeletionUnconfirmed => "DeletionUnconfirmed",
            Self::HostNotAllowed => "HostNotAllowed",
            Self::InUse => "InUse",
            Self::RolloutHalted => "RolloutHalted",
            Self::RolloutPaused => "RolloutPaused",
        }
    }

    /// The reason that a word in a condition stands for, if it is one of these.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// What a condition of this reason waits for.
    pub const fn waits_for(self) -> WaitsFor {
        match self {
            Self::Ready | Self::Suspended | Self::NotObserved => WaitsFor::Nothing,
            Self::Progressing
            | Self::NamespaceTerminating
            | Self::DeliveryFailed
            | Self::ServiceUnreachable
            | Self::RateLimited
            | Self::Deleting => WaitsFor::Time,
            Self::AgencyNotServed
            | Self::PlanMissing
            | Self::PlanExceeded
            | Self::ProfileInvalid
            | Self::SecretMissing
            | Self::SecretNotLabelled
            | Self::KeysMissing
            | Self::DatabaseKeysInvalid
            | Self::DatabaseNotReady
            | Self::NameTaken
            | Self::NumberTaken
            | Self::RouteTaken
            | Self::GatewayApiMissing
            | Self::WorkloadNotReady
            | Self::ServerUnreachable
            | Self::ServerMismatch
            | Self::ProfileNotRead
            | Self::CredentialRefused
            | Self::NotPermitted
            | Self::NotFound
            | Self::AccountBlocked
            | Self::DeliveredElsewhere
            | Self::RequestRefused
            | Self::DependencyFailing
            | Self::DeletionUnconfirmed
            | Self::HostNotAllowed
            | Self::InUse
            | Self::RolloutHalted
            | Self::RolloutPaused => WaitsFor::APerson,
        }
    }
}

/// What has to happen before a condition becomes better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// Nothing: it is as asked for, or nobody has looked.
    Nothing,
    /// Only time: the operator goes on by itself.
    Time,
    /// A person: the message says what to do.
    APerson,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_page_about_conditions_explains_every_reason_and_no_other() {
        let page = include_str!("../../../docs/conditions.md");
        let reasons = page.split("## Reasons").nth(1).unwrap();
        let rows: Vec<(&str, &str)> =
            reasons.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).collect();
        let explained: BTreeSet<&str> = rows.iter().map(|(reason, _)| *reason).collect();
        let known: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(known.len(), Reason::ALL.len());
        assert_eq!(explained, known);
        for (reason, rest) in rows {
            let waits = rest.split('|').nth(1).unwrap().trim();
            let known = Reason::ALL.iter().find(|known| known.as_str() == reason).unwrap();
            let expected = match known.waits_for() {
                WaitsFor::Nothing => "nothing",
                WaitsFor::Time => "time",
                WaitsFor::APerson => "a person",
            };
            assert_eq!(waits, expected, "{reason}");
        }
    }
}
