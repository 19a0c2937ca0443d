//! Lengths of time: bounds a schema of texts cannot hold, and how they fit each other.

use super::{Code, Findings};
use crate::{Profile, scalar::Span};

const MINUTE: Span = Span::minutes(1);
const DAY: Span = Span::hours(24);

pub(super) fn check(findings: &mut Findings, profile: &Profile) {
    let rules = &profile.rules;
    between(findings, "rules.slotStep", rules.slot_step, MINUTE, DAY);
    between(findings, "rules.hold", rules.hold, MINUTE, Span::hours(1));
    at_least_a_minute(findings, "rules.horizon", rules.horizon);
    if rules.horizon >= MINUTE {
        notice(findings, "rules.minimumNotice", rules.minimum_notice, rules.horizon);
    }
    for (at, service) in profile.services.iter().enumerate() {
        let path = |field: &str| format!("services[{at}].{field}");
        between(findings, &path("duration"), service.duration, MINUTE, DAY);
        for (field, buffer) in
            [("bufferBefore", service.buffer_before), ("bufferAfter", service.buffer_after)]
        {
            if let Some(buffer) = buffer {
                between(findings, &path(field), buffer, Span::minutes(0), DAY);
            }
        }
        if let Some(horizon) = service.horizon {
            at_least_a_minute(findings, &path("horizon"), horizon);
        }
        // What the service leaves to the rules is told there.
        let horizon = service.horizon.unwrap_or(rules.horizon);
        match (service.minimum_notice, service.horizon) {
            _ if horizon < MINUTE => {}
            (Some(own), _) => notice(findings, &path("minimumNotice"), own, horizon),
            (None, Some(_)) => notice(findings, &path("horizon"), rules.minimum_notice, horizon),
            (None, None) => {}
        }
    }
    reminders(findings, profile);
}

fn reminders(findings: &mut Findings, profile: &Profile) {
    let furthest = profile.services.iter().filter_map(|service| service.horizon).max();
    let furthest = furthest.unwrap_or_default().max(profile.rules.horizon);
    for (at, reminder) in profile.reminders.iter().enumerate() {
        let path = format!("reminders[{at}].before");
        at_least_a_minute(findings, &path, reminder.before);
        if reminder.before > furthest {
            let message = format!(
                "this reminder is never sent: bookings are made at most {furthest} ahead, and it is due {} before the start",
                reminder.before
            );
            findings.add(&path, Code::ReminderBeyondHorizon, message);
        }
        if profile.reminders.iter().take(at).any(|earlier| earlier == reminder) {
            let message = format!("two reminders are sent {} before the start: remove one", reminder.before);
            findings.add(path, Code::DuplicateEntry, message);
        }
    }
}

fn between(findings: &mut Findings, path: &str, span: Span, least: Span, most: Span) {
    if span < least || span > most {
        let message = format!("is {span}; it must be between {least} and {}h", most.as_minutes() / 60);
        findings.add(path, Code::OutOfRange, message);
    }
}

fn at_least_a_minute(findings: &mut Findings, path: &str, span: Span) {
    if span < MINUTE {
        findings.add(path, Code::OutOfRange, format!("is {span}; it must be at least {MINUTE}"));
    }
}

fn notice(findings: &mut Findings, path: &str, notice: Span, horizon: Span) {
    if notice >= horizon {
        let message = format!(
            "nothing can be booked: bookings are refused less than {notice} ahead and more than {horizon} ahead; make \
             the horizon longer than the minimum notice"
        );
        findings.add(path, Code::NoticeBeyondHorizon, message);
    }
}
