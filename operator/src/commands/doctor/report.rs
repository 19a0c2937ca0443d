//! What the doctor found, for people and for programs.

use std::fmt;

use serde::Serialize;

/// Whether something is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ready {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It cannot be told.
    Unknown,
}

/// One thing that is wrong, or could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The environment it is about; none for the client or the platform as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What it is about: a condition, or an object.
    pub about: String,
    /// The condition's reason, for programs.
    pub reason: String,
    /// What is the matter.
    pub message: String,
    /// What to do.
    pub next: String,
}

/// What was found of one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientReport {
    /// The agency's namespace.
    pub namespace: String,
    /// The client's name.
    pub name: String,
    /// Whether it is ready.
    pub ready: Ready,
    /// What is in the way, the first to be done first.
    pub problems: Vec<Problem>,
}

/// Everything that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether the operator works.
    pub operator: Ready,
    /// What is the matter with the platform, or with looking at it.
    pub problems: Vec<Problem>,
    /// The clients, by name.
    pub clients: Vec<ClientReport>,
}

impl Report {
    /// Nothing could be looked at.
    pub fn cannot_tell(message: String, next: &str) -> Self {
        let problem = Problem {
            environment: None,
            about: "cluster".to_owned(),
            reason: "CannotTell".to_owned(),
            message,
            next: next.to_owned(),
        };
        Self { operator: Ready::Unknown, problems: vec![problem], clients: Vec::new() }
    }

    /// Whether all clients are ready. One that is not outweighs one of which it cannot be told.
    pub fn ready(&self) -> Ready {
        let any = |ready| self.clients.iter().any(|client| client.ready == ready);
        if any(Ready::No) {
            Ready::No
        } else if self.clients.is_empty() || any(Ready::Unknown) {
            Ready::Unknown
        } else {
            Ready::Yes
        }
    }

    /// The report as JSON.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            ready: Ready,
            #[serde(flatten)]
            report: &'a Report,
        }
        let whole = Whole { ready: self.ready(), report: self };
        serde_json::to_string_pretty(&whole).map(|text| text + "\n").unwrap_or_default()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { environment, about, reason, message, next } = self;
        if let Some(environment) = environment {
            write!(f, "{environment}: ")?;
        }
        let message = message.trim_end_matches('.');
        writeln!(f, "{message} ({about}: {reason})\n    next: {next}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            write!(f, "{problem}")?;
        }
        for ClientReport { namespace, name, ready, problems } in &self.clients {
            let ready = match ready {
                Ready::Yes => "ready",
                Ready::No => "not ready",
                Ready::Unknown => "cannot be told",
            };
            writeln!(f, "{namespace}/{name}: {ready}")?;
            for problem in problems {
                write!(f, "  {problem}")?;
            }
        }
        Ok(())
    }
}
