//! The Graph API stand-in: sends and read receipts, files, and where webhooks go.

mod error;
pub(crate) mod limits;
pub(crate) mod media;
pub(crate) mod number;
pub(crate) mod rules;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Map, Value, json};

use error::{Problem, RouteError};
pub(crate) use error::{coded, fault};

use crate::{
    fault as faults,
    hold::Point,
    shared::{App, Shared},
    state::{ReadReceipt, SentMessage, Vendor},
    webhook::deliver,
};

/// `POST /{version}/{phone_number_id}/messages`
pub(crate) async fn messages(
    State(app): State<App>,
    Path((version, phone_number_id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Faults and holds are for what is sent; a read receipt must not use them up.
    if !is_receipt(&body)
        && let Some(failure) = faults::take(&app, Vendor::Graph).await
    {
        return failure;
    }
    match accept(&app, &version, &phone_number_id, &headers, &body).await {
        Ok(answer) => Json(answer).into_response(),
        Err(problem) => RouteError { problem, trace: app.ids.short("trace") }.into_response(),
    }
}

fn is_receipt(body: &[u8]) -> bool {
    serde_json::from_slice::<Map<String, Value>>(body).is_ok_and(|body| body.contains_key("status"))
}

async fn accept(
    app: &App,
    version: &str,
    phone_number_id: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, Problem> {
    if !supported(version) {
        return Err(broken(app, "version", Problem::Version(version.to_owned())));
    }
    let token = token(app, phone_number_id, headers)?;
    if !is_receipt(body) {
        app.holds.pass(Point::GraphBefore).await;
    }
    let body: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| broken(app, "json", Problem::Json(error.to_string())))?;
    if body.contains_key("status") {
        return read(app, phone_number_id, &Value::Object(body));
    }
    let kind =
        rules::send(app.schemas, &body).map_err(|refusal| broken(app, "send", refusal.into()))?.to_owned();
    // A limit is a fact of life, not a broken rule; a template that is not approved is one.
    limits::check(app, phone_number_id, &kind, &body).map_err(|problem| match problem {
        Problem::Window | Problem::Pair => problem,
        template => broken(app, "template", template),
    })?;
    let field = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let (to, recipient) = (field("to"), field("recipient"));
    let sent = SentMessage {
        wamid: app.ids.wamid(),
        phone_number_id: phone_number_id.to_owned(),
        opaque: field("biz_opaque_callback_data"),
        // Both given: the phone wins.
        recipient: if to.is_some() { None } else { recipient },
        to,
        kind,
        body: Value::Object(body),
        token,
        at: app.clock.now(),
    };
    app.with(|state| state.messages.push(sent.clone()));
    deliver::report(app, &sent);
    app.holds.pass(Point::GraphAfter).await;
    let contact = match (&sent.to, &sent.recipient) {
        (Some(to), _) => json!({"input": to, "wa_id": to.trim_start_matches('+')}),
        (None, recipient) => json!({"input": recipient}),
    };
    let answer =
        json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": sent.wamid}]});
    app.own_answer(Vendor::Graph, &app.schemas.sent, &answer);
    Ok(answer)
}

fn read(app: &Shared, phone_number_id: &str, body: &Value) -> Result<Value, Problem> {
    rules::read(app.schemas, body).map_err(|refusal| broken(app, "read", refusal.into()))?;
    let receipt = ReadReceipt {
        phone_number_id: phone_number_id.to_owned(),
        message_id: body["message_id"].as_str().unwrap_or_default().to_owned(),
        typing: body.get("typing_indicator").is_some(),
        at: app.clock.now(),
    };
    app.with(|state| state.reads.push(receipt));
    Ok(json!({"success": true}))
}

/// v21.0 to v26.0 are alive.
fn supported(version: &str) -> bool {
    let number = version.strip_prefix('v').and_then(|rest| rest.strip_suffix(".0"));
    number.and_then(|number| number.parse::<u8>().ok()).is_some_and(|number| (21..=26).contains(&number))
}

fn token(app: &Shared, phone_number_id: &str, headers: &HeaderMap) -> Result<String, Problem> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .filter(|token| !token.trim().is_empty())
        .ok_or_else(|| broken(app, "token", Problem::NoToken))?;
    let known = app.with(|state| {
        let accepted = state.numbers.get(phone_number_id).and_then(|number| number.access_tokens.as_ref());
        accepted.is_none_or(|accepted| accepted.iter().any(|accepted| accepted == token))
    });
    // An expired token is a fact of life, not a broken rule.
    if known { Ok(token.to_owned()) } else { Err(Problem::ExpiredToken) }
}

fn broken(app: &Shared, what: &'static str, problem: Problem) -> Problem {
    app.violation(Vendor::Graph, what, problem.to_string());
    problem
}
