use std::collections::BTreeSet;

use super::*;
use crate::profile::{Mode, ReadError};
use cases::{CASES, Case};

mod cases;

const GOOD: &str = include_str!("../testdata/barbershop.yaml");

/// Monday, 2026-11-16 at noon in London.
const NOW: Timestamp = Timestamp::constant(1_794_830_400, 0);

/// The good profile with one text in place of another; with nothing to replace, the text is added at its end.
fn with(from: &str, to: &str) -> String {
    if from.is_empty() {
        return format!("{GOOD}\n{to}\n");
    }
    assert!(GOOD.contains(from), "the test's profile has no `{from}`");
    GOOD.replacen(from, to, 1)
}

fn findings(text: &str) -> Vec<Finding> {
    match Profile::read(text, Mode::Strict) {
        Ok(read) => read.locate(validate(&read.profile, NOW)),
        Err(error) => ReadError::into_findings(error),
    }
}

fn codes(text: &str) -> Vec<(String, Code)> {
    findings(text).into_iter().map(|finding| (finding.path, finding.code)).collect()
}

#[test]
fn a_good_profile_has_no_findings() {
    assert_eq!(codes(GOOD), []);
}

#[test]
fn each_mistake_is_found_where_it_is_and_what_is_nearly_one_is_none() {
    let mut wrong = Vec::new();
    for Case { from, to, path, code, nearly } in CASES {
        let found = codes(&apply(from, to));
        if found != [((*path).to_owned(), *code)] {
            wrong.push(format!("{to}: {found:?} instead of {path} {code:?}"));
        }
        let found = codes(&apply(from, nearly));
        if !found.is_empty() {
            wrong.push(format!("{nearly}: {found:?} instead of nothing"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What follows `resources:` in a replacement goes to the end of the profile, and vacations to its first person.
fn apply(from: &str, to: &str) -> String {
    if let Some((to, resources)) = to.split_once("\nresources:") {
        return format!("{}\nresources:{resources}\n", with(from, to));
    }
    if let Some((to, vacations)) = to.split_once("\nvacations:") {
        return with(from, to).replacen("name: Zé", &format!("name: Zé\n    vacations:{vacations}"), 1);
    }
    with(from, to)
}

#[test]
fn a_price_has_no_more_decimals_than_its_currency() {
    let yen = |price: &str| codes(&with("currency: BRL", "currency: JPY").replace("80.00", price));
    assert_eq!(yen("8000.50"), [("services[0].price".to_owned(), Code::MoneyDecimals)]);
    assert_eq!(yen("8000.00"), []);
    assert_eq!(yen("8000"), []);
}

#[test]
fn mistakes_that_come_with_others_are_found_as_well() {
    let never = with("\n  sat: [\"09:00-17:00\"]\nclosures", "\nclosures");
    let never = ["mon", "tue", "wed", "thu", "fri"].iter().fold(never, |text, day| {
        text.replacen(&format!("\n  {day}: [\"09:00-12:00\", \"13:00-19:00\"]"), "", 1)
    });
    assert_eq!(
        codes(&never.replacen("\nhours:", "\nhours: {}", 1).replace("  # thu", "")),
        [("hours".to_owned(), Code::NeverOpen)]
    );

    let nobody = with("staff: [ze, rui]", "staff: [zoe]");
    let found: BTreeSet<Code> = codes(&nobody).into_iter().map(|(_, code)| code).collect();
    assert_eq!(found, BTreeSet::from([Code::UnknownReference, Code::NobodyDoesIt]));

    let both = with("America/Sao_Paulo", "Mars/Base").replace("minimumNotice: 1h", "minimumNotice: 60d");
    let found: BTreeSet<Code> = codes(&both).into_iter().map(|(_, code)| code).collect();
    assert!(found.is_superset(&BTreeSet::from([Code::UnknownZone, Code::NoticeBeyondHorizon])), "{found:?}");
}

#[test]
fn somebody_no_service_names_is_told_of_only_when_every_service_names_somebody() {
    let named =
        with("price: \"40\"", "price: \"40\"\n    staff: [ze]").replace("staff: [ze, rui]", "staff: [ze]");
    assert_eq!(codes(&named), [("staff[1]".to_owned(), Code::Unused)]);
    assert_eq!(codes(&with("staff: [ze, rui]", "staff: [ze]")), []);
}

#[test]
fn what_only_the_present_days_close_is_a_warning_that_names_the_rule() {
    // Saturday evening, and nothing is taken further ahead than Sunday.
    let text = with("minimumNotice: 1h, horizon: 60d", "minimumNotice: 1h, horizon: 1d");
    let profile = Profile::from_yaml(&text).unwrap();
    assert_eq!(validate(&profile, NOW), []);
    let found = validate(&profile, "2026-11-21T23:00:00Z".parse().unwrap());
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].path.as_str(), found[0].code), ("rules.horizon", Code::NothingBookable));
    assert!(found[0].message.starts_with("`corte`, `barba` cannot be booked"), "{}", found[0].message);
}

#[test]
fn a_rule_of_a_service_is_named_with_its_place_beside_services_that_are_closed_otherwise() {
    let text =
        with("duration: 45m", "duration: 9h").replace("duration: 30m", "duration: 30m\n    horizon: 1d");
    let profile = Profile::from_yaml(&text).unwrap();
    let found = validate(&profile, "2026-11-21T23:00:00Z".parse().unwrap());
    let found: Vec<_> = found.iter().map(|finding| (finding.path.as_str(), finding.code)).collect();
    assert_eq!(
        found,
        [("services[0].duration", Code::LongerThanHours), ("services[1].horizon", Code::NothingBookable),]
    );
}

#[test]
fn errors_come_before_warnings_and_each_has_its_line() {
    let text =
        with("from: 2026-12-24, to: 2026-12-26", "from: 2026-11-01, to: 2026-11-02").replace("BRL", "BRR");
    let found: Vec<String> = findings(&text).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "business.currency (line 7, column 3): `BRR` is not a currency in use: write its ISO 4217 code, like BRL or EUR",
            "closures[0] (line 35, column 5): ended on 2026-11-02: remove it",
        ]
    );
}

