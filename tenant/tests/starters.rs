//! The profiles to begin with are profiles to be proud of.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test that uses it")]

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan};
use mcp_tenant::{
    Profile,
    profile::{BusinessType, Localized, Mode, Tone},
    slots::{Busy, Calendar, Query, Visit, free_slots},
    starter::{Language, starter},
    validate::validate,
    when::Window,
};

/// A Saturday night, before a Sunday on which most are closed.
const NOW: Timestamp = Timestamp::constant(1_795_305_600, 0);

fn all() -> impl Iterator<Item = (BusinessType, Language, Profile)> {
    BusinessType::ALL.into_iter().flat_map(|kind| {
        Language::ALL.into_iter().map(move |language| (kind, language, starter(kind, language).unwrap()))
    })
}

#[test]
fn each_of_the_24_is_without_a_finding_and_is_read_back_as_it_was() {
    let mut count = 0;
    for (kind, language, profile) in all() {
        assert_eq!(validate(&profile, NOW), [], "{kind:?} {language}");
        for text in [serde_json::to_string(&profile).unwrap(), serde_yaml::to_string(&profile).unwrap()] {
            let read = Profile::read(&text, Mode::Strict).unwrap();
            assert_eq!(read.profile, profile, "{kind:?} {language}");
        }
        assert_eq!((profile.business.kind, profile.language()), (kind, language.tag()));
        count += 1;
    }
    assert_eq!(count, 24);
}

#[test]
fn each_is_complete() {
    for (kind, language, profile) in all() {
        let what = format!("{kind:?} {language}");
        assert!(profile.services.len() >= 4 && profile.staff.len() >= 2, "{what}");
        assert!(!profile.resources.is_empty() && profile.reminders.len() == 2, "{what}");
        assert!(profile.business.address.is_some() && profile.business.contact.phone.is_some(), "{what}");
        let assistant = &profile.assistant;
        assert!(assistant.persona.is_some() && assistant.facts.len() >= 3, "{what}");
        for texts in [&assistant.greeting, &assistant.privacy_notice, &assistant.handover.message] {
            assert_eq!(texts.keys().collect::<Vec<_>>(), [language.tag()], "{what}");
        }
        let text = serde_json::to_string(&profile).unwrap();
        assert!(!text.contains("{name}") && !text.contains("{phone}"), "{what}");
    }
}

#[test]
fn no_text_of_one_language_is_left_in_another() {
    // Names of services may be the same in two languages (`Manicure`), sentences may not.
    for kind in BusinessType::ALL {
        let sentences = |language: Language| -> BTreeSet<String> {
            let profile = starter(kind, language).unwrap();
            let facts = profile.assistant.facts.into_iter().flat_map(|fact| [fact.question, fact.answer]);
            let texts = [profile.assistant.greeting, profile.assistant.privacy_notice];
            facts
                .chain(profile.assistant.persona)
                .chain(texts.into_iter().flat_map(Localized::into_values))
                .collect()
        };
        let all: Vec<BTreeSet<String>> = Language::ALL.into_iter().map(sentences).collect();
        let distinct: BTreeSet<&String> = all.iter().flatten().collect();
        assert_eq!(distinct.len(), all.iter().map(BTreeSet::len).sum::<usize>(), "{kind:?}");
    }
}

#[test]
fn clinics_are_formal_and_each_country_has_its_zone_and_money() {
    for language in Language::ALL {
        let clinic = starter(BusinessType::Clinic, language).unwrap();
        assert_eq!(clinic.assistant.tone, Tone::Formal, "{language}");
        let place = (clinic.business.time_zone.as_str(), clinic.business.currency.as_str());
        let expected = match language {
            Language::Portuguese => ("America/Sao_Paulo", "BRL"),
            Language::Spanish => ("Europe/Madrid", "EUR"),
            Language::German => ("Europe/Berlin", "EUR"),
            Language::English => ("America/New_York", "USD"),
        };
        assert_eq!(place, expected);
    }
}

#[test]
fn every_service_can_be_booked_with_everyone_who_does_it() {
    for (kind, language, profile) in all() {
        let calendar = Calendar::new(&profile).unwrap();
        let today = calendar.local(NOW).date();
        let window = Window { first: today, last: today.saturating_add(14.days()), from: 0, to: Window::DAY };
        for service in &profile.services {
            for person in profile.staff_for(service) {
                let visit = Visit::of_one(&profile, &service.id, Some(&person.id)).unwrap();
                let query = Query { visit, window: window.clone(), now: NOW, limit: 1 };
                let slots = free_slots(&calendar, &Busy::default(), &query);
                assert_eq!(slots.len(), 1, "{kind:?} {language}: {} with {}", service.id, person.name);
            }
        }
    }
}
