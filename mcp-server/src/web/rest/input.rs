//! Bodies and queries, read strictly: what is not known here is refused by name.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::Query,
    http::Uri,
};
use serde::de::DeserializeOwned;

use crate::booking::scheduler::{Failure, FailureCode};

const MOST_BYTES: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// A JSON object.
pub(super) async fn body<T: DeserializeOwned>(body: Body) -> Result<T, Failure> {
    let bytes = match tokio::time::timeout(PATIENCE, to_bytes(body, MOST_BYTES)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => {
            return Err(Failure::new(FailureCode::Validation, "the body must have at most 64 KiB"));
        }
        Err(_) => return Err(Failure::new(FailureCode::Validation, "the body did not arrive in time")),
    };
    serde_json::from_slice(&bytes).map_err(|wrong| told("the body", &wrong.to_string()))
}

/// The parameters after `?`.
pub(super) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Failure> {
    let Query(read) = Query::try_from_uri(uri).map_err(|wrong| told("the query", &wrong.body_text()))?;
    Ok(read)
}

/// Names the field where the reader named one: ``unknown field `x` ``, ``missing field `x` ``.
fn told(what: &str, wrong: &str) -> Failure {
    let named = |start: &str| {
        let (_, rest) = wrong.split_once(start)?;
        Some(rest.split_once('`')?.0.to_owned())
    };
    let field =
        named("unknown field `").or_else(|| named("missing field `")).or_else(|| named("duplicate field `"));
    let message = format!("{what} is not as documented: {wrong}");
    match field {
        Some(field) => Failure::field(field, message),
        None => Failure::new(FailureCode::Validation, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_bed::dripping;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_refused_when_its_time_is_over() {
        let began = tokio::time::Instant::now();
        let refused = body::<serde_json::Value>(dripping()).await.unwrap_err();
        assert_eq!((refused.code, began.elapsed()), (FailureCode::Validation, PATIENCE));
        assert!(refused.message.contains("in time"), "{}", refused.message);
    }
}
