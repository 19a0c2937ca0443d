//! Reading a profile from YAML or JSON.

use serde_json::Value;

use super::{
    Profile,
    located::{self, Places},
    schema,
};
use crate::validate::{Code, Finding, Place, shape};

/// What becomes of fields this program does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are ignored and listed: an older server must read a newer profile.
    Lenient,
    /// They are errors, with a guess at what was meant: for tools that people run on files they write.
    Strict,
}

/// A profile that was read, with what is known of its text.
#[derive(Clone, Debug)]
pub struct Read {
    /// The business.
    pub profile: Profile,
    /// Paths of fields this program does not know.
    pub ignored: Vec<String>,
    places: Places,
}

impl Read {
    /// Where the value at a path stands in the text, `services[2].staff[0]`; the nearest value around it where the
    /// text does not have it.
    pub fn place(&self, path: &str) -> Place {
        self.places.of(path)
    }

    /// The findings with their places in the text.
    pub fn locate(&self, mut findings: Vec<Finding>) -> Vec<Finding> {
        self.places.put_in(&mut findings);
        findings
    }
}

/// Why a profile could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// More than [`Profile::MAX_BYTES`].
    #[error("the profile has {0} bytes; at most {max} are allowed: shorten the texts and facts", max = Profile::MAX_BYTES)]
    TooLarge(usize),
    /// Neither YAML nor JSON, or a field that stands twice.
    #[error("the profile cannot be read: {0}")]
    Syntax(Finding),
    /// Not of the shape of a profile: everything that is wrong with it, at least one error, each with its place.
    #[error("the profile cannot be read: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Shape(Vec<Finding>),
}

impl ReadError {
    /// The same as findings, for programs that list them.
    pub fn into_findings(self) -> Vec<Finding> {
        match self {
            Self::Shape(findings) => findings,
            Self::TooLarge(_) => vec![Finding::new("", Code::TooLong, self.to_string())],
            Self::Syntax(finding) => vec![finding],
        }
    }
}

impl Profile {
    /// Largest profile that is read, in bytes.
    pub const MAX_BYTES: usize = 128 * 1024;

    /// Reads YAML or JSON. `null` stands for a field that is left out. Time and memory are bounded whatever the
    /// text is.
    ///
    /// A profile that was read can still be wrong: see [`crate::validate::validate`].
    pub fn read(text: &str, mode: Mode) -> Result<Read, ReadError> {
        if text.len() > Self::MAX_BYTES {
            return Err(ReadError::TooLarge(text.len()));
        }
        let (value, places) = located::read(text).map_err(ReadError::Syntax)?;
        let (mut findings, unknown) = shape::check(&schema::schema(), &value);
        let ignored = unknown.iter().map(|finding| finding.path.clone()).collect();
        let profile = serde_json::from_value::<Self>(without_nulls(value));
        // A text that misses its form is refused even if it could be understood: an API server refuses it as well.
        let hindered = findings.iter().any(Finding::hinders_reading);
        match profile {
            Ok(profile) if !hindered && (mode == Mode::Lenient || unknown.is_empty()) => {
                Ok(Read { profile, ignored, places })
            }
            profile => {
                let explained = hindered || findings.iter().any(|finding| finding.code == Code::OutOfRange);
                if let (Err(error), false) = (profile, explained) {
                    findings.push(Finding::new("", Code::Malformed, error.to_string()));
                }
                if mode == Mode::Strict {
                    findings.extend(unknown);
                }
                places.put_in(&mut findings);
                findings.sort_by_key(|finding| finding.place);
                Err(ReadError::Shape(findings))
            }
        }
    }

    /// Reads YAML or JSON and ignores unknown fields.
    pub fn from_yaml(text: &str) -> Result<Self, ReadError> {
        Self::read(text, Mode::Lenient).map(|read| read.profile)
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key, without_nulls(value)))
                .collect(),
        ),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests;
