//! The vendors' published schemas, compiled once per process.

mod discovery;

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

const META_SEND: &str = include_str!("../../schemas/meta-send.schema.json");
const META_WEBHOOK: &str = include_str!("../../schemas/meta-webhook.schema.json");
const META_SAMPLES: &str = include_str!("../../schemas/meta-webhook.samples.json");
const GEMINI: &str = include_str!("../../schemas/google-gemini.discovery.json");
const CALENDAR: &str = include_str!("../../schemas/google-calendar.discovery.json");

/// What the stand-ins validate with.
pub struct Schemas {
    /// `text` of a WhatsApp send.
    pub text: Validator,
    /// `interactive` of a WhatsApp send.
    pub interactive: Validator,
    /// `template` of a WhatsApp send.
    pub template: Validator,
    /// `image`, `audio`, `video`, `document` and `sticker` of a WhatsApp send.
    pub media: Validator,
    /// A read receipt, with or without a typing indicator.
    pub read: Validator,
    /// Graph's answer to a send.
    pub sent: Validator,
    /// A webhook as Meta posts it.
    pub webhook: Validator,
    /// A `generateContent` request, named as [`Schemas::generate_request`] names it.
    pub generate: Validator,
    /// Its response.
    pub generated: Validator,
    /// An event of Google Calendar.
    pub event: Validator,
    /// A list of them.
    pub events: Validator,
    /// A free/busy question.
    pub free_busy: Validator,
    /// Its answer.
    pub free_busy_answer: Validator,
    /// A push channel.
    pub channel: Validator,
    /// The query parameters that Calendar documents, by method.
    pub calendar_parameters: Value,
    gemini: Value,
}

impl Schemas {
    /// A `generateContent` request with the field names of the schema; Google reads `snake_case` ones as well.
    pub fn generate_request(&self, body: &Value) -> Value {
        discovery::camel_case(&self.gemini, "GenerateContentRequest", body)
    }
}

/// An embedded schema file is broken.
#[derive(Debug, thiserror::Error)]
#[error("compiling the embedded schema `{name}` failed: {reason}")]
pub struct SchemaError {
    name: String,
    reason: String,
}

/// The schemas of this build.
pub fn schemas() -> Result<&'static Schemas, &'static SchemaError> {
    static SCHEMAS: LazyLock<Result<Schemas, SchemaError>> = LazyLock::new(load);
    SCHEMAS.as_ref()
}

/// Meta's own samples of webhook bodies: name and JSON. Some are old or wrong on purpose of realism; a receiver
/// must accept them all.
pub fn samples() -> &'static [(String, Value)] {
    static SAMPLES: LazyLock<Vec<(String, Value)>> =
        LazyLock::new(|| match serde_json::from_str(META_SAMPLES) {
            Ok(Value::Object(samples)) => samples.into_iter().collect(),
            _ => Vec::new(),
        });
    &SAMPLES
}

fn load() -> Result<Schemas, SchemaError> {
    let send = parse("meta-send", META_SEND)?;
    let part = |name: &str| {
        let mut schema = send.clone();
        schema["$ref"] = json!(format!("#/$defs/{name}"));
        compile(name, &schema)
    };
    let gemini = parse("google-gemini", GEMINI)?;
    let calendar = parse("google-calendar", CALENDAR)?;
    let of = |document: &Value, root: &str| compile(root, &discovery::json_schema(document, root));
    Ok(Schemas {
        text: part("TextObject")?,
        interactive: part("InteractiveObject")?,
        template: part("TemplateObject")?,
        media: part("MediaObject")?,
        read: part("MarkMessageRequestPayload")?,
        sent: part("MessageResponsePayload")?,
        webhook: compile("meta-webhook", &parse("meta-webhook", META_WEBHOOK)?)?,
        generate: of(&gemini, "GenerateContentRequest")?,
        generated: of(&gemini, "GenerateContentResponse")?,
        event: of(&calendar, "Event")?,
        events: of(&calendar, "Events")?,
        free_busy: of(&calendar, "FreeBusyRequest")?,
        free_busy_answer: of(&calendar, "FreeBusyResponse")?,
        channel: of(&calendar, "Channel")?,
        calendar_parameters: calendar.get("parameters").cloned().unwrap_or_default(),
        gemini,
    })
}

fn parse(name: &str, text: &str) -> Result<Value, SchemaError> {
    serde_json::from_str(text)
        .map_err(|error| SchemaError { name: name.to_owned(), reason: error.to_string() })
}

/// Compiles one schema, formats asserted.
pub(crate) fn compile(name: &str, schema: &Value) -> Result<Validator, SchemaError> {
    jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| SchemaError { name: name.to_owned(), reason: error.to_string() })
}

/// The first thing wrong with `value`, as `<path>: <what>`.
pub fn first_error(validator: &Validator, value: &Value) -> Option<String> {
    validator.iter_errors(value).next().map(|error| {
        let path = error.instance_path().to_string();
        let path = if path.is_empty() { "/".to_owned() } else { path };
        format!("{path}: {error}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_schema_compiles() {
        assert!(schemas().is_ok(), "{:?}", schemas().err());
    }

    #[test]
    fn all_of_metas_samples_are_there() {
        assert_eq!(samples().len(), 21);
        assert!(samples().iter().all(|(_, body)| body["object"] == "whatsapp_business_account"));
    }
}
