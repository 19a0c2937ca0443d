//! What an answer of `generateContent` may be. Whatever is absent, new or malformed becomes [`Reply::Nothing`].

use serde_json::{Value, json};

/// What the model answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Text, and the content to keep verbatim.
    Text {
        /// The text parts joined.
        text: String,
        /// As received.
        content: Value,
    },
    /// Calls, and the content to keep verbatim (thought signatures sit in it). Text beside a call is never shown.
    Calls {
        /// In the order of the content.
        calls: Vec<Call>,
        /// As received.
        content: Value,
    },
    /// Nothing usable.
    Nothing(Nothing),
}

/// Why there is nothing usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nothing {
    /// Gemini's own word: a `finishReason`, a `blockReason`, or what is missing.
    pub reason: String,
    /// The provider refuses to speak of it (safety, prohibited content, recitation).
    pub blocked: bool,
}

/// One function call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Echoed in the response where present.
    pub id: Option<String>,
    /// Function.
    pub name: String,
    /// Arguments, never trusted.
    pub args: Value,
}

/// Tokens of one call (`usageMetadata`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Given to the model, tools' results included.
    pub input: u64,
    /// Given by the model, thoughts included.
    pub output: u64,
    /// Those of `input` that Gemini still knew.
    pub cached: u64,
    /// Those of `input` that are sound.
    pub audio: u64,
}

/// The finish reasons that mean the provider refuses (Gemini API, `FinishReason`).
const BLOCKED: [&str; 5] = ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"];

/// Reads an answer.
pub fn read(answer: &Value) -> Reply {
    let nothing = |reason: &str, blocked| Reply::Nothing(Nothing { reason: reason.to_owned(), blocked });
    let Some(candidate) = answer["candidates"].get(0) else {
        let block = answer["promptFeedback"]["blockReason"].as_str();
        return nothing(block.unwrap_or("no candidate"), block.is_some());
    };
    match candidate["finishReason"].as_str() {
        None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") => {}
        // Cut off in the middle: half a sentence, or half a call, is worse than none.
        Some(reason) => return nothing(reason, BLOCKED.contains(&reason)),
    }
    let content = &candidate["content"];
    let parts = content["parts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let calls: Vec<Call> = parts.iter().filter_map(call).collect();
    if !calls.is_empty() {
        return Reply::Calls { calls, content: of_model(content) };
    }
    let text: String = parts
        .iter()
        .filter(|part| part["thought"] != json!(true))
        .filter_map(|part| part["text"].as_str())
        .collect();
    if text.trim().is_empty() {
        return nothing("an empty answer", false);
    }
    Reply::Text { text: text.trim().to_owned(), content: of_model(content) }
}

fn call(part: &Value) -> Option<Call> {
    let call = &part["functionCall"];
    Some(Call {
        id: call["id"].as_str().map(str::to_owned),
        name: call["name"].as_str()?.to_owned(),
        args: if call["args"].is_object() { call["args"].clone() } else { json!({}) },
    })
}

/// The content verbatim; a role that was left out is added, because a replayed content without one is the user's.
fn of_model(content: &Value) -> Value {
    let mut content = content.clone();
    if content["role"].as_str() != Some("model") {
        content["role"] = json!("model");
    }
    content
}

/// What an answer cost.
pub fn tokens(answer: &Value) -> Tokens {
    let usage = &answer["usageMetadata"];
    let count = |name: &str| usage[name].as_u64().unwrap_or(0);
    let details = usage["promptTokensDetails"].as_array().map(Vec::as_slice).unwrap_or_default();
    let sound = details.iter().filter(|part| part["modality"] == "AUDIO");
    Tokens {
        input: count("promptTokenCount").saturating_add(count("toolUsePromptTokenCount")),
        output: count("candidatesTokenCount").saturating_add(count("thoughtsTokenCount")),
        cached: count("cachedContentTokenCount"),
        audio: sound.filter_map(|part| part["tokenCount"].as_u64()).fold(0, u64::saturating_add),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_calls_are_told_apart_and_kept_verbatim() {
        let text = read(&json!({"candidates": [{"content": {"role": "model", "parts": [
            {"text": "thinking", "thought": true}, {"text": " Olá "}]}}]}));
        assert!(matches!(text, Reply::Text { text, .. } if text == "Olá"));
        let call = read(&json!({"candidates": [{"finishReason": "STOP", "content": {"parts": [
            {"functionCall": {"name": "f", "id": "1"}, "thoughtSignature": "s"},
            {"text": "Agendei!"}, {"functionCall": {"name": "g", "args": "x"}, "new": 1}]}}]}));
        let Reply::Calls { calls, content } = call else { panic!("{call:?}") };
        assert_eq!(calls.len(), 2);
        assert_eq!((calls[1].name.as_str(), &calls[1].args), ("g", &json!({})));
        assert_eq!(
            (&content["parts"][0]["thoughtSignature"], &content["role"]),
            (&json!("s"), &json!("model"))
        );
        assert_eq!(content["parts"][2]["new"], 1);
    }

    #[test]
    fn whatever_cannot_be_used_is_nothing_and_says_whether_it_was_blocked() {
        for (answer, blocked) in [
            (json!({}), false),
            (json!(null), false),
            (json!({"candidates": []}), false),
            (json!({"promptFeedback": {"blockReason": "SAFETY"}}), true),
            (json!({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]}), false),
            (json!({"candidates": [{"finishReason": "STOP"}]}), false),
            (json!({"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}]}), false),
            (json!({"candidates": [{"content": {"parts": []}, "finishReason": "SAFETY"}]}), true),
            (
                json!({"candidates": [{"content": {"parts": [{"text": "Tenho às"}]}, "finishReason": "MAX_TOKENS"}]}),
                false,
            ),
            (
                json!({"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "A_NEW_ONE"}]}),
                false,
            ),
            (
                json!({"candidates": [{"finishReason": "TOO_MANY_TOOL_CALLS",
                "content": {"parts": [{"functionCall": {"name": "f"}}]}}]}),
                false,
            ),
        ] {
            assert!(
                matches!(read(&answer), Reply::Nothing(nothing) if nothing.blocked == blocked),
                "{answer}"
            );
        }
    }

    #[test]
    fn thoughts_and_results_of_tools_are_paid_for_too() {
        let answer = json!({"usageMetadata": {"promptTokenCount": 10, "toolUsePromptTokenCount": 1,
            "candidatesTokenCount": 5, "thoughtsTokenCount": 7, "cachedContentTokenCount": 4,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 7}, {"modality": "AUDIO", "tokenCount": 3}]}});
        assert_eq!(tokens(&answer), Tokens { input: 11, output: 12, cached: 4, audio: 3 });
        assert_eq!(tokens(&json!({})), Tokens::default());
    }
}
