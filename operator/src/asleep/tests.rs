//! What whoever comes to a tenant that sleeps is told.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    client::validate::validate,
    render::tests::{NOW, barbershop, settings},
};

fn sleepers(reason: &str) -> Arc<Sleepers> {
    let mut client = barbershop();
    let route = serde_json::json!({"host": "wa.agency.example", "path": "/ze"});
    client.spec.environments[0].route = serde_json::from_value(route).unwrap();
    client.spec.hibernate = Some(mcp_crds::client::Hibernation { reason: reason.to_owned() });
    let sleepers = Sleepers::default();
    for tenant in validate(&client, &settings(), NOW).unwrap() {
        sleepers.note(&tenant);
    }
    Arc::new(sleepers)
}

async fn asked(sleepers: &Arc<Sleepers>, path: &str, headers: &[(HeaderName, &str)]) -> (HeaderMap, String) {
    let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
    let uri: Uri = path.parse().unwrap();
    let answer =
        answer::answer(axum::extract::State(Arc::clone(sleepers)), uri, headers.collect::<HeaderMap>()).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let headers = answer.headers().clone();
    let body = axum::body::to_bytes(answer.into_body(), 64 * 1024).await.unwrap();
    (headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn the_reason_is_that_of_the_tenant_whose_address_was_asked() {
    let sleepers = sleepers("closed until march");
    let at = async |host: &str, path: &str| asked(&sleepers, path, &[(header::HOST, host)]).await.1;
    for (host, path) in [
        ("wa.agency.example", "/ze/webhooks/whatsapp?hub.mode=subscribe"),
        ("WA.agency.example:443", "/ze"),
        ("wa.agency.example", "/.well-known/oauth-protected-resource/ze"),
        ("barbearia-do-ze.barbearia-do-ze-production.svc:80", "/mcp"),
    ] {
        assert!(at(host, path).await.contains("closed until march"), "{host}{path}");
    }
    for (host, path) in [("wa.agency.example", "/zeca"), ("wa.agency.example", "/"), ("other.example", "/ze")]
    {
        assert!(!at(host, path).await.contains("closed until march"), "{host}{path}");
    }
}

#[tokio::test]
async fn programs_get_a_problem_and_browsers_a_page_in_their_language() {
    let sleepers = sleepers("<b>closed & gone</b>");
    let host = (header::HOST, "wa.agency.example");
    let (headers, body) = asked(&sleepers, "/ze/mcp", std::slice::from_ref(&host)).await;
    assert_eq!(headers[header::RETRY_AFTER], "600");
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (problem["status"].as_u64(), problem["code"].as_str()),
        (Some(503), Some("service_unavailable"))
    );
    let browser = [
        host,
        (header::ACCEPT, "text/html,application/xhtml+xml"),
        (header::ACCEPT_LANGUAGE, "fr-FR,de;q=0.8,en;q=0.5"),
    ];
    let (headers, body) = asked(&sleepers, "/ze", &browser).await;
    assert_eq!(headers[header::CONTENT_LANGUAGE], "de");
    assert!(body.contains("&lt;b&gt;closed &amp; gone&lt;/b&gt;") && body.contains("ruht"), "{body}");
}

#[test]
fn who_wakes_up_is_not_answered_for() {
    let sleepers = sleepers("closed");
    assert!(sleepers.reason("wa.agency.example", "/ze").is_some());
    for tenant in validate(&barbershop(), &settings(), NOW).unwrap() {
        sleepers.note(&tenant);
    }
    assert!(sleepers.reason("wa.agency.example", "/ze").is_none());
}

#[tokio::test]
async fn a_delivery_is_refused_over_a_real_connection_and_a_silent_one_is_ended() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(sleepers("closed"), address, stop.clone()));
    let connected = async || loop {
        match TcpStream::connect(address).await {
            Ok(stream) => return stream,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let mut silent = connected().await;
    let mut delivery = connected().await;
    let request =
        "POST /ze/webhooks/whatsapp HTTP/1.1\r\nHost: wa.agency.example\r\nContent-Length: 5\r\n\r\n{\"a\":";
    delivery.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    delivery.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\"detail\":\"closed\""), "{answer}");
    tokio::time::pause();
    assert_eq!(silent.read(&mut [0; 64]).await.unwrap(), 0, "it was ended");
    stop.cancel();
    serving.await.unwrap().unwrap();
}
