use std::fmt::Write;

use super::*;

const GOOD: &str = include_str!("../../testdata/barbershop.yaml");

/// Path, line and code of everything a strict reading finds.
fn found(text: &str) -> Vec<(String, u64, Code)> {
    let findings = Profile::read(text, Mode::Strict).map_or_else(ReadError::into_findings, |_| Vec::new());
    findings.into_iter().map(|f| (f.path, f.place.map_or(0, |place| place.line), f.code)).collect()
}

fn message(text: &str) -> String {
    Profile::read(text, Mode::Strict).unwrap_err().to_string()
}

fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "the test's profile has no `{from}`");
    GOOD.replacen(from, to, 1)
}

#[test]
fn a_good_profile_is_read_in_both_modes_and_as_json_too() {
    let strict = Profile::read(GOOD, Mode::Strict).unwrap();
    let json = serde_json::to_string_pretty(&strict.profile).unwrap();
    for mode in [Mode::Strict, Mode::Lenient] {
        let read = Profile::read(&json, mode).unwrap();
        assert_eq!((read.profile, read.ignored), (strict.profile.clone(), Vec::new()));
    }
}

#[test]
fn every_mistake_of_the_shape_is_told_at_once_with_its_line() {
    let text =
        with("price: \"80.00\"", "price: 80.00").replace("45m", "45min").replace("barbershop", "barber shop");
    let text = text.replace("- id: rui\n    name: Rui", "- id: rui");
    assert_eq!(
        found(&text),
        [
            ("business.type".to_owned(), 3, Code::UnknownValue),
            ("services[0].duration".to_owned(), 13, Code::Malformed),
            ("services[0].price".to_owned(), 14, Code::WrongType),
            ("staff[1].name".to_owned(), 24, Code::MissingField),
        ]
    );
}

#[test]
fn an_unknown_field_is_an_error_of_tools_with_a_guess() {
    for (from, to, path, guess) in [
        ("slotStep", "slotSteps", "rules.slotSteps", "did you mean `slotStep`?"),
        ("slotStep", "slot_step", "rules.slot_step", "did you mean `slotStep`?"),
        ("\n  sat: [\"09:00-17", "\n  saturday: [\"09:00-17", "hours.saturday", "did you mean `sat`?"),
        ("schemaVersion: 1\n", "schemaVersion: 1\nslotStep: 15m\n", "slotStep", "it belongs to `rules`"),
        ("bufferAfter", "colour", "services[0].colour", "there are: bufferAfter, bufferBefore, capacity"),
        ("reason: Natal", "nulled: null", "closures[0].nulled", "no field `nulled`"),
    ] {
        let error = message(&with(from, to));
        assert!(error.contains(path) && error.contains(guess) && error.contains("line "), "{to}: {error}");
    }
}

#[test]
fn an_unknown_field_is_no_error_of_a_server_and_is_listed() {
    let text = with("slotStep: 15m", "slotStep: 15m, deposit: {percent: 20}")
        .replace("reason: Natal", "colour: red");
    let read = Profile::read(&text, Mode::Lenient).unwrap();
    assert_eq!(read.ignored, ["closures[0].colour", "rules.deposit"]);
}

#[test]
fn null_is_a_field_left_out() {
    let read = Profile::read(&with("bufferAfter: 15m", "bufferAfter: ~"), Mode::Strict).unwrap();
    assert_eq!(read.profile.services[0].buffer_after, None);
    assert_eq!(
        found(&with("currency: BRL", "currency:")),
        [("business.currency".to_owned(), 7, Code::MissingField)]
    );
}

#[test]
fn a_field_that_stands_twice_is_an_error() {
    let twice = with("currency: BRL", "currency: BRL\n  currency: EUR");
    assert_eq!(found(&twice), [(String::new(), 8, Code::DuplicateField)]);
    assert!(message(&twice).contains("the field `currency` stands twice"));
    assert_eq!(found("{\"a\": 1,\n \"a\": 2}"), [(String::new(), 2, Code::DuplicateField)]);
}

#[test]
fn what_is_neither_yaml_nor_json_is_told_with_line_and_column() {
    for (text, line) in
        [("services: [\n  {id: a", 2), ("a: 1\nb: ]", 2), ("{\"a\": }}", 1), ("a: 1\n---\nb: 2", 3)]
    {
        let found = found(text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!((found[0].1, found[0].2), (line, Code::Malformed), "{text}");
    }
    for text in ["", "[]", "text", "7"] {
        assert_eq!(found(text), [(String::new(), 1, Code::WrongType)], "{text}");
    }
}

#[test]
fn the_text_of_json_may_be_escaped_as_json_is() {
    let json = serde_json::to_string(&Profile::from_yaml(GOOD).unwrap()).unwrap();
    let escaped = json.replace("Natal", "\\ud83c\\udf84 Natal\\/\\u00e9");
    let profile = Profile::from_yaml(&escaped).unwrap();
    assert_eq!(profile.closures[0].reason.as_deref(), Some("🎄 Natal/é"));
}

#[test]
fn aliases_are_allowed_and_cannot_grow_without_end() {
    let shared =
        with("mon: [\"09:00-12:00\", \"13:00-19:00\"]", "mon: &day [\"09:00-12:00\", \"13:00-19:00\"]");
    let shared = shared.replacen("wed: [\"09:00-12:00\", \"13:00-19:00\"]", "wed: *day", 1);
    assert_eq!(Profile::from_yaml(&shared).unwrap(), Profile::from_yaml(GOOD).unwrap());

    let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..20 {
        let times = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(laughs, "a{level}: &a{level} [{times}]").unwrap();
    }
    assert_eq!(found(&laughs).last().map(|f| f.2), Some(Code::TooMany));
}

#[test]
fn nesting_and_size_are_bounded() {
    for deep in ["[".repeat(60_000), "{a: ".repeat(30_000), "- ".repeat(60_000)] {
        assert!(Profile::read(&deep, Mode::Lenient).is_err());
    }
    let large = " ".repeat(Profile::MAX_BYTES + 1);
    assert!(
        matches!(Profile::read(&large, Mode::Lenient), Err(ReadError::TooLarge(bytes)) if bytes == large.len())
    );
    assert_eq!(found(&large), [(String::new(), 0, Code::TooLong)]);
}

#[test]
fn a_place_is_found_for_every_path_and_for_what_is_not_there_around_it() {
    let read = Profile::read(GOOD, Mode::Strict).unwrap();
    let line = |path: &str| read.place(path).line;
    assert_eq!(line("services[1].price"), 20);
    assert_eq!(line("services[0].name.pt-BR"), 12);
    assert_eq!(line("services[1].bufferAfter"), 17);
    assert_eq!(line("assistant.facts[3]"), 1);
}

#[test]
fn a_text_that_misses_its_form_is_refused_though_it_could_be_understood() {
    for (from, to, path) in [
        ("to: 2026-12-26", "to: \"20261226\"", "closures[0].to"),
        ("to: 2026-12-26", "to: 2026-12-26T10:00", "closures[0].to"),
        ("duration: 45m", "duration: 00045m", "services[0].duration"),
        ("sat: [\"09:00-17:00\"]\nclosures", "sat: [\"00:00-00:00\"]\nclosures", "hours.sat[0]"),
    ] {
        let found = found(&with(from, to));
        assert!(matches!(found.as_slice(), [(at, _, Code::Malformed)] if at == path), "{to}: {found:?}");
    }
}
