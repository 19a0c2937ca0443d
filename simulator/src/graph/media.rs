//! Files that customers sent, as the Graph API hands them out.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::{Value, json};

use crate::shared::{App, Shared};

/// A file that is there to be fetched.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub mime_type: String,
    pub bytes: Vec<u8>,
}

/// How a message names a file.
#[derive(Clone, Debug, Serialize)]
pub struct Media {
    /// Its id.
    pub id: String,
    /// Its type.
    pub mime_type: String,
    /// SHA-256 in base64, as webhooks have it.
    pub sha256: String,
}

/// Keeps a file and says how a message names it.
pub(crate) fn put(shared: &Shared, mime_type: &str, bytes: Vec<u8>) -> Media {
    let digest = digest::digest(&digest::SHA256, &bytes);
    let sha256 = STANDARD.encode(digest);
    let file = File { mime_type: mime_type.to_owned(), bytes };
    let id = shared.with(|state| {
        let id = (1_000_000_000_u64 + state.media.len() as u64).to_string();
        state.media.insert(id.clone(), file);
        id
    });
    Media { id, mime_type: mime_type.to_owned(), sha256 }
}

/// What Meta says of a file; `None` where there is none of this id.
pub(super) fn about(shared: &Shared, id: &str) -> Option<Value> {
    let file = shared.with(|state| state.media.get(id).cloned())?;
    let digest = digest::digest(&digest::SHA256, &file.bytes);
    let sha256 = digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let origin = shared.origin.get().cloned().unwrap_or_default();
    Some(json!({
        "messaging_product": "whatsapp", "url": format!("{origin}/whatsapp_business/attachments/{id}"),
        "mime_type": file.mime_type, "sha256": sha256, "file_size": file.bytes.len(), "id": id,
    }))
}

/// `GET /whatsapp_business/attachments/{id}`: the bytes, for any Bearer token.
pub(crate) async fn file(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !token.is_some_and(|token| token.starts_with("Bearer ")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match app.with(|state| state.media.get(&id).cloned()) {
        Some(file) => ([(header::CONTENT_TYPE, file.mime_type)], file.bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
