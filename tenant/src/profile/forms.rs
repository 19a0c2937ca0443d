//! The forms of texts: the patterns that stand in the schema, and what is said to a person whose text misses one.

use jiff::civil::Date;

use crate::{
    hours::Interval,
    scalar::{Money, Span},
};

/// An id.
pub const ID: &str = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
/// A local date.
pub const DATE: &str = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";
/// An IANA time zone.
pub const ZONE: &str = r"^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$";
/// A language, with a country where that matters.
pub const LANGUAGE: &str = r"^[a-z]{2,3}(-[A-Z]{2})?$";
/// A currency.
pub const CURRENCY: &str = r"^[A-Z]{3}$";
/// A telephone number.
pub const PHONE: &str = r"^\+[0-9][0-9 ()-]{5,30}$";
/// An e-mail address.
pub const EMAIL: &str = r"^[^@ ]+@[^@ ]+$";
/// An address of the web.
pub const WEBSITE: &str = r"^https?://[^ ]+$";
/// A calendar's id at its provider.
pub const CALENDAR: &str = r"^[^ ]+$";

/// A form of texts.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// The pattern in the schema.
    pub pattern: &'static str,
    /// How to write it.
    pub sentence: &'static str,
    /// Whether a text that fits the pattern is really one; for what a pattern cannot say.
    pub reads: fn(&str) -> bool,
}

const fn form(pattern: &'static str, sentence: &'static str) -> Form {
    Form { pattern, sentence, reads: |_| true }
}

/// Every pattern of the profile's schema; a test sees to it.
pub const FORMS: &[Form] = &[
    Form {
        pattern: Interval::PATTERN,
        sentence: "write opening hours like 09:00-12:00, with two digits each; 24:00 may end a day",
        reads: |text| text.parse::<Interval>().is_ok(),
    },
    Form {
        pattern: Span::PATTERN,
        sentence: "write a length of time like 45m, 1h30m or 60d: whole numbers, days before hours before minutes, \
                   at most 366d",
        reads: |text| text.parse::<Span>().is_ok(),
    },
    Form {
        pattern: Money::PATTERN,
        sentence: "write an amount of money like \"80.00\": in quotes, with a point, without the currency",
        reads: |text| text.parse::<Money>().is_ok(),
    },
    Form {
        pattern: DATE,
        sentence: "write a day of the calendar as year-month-day, e.g. 2026-12-24",
        reads: |text| text.parse::<Date>().is_ok(),
    },
    form(ZONE, "write the time zone as a place of the IANA list, e.g. America/Sao_Paulo"),
    form(LANGUAGE, "write a language like pt-BR, en or de"),
    form(CURRENCY, "write the currency as three capital letters, e.g. BRL"),
    form(PHONE, "write the telephone number in international form, e.g. +55 11 3333-4444"),
    form(EMAIL, "write an e-mail address like contact@example.com"),
    form(WEBSITE, "write the address of the page in full, e.g. https://bella-salon.example"),
    form(
        ID,
        "an id holds only small letters, digits and hyphens, and neither begins nor ends with a hyphen, e.g. corte-e-barba",
    ),
    form(
        CALENDAR,
        "a calendar's id holds no spaces; it is shown in the calendar's settings, under \"Integrate calendar\"",
    ),
];

/// The form of a pattern.
pub fn form_of(pattern: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.pattern == pattern)
}
