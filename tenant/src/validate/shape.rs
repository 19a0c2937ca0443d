//! What a value must be for its schema: types, fields, forms and bounds, with sentences for people. The schema is
//! the only list of fields and bounds; nothing here repeats one.

use std::{cell::RefCell, collections::BTreeMap};

use regex_lite::Regex;
use serde_json::{Map, Value};

use super::{Code, Finding, path::Path, suggest, text};
use crate::profile::forms;

/// Most fields the schema does not know that are told of.
const MOST_UNKNOWN: usize = 100;

/// Compares a value with a schema. The second list holds the fields the schema does not know: what they are worth is
/// the reader's choice.
pub(crate) fn check(schema: &Value, value: &Value) -> (Vec<Finding>, Vec<Finding>) {
    let mut walk = Walk { top: schema, found: Vec::new(), unknown: Vec::new(), patterns: RefCell::default() };
    walk.value(schema, value, &Path::Top);
    (walk.found, walk.unknown)
}

struct Walk<'s> {
    top: &'s Value,
    found: Vec<Finding>,
    unknown: Vec<Finding>,
    patterns: RefCell<BTreeMap<&'s str, Option<Regex>>>,
}

impl<'s> Walk<'s> {
    fn add(&mut self, path: &Path<'_>, code: Code, message: impl Into<String>) {
        self.found.push(Finding::new(path.to_string(), code, message));
    }

    fn value(&mut self, schema: &'s Value, value: &Value, path: &Path<'_>) {
        let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
        match (kind, value) {
            ("object", Value::Object(fields)) => self.object(schema, fields, path),
            ("array", Value::Array(items)) => self.list(schema, items, path),
            ("string", Value::String(text)) => self.text(schema, text, path),
            ("integer", Value::Number(_)) => self.number(schema, value, path),
            ("boolean", Value::Bool(_)) => {}
            _ => self.add(path, Code::WrongType, expected(kind, value)),
        }
    }

