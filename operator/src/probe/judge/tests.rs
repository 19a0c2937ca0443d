//! What is made of what servers say.

use serde_json::{Value, json};

use super::*;
use crate::probe::stand_in::{said, status, target};

fn judged(status: &Value) -> Findings {
    judge(&target("ze"), &[said(status)], false)
}

fn with(dependency: &str, says: Value) -> Findings {
    let mut status = status("ze");
    status["dependencies"][dependency] = says;
    judged(&status)
}

fn failing(reason: &str) -> Value {
    json!({"state": "failing", "reason": reason, "message": "seen", "next": "do it"})
}

#[test]
fn a_good_server_holds_all_four_conditions() {
    let findings = judged(&status("ze"));
    assert_eq!(findings.version.as_deref(), Some("0.1.0"));
    assert!(findings.server.message.contains("the profile b0f1e4a7c2d93586"), "{}", findings.server.message);
    for (kind, verdict) in findings.verdicts() {
        assert_eq!((verdict.holds, verdict.reason), (Holds::Yes, Reason::Ready), "{kind}");
    }
}

#[test]
fn each_code_of_the_server_is_a_reason_and_says_what_to_do() {
    for (code, reason) in [
        ("unreachable", Reason::ServiceUnreachable),
        ("rate_limited", Reason::RateLimited),
        ("credential_refused", Reason::CredentialRefused),
        ("not_permitted", Reason::NotPermitted),
        ("not_found", Reason::NotFound),
        ("account_blocked", Reason::AccountBlocked),
        ("delivered_elsewhere", Reason::DeliveredElsewhere),
        ("request_refused", Reason::RequestRefused),
        ("of_next_year", Reason::DependencyFailing),
    ] {
        let found = with("whatsapp", failing(code)).channel;
        assert_eq!((found.holds, found.reason), (Holds::No, reason), "{code}");
        assert_eq!(found.message, "the number cannot be used: seen; do it");
    }
    assert_eq!(with("gemini", failing("x")).model.holds, Holds::No);
    assert_eq!(with("calendar", failing("x")).calendar.holds, Holds::No);
}

#[test]
fn the_numbers_own_webhook_address_belongs_to_the_channel() {
    let elsewhere = with("webhook", failing("delivered_elsewhere")).channel;
    assert_eq!((elsewhere.holds, elsewhere.reason), (Holds::No, Reason::DeliveredElsewhere));
    let private = with("webhook", json!({"state": "unused", "reason": "not_configured"})).channel;
    assert_eq!(private.holds, Holds::Yes);
}

#[test]
fn a_calendar_is_looked_at_only_where_one_is_asked_for() {
    let mut status = status("ze");
    status["dependencies"]["calendar"] = failing("not_found");
    let mut target = target("ze");
    target.google_calendar = false;
    let calendar = judge(&target, &[said(&status)], false).calendar;
    assert_eq!((calendar.holds, calendar.reason), (Holds::Yes, Reason::Ready));
}

#[test]
fn what_the_server_has_not_looked_at_is_unknown_and_comes_by_itself() {
    let model = with("gemini", json!({"state": "unknown", "reason": "not_used_yet"})).model;
    assert_eq!((model.holds, model.reason), (Holds::Unknown, Reason::Progressing));
    // A server that was built before it looked by itself.
    for older in [json!({"ok": true, "at": "2026-11-21T19:00:00Z"}), Value::Null] {
        let model = with("gemini", older).model;
        assert_eq!((model.holds, model.reason), (Holds::Unknown, Reason::NotObserved));
    }
}

#[test]
fn another_tenant_another_key_and_another_protocol_are_not_this_server() {
    let mut foreign = status("vizinha");
    let mut cases = vec![said(&foreign)];
    foreign["client"] = json!("ze");
    foreign["environment"] = json!("staging");
    cases.push(said(&foreign));
    for handshake in
        [Handshake::TokenRefused, Handshake::Foreign, Handshake::Speaks(Some("0.0.9".to_owned()))]
    {
        cases.push(Said { handshake, ..said(&status("ze")) });
    }
    for case in cases {
        let findings = judge(&target("ze"), std::slice::from_ref(&case), false);
        assert_eq!(
            (findings.server.holds, findings.server.reason),
            (Holds::No, Reason::ServerMismatch),
            "{case:?}"
        );
        assert_eq!(findings.channel.holds, Holds::Unknown);
    }
}

