//! The process from outside: its ends, and the commands a person runs beside it.

use std::time::{Duration, Instant};

use mcp_simulator::Point;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::harness::{Tenant, http};

const TEXT: &str = "Quero marcar um corte amanhã às 15h";
const FROM: &str = "5511999990001";

/// Starts a second process in place of the tenant's own, with these variables beside the others.
pub async fn serve(tenant: &mut Tenant, variables: &[(&str, &str)]) -> Child {
    tenant.stop().await;
    let child = tenant.command("serve").envs(variables.iter().copied()).spawn().unwrap();
    let began = Instant::now();
    while http().get(tenant.url("/webhooks/whatsapp")).send().await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "not listening: {}", tenant.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child
}

async fn signal(child: &Child, name: &str) {
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args([name, &pid]).status().await.unwrap().success());
}

async fn sending(tenant: &Tenant) {
    let began = Instant::now();
    while !tenant.sim.waiting().iter().any(|w| w.point == Point::GraphAfter && w.n > 0) {
        assert!(began.elapsed().as_secs() < 20, "nothing is being sent: {}", tenant.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What a command printed, and its exit code.
async fn ran(tenant: &Tenant, command: &str, rest: &[&str]) -> (i32, String) {
    let output = tenant.command(command).args(rest).output().await.unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn sigterm_lets_a_message_in_flight_arrive_and_be_recorded() {
    let mut tenant = Tenant::start().await;
    let mut child = serve(&mut tenant, &[]).await;
    tenant.sim.hold(Point::GraphAfter, 1);
    tenant.say(FROM, TEXT).await;
    sending(&tenant).await;
    signal(&child, "-TERM").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(child.try_wait().unwrap().is_none(), "it waits for the answer");
    tenant.sim.release(None);
    assert!(child.wait().await.unwrap().success(), "{}", tenant.log());
    let rows = tenant.db.rows("SELECT state, attempts FROM outbox").await;
    assert_eq!(rows, [json!({"state": "sent", "attempts": 1})]);
    assert_eq!(tenant.sim.state().messages.len(), 1);
}

#[tokio::test]
async fn a_second_signal_stops_at_once_and_the_next_start_takes_it_up() {
    let mut tenant = Tenant::start().await;
    let mut child = serve(&mut tenant, &[]).await;
    tenant.sim.hold(Point::GraphAfter, 1);
    tenant.say(FROM, TEXT).await;
    sending(&tenant).await;
    signal(&child, "-TERM").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    signal(&child, "-TERM").await;
    let status = child.wait().await.unwrap();
    assert_eq!(status.code(), Some(130), "{}", tenant.log());
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    tenant.sim.release(None);
    tenant.run().await;
    tenant.one_of_each().await;
}

#[tokio::test]
async fn check_names_what_is_wrong_and_says_so_with_its_exit_code() {
    let tenant = Tenant::start().await;
    let file = tenant.path("profile.yaml");
    let (code, text) = ran(&tenant, "check", &[file.to_str().unwrap()]).await;
    assert_eq!(code, 0, "{text}");
    let wrong = tenant.path("wrong.yaml");
    let profile = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&wrong, profile.replace("currency: BRL", "curency: BRL")).unwrap();
    let (code, text) = ran(&tenant, "check", &[wrong.to_str().unwrap()]).await;
    assert!(code == 1 && text.contains("`currency`"), "{text}");
    let (code, text) = ran(&tenant, "check", &["--json", wrong.to_str().unwrap()]).await;
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &report["ok"]), (1, &json!(false)));
    assert!(report["findings"].as_array().unwrap().iter().all(|finding| finding["code"].is_string()));
    let (code, _) = ran(&tenant, "check", &["/nowhere.yaml"]).await;
    assert_eq!(code, 1);
}

#[tokio::test]
async fn the_doctor_looks_at_every_part_of_a_running_tenant() {
    let tenant = Tenant::start().await;
    let (_, text) = ran(&tenant, "doctor", &["--json"]).await;
    let report: Value = serde_json::from_str(&text).unwrap();
    let state = |probe: &str| {
        let findings = report["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["probe"] == probe).unwrap()["state"].clone()
    };
    for probe in ["profile", "database", "clock", "gemini", "calendar"] {
        assert_eq!(state(probe), "ok", "{probe}: {text}");
    }
    assert!(!text.contains("canary"), "{text}");

    let mut doctor = tenant.command("doctor");
    let output = doctor.env_remove("GEMINI_API_KEY").env_remove("PROFILE_PATH").output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("GEMINI_API_KEY") && text.contains("PROFILE_PATH"), "{text}");
}

#[tokio::test]
async fn a_message_the_channel_refused_for_good_can_be_listed_and_replayed() {
    let tenant = Tenant::start().await;
    let fault = json!({"vendor": "graph", "status": 400, "times": 1});
    tenant.sim.fail(serde_json::from_value(fault).unwrap());
    tenant.say(FROM, TEXT).await;
    let began = Instant::now();
    while tenant.db.count("dead_letter").await == 0 {
        assert!(began.elapsed().as_secs() < 30, "no dead letter: {}", tenant.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (code, text) = ran(&tenant, "outbox", &["list", "--json"]).await;
    let rows: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &rows[0]["source"]), (0, &json!("outbox")));
    let id = rows[0]["id"].to_string();
    let status: Value = serde_json::from_str(&tenant.internal("/status").await).unwrap();
    assert_eq!(status["deadLetters"]["outbox"], 1);
    assert!(status["next"].to_string().contains("outbox list"), "{status}");
    assert!(tenant.internal("/metrics").await.contains(r#"mcp_dead_letters{source="outbox"} 1"#));

    let (code, text) = ran(&tenant, "outbox", &["replay", &id]).await;
    assert_eq!(code, 0, "{text}");
    tenant.within(Duration::from_secs(40), "the message, after all", |s| s.messages.len() == 1).await;
    assert_eq!(tenant.db.count("dead_letter").await, 0);
    let (code, _) = ran(&tenant, "outbox", &["discard", &id]).await;
    assert_eq!(code, 1, "it is gone");
}
