//! A file as a value, with the place of everything in it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use serde_yaml::{DuplicateKeyPolicy, MessageFormatter, Spanned};

use super::hint;
use crate::validate::{Code, Finding, Place, short};

/// Deepest nesting of lists and maps; a profile needs six.
const DEEPEST: usize = 32;
/// Most texts, numbers, lists and maps of a file, what aliases repeat included. The largest profile that fits
/// [`super::Profile::MAX_BYTES`] has fewer.
const MOST_NODES: usize = 100_000;
/// Most aliases of a file.
const MOST_ALIASES: usize = 1_000;

/// Most bytes of all texts, what aliases repeat included.
const MOST_BYTES: usize = 1024 * 1024;

/// Where a value stands, and what is in it.
#[derive(Clone, Debug)]
pub(super) struct Places {
    at: Place,
    inside: Vec<(Step, Places)>,
}

#[derive(Clone, Debug)]
enum Step {
    Index(usize),
    Field(String),
}

impl Places {
    /// Where the value at a path stands, `services[2].staff[0]`; the nearest one around it where it is not there.
    pub(super) fn of(&self, path: &str) -> Place {
        let next = self.inside.iter().find_map(|(step, places)| {
            let rest = match step {
                Step::Index(index) => {
                    path.strip_prefix('[')?.strip_prefix(&index.to_string())?.strip_prefix(']')?
                }
                Step::Field(name) => path.strip_prefix('.').unwrap_or(path).strip_prefix(name.as_str())?,
            };
            (rest.is_empty() || rest.starts_with(['.', '['])).then_some((places, rest))
        });
        next.map_or(self.at, |(places, rest)| places.of(rest))
    }

    /// Gives each finding its place.
    pub(super) fn put_in(&self, findings: &mut [Finding]) {
        for finding in findings {
            finding.place = Some(self.of(&finding.path));
        }
    }
}

/// Reads one document of YAML or JSON; the finding says why it is none.
pub(super) fn read(text: &str) -> Result<(Value, Places), Finding> {
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_depth: DEEPEST,
            flow_nesting_limit: DEEPEST,
            max_nodes: MOST_NODES,
            max_events: 3 * MOST_NODES,
            max_aliases: MOST_ALIASES,
            max_anchors: MOST_ALIASES,
            max_total_scalar_bytes: MOST_BYTES,
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: MOST_NODES,
            max_replay_stack_depth: 8,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        with_snippet: false,
    };
    let node: Spanned<Node> =
        serde_yaml::from_str_with_options(text, options).map_err(|error| finding(&error, text))?;
    let at = node.referenced;
    Ok(settle(node.value, Place { line: at.line(), column: at.column() }))
}

fn finding(error: &serde_yaml::Error, text: &str) -> Finding {
    use serde_yaml::Error as E;
    let place = error.location().map(|at| Place { line: at.line(), column: at.column() });
    let mut cause = error;
    while let E::AliasError { error, .. } | E::WithSnippet { error, .. } = cause {
        cause = error;
    }
    let (code, message) = match cause {
        E::DuplicateMappingKey { key, .. } => {
            let key = short(key.as_deref().unwrap_or_default());
            (Code::DuplicateField, format!("the field `{key}` stands twice in one map: remove one"))
        }
        E::MultipleDocuments { .. } => {
            (Code::Malformed, "a profile is one document: remove what follows `---`".to_owned())
        }
        E::Budget { .. }
        | E::AliasReplayLimitExceeded { .. }
        | E::AliasExpansionLimitExceeded { .. }
        | E::AliasReplayStackDepthExceeded { .. } => (
            Code::TooMany,
            "is nested too deeply, or its aliases repeat too much: write it plainly".to_owned(),
        ),
        other => {
            let message = serde_yaml::UserMessageFormatter.format_message(other);
            let message = message.lines().next().unwrap_or_default();
            let message = match place.and_then(|at| hint::hint(text, at)) {
                Some(hint) => format!("this is neither YAML nor JSON: {hint} ({message})"),
                None => format!("this is neither YAML nor JSON: {message}"),
            };
            (Code::Malformed, message)
        }
    };
    Finding { place, ..Finding::new("", code, message) }
}

/// A value of a file.
enum Node {
    Scalar(Value),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

fn settle(node: Node, at: Place) -> (Value, Places) {
    let place = |at: serde_yaml::Location| Place { line: at.line(), column: at.column() };
    let mut inside = Vec::new();
    let value = match node {
        Node::Scalar(value) => value,
        Node::List(items) => {
            let mut values = Vec::with_capacity(items.len());
            for (index, item) in items.into_iter().enumerate() {
                let (value, places) = settle(item.value, place(item.referenced));
                values.push(value);
                inside.push((Step::Index(index), places));
            }
            Value::Array(values)
        }
        Node::Map(entries) => {
            let mut map = Map::new();
            for (key, entry) in entries {
                // What is wrong with a field is looked for at its name.
                let (value, places) = settle(entry.value, place(key.referenced));
                inside.push((Step::Field(key.value.clone()), places));
                map.insert(key.value, value);
            }
            Value::Object(map)
        }
    };
    (value, Places { at, inside })
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Node, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}
