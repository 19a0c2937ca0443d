//! One line for each mistake: its code, where it is found, what is replaced in the good profile by what, and what is
//! nearly the same and no mistake.

use crate::validate::Code;

/// What is replaced by what, and the only finding that makes; and what is nearly the same and makes none.
pub(super) struct Case {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) path: &'static str,
    pub(super) code: Code,
    pub(super) nearly: &'static str,
}

const fn case(
    code: Code,
    path: &'static str,
    from: &'static str,
    to: &'static str,
    nearly: &'static str,
) -> Case {
    Case { from, to, path, code, nearly }
}

const LANGUAGES: &str = "languages: [pt-BR]";
const SAT: &str = "\n  sat: [\"09:00-17:00\"]\nclosures";

// One line each, however long.
#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    case(Code::WrongType, "services[1].price", "\"40\"", "40", "\"41\""),
    case(Code::WrongType, "services[0].staff", "staff: [ze, rui]", "staff: ze", "staff: [ze]\n    capacity: 2"),
    case(Code::MissingField, "staff[1].name", "\n    name: Rui", "", "\n    name: Ruy"),
    case(Code::UnknownField, "rules.slotsStep", "slotStep", "slotsStep", "slotStep: 15m, moveNotice"),
    case(Code::DuplicateField, "", "slotStep: 15m", "slotStep: 15m, slotStep: 15m", "slotStep: 15m, hold: 15m"),
    case(Code::Malformed, "services[0].duration", "duration: 45m", "duration: 45min", "duration: 46m"),
    case(Code::Malformed, "services[0].name.Deutsch", "en: Haircut", "Deutsch: Haarschnitt", "de: Haarschnitt"),
    case(Code::Malformed, "closures[0].to", "to: 2026-12-26", "to: 2027-02-29", "to: 2027-02-28"),
    case(Code::Malformed, "business.contact.email", "contact: {", "contact: {email: a b, ", "contact: {email: a@b, "),
    case(Code::UnknownValue, "business.type", "type: barbershop", "type: barber", "type: other"),
    case(Code::OutOfRange, "rules.maxPerDay", "slotStep: 15m", "slotStep: 15m, maxPerDay: 0", "slotStep: 15m, maxPerDay: 1"),
    case(Code::OutOfRange, "services[0].capacity", "duration: 45m", "duration: 45m\n    capacity: 201", "duration: 45m\n    capacity: 200"),
    case(Code::OutOfRange, "services[0].duration", "duration: 45m", "duration: 0m", "duration: 1m"),
    case(Code::OutOfRange, "services[0].bufferAfter", "bufferAfter: 15m", "bufferAfter: 24h1m", "bufferAfter: 24h"),
    case(Code::OutOfRange, "rules.slotStep", "slotStep: 15m", "slotStep: 0m", "slotStep: 9h"),
    case(Code::OutOfRange, "rules.hold", "slotStep: 15m", "hold: 61m", "hold: 1h"),
    case(Code::OutOfRange, "rules.horizon", "horizon: 60d", "horizon: 0d", "horizon: 14d"),
    case(Code::OutOfRange, "services[0].horizon", "duration: 45m", "duration: 45m\n    horizon: 0m", "duration: 45m\n    horizon: 7d"),
    case(Code::OutOfRange, "reminders[0].before", "", "reminders: [{before: 0h}]", "reminders: [{before: 1m}]"),
    case(
        Code::TooLong,
        "staff[1].name",
        "name: Rui",
        "name: Ruiruiruiruiruiruiruiruiruiruiruiruiruiruiruiruiruiruiruiruié",
        "name: Ruiruiruiruiruiruiruiruiruiruiruiruiruiruiruiruiruiruiruirué",
    ),
    case(Code::Malformed, "business.currency", "currency: BRL", "currency: reais", "currency: EUR"),
    case(Code::Malformed, "business.timeZone", "America/Sao_Paulo", "GMT-3!", "Etc/GMT+3"),
    case(
        Code::TooMany,
        "hours.sat",
        SAT,
        "\n  sat: [\"01:00-02:00\", \"03:00-04:00\", \"05:00-06:00\", \"07:00-08:00\", \"09:00-17:00\", \"18:00-19:00\", \"20:00-21:00\"]\nclosures",
        "\n  sat: [\"03:00-04:00\", \"05:00-06:00\", \"07:00-08:00\", \"09:00-17:00\", \"18:00-19:00\", \"20:00-21:00\"]\nclosures",
    ),
    case(Code::TooFew, "services[0].name", "name: {pt-BR: Corte, en: Haircut}", "name: {}", "name: {pt: Corte}"),
    case(Code::BlankText, "closures[0].reason", "reason: Natal", "reason: \"  \"", "reason: \" N \""),
    case(Code::ControlCharacters, "staff[1].name", "name: Rui", "name: \"Rui\\u0007\"", "name: \"Rui 💈\""),
    case(Code::ControlCharacters, "staff[1].name", "name: Rui", "name: \"Rui\\nRui\"", "name: \"Rui Rui\""),
    case(Code::ControlCharacters, "closures[0].reason", "reason: Natal", "reason: \"\\u202eNatal\"", "reason: \"Nat\\u200dal\""),
    case(Code::UnsupportedVersion, "schemaVersion", "schemaVersion: 1", "schemaVersion: 2", "schemaVersion: 0x1"),
    case(Code::UnknownZone, "business.timeZone", "America/Sao_Paulo", "America/Sao_Paolo", "America/Recife"),
    case(Code::UnknownZone, "business.timeZone", "America/Sao_Paulo", "america/sao_paulo", "UTC"),
    case(Code::UnknownCurrency, "business.currency", "currency: BRL", "currency: BRR", "currency: KWD"),
    case(Code::UnlikelyPhone, "business.contact.phone", "+55 11 3333-4444", "+55 11 333", "+55 11 33 33"),
    case(Code::UnlikelyPhone, "business.contact.phone", "+55 11 3333-4444", "+0 11 3333-4444", "+1 011 3333-4444"),
    case(Code::UnlikelyPhone, "business.contact.phone", "+55 11 3333-4444", "+55 11 3333-4444 5555", "+55 11 3333-4444 555"),
    case(Code::DuplicateId, "services[1].id", "- id: barba", "- id: corte", "- id: corte-2"),
    case(Code::DuplicateEntry, "business.languages[1]", LANGUAGES, "languages: [pt-BR, pt-BR]", "languages: [pt-BR, pt-PT]"),
    case(Code::DuplicateEntry, "services[0].staff[1]", "staff: [ze, rui]", "staff: [ze, ze]", "staff: [rui, ze]"),
    case(Code::DuplicateEntry, "reminders[1].before", "", "reminders: [{before: 1d}, {before: 24h}]", "reminders: [{before: 1d}, {before: 23h}]"),
    case(
        Code::DuplicateEntry,
        "assistant.facts[1].question",
        "",
        "assistant: {facts: [{question: Onde?, answer: Aqui}, {question: ' onde? ', answer: Lá}]}",
        "assistant: {facts: [{question: Onde?, answer: Aqui}, {question: Onde, answer: Lá}]}",
    ),
    case(Code::UnknownReference, "services[0].staff[1]", "staff: [ze, rui]", "staff: [ze, ruy]", "staff: [ze, rui]\n    requires: []"),
    case(Code::UnknownReference, "services[0].requires[0]", "duration: 45m", "duration: 45m\n    requires: [chair]", "duration: 45m\n    requires: []"),
    case(Code::UnknownReference, "openings[0].staff[0]", "", "openings: [{date: 2026-12-20, hours: [\"09:00-12:00\"], staff: [ana]}]", "openings: [{date: 2026-12-20, hours: [\"09:00-12:00\"], staff: [ze]}]"),
    case(Code::Unused, "resources[0]", "", "resources: [{id: chair}]", "resources: []"),
    case(Code::MissingLanguage, "services[1].name", "name: {pt-BR: Barba}", "name: {en: Beard}", "name: {pt: Barba, en: Beard}"),
    case(Code::MissingLanguage, "assistant.greeting", "", "assistant: {greeting: {en: Hello}}", "assistant: {greeting: {en: Hello, pt-PT: Olá}}"),
    case(Code::OverlappingHours, "hours.thu", "13:00-19:00\"]  # thu", "11:59-19:00\"]  # thu", "12:00-19:00\"]  # thu"),
    case(Code::OverlappingHours, "hours.sun", SAT, "\n  sat: [\"22:00-10:00\"]\n  sun: [\"09:00-12:00\"]\nclosures", "\n  sat: [\"22:00-09:00\"]\n  sun: [\"09:00-12:00\"]\nclosures"),
    case(Code::OverlappingHours, "staff[1].hours.sat", "sat: [\"09:00-17:00\"]}", "sat: [\"09:00-17:00\", \"16:00-18:00\"]}", "sat: [\"09:00-17:00\", \"17:00-18:00\"]}"),
    case(
        Code::OverlappingHours,
        "openings[0].hours",
        "",
        "openings: [{date: 2026-12-20, hours: [\"09:00-12:00\", \"11:00-13:00\"]}]",
        "openings: [{date: 2026-12-20, hours: [\"09:00-12:00\", \"12:00-13:00\"]}]",
    ),
    case(
        Code::OverlappingHours,
        "openings[0].hours",
        "",
        // Into Monday morning.
        "openings: [{date: 2026-12-20, hours: [\"22:00-09:30\"]}]",
        "openings: [{date: 2026-12-20, hours: [\"22:00-09:00\"]}]",
    ),
    case(
        Code::OverlappingHours,
        "openings[1].hours",
        "",
        "openings: [{date: 2026-12-20, hours: [\"22:00-09:30\"]}, {date: 2026-12-21, hours: [\"09:00-12:00\"]}]",
        "openings: [{date: 2026-12-20, hours: [\"22:00-09:30\"]}, {date: 2026-12-21, hours: [\"09:30-12:00\"]}]",
    ),
    case(
        Code::OverlappingHours,
        "openings[0].hours",
        "",
        "openings: [{date: 2026-12-22, hours: [\"22:00-09:30\"]}]",
        // Into a closed morning.
        "openings: [{date: 2026-12-23, hours: [\"22:00-09:30\"]}]",
    ),
    case(
        Code::OverlappingHours,
        "openings[1].hours",
        "",
        "openings: [{date: 2026-12-20, hours: [\"09:00-12:00\"]}, {date: 2026-12-20, hours: [\"11:00-13:00\"], staff: [ze]}]",
        "openings: [{date: 2026-12-20, hours: [\"09:00-12:00\"], staff: [rui]}, {date: 2026-12-20, hours: [\"11:00-13:00\"], staff: [ze]}]",
    ),
    case(Code::ReversedDates, "closures[0]", "from: 2026-12-24", "from: 2026-12-27", "from: 2026-12-26"),
    case(Code::ReversedDates, "staff[0].vacations[0]", "\n    name: Zé", "\n    name: Zé\n    vacations: [{from: 2027-01-02, to: 2027-01-01}]", "\n    name: Zé\n    vacations: [{from: 2027-01-01, to: 2027-01-01}]"),
    case(Code::InThePast, "closures[0]", "from: 2026-12-24, to: 2026-12-26", "from: 2026-11-01, to: 2026-11-15", "from: 2026-11-01, to: 2026-11-16"),
    case(Code::InThePast, "staff[0].vacations[0]", "\n    name: Zé", "\n    name: Zé\n    vacations: [{from: 2026-01-01, to: 2026-01-01}]", "\n    name: Zé\n    vacations: [{from: 2026-11-16, to: 2026-11-16}]"),
    case(Code::InThePast, "openings[0]", "", "openings: [{date: 2026-11-14, hours: [\"09:00-12:00\"]}]", "openings: [{date: 2026-11-15, hours: [\"09:00-12:00\"]}]"),
    case(Code::OpeningInClosure, "openings[0]", "", "openings: [{date: 2026-12-26, hours: [\"09:00-12:00\"]}]", "openings: [{date: 2026-12-27, hours: [\"09:00-12:00\"]}]"),
    case(Code::ReminderBeyondHorizon, "reminders[0].before", "", "reminders: [{before: 60d1m}]", "reminders: [{before: 60d}]"),
    case(Code::NoticeBeyondHorizon, "services[0].minimumNotice", "duration: 45m", "duration: 45m\n    minimumNotice: 60d", "duration: 45m\n    minimumNotice: 40d"),
    case(Code::NoticeBeyondHorizon, "services[0].horizon", "duration: 45m", "duration: 45m\n    horizon: 1h", "duration: 45m\n    horizon: 2d"),
    case(Code::NeverOpen, "services[1]", "name: {pt-BR: Barba}", "name: {pt-BR: Barba}\n    requires: [sun]\nresources:\n  - id: sun\n    hours: {sun: [\"09:00-12:00\"]}", "name: {pt-BR: Barba}\n    requires: [sun]\nresources:\n  - id: sun\n    hours: {sat: [\"09:00-12:00\"]}"),
    case(
        Code::NeverBookable,
        "resources[0].hours",
        "name: {pt-BR: Barba}",
        // Starts lie on the quarter of an hour: 09:15 ends too late.
        "name: {pt-BR: Barba}\n    requires: [sun]\nresources:\n  - id: sun\n    hours: {tue: [\"09:05-09:40\"]}",
        "name: {pt-BR: Barba}\n    requires: [sun]\nresources:\n  - id: sun\n    hours: {tue: [\"09:05-09:45\"]}",
    ),
    case(Code::NeverBookable, "rules.slotStep", "slotStep: 15m", "slotStep: 24h", "slotStep: 12h"),
    case(Code::NothingBookable, "closures[0]", "from: 2026-12-24, to: 2026-12-26", "from: 2026-11-16, to: 2027-01-31", "from: 2026-11-16, to: 2027-01-13"),
    case(
        Code::NothingBookable,
        "staff[0].vacations[0]",
        "staff: [ze, rui]",
        "staff: [ze]\nvacations: [{from: 2026-11-16, to: 2027-01-31}]",
        "staff: [ze]\nvacations: [{from: 2026-11-16, to: 2027-01-13}]",
    ),
    case(Code::LongerThanHours, "services[0].duration", "duration: 45m", "duration: 8h1m", "duration: 8h"),
];