#[test]
fn a_reminder_is_sent_where_any_service_can_be_booked_that_early() {
    let reminder = |service: &str| {
        let text = with("duration: 45m", &format!("duration: 45m{service}"));
        codes(&format!("{text}\nreminders: [{{before: 70d}}]\n"))
    };
    let never = [("reminders[0].before".to_owned(), Code::ReminderBeyondHorizon)];
    assert_eq!(reminder(""), never);
    assert_eq!(reminder("\n    horizon: 30d"), never);
    assert_eq!(reminder("\n    horizon: 90d"), []);
}

#[test]
fn a_hint_says_what_was_probably_meant() {
    for (from, to, hint) in [
        ("America/Sao_Paulo", "America/Sao_Paolo", "did you mean America/Sao_Paulo?"),
        ("America/Sao_Paulo", "america/sao_paulo", "did you mean America/Sao_Paulo?"),
        ("America/Sao_Paulo", "Xyz", "write its IANA name"),
        ("staff: [ze, rui]", "staff: [ze, ruy]", "did you mean `rui`?"),
        ("type: barbershop", "type: barber", "did you mean `barbershop`?"),
        ("type: barbershop", "type: law", "write one of barbershop, salon, clinic, spa, shop, other"),
    ] {
        let found = findings(&with(from, to));
        assert!(found.iter().any(|finding| finding.message.contains(hint)), "{to}: {found:?}");
    }
}

#[test]
fn the_day_is_the_one_of_the_business() {
    let text = with("from: 2026-12-24, to: 2026-12-26", "from: 2026-11-01, to: 2026-11-16");
    let profile = Profile::from_yaml(&text).unwrap();
    // Midnight in UTC is nine in the evening in São Paulo.
    let midnight: Timestamp = "2026-11-17T00:00:00Z".parse().unwrap();
    assert_eq!(validate(&profile, midnight), []);
    let later: Timestamp = "2026-11-17T03:00:00Z".parse().unwrap();
    assert_eq!(validate(&profile, later)[0].code, Code::InThePast);
}

#[test]
fn the_passing_of_time_makes_no_profile_wrong() {
    let profile = Profile::from_yaml(GOOD).unwrap();
    for years in 0..40 {
        let now = NOW + jiff::SignedDuration::from_hours(years * 8766);
        let found = validate(&profile, now);
        assert!(!found.iter().any(Finding::is_error), "{found:?}");
    }
}

#[test]
fn every_code_has_a_case_a_word_of_its_own_and_the_form_of_a_word() {
    let words: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(words.len(), Code::ALL.len());
    assert!(words.iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
    for code in Code::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
    let tested: BTreeSet<Code> = CASES.iter().map(|case| case.code).collect();
    let elsewhere = [Code::MoneyDecimals, Code::NobodyDoesIt];
    let left: Vec<_> = Code::ALL.iter().filter(|c| !tested.contains(c) && !elsewhere.contains(c)).collect();
    assert!(left.is_empty(), "no case for {left:?}");
}
