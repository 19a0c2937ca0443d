use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State as Held, http::StatusCode, routing::get};
use clap::Parser;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::clock::Clock;

const GOOD: &str = include_str!("../../../tenant/src/testdata/barbershop.yaml");
const TOKEN: &str = "token-canary";

/// A clock a test sets. Answers carry the machine's date, so it begins there.
struct Set(Timestamp);

impl Clock for Set {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn real() -> Timestamp {
    crate::clock::SystemClock.now()
}

/// What Meta and Gemini answer.
#[derive(Clone)]
struct Answers {
    number: (u16, Value),
    model: (u16, Value),
}

type Shared = Arc<Mutex<Answers>>;

fn good() -> Answers {
    Answers {
        number: (
            200,
            json!({
                "id": "1", "display_phone_number": "+55 11 3333-4444", "verified_name": "Zé", "quality_rating": "GREEN",
                "webhook_configuration": {"phone_number": "https://t.example/webhooks/whatsapp", "application": "https://hub.example/"},
            }),
        ),
        model: (200, json!({"supportedGenerationMethods": ["generateContent"]})),
    }
}

/// Runs the doctor against these answers.
async fn told(answers: Answers, at: Timestamp) -> Vec<Finding> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let shared: Shared = Arc::new(Mutex::new(answers));
    let answer = |(status, body): (u16, Value)| (StatusCode::from_u16(status).unwrap(), Json(body));
    let router = Router::new()
        .route(
            "/v26.0/1",
            get(move |Held(held): Held<Shared>| async move { answer(held.lock().unwrap().number.clone()) }),
        )
        .route(
            "/v1beta/models/m",
            get(move |Held(held): Held<Shared>| async move { answer(held.lock().unwrap().model.clone()) }),
        )
        .with_state(shared);
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("profile.yaml");
    std::fs::write(&profile, GOOD).unwrap();
    let url = format!("sqlite://{}", folder.path().join("t.db").display());
    let graph = format!("{base}/v26.0");
    let flags = [
        ("--profile-path", profile.to_str().unwrap()),
        ("--database-url", &url),
        ("--public-url", "https://t.example"),
        ("--whatsapp-graph-base", &graph),
        ("--whatsapp-api-token", TOKEN),
        ("--whatsapp-phone-number-id", "1"),
        ("--whatsapp-app-secret", "secret-canary"),
        ("--whatsapp-webhook-verify-token", "verify-canary"),
        ("--gemini-base", &base),
        ("--gemini-api-key", "key-canary"),
        ("--gemini-model", "m"),
        ("--token-signing-key", "signing-canary"),
    ];
    let flags = flags.into_iter().flat_map(|(name, value)| [name, value]);
    let args = DoctorArgs::try_parse_from(std::iter::once("doctor").chain(flags)).unwrap();
    let settings = args.settings.settings().unwrap();
    crate::database::Database::migrate(&settings.database_url, &settings.tenant).await.unwrap();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let clock: SharedClock = Arc::new(Set(at));
    let findings = examine(&settings, &clock).await;
    serving.abort();
    for finding in &findings {
        assert!(!finding.line().contains("canary"), "{}", finding.line());
    }
    findings
}

fn of<'a>(findings: &'a [Finding], probe: &str) -> &'a Finding {
    findings
        .iter()
        .find(|finding| finding.probe == probe)
        .unwrap_or_else(|| panic!("no {probe}: {findings:?}"))
}

#[tokio::test]
async fn a_tenant_where_all_is_well_has_a_line_for_each_part() {
    let findings = told(good(), real()).await;
    let probes: Vec<&str> = findings.iter().map(|finding| finding.probe).collect();
    assert_eq!(probes, ["profile", "database", "clock", "whatsapp", "webhook", "gemini", "calendar"]);
    for finding in findings.iter().filter(|finding| finding.probe != "profile") {
        assert_eq!(finding.state, State::Ok, "{finding:?}");
    }
}

#[tokio::test]
async fn deliveries_that_go_elsewhere_are_a_failure_that_names_where() {
    let mut answers = good();
    answers.number.1["webhook_configuration"] = json!({"application": "https://hub.example/"});
    let findings = told(answers, real()).await;
    let webhook = of(&findings, "webhook");
    assert_eq!(webhook.state, State::Failed);
    assert!(webhook.message.contains("https://hub.example/"), "{webhook:?}");
    assert!(webhook.next.as_ref().unwrap().contains("https://t.example/webhooks/whatsapp"), "{webhook:?}");
}

#[tokio::test]
async fn each_refusal_names_the_setting_that_is_wrong() {
    let refused = |code: i64| (400, json!({"error": {"code": code, "message": TOKEN}}));
    for (answer, word) in [
        (refused(190), "WHATSAPP_API_TOKEN"),
        (refused(100), "WHATSAPP_PHONE_NUMBER_ID"),
        (refused(200), "whatsapp_business_management"),
        ((503, Value::Null), "later"),
    ] {
        let findings = told(Answers { number: answer, ..good() }, real()).await;
        let number = of(&findings, "whatsapp");
        assert!(number.state == State::Failed && number.next.as_ref().unwrap().contains(word), "{number:?}");
        assert!(findings.iter().all(|finding| finding.probe != "webhook"), "nothing is known of it");
    }
    let invalid = json!({"error": {"details": [{"reason": "API_KEY_INVALID"}]}});
    for (answer, word) in [
        ((400, invalid), "GEMINI_API_KEY"),
        ((404, Value::Null), "GEMINI_MODEL"),
        ((429, Value::Null), "quota"),
        ((200, json!({"supportedGenerationMethods": ["embedContent"]})), "GEMINI_MODEL"),
    ] {
        let findings = told(Answers { model: answer, ..good() }, real()).await;
        let gemini = of(&findings, "gemini");
        assert!(gemini.state == State::Failed && gemini.next.as_ref().unwrap().contains(word), "{gemini:?}");
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_with_its_direction() {
    let minutes = jiff::SignedDuration::from_mins(3);
    let findings = told(good(), real() + minutes).await;
    let clock = of(&findings, "clock");
    assert!(clock.state == State::Failed && clock.message.contains("ahead"), "{clock:?}");
    let findings = told(good(), real() - jiff::SignedDuration::from_secs(30)).await;
    let clock = of(&findings, "clock");
    assert!(clock.state == State::Warning && clock.message.contains("behind"), "{clock:?}");
}

#[tokio::test]
async fn without_settings_every_missing_one_is_a_line() {
    let args = DoctorArgs::try_parse_from(["doctor"]).unwrap();
    let error = args.settings.settings().unwrap_err();
    assert!(error.problems().iter().any(|problem| problem.contains("GEMINI_API_KEY")));
}
