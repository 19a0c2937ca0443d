//! Ids: each once, each reference to one that is there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Code, Findings, suggest, text::short};
use crate::Profile;

pub(super) fn check(findings: &mut Findings, profile: &Profile) {
    let staff = || profile.staff.iter().map(|person| person.id.as_str());
    let resources = || profile.resources.iter().map(|resource| resource.id.as_str());
    duplicates(findings, "services", profile.services.iter().map(|service| service.id.as_str()));
    duplicates(findings, "staff", staff());
    duplicates(findings, "resources", resources());
    let (people, things): (BTreeSet<&str>, BTreeSet<&str>) = (staff().collect(), resources().collect());
    for (at, service) in profile.services.iter().enumerate() {
        references(findings, &format!("services[{at}].staff"), &service.staff, &people, "staff");
        references(findings, &format!("services[{at}].requires"), &service.requires, &things, "resources");
    }
    for (at, opening) in profile.openings.iter().enumerate() {
        references(findings, &format!("openings[{at}].staff"), &opening.staff, &people, "staff");
    }
    unused(findings, profile);
    facts(findings, profile);
}

fn duplicates<'p>(findings: &mut Findings, list: &str, ids: impl Iterator<Item = &'p str>) {
    let mut seen = BTreeMap::new();
    for (at, id) in ids.enumerate() {
        if let Some(first) = seen.insert(id, at) {
            let message =
                format!("the id `{}` stands in {list}[{first}] as well: give each its own", short(id));
            findings.add(format!("{list}[{at}].id"), Code::DuplicateId, message);
        }
    }
}

fn references(findings: &mut Findings, path: &str, ids: &[String], known: &BTreeSet<&str>, list: &str) {
    let mut seen = BTreeSet::new();
    for (at, id) in ids.iter().enumerate() {
        let path = format!("{path}[{at}]");
        if !known.contains(id.as_str()) {
            let hint = match suggest::closest(known.iter().copied(), id) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "add it there or correct the id".to_owned(),
            };
            let message = format!("nothing in {list} has the id `{}`: {hint}", short(id));
            findings.add(path, Code::UnknownReference, message);
        } else if !seen.insert(id) {
            findings.add(path, Code::DuplicateEntry, format!("`{}` stands twice: remove one", short(id)));
        }
    }
}

fn unused(findings: &mut Findings, profile: &Profile) {
    let by_anyone = profile.services.iter().any(|service| service.staff.is_empty());
    for (at, person) in profile.staff.iter().enumerate() {
        if !by_anyone && !profile.services.iter().any(|service| service.staff.contains(&person.id)) {
            let message =
                format!("{} does no service and is never booked: name them in one", short(&person.name));
            findings.add(format!("staff[{at}]"), Code::Unused, message);
        }
    }
    for (at, resource) in profile.resources.iter().enumerate() {
        if !profile.services.iter().any(|service| service.requires.contains(&resource.id)) {
            let message = format!(
                "no service requires `{}`, so it limits nothing: name it in `requires` of one",
                short(&resource.id)
            );
            findings.add(format!("resources[{at}]"), Code::Unused, message);
        }
    }
}

fn facts(findings: &mut Findings, profile: &Profile) {
    let mut seen = BTreeMap::new();
    for (at, fact) in profile.assistant.facts.iter().enumerate() {
        let words = fact.question.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(first) = seen.insert(words, at) {
            let message = format!(
                "the same question stands in assistant.facts[{first}]: the assistant may give either answer"
            );
            findings.add(format!("assistant.facts[{at}].question"), Code::DuplicateEntry, message);
        }
    }
}
