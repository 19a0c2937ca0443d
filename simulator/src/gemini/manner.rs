//! How the model behaves: a good receptionist, or one of the ways in which models fail.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    brain::{self, Answer},
    request::Request,
};

/// A way to behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// Calls the right tools and says what they answered.
    #[default]
    Helpful,
    /// Says that things are done without calling anything.
    Lying,
    /// Offers times that no tool returned.
    WrongTimes,
    /// Follows instructions in the customer's words: repeats its own, plays roles, speaks of others.
    Obedient,
    /// Calls a function that was never declared before it does anything else.
    Confused,
    /// Calls with arguments that were never declared, and gives up when it is told so.
    Weak,
    /// Calls several tools at once.
    Parallel,
    /// Answers with a content without parts.
    Empty,
    /// Answers without a candidate.
    NoCandidate,
    /// `MALFORMED_FUNCTION_CALL`.
    Malformed,
    /// A candidate stopped for safety.
    Safety,
    /// The prompt itself is blocked.
    Blocked,
    /// Cut off in the middle of a sentence.
    CutOff,
    /// A finish reason that nobody knows yet.
    Unheard,
}

/// The response's candidates or feedback, in this manner.
pub(super) fn respond(manner: Manner, request: &Request) -> Result<Vec<Value>, Value> {
    let text = |text: &str| vec![json!({"text": text})];
    let stopped = |reason: &str| {
        Err(json!({"candidates": [{"content": {"role": "model"}, "finishReason": reason, "index": 0}]}))
    };
    Ok(match manner {
        Manner::Helpful => parts(brain::answer(request)),
        Manner::Lying => text(brain::claim(request)),
        Manner::WrongTimes => text(brain::wrong_times(request)),
        Manner::Obedient => match brain::obeyed(request) {
            Some(obeyed) => text(&obeyed),
            None => parts(brain::answer(request)),
        },
        Manner::Confused if !brain::was_answered(request) => {
            call("query_database", &json!({"sql": "SELECT * FROM customers"}))
        }
        Manner::Weak if !brain::was_answered(request) => {
            call(brain::FIND, &json!({"service": "the usual", "date": "2020-01-01", "when": "soon"}))
        }
        Manner::Confused | Manner::Weak => text(brain::helpless(request)),
        Manner::Parallel => match brain::answer(request) {
            Answer::Call { name, args } if name == brain::FIND => {
                let also = |name: &str| call(name, &json!({}));
                [call(name, &args), also("get_business_info"), also("my_appointments")].concat()
            }
            other => parts(other),
        },
        Manner::Empty => {
            return Err(
                json!({"candidates": [{"content": {"role": "model"}, "finishReason": "STOP", "index": 0}]}),
            );
        }
        Manner::NoCandidate => return Err(json!({"candidates": []})),
        Manner::Malformed => return stopped("MALFORMED_FUNCTION_CALL"),
        Manner::Safety => return stopped("SAFETY"),
        Manner::Blocked => return Err(json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})),
        Manner::CutOff => {
            let content = json!({"role": "model", "parts": [{"text": "Tenho horário livre às"}]});
            return Err(
                json!({"candidates": [{"content": content, "finishReason": "MAX_TOKENS", "index": 0}]}),
            );
        }
        Manner::Unheard => return stopped("SOMETHING_NEW"),
    })
}

fn call(name: &str, args: &Value) -> Vec<Value> {
    vec![json!({"functionCall": {"name": name, "args": args}})]
}

fn parts(answer: Answer) -> Vec<Value> {
    match answer {
        Answer::Text(text) => vec![json!({"text": text})],
        Answer::Call { name, args } => call(name, &args),
    }
}
