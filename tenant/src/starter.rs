//! Profiles to begin with: one for each type of business in each of four languages, complete and sensible, for
//! onboarding and examples. They live in `tenant/starters/`, where a map whose keys are the four languages is a
//! choice.

use std::fmt;

use serde_json::{Map, Value};

use crate::{
    Profile,
    profile::{self, BusinessType, Mode, ReadError},
};

/// The languages there are starters in, each with a country: its zone, currency, prices and customs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// Portuguese, in Brazil.
    Portuguese,
    /// Spanish, in Spain.
    Spanish,
    /// German, in Germany.
    German,
    /// English, in the United States.
    English,
}

impl Language {
    /// Every language there are starters in.
    pub const ALL: [Self; 4] = [Self::Portuguese, Self::Spanish, Self::German, Self::English];

    /// Its BCP 47 tag, as in profiles.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Portuguese => "pt-BR",
            Self::Spanish => "es",
            Self::German => "de",
            Self::English => "en",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// Why there is no starter: the files of this crate are wrong, and a test of it failed.
#[derive(Debug, thiserror::Error)]
pub enum StarterError {
    /// A file is not YAML.
    #[error("read the files of starters: {0}")]
    File(String),
    /// They do not make a profile.
    #[error("compose a starter")]
    Profile(#[from] ReadError),
}

const COMMON: &str = include_str!("../starters/common.yaml");

const fn file(kind: BusinessType) -> &'static str {
    match kind {
        BusinessType::Barbershop => include_str!("../starters/barbershop.yaml"),
        BusinessType::Salon => include_str!("../starters/salon.yaml"),
        BusinessType::Clinic => include_str!("../starters/clinic.yaml"),
        BusinessType::Spa => include_str!("../starters/spa.yaml"),
        BusinessType::Shop => include_str!("../starters/shop.yaml"),
        BusinessType::Other => include_str!("../starters/other.yaml"),
    }
}

/// The profile to begin with for a type of business in a language.
pub fn starter(kind: BusinessType, language: Language) -> Result<Profile, StarterError> {
    let value = |text: &str| -> Result<Value, StarterError> {
        serde_yaml::from_str(text).map_err(|error| StarterError::File(error.to_string()))
    };
    let mut whole = value(COMMON)?;
    merge(&mut whole, value(file(kind))?);
    let chosen = choose(&profile::schema(), whole, language.tag());
    let text = |pointer: &str| chosen.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (name, phone) = (text("/business/name"), text("/business/contact/phone"));
    let filled = fill(chosen, &[("{name}", &name), ("{phone}", &phone)]);
    Ok(Profile::read(&filled.to_string(), Mode::Strict)?.profile)
}

/// Lays one map over another, field by field.
fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                merge(under.entry(name).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

/// Takes the choice of a language wherever there is one. A text by language stays one, with the language alone.
fn choose(schema: &Value, value: Value, language: &str) -> Value {
    match value {
        Value::Object(mut fields) if Language::ALL.iter().all(|one| fields.contains_key(one.tag())) => {
            let choice = fields.remove(language).unwrap_or(Value::Null);
            if schema.get("additionalProperties").is_some() {
                Value::Object(Map::from_iter([(language.to_owned(), choice)]))
            } else {
                choose(schema, choice, language)
            }
        }
        Value::Object(fields) => {
            let inside = |name: &str| schema.get("properties").and_then(|known| known.get(name));
            let fields = fields.into_iter().map(|(name, value)| {
                let value = choose(inside(&name).unwrap_or(&Value::Null), value, language);
                (name, value)
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => {
            let inside = schema.get("items").unwrap_or(&Value::Null);
            items.into_iter().map(|item| choose(inside, item, language)).collect()
        }
        scalar => scalar,
    }
}

/// Puts words in the place of their names.
fn fill(value: Value, words: &[(&str, &str)]) -> Value {
    match value {
        Value::String(text) => words.iter().fold(text, |text, (name, word)| text.replace(name, word)).into(),
        Value::Array(items) => items.into_iter().map(|item| fill(item, words)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, fill(value, words))).collect())
        }
        scalar => scalar,
    }
}
