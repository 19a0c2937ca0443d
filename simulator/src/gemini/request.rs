//! A `generateContent` request, as far as the stand-in reads it.

use serde::Deserialize;
use serde_json::{Map, Value};

/// The body. It has passed the published schema before it is read into this.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    pub system_instruction: Option<Content>,
    pub contents: Vec<Content>,
    pub tools: Vec<Tool>,
    pub tool_config: ToolConfig,
    pub generation_config: Map<String, Value>,
}

/// One turn of the conversation.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Content {
    pub role: Option<String>,
    pub parts: Vec<Part>,
}

/// One piece of a turn.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Part {
    pub text: Option<String>,
    pub thought: bool,
    pub thought_signature: Option<String>,
    pub function_call: Option<FunctionCall>,
    pub function_response: Option<FunctionResponse>,
    pub inline_data: Option<Value>,
    pub file_data: Option<Value>,
}

/// A call the model made.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FunctionCall {
    pub id: Option<String>,
    pub name: String,
    pub args: Value,
}

/// What a call gave.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FunctionResponse {
    pub id: Option<String>,
    pub name: String,
    pub response: Value,
}

/// A set of functions the model may call.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Tool {
    pub function_declarations: Vec<Declaration>,
}

/// One of them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Declaration {
    pub name: String,
    pub parameters: Option<Value>,
    pub parameters_json_schema: Option<Value>,
}

/// Whether functions must, may or must not be called.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ToolConfig {
    pub function_calling_config: CallingConfig,
}

/// See [`ToolConfig`].
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CallingConfig {
    pub mode: Mode,
    pub allowed_function_names: Vec<String>,
}

/// How free the model is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Mode {
    /// A call or a text.
    #[default]
    #[serde(alias = "MODE_UNSPECIFIED")]
    Auto,
    /// A call.
    Any,
    /// A text.
    None,
    /// A call that fits its schema, or a text.
    Validated,
}

impl Content {
    pub fn calls(&self) -> impl Iterator<Item = &FunctionCall> {
        self.parts.iter().filter_map(|part| part.function_call.as_ref())
    }

    pub fn responses(&self) -> impl Iterator<Item = &FunctionResponse> {
        self.parts.iter().filter_map(|part| part.function_response.as_ref())
    }

    pub fn is_model(&self) -> bool {
        self.role.as_deref() == Some("model")
    }

    /// What a person wrote: the text parts, a line each.
    pub fn text(&self) -> String {
        let texts = self.parts.iter().filter(|part| !part.thought).filter_map(|part| part.text.as_deref());
        texts.collect::<Vec<_>>().join("\n")
    }
}

impl Request {
    /// The functions that may be called now.
    pub fn callable(&self) -> Vec<&Declaration> {
        let config = &self.tool_config.function_calling_config;
        if config.mode == Mode::None {
            return Vec::new();
        }
        let allowed = |name: &String| {
            config.allowed_function_names.is_empty() || config.allowed_function_names.contains(name)
        };
        self.declarations().filter(|declaration| allowed(&declaration.name)).collect()
    }

    /// All declared functions.
    pub fn declarations(&self) -> impl Iterator<Item = &Declaration> {
        self.tools.iter().flat_map(|tool| &tool.function_declarations)
    }
}
