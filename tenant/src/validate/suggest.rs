//! "Did you mean".

use serde_json::{Map, Value};

use super::text::short;

/// How alike two words must be (Jaro-Winkler) for one to be taken for the other mistyped.
const ALIKE: f64 = 0.8;

/// The word that was probably meant.
pub(crate) fn closest<'w>(words: impl IntoIterator<Item = &'w str>, written: &str) -> Option<&'w str> {
    let plain = |word: &str| word.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    // No word of a profile is longer, and likeness costs the product of the lengths.
    let written = plain(written.get(..64.min(written.len())).unwrap_or_default());
    words
        .into_iter()
        .map(|word| (strsim::jaro_winkler(&plain(word), &written), word))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}

/// What to say of a field that is not in `known`; `top` is the schema of the whole.
pub(super) fn unknown_field(top: &Value, known: &Map<String, Value>, written: &str) -> String {
    let written_short = short(written);
    if let Some(meant) = closest(known.keys().map(String::as_str), written) {
        return format!("there is no field `{written_short}`: did you mean `{meant}`?");
    }
    if let Some(home) = home(top, written, "") {
        return format!("there is no field `{written_short}` here: it belongs to `{home}`");
    }
    let fields: Vec<&str> = known.keys().map(String::as_str).collect();
    format!("there is no field `{written_short}`; there are: {}", fields.join(", "))
}

/// What to say of a word that is none of `words`.
pub(super) fn unknown_value(words: &[&str], written: &str) -> String {
    let written_short = short(written);
    match closest(words.iter().copied(), written) {
        Some(meant) => format!("`{written_short}` is not allowed here: did you mean `{meant}`?"),
        None => format!("`{written_short}` is not allowed here: write one of {}", words.join(", ")),
    }
}

/// Where a field of exactly this name stands in the schema.
fn home(schema: &Value, name: &str, path: &str) -> Option<String> {
    if let Some(items) = schema.get("items") {
        return home(items, name, &format!("{path}[]"));
    }
    let fields = schema.get("properties")?.as_object()?;
    if fields.contains_key(name) {
        return (!path.is_empty()).then(|| path.to_owned());
    }
    fields.iter().find_map(|(field, schema)| {
        let path = if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
        home(schema, name, &path)
    })
}
