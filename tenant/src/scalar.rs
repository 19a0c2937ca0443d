//! Scalars that people write: `45m`, `1h30m`, `60d`, `"80.00"`.

use std::{borrow::Cow, fmt, str::FromStr};

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time as people write it: `45m`, `1h30m`, `60d`. Days are 24 hours. From one minute to 366 days,
/// or `0m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    minutes: u32,
}

/// Why a text is not a [`Span`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a length of time: write it like 45m, 1h30m or 60d (at most 366d)")]
pub struct SpanError(String);

const MINUTES_PER_DAY: u32 = 24 * 60;

impl Span {
    /// The same form as the `pattern` in the schema.
    pub const PATTERN: &str = r"^([0-9]{1,3}d)?([0-9]{1,3}h)?([0-9]{1,4}m)?$";

    /// A span of whole minutes.
    pub const fn minutes(minutes: u32) -> Self {
        Self { minutes }
    }

    /// A span of whole hours.
    pub const fn hours(hours: u32) -> Self {
        Self { minutes: hours * 60 }
    }

    /// A span of days of 24 hours.
    pub const fn days(days: u32) -> Self {
        Self { minutes: days * MINUTES_PER_DAY }
    }

    /// The length in whole minutes.
    pub const fn as_minutes(self) -> u32 {
        self.minutes
    }

    /// The length as exact time.
    pub fn as_duration(self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.minutes))
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let wrong = || SpanError(text.chars().take(32).collect());
        let (mut total, mut digits, mut units) = (0_u32, String::new(), "dhm");
        for c in text.chars() {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            let at = units.find(c).ok_or_else(wrong)?;
            units = &units[at + 1..];
            let (factor, most_digits) = match c {
                'd' => (MINUTES_PER_DAY, 3),
                'h' => (60, 3),
                _ => (1, 4),
            };
            if digits.len() > most_digits {
                return Err(wrong());
            }
            let count: u32 = digits.parse().map_err(|_| wrong())?;
            total = count.checked_mul(factor).and_then(|m| total.checked_add(m)).ok_or_else(wrong)?;
            digits.clear();
        }
        if text.is_empty() || !digits.is_empty() || total > 366 * MINUTES_PER_DAY {
            return Err(wrong());
        }
        Ok(Self { minutes: total })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.minutes / MINUTES_PER_DAY, self.minutes % MINUTES_PER_DAY);
        let (hours, minutes) = (rest / 60, rest % 60);
        if days > 0 {
            write!(f, "{days}d")?;
        }
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 || self.minutes == 0 {
            write!(f, "{minutes}m")?;
        }
        Ok(())
    }
}

/// An amount of money without its currency, as a decimal text with at most two places: `80`, `80.5`, `80.00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    cents: u64,
}

/// Why a text is not [`Money`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an amount of money: write it like \"80.00\", with a point and at most two places")]
pub struct MoneyError(String);

impl Money {
    /// The same form as the `pattern` in the schema.
    pub const PATTERN: &str = r"^[0-9]{1,9}(\.[0-9]{1,2})?$";

    /// From the smallest unit.
    pub const fn from_cents(cents: u64) -> Self {
        Self { cents }
    }

    /// In the smallest unit.
    pub const fn cents(self) -> u64 {
        self.cents
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let wrong = || MoneyError(text.chars().take(32).collect());
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits =
            |s: &str, most: usize| (1..=most).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole, 9) || !digits(part, 2) {
            return Err(wrong());
        }
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let scale = if part.len() == 1 { 10 } else { 1 };
        let part: u64 = part.parse().map_err(|_| wrong())?;
        Ok(Self { cents: whole * 100 + part * scale })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.cents / 100, self.cents % 100)
    }
}

macro_rules! text_scalar {
    ($type:ty, $name:literal, $description:literal, $most:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'_, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "description": $description,
                    "minLength": 1,
                    "maxLength": $most,
                    "pattern": <$type>::PATTERN,
                })
            }
        }
    };
}

text_scalar!(Span, "Span", "A length of time: 45m, 1h30m, 60d.", 14);
text_scalar!(Money, "Money", "A decimal amount of money: \"80.00\".", 12);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written_as_people_write_them() {
        for (text, minutes) in [("45m", 45), ("1h30m", 90), ("60d", 86_400), ("1d2h3m", 1563), ("0m", 0)] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.as_minutes(), minutes);
            assert_eq!(span.to_string(), text);
        }
        assert_eq!("90m".parse::<Span>().unwrap().to_string(), "1h30m");
    }

    #[test]
    fn what_is_not_a_span_is_refused_with_an_example() {
        for text in
            ["", "45", "m", "1m1h", "-5m", "1.5h", "5 m", "400d", "99999999999h", "1h1h", "00001m", "366d1m"]
        {
            let error = text.parse::<Span>().unwrap_err().to_string();
            assert!(error.contains("1h30m"), "{text}: {error}");
        }
    }

    #[test]
    fn money_keeps_cents_exactly() {
        for (text, cents) in
            [("80.00", 8000), ("80", 8000), ("0.5", 50), ("0.05", 5), ("999999999.99", 99_999_999_999)]
        {
            assert_eq!(text.parse::<Money>().unwrap().cents(), cents, "{text}");
        }
        for text in ["", ".5", "1.", "1,00", "-1", "1.000", "R$ 5", "1e3"] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }
}
