//! What the Graph API's answers mean. Meta asks to build on `code` and `error_data.details`, not on titles
//! (WhatsApp Cloud API, "Error codes").

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

/// How the channel answered a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Taken, with Meta's id.
    Sent(String),
    /// Surely not sent.
    Refused(Trouble),
    /// Nobody knows whether it was sent.
    Unknown(Trouble),
}

/// Why something was refused, and so what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The token or its rights: nothing can be sent until a person acts.
    Token,
    /// The account is locked, unpaid or not registered: nothing can be sent until a person acts.
    Account,
    /// Too much at once, from this number or this account.
    Throttled,
    /// Too much at once to this one customer (131056).
    Pair,
    /// Too many customers complained (131048): what nobody asked for has to wait.
    Spam,
    /// Passes by itself.
    Transient,
    /// The 24-hour window is closed (131047): only a template may be sent.
    Window,
    /// This customer cannot or does not want to be reached.
    Recipient,
    /// The request is wrong: a defect, or a template that is not approved.
    Request,
}

/// What went wrong. Holds no text of a message and no phone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What to do about it.
    pub class: Class,
    /// Meta's code, where there is one.
    pub code: Option<i64>,
    /// For logs, dead letters and `/status`.
    pub why: String,
    /// How long Meta asks to wait.
    pub retry_after: Option<Duration>,
}

impl Trouble {
    /// Without a code of Meta.
    pub(super) fn new(class: Class, why: impl Into<String>) -> Self {
        Self { class, code: None, why: why.into(), retry_after: None }
    }
}

/// The class of a code; `None` for one nobody knows.
fn class(code: i64) -> Option<Class> {
    Some(match code {
        0 | 3 | 10 | 102 | 104 | 190 | 200..=299 | 131_005 => Class::Token,
        368 | 130_497 | 131_031 | 131_042 | 133_010 => Class::Account,
        4 | 17 | 613 | 80_007 | 130_429 | 133_016 => Class::Throttled,
        131_056 => Class::Pair,
        131_048 => Class::Spam,
        1 | 2 | 131_000 | 131_016 | 131_057 => Class::Transient,
        131_047 => Class::Window,
        130_472 | 131_021 | 131_026 | 131_030 | 131_049 | 131_050 | 131_062 => Class::Recipient,
        33 | 100 | 131_008 | 131_009 | 131_051..=131_053 | 132_000..=132_999 => Class::Request,
        _ => return None,
    })
}

/// What the answer to a send means.
pub(super) fn of_send(status: StatusCode, retry_after: Option<Duration>, bytes: &[u8]) -> Answer {
    let answer: Value = serde_json::from_slice(bytes).unwrap_or_default();
    if status.is_success() {
        return match answer["messages"][0]["id"].as_str() {
            Some(id) => Answer::Sent(id.to_owned()),
            None => Answer::Unknown(Trouble::new(Class::Transient, "an answer without a message id")),
        };
    }
    let (trouble, sure) = of_error(status, retry_after, &answer);
    if sure { Answer::Refused(trouble) } else { Answer::Unknown(trouble) }
}

/// What a failure means, and whether nothing was surely done.
pub(super) fn of_error(status: StatusCode, retry_after: Option<Duration>, answer: &Value) -> (Trouble, bool) {
    let error = &answer["error"];
    let Some(code) = error["code"].as_i64() else {
        // Not Meta's JSON but a page of something between: only where Meta cannot have had the message is it not sent.
        let why = format!("status {} without an error code", status.as_u16());
        let (class, sure) = match status.as_u16() {
            408 | 425 => (Class::Transient, true),
            429 => (Class::Throttled, true),
            401 | 403 | 407 => (Class::Token, true),
            400..=499 => (Class::Request, true),
            _ => (Class::Transient, false),
        };
        return (Trouble { retry_after, ..Trouble::new(class, why) }, sure);
    };
    let known = class(code);
    let class = known.unwrap_or(if status.is_server_error() { Class::Transient } else { Class::Request });
    let details =
        error["error_data"]["details"].as_str().or_else(|| error["message"].as_str()).unwrap_or_default();
    let why = match class {
        Class::Request if !details.is_empty() => format!("Graph API error {code}: {}", masked(details)),
        _ => format!("Graph API error {code}"),
    };
    // A code that nobody knows, with a status that says nothing either.
    let sure = known.is_some() || !status.is_server_error();
    (Trouble { class, code: Some(code), why, retry_after }, sure)
}

/// Details for a person who looks for the defect: short, and without numbers that could be a phone's.
fn masked(details: &str) -> String {
    let mut out = String::new();
    let mut digits = 0;
    for c in details.chars().take(300) {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        out.push(if digits > 6 { '*' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(status: u16, code: i64) -> Answer {
        let body =
            json!({"error": {"code": code, "error_data": {"details": "Invalid parameter of 5511987654321"}}});
        of_send(StatusCode::from_u16(status).unwrap(), None, body.to_string().as_bytes())
    }

    fn refused(status: u16, code: i64) -> Class {
        match error(status, code) {
            Answer::Refused(trouble) => trouble.class,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_documented_code_has_its_class() {
        for (class, codes) in [
            (Class::Token, &[0, 190, 3, 10, 200, 299, 131_005][..]),
            (Class::Throttled, &[4, 80_007, 130_429, 133_016]),
            (Class::Pair, &[131_056]),
            (Class::Spam, &[131_048]),
            (Class::Transient, &[1, 2, 131_000, 131_016, 131_057]),
            (Class::Window, &[131_047]),
            (Class::Recipient, &[131_026, 131_021, 131_049, 131_050, 130_472, 131_062]),
            (
                Class::Request,
                &[
                    33, 100, 131_008, 131_009, 131_051, 131_052, 131_053, 132_000, 132_001, 132_005, 132_007,
                    132_012, 132_015, 132_016,
                ],
            ),
            (Class::Account, &[368, 130_497, 131_031, 131_042, 133_010]),
        ] {
            for code in codes {
                assert_eq!(refused(400, *code), class, "{code}");
                assert_eq!(refused(500, *code), class, "{code}: the code decides, not the status");
            }
        }
        assert_eq!(refused(400, 999_999), Class::Request);
    }

    #[test]
    fn what_may_have_been_sent_is_unknown() {
        let of = |status, body: &[u8]| of_send(status, None, body);
        assert_eq!(of(StatusCode::OK, br#"{"messages":[{"id":"wamid.1"}]}"#), Answer::Sent("wamid.1".into()));
        assert!(matches!(of(StatusCode::OK, b"{}"), Answer::Unknown(_)));
        assert!(matches!(of(StatusCode::BAD_GATEWAY, b"<html>"), Answer::Unknown(_)));
        assert!(matches!(error(500, 999_999), Answer::Unknown(_)));
        let page = |status| match of(status, b"<html>") {
            Answer::Refused(trouble) => trouble.class,
            other => panic!("{other:?}"),
        };
        assert_eq!(page(StatusCode::TOO_MANY_REQUESTS), Class::Throttled);
        assert_eq!(page(StatusCode::FORBIDDEN), Class::Token);
    }

    #[test]
    fn details_help_to_find_a_defect_and_hold_no_phone() {
        let Answer::Refused(trouble) = error(400, 100) else { panic!() };
        assert!(
            trouble.why.contains("Invalid parameter") && !trouble.why.contains("5511987654321"),
            "{}",
            trouble.why
        );
    }
}
