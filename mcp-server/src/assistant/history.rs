//! The conversation as the model sees it.

use serde_json::{Value, json};

/// Something the customer wrote.
pub fn user(text: &str) -> Value {
    json!({"role": "user", "parts": [{"text": text}]})
}

/// Something code said in the assistant's place.
pub fn model(text: &str) -> Value {
    json!({"role": "model", "parts": [{"text": text}]})
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_history_begins_with_the_customer() {
        let response =
            json!({"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]});
        let contents = vec![response.clone(), model("a"), user("b"), model("c")];
        assert_eq!(whole(contents), vec![user("b"), model("c")]);
        assert_eq!(whole(vec![response]), Vec::<Value>::new());
    }
}
