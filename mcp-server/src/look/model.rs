//! Gemini: whether the key is taken and a model of the chain is there. Reading a model's description costs nothing.

use serde_json::Value;

use super::PATIENCE;
use crate::{
    assistant::gemini::{GeminiError, Google},
    status::{Reason, Seen},
};

/// Asks for the models of the chain in their order, until one is there.
pub async fn look(google: &Google, chain: &[String]) -> Seen {
    let mut first = None;
    for model in chain {
        let seen = match google.describe(model, PATIENCE).await {
            Ok(body) => described(model, &body),
            Err(error) => of_error(&error),
        };
        // Another model may be there where only this one is not.
        if seen.reason == Reason::NotFound {
            first.get_or_insert(seen);
            continue;
        }
        if seen.reason != Reason::Works || first.is_none() {
            return seen;
        }
        let preferred = chain.first().map_or("", String::as_str);
        return Seen::new(Reason::Fallback, format!("there is no {preferred} for this key; {model} answers"))
            .next("set GEMINI_MODEL to one that is there");
    }
    first.unwrap_or_else(|| Seen::new(Reason::NotFound, "no model is configured").next("set GEMINI_MODEL"))
}

fn described(model: &str, body: &Value) -> Seen {
    let methods = body["supportedGenerationMethods"].as_array();
    if methods.is_none_or(|methods| methods.iter().any(|method| method == "generateContent")) {
        Seen::new(Reason::Works, format!("the key is taken and {model} is there"))
    } else {
        Seen::new(Reason::NotFound, format!("{model} generates no content"))
            .next("set GEMINI_MODEL to one that does")
    }
}

/// What an error of the model says about it, of a look or of a use.
pub fn of_error(error: &GeminiError) -> Seen {
    let (reason, next) = match error {
        GeminiError::Account(_) => (
            Reason::CredentialRefused,
            "GEMINI_API_KEY is refused: make a key in a project with billing and set it; until then menus answer",
        ),
        GeminiError::Gone { .. } => (
            Reason::NotFound,
            "there is no such model for this key: set GEMINI_MODEL; until then menus answer",
        ),
        GeminiError::NotNow { .. } if error.is_quota() => {
            (Reason::RateLimited, "the quota is used up: raise it at Google or wait; until then menus answer")
        }
        GeminiError::NotNow { .. } | GeminiError::Slow => (
            Reason::Unreachable,
            "it is asked again by itself, and menus answer until then; where it lasts, check GEMINI_BASE, and whether \
             the network lets port 443 out",
        ),
        GeminiError::Refused(_) => (
            Reason::RequestRefused,
            "check GEMINI_API_KEY, and that Gemini is offered in the country this runs in; else it is a defect of ours",
        ),
    };
    Seen::new(reason, error.to_string()).next(next)
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, extract::Path, http::StatusCode, routing::get};
    use serde_json::json;

    use super::*;
    use crate::http_client::tests::http;

    /// A Gemini that has these models and refuses the key for one called `locked`.
    async fn google(there: &'static [&'static str]) -> Google {
        let about = move |Path(model): Path<String>| async move {
            let status = match &*model {
                "locked" => StatusCode::FORBIDDEN,
                model if there.contains(&model) => StatusCode::OK,
                _ => StatusCode::NOT_FOUND,
            };
            (status, Json(json!({"supportedGenerationMethods": ["generateContent"]})))
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1beta/models/{model}", get(about));
        tokio::spawn(axum::serve(listener, router).into_future());
        Google::new(http(), base, "k".to_owned().into())
    }

    #[tokio::test]
    async fn the_first_model_that_is_there_answers_and_a_refused_key_is_no_matter_of_models() {
        for (there, chain, reason) in [
            (&["a", "b"][..], &["a", "b"][..], Reason::Works),
            (&["b"], &["a", "b"], Reason::Fallback),
            (&[], &["a", "b"], Reason::NotFound),
            (&["b"], &["locked", "b"], Reason::CredentialRefused),
            (&[], &[], Reason::NotFound),
        ] {
            let chain: Vec<String> = chain.iter().map(|&name| name.to_owned()).collect();
            let seen = look(&google(there).await, &chain).await;
            assert_eq!(seen.reason, reason, "{there:?} {chain:?}: {seen:?}");
        }
    }
}
