//! From what the servers of a tenant said to the conditions that only they can answer. Knows no network.

use super::{
    answer::{Dependency, Handshake, Said, State, TenantStatus},
    target::Target,
    words,
};
use crate::client::outcome::{Holds, Reason, Verdict};

/// What the conditions of one environment are to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// The version of the program that runs.
    pub version: Option<String>,
    /// Whether a profile that was delivered is still on its way.
    pub late: bool,
    /// `ServerVerified`.
    pub server: Verdict,
    /// `ChannelReady`.
    pub channel: Verdict,
    /// `CalendarReady`.
    pub calendar: Verdict,
    /// `ModelReady`.
    pub model: Verdict,
}

impl Findings {
    /// The types of the conditions, in the order in which a person acts on them.
    pub const KINDS: [&str; 4] = ["ServerVerified", "ChannelReady", "CalendarReady", "ModelReady"];

    /// One verdict for all four.
    pub fn all(verdict: &Verdict) -> Self {
        let verdict = || verdict.clone();
        Self {
            version: None,
            late: false,
            server: verdict(),
            channel: verdict(),
            calendar: verdict(),
            model: verdict(),
        }
    }

    /// The verdicts in the order of [`Self::KINDS`].
    pub fn verdicts(self) -> [(&'static str, Verdict); 4] {
        let Self { version: _, late: _, server, channel, calendar, model } = self;
        let [one, two, three, four] = Self::KINDS;
        [(one, server), (two, channel), (three, calendar), (four, model)]
    }

    /// Nothing is known any more, after so many misses the last of which was `why`.
    pub fn unreachable(target: &Target, why: &str) -> Self {
        let (namespace, name) = (&target.namespace, target.owner.name());
        let server = Verdict::unknown(
            Reason::ServerUnreachable,
            format!(
                "the server did not answer the operator {} times in a row ({why}): let no NetworkPolicy keep the \
                 operator from the ports 8000 and 9090 of the pods in {namespace}, and read the server's log: kubectl \
                 -n {namespace} logs deployment/{name}",
                super::MISSES
            ),
        );
        let other = Verdict::unknown(Reason::ServerUnreachable, "the server did not answer the operator");
        Self { server, ..Self::all(&other) }
    }
}

/// What all servers of a tenant said, together: of each condition the worst. `late` is whether a profile that was just
/// delivered may still be on its way: the kubelet takes a minute or two to bring it.
pub fn judge(target: &Target, said: &[Said], late: bool) -> Findings {
    let each = said.iter().map(|said| one(target, said, late));
    each.reduce(|a, b| Findings {
        version: a.version.or(b.version),
        late: a.late || b.late,
        server: worse(a.server, b.server),
        channel: worse(a.channel, b.channel),
        calendar: worse(a.calendar, b.calendar),
        model: worse(a.model, b.model),
    })
    .unwrap_or_else(|| Findings::unreachable(target, "no pod has an address"))
}

fn worse(a: Verdict, b: Verdict) -> Verdict {
    let rank = |verdict: &Verdict| match verdict.holds {
        Holds::No => 0,
        Holds::Unknown => 1,
        Holds::Yes => 2,
    };
    if rank(&b) < rank(&a) { b } else { a }
}

fn one(target: &Target, said: &Said, late: bool) -> Findings {
    let late =
        late && target.profile.as_ref().is_some_and(|delivered| *delivered != said.status.profile.hash);
    let server = server(target, said, late);
    if server.reason == Reason::ServerMismatch {
        // Somebody else's dependencies say nothing about this tenant's.
        let other = Verdict::unknown(Reason::ServerMismatch, "it is not this tenant's server that answers");
        return Findings { server, ..Findings::all(&other) };
    }
    let dependencies = &said.status.dependencies;
    let channel = worse(
        dependency(
            dependencies.whatsapp.as_ref(),
            "Meta accepts the server's token for the number",
            "the number cannot be used",
        ),
        webhook(dependencies.webhook.as_ref()),
    );
    let calendar = if target.google_calendar {
        dependency(
            dependencies.calendar.as_ref(),
            "the calendar at Google can be read and written",
            "the calendar at Google cannot be used",
        )
    } else {
        Verdict::yes("no calendar at Google is asked for: appointments are kept in the tenant's own")
    };
    let model = dependency(
        dependencies.gemini.as_ref(),
        "the model answers",
        "the model cannot be used: menus answer",
    );
    let version = words::token(&said.status.version).map(str::to_owned);
    Findings { version, late, server, channel, calendar, model }
}

fn server(target: &Target, said: &Said, late: bool) -> Verdict {
    let Said { status, handshake } = said;
    let mismatch = |what: String| {
        Verdict::no(
            Reason::ServerMismatch,
            format!(
                "{what}: restart the server with kubectl -n {} rollout restart deployment/{}; if it stays so, something \
                 else answers at the pod's address",
                target.namespace,
                target.owner.name()
            ),
        )
    };
    if (status.client.as_str(), status.environment.as_str())
        != (target.owner.name(), target.environment.as_str())
    {
        return mismatch(format!(
            "the server says it is `{}` of `{}`, not `{}` of `{}`",
            words::cleaned(&status.environment),
            words::cleaned(&status.client),
            target.environment,
            target.owner.name()
        ));
    }
    match handshake {
        Handshake::TokenRefused => {
            return mismatch("the server does not accept a token made with this tenant's key".to_owned());
        }
        Handshake::Foreign => {
            return mismatch(format!(
                "the server does not answer MCP's server/discover of {} as this operator expects, so its image is older \
                 or another one; set image.tag to one of this platform",
                super::answer::PROTOCOL
            ));
        }
        Handshake::Speaks(Some(version)) if *version != status.version => {
            return mismatch(format!(
                "the public port is of version {}, the internal one of {}",
                words::cleaned(version),
                words::cleaned(&status.version)
            ));
        }
        Handshake::Speaks(_) | Handshake::Busy => {}
    }
    profile(target, status, late)
}

fn profile(target: &Target, status: &TenantStatus, late: bool) -> Verdict {
    let verified = |more: &str| {
        let hash = words::token(&status.profile.hash).unwrap_or("?");
        Verdict::yes(format!("the server answers as this tenant, with the profile {hash}{more}"))
    };
    // While the client's profile is invalid the last valid one is in use; ProfileReady says so.
    let Some(delivered) = &target.profile else { return verified("") };
    if status.profile.hash == *delivered {
        return verified("");
    }
    if let Some(why) = &status.profile.refused {
        return Verdict::no(
            Reason::ProfileNotRead,
            format!(
                "the server refuses the profile {delivered} and keeps the one before: {}. Its image may be older than the \
                 operator: set image.tag to one of this platform",
                words::cleaned(why)
            ),
        );
    }
    if late {
        return verified(&format!("; the profile {delivered} is on its way to it"));
    }
    Verdict::no(
        Reason::ProfileNotRead,
        format!(
            "the server still has another profile than {delivered}, which was delivered: restart it with kubectl -n {} \
             rollout restart deployment/{}",
            target.namespace,
            target.owner.name()
        ),
    )
}

/// The number's own webhook address. A tenant without a public one does without.
fn webhook(known: Option<&Dependency>) -> Verdict {
    match known {
        None => Verdict::yes("Meta accepts the server's token for the number"),
        Some(known) if known.state == Some(State::Unused) => Verdict::yes("the tenant has no public address"),
        Some(_) => dependency(
            known,
            "messages come to this tenant",
            "customers' messages do not come to this tenant",
        ),
    }
}

fn dependency(known: Option<&Dependency>, works: &str, fails: &str) -> Verdict {
    let Some((known, state)) = known.and_then(|known| Some((known, known.state?))) else {
        return Verdict::unknown(
            Reason::NotObserved,
            "the server says nothing about it; its image may be older",
        );
    };
    let said = |text: &Option<String>| text.as_deref().map(words::cleaned).filter(|text| !text.is_empty());
    match state {
        State::Ok if known.reason == "works" || known.reason.is_empty() => Verdict::yes(works),
        // It works, and there is something to know.
        State::Ok => {
            Verdict::yes(said(&known.message).map_or_else(|| works.to_owned(), |it| format!("{works}; {it}")))
        }
        State::Unused => Verdict::yes("the server does without it"),
        State::Unknown => {
            Verdict::unknown(Reason::Progressing, "the server has not looked yet; it does within seconds")
        }
        State::Failing => {
            let message = said(&known.message).map(|it| format!(": {it}")).unwrap_or_default();
            let next =
                said(&known.next).unwrap_or_else(|| "see /status of the server's port 9090".to_owned());
            Verdict::no(reason(&known.reason), format!("{fails}{message}; {next}"))
        }
    }
}

/// The server's stable codes (`docs/status.md`) as reasons of ours.
fn reason(code: &str) -> Reason {
    match code {
        "unreachable" => Reason::ServiceUnreachable,
        "rate_limited" => Reason::RateLimited,
        "credential_refused" => Reason::CredentialRefused,
        "not_permitted" => Reason::NotPermitted,
        "not_found" => Reason::NotFound,
        "account_blocked" => Reason::AccountBlocked,
        "delivered_elsewhere" => Reason::DeliveredElsewhere,
        "request_refused" => Reason::RequestRefused,
        _ => Reason::DependencyFailing,
    }
}

#[cfg(test)]
mod tests;
