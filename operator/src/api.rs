//! Calls to the API server: each with a deadline and with the action it was for in its error.

use std::{future::Future, time::Duration};

/// Longest a single call may take. The client retries overload by itself within it.
const DEADLINE: Duration = Duration::from_secs(30);

/// A call that failed: what it was for and why.
#[derive(Debug, thiserror::Error)]
#[error("{action}: {cause}")]
pub struct CallError {
    /// What was being done, in lower case: `apply Service ze`.
    pub action: String,
    /// Why it failed.
    #[source]
    pub cause: Cause,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The API server refused it. Its own words only: the whole status would repeat them three times.
    #[error("{}", .0.message)]
    Refused(Box<kube::core::Status>),
    /// There was no usable answer.
    #[error("{0}")]
    Failed(#[source] kube::Error),
    /// There was no answer in time.
    #[error("no answer within {} s", DEADLINE.as_secs())]
    Deadline,
}

/// What was in the way of a call, in a handful of words for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Another one wrote at the same moment.
    Conflict,
    /// A right is missing.
    Forbidden,
    /// The API server asks for patience, or is out of order: 429 and 5xx.
    Overloaded,
    /// The API server does not take it.
    Refused,
    /// No answer, or none that can be read.
    Unreachable,
    /// No answer in time.
    Deadline,
    /// Something of ours.
    Other,
}

impl Category {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Forbidden => "forbidden",
            Self::Overloaded => "overloaded",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Deadline => "deadline",
            Self::Other => "other",
        }
    }

    /// What was in the way of the call an error tells of, however deep in it.
    pub fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut causes = std::iter::successors(Some(error), |error| error.source());
        let Some(cause) = causes.find_map(|error| error.downcast_ref::<Cause>()) else {
            return Self::Other;
        };
        match cause {
            Cause::Refused(status) if status.is_conflict() => Self::Conflict,
            Cause::Refused(status) if status.is_forbidden() => Self::Forbidden,
            Cause::Refused(status) if status.code == 429 || status.code >= 500 => Self::Overloaded,
            Cause::Refused(_) => Self::Refused,
            Cause::Failed(_) => Self::Unreachable,
            Cause::Deadline => Self::Deadline,
        }
    }
}

impl CallError {
    fn refusal(&self) -> Option<&kube::core::Status> {
        match &self.cause {
            Cause::Refused(status) => Some(status),
            Cause::Failed(_) | Cause::Deadline => None,
        }
    }

    /// Whether the operator lacks the right. Just after a binding was made this passes by itself.
    pub fn is_forbidden(&self) -> bool {
        self.refusal().is_some_and(kube::core::Status::is_forbidden)
    }

    /// Whether the object is not there, or its whole kind: that is answered without a reason.
    pub fn is_not_found(&self) -> bool {
        self.refusal().is_some_and(|status| status.is_not_found() || status.code == 404)
    }

    /// Whether an object of that name is already there.
    pub fn is_already_exists(&self) -> bool {
        self.refusal().is_some_and(kube::core::Status::is_already_exists)
    }

    /// Whether the object is another one, or in another state, than the call was for.
    pub fn is_conflict(&self) -> bool {
        self.refusal().is_some_and(|status| status.code == 409)
    }

    /// Whether the object as it would become breaks a rule.
    pub fn is_invalid(&self) -> bool {
        self.refusal().is_some_and(kube::core::Status::is_invalid)
    }

    /// Whether it is refused because what stands there cannot be changed at all. Whatever else is invalid would be
    /// invalid in a new object too.
    pub fn is_immutable(&self) -> bool {
        self.refusal().is_some_and(|status| status.is_invalid() && status.message.contains("immutable"))
    }
}

/// Runs one call under the deadline. `action` says what it is for.
pub async fn call<T>(
    action: impl Into<String>,
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, CallError> {
    let cause = match tokio::time::timeout(DEADLINE, request).await {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(kube::Error::Api(status))) => Cause::Refused(status),
        Ok(Err(error)) => Cause::Failed(error),
        Err(_) => Cause::Deadline,
    };
    Err(CallError { action: action.into(), cause })
}

/// Longest that refusals are waited out after a binding was made.
const BINDING_LAG: Duration = Duration::from_secs(10);

/// Runs a call again while it is forbidden: an API server learns of a new `RoleBinding` through a watch of its own, a
/// moment after it has accepted it.
pub async fn call_patiently<T, F>(action: &str, mut request: impl FnMut() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    let mut waited = Duration::ZERO;
    let mut pause = Duration::from_millis(50);
    loop {
        match call(action, request()).await {
            Err(error) if error.is_forbidden() && waited < BINDING_LAG => {
                tokio::time::sleep(pause).await;
                waited += pause;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
            answer => return answer,
        }
    }
}

/// None for an object that is not there.
pub fn absent_is_none<T>(answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match answer {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
