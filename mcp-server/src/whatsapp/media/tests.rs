//! Against a server of our own that plays Meta, and another one that nobody may be sent to.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde_json::json;

use super::*;
use crate::settings::WhatsAppSettings;

const VOICE: &[u8] = b"OggS and what somebody said";

fn hex_of(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// What a server was asked: path and whether the token came with it.
type Asked = Arc<Mutex<Vec<(String, bool)>>>;

#[derive(Clone)]
struct Meta {
    own: String,
    foreign: String,
    asked: Asked,
}

fn note(asked: &Asked, what: &str, headers: &HeaderMap) {
    asked.lock().unwrap().push((what.to_owned(), headers.contains_key(header::AUTHORIZATION)));
}

async fn about(State(meta): State<Meta>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    note(&meta.asked, &id, &headers);
    let (own, foreign) = (&meta.own, &meta.foreign);
    let (url, sha256) = match id.as_str() {
        "good" | "unsigned" => (format!("{own}/file/voice"), hex_of(VOICE)),
        "foreign" => (format!("{foreign}/file/voice"), hex_of(VOICE)),
        "moved" => (format!("{own}/file/moved"), hex_of(VOICE)),
        "other" => (format!("{own}/file/other"), hex_of(VOICE)),
        "huge" => (format!("{own}/file/huge"), hex_of(VOICE)),
        "endless" => (format!("{own}/file/endless"), hex_of(VOICE)),
        _ => return axum::http::StatusCode::NOT_FOUND.into_response(),
    };
    let sha256 = (id != "unsigned").then_some(sha256);
    let size = if id == "large" { 3_000_000 } else { 27 };
    Json(json!({"url": url, "sha256": sha256, "file_size": size, "id": id})).into_response()
}

async fn file(State(meta): State<Meta>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    note(&meta.asked, &name, &headers);
    match name.as_str() {
        "voice" => VOICE.into_response(),
        "moved" => Redirect::temporary(&format!("{}/file/voice", meta.foreign)).into_response(),
        "huge" => vec![0_u8; MOST_BYTES + 1].into_response(),
        // Without a length, and without an end.
        "endless" => {
            let piece = || Ok::<_, std::io::Error>(vec![0_u8; 65_536]);
            Body::from_stream(futures::stream::repeat_with(piece)).into_response()
        }
        _ => "something else".into_response(),
    }
}

async fn serve(foreign: &str, asked: &Asked) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = format!("http://{}", listener.local_addr().unwrap());
    let meta = Meta { own: own.clone(), foreign: foreign.to_owned(), asked: Arc::clone(asked) };
    let router =
        Router::new().route("/v26.0/{id}", get(about)).route("/file/{name}", get(file)).with_state(meta);
    tokio::spawn(async move { axum::serve(listener, router).await });
    own
}

struct World {
    media: Media,
    asked: Asked,
    foreign_asked: Asked,
}

impl World {
    async fn start() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let (asked, foreign_asked) = (Asked::default(), Asked::default());
        let foreign = serve("", &foreign_asked).await;
        let own = serve(&foreign, &asked).await;
        let settings = WhatsAppSettings {
            graph_base: format!("{own}/v26.0"),
            api_token: "canary".to_owned().into(),
            phone_number_id: "77".into(),
            business_account_id: None,
            messages_per_second: 80,
            templates: crate::whatsapp::template::Templates::default(),
            app_secrets: Vec::new(),
            verify_token: "v".to_owned().into(),
        };
        let media = Media::new(crate::http_client::client(None).unwrap(), settings);
        Self { media, asked, foreign_asked }
    }
}

#[tokio::test]
async fn a_file_is_fetched_with_the_token_and_its_digest_checked() {
    let world = World::start().await;
    let base64 = STANDARD.encode(digest::digest(&digest::SHA256, VOICE));
    for said in [None, Some(base64.as_str()), Some(hex_of(VOICE).as_str())] {
        assert_eq!(world.media.fetch("good", said).await.as_deref(), Ok(VOICE));
    }
    assert!(world.asked.lock().unwrap().iter().all(|(_, token)| *token));
    assert_eq!(world.media.fetch("good", Some(&hex_of(b"x"))).await, Err(MediaError::Differs));
    assert_eq!(world.media.fetch("other", None).await, Err(MediaError::Differs));
    assert_eq!(
        world.media.fetch("unsigned", None).await,
        Err(MediaError::Differs),
        "nothing to compare with"
    );
    assert_eq!(world.media.fetch("gone", None).await, Err(MediaError::Gone));
}

#[tokio::test]
async fn nobody_else_is_asked_and_nobody_else_gets_the_token() {
    let world = World::start().await;
    for id in ["foreign", "moved"] {
        assert_eq!(world.media.fetch(id, None).await, Err(MediaError::Elsewhere), "{id}");
    }
    assert!(world.foreign_asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn too_much_is_not_read_announced_or_not() {
    let world = World::start().await;
    for id in ["huge", "endless"] {
        assert_eq!(world.media.fetch(id, None).await, Err(MediaError::TooLarge), "{id}");
    }
}

#[tokio::test]
async fn an_id_that_is_a_path_is_not_asked_for() {
    let world = World::start().await;
    for id in ["", "../77/messages", "a/b", "a?b", "a%2fb", "a#b"] {
        assert_eq!(world.media.fetch(id, None).await, Err(MediaError::Id), "{id}");
    }
    assert!(world.asked.lock().unwrap().is_empty());
}

#[test]
fn only_metas_file_host_over_tls_is_allowed() {
    let allowed = |url: &str| allowed(&Url::parse(url).unwrap(), "https://graph.facebook.com/v26.0");
    for good in [
        "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&hash=2",
        "https://eu.lookaside.fbsbx.com/x",
        "https://LOOKASIDE.fbsbx.com:443/x",
        "https://graph.facebook.com/v26.0/x",
    ] {
        assert!(allowed(good), "{good}");
    }
    for bad in [
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com:8443/x",
        "https://lookaside.fbsbx.com.evil.example/x",
        "https://evillookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com@evil.example/x",
        "https://user:pass@lookaside.fbsbx.com/x",
        "https://fbsbx.com/x",
        "https://157.240.1.1/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://2130706433/x",
        "https://169.254.169.254/latest/meta-data",
        "https://kubernetes.default.svc/api",
        "http://graph.facebook.com/v26.0/x",
        "file:///etc/passwd",
        "data:text/plain,x",
    ] {
        assert!(!allowed(bad), "{bad}");
    }
}
