//! One thing that is wrong with a profile.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong, or may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where, `services[2].staff[0]`; empty for the profile as a whole.
    pub path: String,
    /// What, as a stable word for programs.
    pub code: Code,
    /// Whether the profile can be served in spite of it.
    pub severity: Severity,
    /// What to do about it, for the owner of the business.
    pub message: String,
    /// Where in the file, when the profile came from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

/// Whether a profile can be served in spite of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It can; the owner should know.
    Warning,
    /// It cannot.
    Error,
}

impl Finding {
    /// A finding without a place; its severity follows from its code.
    pub fn new(path: impl Into<String>, code: Code, message: impl Into<String>) -> Self {
        Self { path: path.into(), code, severity: code.severity(), message: message.into(), place: None }
    }

    /// Whether the profile cannot be served.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Whether the value has no place in a [`crate::Profile`].
    pub(crate) fn hinders_reading(&self) -> bool {
        matches!(self.code, Code::WrongType | Code::MissingField | Code::Malformed | Code::UnknownValue)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.path.is_empty() { "profile" } else { &self.path })?;
        if let Some(place) = self.place {
            write!(f, " ({place})")?;
        }
        write!(f, ": {}", self.message)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])+ $severity:ident $code:ident = $word:literal,)+) => {
        /// Stable words for findings. A word never changes its meaning; new ones may come.
        ///
        /// Nothing that comes true by the mere passing of days is an error: a server that restarts must be able to
        /// read the file it served yesterday.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Code {
            $($(#[$doc])+ #[serde(rename = $word)] $code,)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$code,)+];

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $word,)+ }
            }

            /// Whether a profile with such a finding can be served.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity,)+ }
            }
        }
    };
}

codes! {
    // What the schema says, and a file may not heed.
    /// A list where a text belongs, a number without quotes, and the like.
    Error WrongType = "wrong_type",
    /// A field stands twice in one map.
    Error DuplicateField = "duplicate_field",
    /// A field that must be there is not.
    Error MissingField = "missing_field",
    /// A field that this program does not know.
    Error UnknownField = "unknown_field",
    /// A text that is not of its form: `45min` for a length of time; or a file that is neither YAML nor JSON.
    Error Malformed = "malformed",
    /// A word that is none of those allowed.
    Error UnknownValue = "unknown_value",
    /// A number outside its bounds, or a length of time.
    Error OutOfRange = "out_of_range",
    /// A text of more characters than allowed.
    Error TooLong = "too_long",
    /// A list or map of more entries than allowed.
    Error TooMany = "too_many",
    /// A list or map of fewer entries than allowed.
    Error TooFew = "too_few",
    /// A text with nothing to read in it.
    Error BlankText = "blank_text",
    /// A text with characters that cannot be shown.
    Error ControlCharacters = "control_characters",

    // What needs knowledge of the world.
    /// Another `schemaVersion` than this program reads.
    Error UnsupportedVersion = "unsupported_version",
    /// The zone is not in the tz database.
    Error UnknownZone = "unknown_zone",
    /// The currency is not in ISO 4217.
    Error UnknownCurrency = "unknown_currency",
    /// An amount with parts of a unit that the currency does not have.
    Error MoneyDecimals = "money_decimals",
    /// A telephone number of a length that none has.
    Warning UnlikelyPhone = "unlikely_phone",

    // What needs the whole profile.
    /// An id stands twice.
    Error DuplicateId = "duplicate_id",
    /// The same entry stands twice in a list.
    Warning DuplicateEntry = "duplicate_entry",
    /// A reference to something that is not there.
    Error UnknownReference = "unknown_reference",
    /// A person or resource that no service uses.
    Warning Unused = "unused",
    /// A text that is not there in the preferred language.
    Warning MissingLanguage = "missing_language",
    /// Intervals share time.
    Error OverlappingHours = "overlapping_hours",
    /// A last day before the first.
    Error ReversedDates = "reversed_dates",
    /// A closure, vacation or opening that is over.
    Warning InThePast = "in_the_past",
    /// An opening on a closed day; the opening wins.
    Warning OpeningInClosure = "opening_in_closure",
    /// A reminder before anything can be booked.
    Warning ReminderBeyondHorizon = "reminder_beyond_horizon",
    /// The minimum notice is not shorter than the horizon.
    Error NoticeBeyondHorizon = "notice_beyond_horizon",
    /// The business, or whoever does a service, is never open.
    Error NeverOpen = "never_open",
    /// A service that nobody does.
    Error NobodyDoesIt = "nobody_does_it",
    /// A service longer than any stretch in which it could be done.
    Error LongerThanHours = "longer_than_hours",
    /// Rules that leave nothing to book on any day.
    Error NeverBookable = "never_bookable",
    /// Rules and dates that leave nothing to book from now to the horizon.
    Warning NothingBookable = "nothing_bookable",
}
