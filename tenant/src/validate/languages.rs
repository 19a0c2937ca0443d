//! Texts by language: each is there in the language most customers read.

use std::collections::BTreeSet;

use super::{Code, Findings};
use crate::{Profile, profile::Localized};

pub(super) fn check(findings: &mut Findings, profile: &Profile) {
    let mut seen = BTreeSet::new();
    for (at, language) in profile.business.languages.iter().enumerate() {
        if !seen.insert(language) {
            let message = format!("`{language}` stands twice: remove one");
            findings.add(format!("business.languages[{at}]"), Code::DuplicateEntry, message);
        }
    }
    let Some(preferred) = profile.business.languages.first() else { return };
    for (at, service) in profile.services.iter().enumerate() {
        text(findings, &format!("services[{at}].name"), &service.name, preferred);
        text(findings, &format!("services[{at}].description"), &service.description, preferred);
    }
    let assistant = &profile.assistant;
    text(findings, "assistant.greeting", &assistant.greeting, preferred);
    text(findings, "assistant.privacyNotice", &assistant.privacy_notice, preferred);
    text(findings, "assistant.handover.message", &assistant.handover.message, preferred);
}

/// `pt` serves `pt-BR` as well, as [`crate::profile::localized`] chooses.
fn text(findings: &mut Findings, path: &str, texts: &Localized, preferred: &str) {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    if !texts.is_empty() && !texts.keys().any(|tag| primary(tag) == primary(preferred)) {
        let message =
            format!("is not there in {preferred}, the preferred language: customers read another one");
        findings.add(path, Code::MissingLanguage, message);
    }
}
