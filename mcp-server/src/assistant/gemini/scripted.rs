//! A provider that answers what a test wrote.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{GeminiError, Provider};

/// Answers from a list and remembers what it was asked. An empty list is a model that is down.
#[derive(Default)]
pub struct Scripted {
    answers: Mutex<VecDeque<(Duration, Result<Value, GeminiError>)>>,
    asked: Mutex<Vec<(String, Value)>>,
}

impl Scripted {
    /// Answers at once, in this order.
    pub fn of(answers: impl IntoIterator<Item = Result<Value, GeminiError>>) -> Self {
        Self::late(answers.into_iter().map(|answer| (Duration::ZERO, answer)))
    }

    /// Answers after a while, in this order.
    pub fn late(answers: impl IntoIterator<Item = (Duration, Result<Value, GeminiError>)>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() }
    }

    /// Answers these afterwards.
    pub fn extend(&self, answers: impl IntoIterator<Item = Result<Value, GeminiError>>) {
        let answers = answers.into_iter().map(|answer| (Duration::ZERO, answer));
        self.answers.lock().unwrap().extend(answers);
    }

    /// Model and body of every request, oldest first.
    pub fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().clone()
    }
}

/// A text as Gemini answers it.
pub fn text(text: &str) -> Value {
    candidate(&json!([{"text": text}]))
}

/// Calls as Gemini answers them, the first one signed.
pub fn calls(calls: &[(&str, Value)]) -> Value {
    let mut parts: Vec<Value> = calls
        .iter()
        .enumerate()
        .map(|(at, (name, args))| {
            json!({"functionCall": {"id": format!("c{at}"), "name": name, "args": args}})
        })
        .collect();
    parts[0]["thoughtSignature"] = json!("c2ln");
    candidate(&Value::Array(parts))
}

fn candidate(parts: &Value) -> Value {
    json!({
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 10, "thoughtsTokenCount": 5},
    })
}

#[async_trait]
impl Provider for Scripted {
    async fn generate(&self, model: &str, body: &Value, within: Duration) -> Result<Value, GeminiError> {
        self.asked.lock().unwrap().push((model.to_owned(), body.clone()));
        let next = self.answers.lock().unwrap().pop_front();
        let (after, answer) = next.unwrap_or((Duration::ZERO, Err(GeminiError::not_now("503 UNAVAILABLE"))));
        match tokio::time::timeout(within, tokio::time::sleep(after)).await {
            Ok(()) => answer,
            Err(_) => Err(GeminiError::Slow),
        }
    }
}
