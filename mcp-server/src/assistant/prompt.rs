//! What the model is told of the business. The stable part comes first, so that the provider's cache can serve it;
//! the present time comes last.

use std::fmt::Write;

use jiff::Zoned;
use mcp_tenant::{Profile, profile::localized};

use crate::words::{self, Language};

/// The system instruction. `standing` lists the customer's committed appointments, one per line.
pub fn system(profile: &Profile, standing: &str, now: &Zoned) -> String {
    let language = profile.language();
    let business = &profile.business;
    let mut text = String::with_capacity(2048);
    let mut line = |s: std::fmt::Arguments<'_>| {
        // Writing into a String does not fail.
        let _ = writeln!(text, "{s}");
    };
    line(format_args!("You are the booking assistant of {} on WhatsApp.", business.name));
    if let Some(persona) = &profile.assistant.persona {
        line(format_args!("{persona}"));
    }
    line(format_args!(
        "Answer in the customer's language, else in {language}. Be brief and friendly; WhatsApp formatting, no Markdown."
    ));
    line(format_args!(
        "You talk only about this business, its services and appointments; decline anything else in one sentence."
    ));
    line(format_args!(
        "Never compute dates: pass the customer's words to find_available_slots. Name only times that it returned in this turn."
    ));
    line(format_args!(
        "To book, call book_appointment with a slot that find_available_slots returned in this conversation. Never say that something is booked, moved or cancelled: the system says it after it happened."
    ));
    if let Some(address) = &business.address {
        line(format_args!("Address: {address}"));
    }
    line(format_args!("Services (id: name | duration | price):"));
    for service in &profile.services {
        let minutes = service.duration.as_minutes();
        let staff: Vec<&str> = profile.staff_for(service).map(|person| person.name.as_str()).collect();
        line(format_args!(
            "- {}: {} | {minutes} min ({}h{:02}) | {} | {}",
            service.id,
            localized(&service.name, language),
            minutes / 60,
            minutes % 60,
            words::money(service.price, &business.currency),
            staff.join(", "),
        ));
    }
    line(format_args!("Staff (id: name):"));
    for person in &profile.staff {
        line(format_args!("- {}: {}", person.id, person.name));
    }
    line(format_args!("Opening hours:"));
    for (day, intervals) in profile.hours.days() {
        let open: Vec<String> = intervals.iter().map(ToString::to_string).collect();
        line(format_args!(
            "- {day}: {}",
            if open.is_empty() { "closed".to_owned() } else { open.join(", ") }
        ));
    }
    for closure in &profile.closures {
        let reason = closure.reason.as_deref().unwrap_or("closed");
        line(format_args!("- closed from {} to {}: {reason}", closure.from, closure.to));
    }
    if !profile.assistant.facts.is_empty() {
        line(format_args!("Answers to common questions:"));
        for fact in &profile.assistant.facts {
            line(format_args!("- {} {}", fact.question, fact.answer));
        }
    }
    let speech = Language::of(profile);
    line(format_args!("{}", speech.person(profile)));
    if !standing.is_empty() {
        line(format_args!("Appointments of this customer, as they stand:\n{standing}"));
    }
    line(format_args!("Now: {}", speech.moment(now)));
    text
}