    fn object(&mut self, schema: &'s Value, fields: &Map<String, Value>, path: &Path<'_>) {
        let Some(known) = schema.get("properties").and_then(Value::as_object) else {
            return self.texts_by_language(schema, fields, path);
        };
        for (name, value) in fields {
            match known.get(name) {
                Some(schema) if !value.is_null() => self.value(schema, value, &path.field(name)),
                Some(_) => {}
                None if self.unknown.len() >= MOST_UNKNOWN => {}
                None => {
                    let message = suggest::unknown_field(self.top, known, name);
                    self.unknown.push(Finding::new(
                        path.field(name).to_string(),
                        Code::UnknownField,
                        message,
                    ));
                }
            }
        }
        for name in
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            if fields.get(name).is_none_or(Value::is_null) {
                let what =
                    known.get(name).and_then(|schema| schema.get("description")).and_then(Value::as_str);
                let what = what.unwrap_or_default().lines().next().unwrap_or_default();
                self.add(&path.field(name), Code::MissingField, format!("`{name}` is missing: {what}"));
            }
        }
    }

    /// The only maps whose keys people choose are texts by language.
    fn texts_by_language(&mut self, schema: &'s Value, fields: &Map<String, Value>, path: &Path<'_>) {
        let most = self.count(schema, ["minProperties", "maxProperties"], fields.len(), path);
        let Some(inside) = schema.get("additionalProperties") else { return };
        for (language, value) in fields.iter().take(most) {
            let path = path.field(language);
            if !self.fits(forms::LANGUAGE, language) {
                let message = format!("`{language}` is not a language: write one like pt-BR, en or de");
                self.add(&path, Code::Malformed, message);
            }
            if !value.is_null() {
                self.value(inside, value, &path);
            }
        }
    }

    fn list(&mut self, schema: &'s Value, items: &[Value], path: &Path<'_>) {
        let most = self.count(schema, ["minItems", "maxItems"], items.len(), path);
        let Some(inside) = schema.get("items") else { return };
        for (index, item) in items.iter().enumerate().take(most) {
            self.value(inside, item, &path.index(index));
        }
    }

    /// How many entries are worth a look: the schema bounds what is said of a file of any size.
    fn count(&mut self, schema: &Value, [least, most]: [&str; 2], count: usize, path: &Path<'_>) -> usize {
        let bound = |name| schema.get(name).and_then(Value::as_u64);
        let count = count as u64;
        if let Some(most) = bound(most).filter(|most| count > *most) {
            self.add(
                path,
                Code::TooMany,
                format!("has {count} entries; at most {most} are allowed: remove some"),
            );
        }
        if let Some(least) = bound(least).filter(|least| count < *least) {
            let message = match count {
                0 => "is empty: write at least one entry".to_owned(),
                _ => format!("has {count} entries; at least {least} are needed"),
            };
            self.add(path, Code::TooFew, message);
        }
        bound(most).and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX)
    }

    fn text(&mut self, schema: &'s Value, value: &str, path: &Path<'_>) {
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            if !words.contains(&value) {
                self.add(path, Code::UnknownValue, suggest::unknown_value(&words, value));
            }
            return;
        }
        let bound = |name| schema.get(name).and_then(Value::as_u64);
        let (least, most) = (bound("minLength").unwrap_or(0), bound("maxLength").unwrap_or(u64::MAX));
        let length = value.chars().count() as u64;
        if value.trim().is_empty() && least > 0 {
            return self.add(path, Code::BlankText, "is empty: write something or remove it");
        }
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && !self.fits(pattern, value)
        {
            let sentence =
                forms::form_of(pattern).map_or("is not of the form it must have", |form| form.sentence);
            return self.add(path, Code::Malformed, format!("`{}`: {sentence}", text::short(value)));
        }
        if length > most {
            let message = format!("has {length} characters; at most {most} are allowed: shorten it");
            return self.add(path, Code::TooLong, message);
        }
        if length < least {
            let message = format!("has {length} characters; at least {least} are needed");
            return self.add(path, Code::Malformed, message);
        }
        if let Some(unseen) = text::unseen(value, most) {
            self.add(path, Code::ControlCharacters, unseen);
        }
    }

    fn fits(&self, pattern: &'s str, text: &str) -> bool {
        let mut patterns = self.patterns.borrow_mut();
        let regex = patterns.entry(pattern).or_insert_with(|| Regex::new(pattern).ok());
        regex.as_ref().is_none_or(|regex| regex.is_match(text))
            && forms::form_of(pattern).is_none_or(|form| (form.reads)(text))
    }

    fn number(&mut self, schema: &Value, value: &Value, path: &Path<'_>) {
        let bound = |name| schema.get(name).and_then(Value::as_i64);
        let (least, most) = (bound("minimum").unwrap_or(i64::MIN), bound("maximum").unwrap_or(i64::MAX));
        match value.as_i64() {
            Some(number) if (least..=most).contains(&number) => {}
            None if value.is_f64() => {
                self.add(path, Code::WrongType, format!("{value} is not a whole number"));
            }
            _ if least == most => self.add(path, Code::OutOfRange, format!("must be {least}")),
            _ => {
                self.add(
                    path,
                    Code::OutOfRange,
                    format!("is {value}; it must be between {least} and {most}"),
                );
            }
        }
    }
}

fn expected(kind: &str, value: &Value) -> String {
    let expected = match (kind, value) {
        ("string", Value::Number(_) | Value::Bool(_)) => "must be a text: put it in quotes".to_owned(),
        ("string", _) => "must be a text".to_owned(),
        ("array", _) => "must be a list, like [a, b]".to_owned(),
        ("integer", _) => "must be a whole number, without quotes".to_owned(),
        ("boolean", _) => "must be true or false".to_owned(),
        _ => "must be a map of fields, like {name: value}".to_owned(),
    };
    if value.is_null() { format!("is empty: it {expected}") } else { expected }
}
