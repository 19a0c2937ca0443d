//! The conversation as the model sees it.

use serde_json::{Value, json};

/// A note of the program in the user's place.
pub fn note(text: &str) -> Value {
    json!({"role": "user", "parts": [{"text": text}]})
}

/// Something code said in the assistant's place.
pub fn model(text: &str) -> Value {
    json!({"role": "model", "parts": [{"text": text}]})
}

/// A call of a function, in the assistant's place.
pub fn call(call: &super::gemini::Call) -> Value {
    json!({"role": "model", "parts": [{"functionCall": {"name": call.name, "args": call.args}}]})
}

/// Results of all calls of one model content, in their order.
pub fn results(results: &[(super::gemini::Call, Value)]) -> Value {
    let parts: Vec<Value> = results
        .iter()
        .map(|(call, response)| {
            let mut part = json!({"name": call.name, "response": response});
            if let Some(id) = &call.id {
                part["id"] = json!(id);
            }
            json!({"functionResponse": part})
        })
        .collect();
    json!({"role": "user", "parts": parts})
}

/// Whole exchanges only: a history that was cut begins with something the customer wrote, never with the second
/// half of a call (Gemini refuses a call without its response, and a response without its call).
pub fn whole(mut contents: Vec<Value>) -> Vec<Value> {
    let begins = |content: &Value| content["role"] == "user" && content["parts"][0]["text"].is_string();
    let first = contents.iter().position(begins).unwrap_or(contents.len());
    contents.drain(..first);
    contents
}

/// What any model can be given: the words alone. Thought signatures of one model are refused by every other one, and
/// a call cannot be replayed without its signature.
pub fn portable(contents: &[Value]) -> Vec<Value> {
    let words = |part: &Value| {
        let text = part["text"].as_str().filter(|_| part["thought"] != json!(true))?;
        (!text.is_empty()).then(|| json!({"text": text}))
    };
    let portable = |content: &Value| {
        let parts: Vec<Value> = content["parts"].as_array()?.iter().filter_map(words).collect();
        (!parts.is_empty()).then(|| json!({"role": content["role"], "parts": parts}))
    };
    contents.iter().filter_map(portable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_history_begins_with_the_customer() {
        let response =
            json!({"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]});
        let contents = vec![response.clone(), model("a"), note("b"), model("c")];
        assert_eq!(whole(contents), vec![note("b"), model("c")]);
        assert_eq!(whole(vec![response]), Vec::<Value>::new());
    }

    #[test]
    fn another_model_gets_the_words_without_calls_and_signatures() {
        let contents = [
            note("oi"),
            json!({"role": "model", "parts": [{"functionCall": {"name": "f"}, "thoughtSignature": "s"}]}),
            json!({"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]}),
            json!({"role": "model", "parts": [{"text": "hm", "thought": true}, {"text": "Olá", "thoughtSignature": "t"}]}),
        ];
        assert_eq!(portable(&contents), vec![note("oi"), model("Olá")]);
    }
}
