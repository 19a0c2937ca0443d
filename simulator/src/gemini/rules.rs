//! What Gemini refuses in a request, in its own words where they are known.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    request::{Content, Mode, Request},
    signature,
};
use crate::schema::{Schemas, first_error};

/// A rule that a request breaks. The text is what Google answers.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not JSON, or not by the schema.
    #[error("Invalid JSON payload received. {0}")]
    Payload(String),
    /// Sampling parameters that Gemini 3 no longer takes.
    #[error("{0} is not supported for this model.")]
    Sampling(&'static str),
    /// Another value that is not allowed.
    #[error("{0}")]
    Value(String),
    /// Turns in an order that cannot be.
    #[error("{0}")]
    Turns(&'static str),
    /// A call replayed without its signature, or with another.
    #[error(
        "Function call is missing a thought_signature in functionCall parts. This is required for tools to work \
         correctly, and missing thought_signature may lead to degraded model performance. Additional data, \
         function call `{name}`, position {position}."
    )]
    Signature {
        /// The function.
        name: String,
        /// The index of the content.
        position: usize,
    },
    /// A response that does not answer its call.
    #[error("Function response does not match its function call at position {position}: {what}")]
    Response {
        /// The index of the content.
        position: usize,
        /// What differs.
        what: String,
    },
    /// A tool that is declared wrongly.
    #[error("Invalid function declaration {name}: {what}")]
    Declaration {
        /// The function.
        name: String,
        /// What is wrong.
        what: String,
    },
}

impl Refusal {
    /// The rule's short name.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Payload(_) => "schema",
            Self::Sampling(_) => "sampling",
            Self::Value(_) => "value",
            Self::Turns(_) => "turns",
            Self::Signature { .. } => "thought_signature",
            Self::Response { .. } => "function_response",
            Self::Declaration { .. } => "declaration",
        }
    }
}

/// Reads a body that keeps every rule.
pub(crate) fn check(schemas: &Schemas, model: &str, body: &Value) -> Result<Request, Refusal> {
    let body = schemas.generate_request(body);
    if let Some(wrong) = first_error(&schemas.generate, &body) {
        return Err(Refusal::Payload(wrong));
    }
    let request: Request =
        serde_json::from_value(body).map_err(|error| Refusal::Payload(error.to_string()))?;
    generation(&request)?;
    tools(&request)?;
    turns(&request.contents)?;
    for (position, content) in request.contents.iter().enumerate() {
        signatures(model, position, content)?;
        if content.calls().next().is_some() {
            responses(position, content, request.contents.get(position + 1))?;
        }
    }
    Ok(request)
}

fn generation(request: &Request) -> Result<(), Refusal> {
    for name in ["temperature", "topP", "topK"] {
        if request.generation_config.contains_key(name) {
            return Err(Refusal::Sampling(name));
        }
    }
    let config = &request.generation_config;
    if config.get("maxOutputTokens").and_then(Value::as_i64).is_some_and(|most| most < 1) {
        return Err(Refusal::Value("max_output_tokens must be positive.".to_owned()));
    }
    if config.get("thinkingConfig").and_then(|thinking| thinking.get("thinkingLevel"))
        == Some(&"MINIMAL".into())
    {
        return Err(Refusal::Value("Thinking level MINIMAL is not supported for this model.".to_owned()));
    }
    Ok(())
}

fn tools(request: &Request) -> Result<(), Refusal> {
    let mut names = HashSet::new();
    for declaration in request.declarations() {
        let refuse =
            |what: &str| Err(Refusal::Declaration { name: declaration.name.clone(), what: what.to_owned() });
        if !is_function_name(&declaration.name) {
            return refuse(
                "the name must start with a letter or an underscore and have at most 128 letters, digits, \
                 underscores, dots, colons or dashes",
            );
        }
        if !names.insert(declaration.name.as_str()) {
            return refuse("duplicate function declaration");
        }
        if declaration.parameters.is_some() && declaration.parameters_json_schema.is_some() {
            return refuse("parameters and parametersJsonSchema exclude each other");
        }
        if let Some(schema) = &declaration.parameters_json_schema {
            if let Err(error) = jsonschema::meta::validate(schema) {
                return refuse(&format!("parametersJsonSchema is not a JSON Schema: {error}"));
            }
            if schema.get("type").is_none_or(|kind| kind != "object") {
                return refuse("parametersJsonSchema must have type object");
            }
        }
    }
    let config = &request.tool_config.function_calling_config;
    if !config.allowed_function_names.is_empty() && !matches!(config.mode, Mode::Any | Mode::Validated) {
        return Err(Refusal::Value(
            "allowed_function_names can only be set with function calling mode ANY or VALIDATED.".to_owned(),
        ));
    }
    if let Some(unknown) = config.allowed_function_names.iter().find(|name| !names.contains(name.as_str())) {
        return Err(Refusal::Value(format!(
            "allowed_function_names names {unknown}, which is not declared."
        )));
    }
    if config.mode == Mode::Any && names.is_empty() {
        return Err(Refusal::Value("Function calling mode ANY needs function declarations.".to_owned()));
    }
    Ok(())
}