#[test]
fn another_profile_is_waited_for_and_then_a_fault() {
    let mut old = status("ze");
    old["profile"]["hash"] = json!("0000000000000000");
    let waits = judge(&target("ze"), &[said(&old)], true);
    assert_eq!((waits.server.holds, waits.late), (Holds::Yes, true));
    assert!(waits.server.message.ends_with("the profile b0f1e4a7c2d93586 is on its way to it"));
    let fault = judged(&old);
    assert_eq!((fault.server.holds, fault.server.reason), (Holds::No, Reason::ProfileNotRead));
    old["profile"]["refused"] = json!("services[0]: unknown field\u{7}");
    let refused = judge(&target("ze"), &[said(&old)], true).server;
    assert_eq!((refused.holds, refused.reason), (Holds::No, Reason::ProfileNotRead));
    assert!(refused.message.contains("services[0]: unknown field."), "{}", refused.message);
    // An invalid profile is not delivered; the server has the last valid one.
    let mut target = target("ze");
    target.profile = None;
    assert_eq!(judge(&target, &[said(&old)], false).server.holds, Holds::Yes);
}

#[test]
fn of_two_servers_the_worse_one_counts() {
    let mut expired = status("ze");
    expired["dependencies"]["whatsapp"] = failing("credential_refused");
    for pair in [[said(&status("ze")), said(&expired)], [said(&expired), said(&status("ze"))]] {
        let findings = judge(&target("ze"), &pair, false);
        assert_eq!((findings.channel.holds, findings.model.holds), (Holds::No, Holds::Yes));
    }
}

#[test]
fn a_stranger_writes_no_secret_and_no_control_character_into_a_condition() {
    let secret = "EAAGm0PX4ZCpsBAKZBq5VxZA8Yb7QZBZCwZDZD9";
    let bell = format!("token {secret}\u{1b}[2J");
    let mut status = status("ze");
    for field in ["message", "next"] {
        status["dependencies"]["whatsapp"]["state"] = json!("failing");
        status["dependencies"]["whatsapp"][field] = json!(bell.repeat(100));
    }
    status["version"] = json!("0.1.0\n");
    status["profile"]["refused"] = json!(bell);
    status["profile"]["hash"] = json!(bell);
    let mut case = said(&status);
    case.handshake = Handshake::Speaks(None);
    let findings = judge(&target("ze"), &[case], false);
    assert_eq!(findings.version, None);
    for (kind, verdict) in findings.verdicts() {
        assert!(!verdict.message.contains(secret) && !verdict.message.contains('\u{1b}'), "{kind}");
        assert!(verdict.message.chars().count() < 900, "{kind}: {}", verdict.message);
    }
}

/// What the server's own examples are to become; they are held to its schema there.
#[test]
fn the_servers_examples_are_read_as_they_are_meant() {
    macro_rules! example {
        ($name:literal) => {
            serde_json::from_str::<Value>(include_str!(concat!(
                "../../../../mcp-server/tests/data/status/",
                $name,
                ".json"
            )))
            .unwrap()
        };
    }
    let judged = |example: Value| {
        let mut target = target("bella-salon");
        target.environment = serde_json::from_value(example["environment"].clone()).unwrap();
        judge(&target, &[said(&example)], false)
            .verdicts()
            .map(|(_, verdict)| (verdict.holds, verdict.reason))
    };
    let good = (Holds::Yes, Reason::Ready);
    let waits = (Holds::Unknown, Reason::Progressing);
    let no = |reason| (Holds::No, reason);
    assert_eq!(judged(example!("all-is-well")), [good; 4]);
    assert_eq!(judged(example!("just-started")), [good, waits, waits, waits]);
    let private = example!("no-calendar-no-public-address");
    assert_eq!(judged(private), [good; 4]);
    assert_eq!(judged(example!("token-expired")), [good, no(Reason::CredentialRefused), good, good]);
    assert_eq!(
        judged(example!("three-failures")),
        [good, no(Reason::DeliveredElsewhere), no(Reason::NotFound), no(Reason::ServiceUnreachable)]
    );
}

#[test]
fn every_code_of_the_servers_page_has_a_reason_of_its_own() {
    let page = include_str!("../../../../docs/status.md");
    let codes: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | `failing` |"))
        .map(|(code, _)| code)
        .filter(|code| *code != "unusable")
        .collect();
    assert_eq!(codes.len(), 8, "{codes:?}");
    for code in codes {
        assert_ne!(reason(code), Reason::DependencyFailing, "{code}");
    }
}