/// `[A-Za-z_][A-Za-z0-9_.:-]{0,127}`
fn is_function_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && name.len() <= 128
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte))
}

fn turns(contents: &[Content]) -> Result<(), Refusal> {
    let Some(last) = contents.last() else {
        return Err(Refusal::Turns("contents is not specified"));
    };
    if contents.iter().any(|content| !matches!(content.role.as_deref(), None | Some("user" | "model"))) {
        return Err(Refusal::Turns("Please use a valid role: user, model."));
    }
    if contents.iter().any(|content| content.parts.is_empty()) {
        return Err(Refusal::Turns(
            "Contents must have at least one part: contents.parts must not be empty.",
        ));
    }
    for part in contents.iter().flat_map(|content| &content.parts) {
        let kinds = [
            part.text.is_some(),
            part.function_call.is_some(),
            part.function_response.is_some(),
            part.inline_data.is_some(),
            part.file_data.is_some(),
        ];
        match kinds.iter().filter(|given| **given).count() {
            0 => {
                return Err(Refusal::Turns(
                    "Unable to submit request: a part must have one initialized field.",
                ));
            }
            1 => {}
            _ => {
                return Err(Refusal::Turns(
                    "Proto field is not repeating: oneof field 'data' is already set.",
                ));
            }
        }
    }
    if last.is_model() {
        return Err(Refusal::Turns(
            "Please ensure that multiturn requests end with a user role or a function response.",
        ));
    }
    for (index, content) in contents.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| contents.get(before));
        let called = before.is_some_and(|before| before.calls().next().is_some());
        if content.calls().next().is_some() {
            if !content.is_model() {
                return Err(Refusal::Turns("Please ensure that function calls have the model role."));
            }
            if before.is_none_or(Content::is_model) {
                return Err(Refusal::Turns(
                    "Please ensure that function call turn comes immediately after a user turn or after a function \
                     response turn.",
                ));
            }
        }
        if content.responses().next().is_some() && !called {
            return Err(Refusal::Turns(
                "Please ensure that function response turn comes immediately after a function call turn.",
            ));
        }
    }
    Ok(())
}

/// Each turn with calls carries its signature on the first of them.
fn signatures(model: &str, position: usize, content: &Content) -> Result<(), Refusal> {
    let Some(first) = content.parts.iter().find(|part| part.function_call.is_some()) else { return Ok(()) };
    let signed = first.thought_signature.as_deref();
    if signed.is_some_and(|signed| signature::verify(signed, model, content.calls())) {
        return Ok(());
    }
    let name = first.function_call.as_ref().map(|call| call.name.clone()).unwrap_or_default();
    Err(Refusal::Signature { name, position })
}

/// Every call is answered in the next turn, in order, under its name and id.
fn responses(position: usize, calls: &Content, next: Option<&Content>) -> Result<(), Refusal> {
    let Some(next) = next else { return Ok(()) };
    let wanted: Vec<_> = calls.calls().collect();
    let given: Vec<_> = next.responses().collect();
    if wanted.len() != given.len() {
        return Err(Refusal::Turns(
            "Please ensure that the number of function response parts is equal to the number of function call parts \
             of the function call turn.",
        ));
    }
    for (call, response) in wanted.iter().zip(given) {
        if call.name != response.name || call.id != response.id {
            return Err(Refusal::Response {
                position: position + 1,
                what: format!(
                    "expected name {} and id {:?}, got name {} and id {:?}",
                    call.name, call.id, response.name, response.id
                ),
            });
        }
        if !response.response.is_object() {
            return Err(Refusal::Response {
                position: position + 1,
                what: format!("the response of {} must be an object", response.name),
            });
        }
    }
    Ok(())
}
