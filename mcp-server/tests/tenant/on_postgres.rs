//! A handful of stories on PostgreSQL: what the process promises on SQLite holds there too.

use std::time::{Duration, Instant};

use mcp_simulator::Point;
use secrecy::ExposeSecret;

use crate::postgres::OnPostgres;

const TEXT: &str = "Quero marcar um corte amanhã às 15h";
const FROM: &str = "5511999990001";

#[tokio::test]
async fn a_booking_is_made_once_and_outlives_a_kill_after_the_acknowledgement() {
    let on = OnPostgres::start().await;
    let replica = on.serve().await;
    assert_eq!(on.tenant.say(FROM, TEXT).await, 200);
    replica.kill().await;
    let _replica = on.serve().await;
    on.one_of_each().await;
    assert!(!on.tenant.log().contains("canarypass"), "the password is in no log");
}

#[tokio::test]
async fn a_kill_between_send_and_record_sends_nothing_twice() {
    let on = OnPostgres::start().await;
    let replica = on.serve().await;
    on.tenant.sim.hold(Point::GraphAfter, 1);
    on.tenant.say(FROM, TEXT).await;
    let began = Instant::now();
    while !on.tenant.sim.waiting().iter().any(|w| w.point == Point::GraphAfter && w.n > 0) {
        assert!(began.elapsed().as_secs() < 20, "nothing is being sent: {}", on.tenant.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    replica.kill().await;
    on.tenant.sim.release(None);
    let _replica = on.serve().await;
    assert_eq!(on.one_of_each().await.messages.len(), 1);
}

#[tokio::test]
async fn a_running_server_goes_on_with_what_a_backup_holds() {
    let on = OnPostgres::start().await;
    let _replica = on.serve().await;
    on.tenant.say(FROM, TEXT).await;
    on.one_of_each().await;
    let copy = on.tenant.path("copy");
    let ran = async |subcommand| on.command(subcommand).arg(&copy).status().await.unwrap().success();
    assert!(ran("backup").await, "{}", on.tenant.log());
    on.tenant.say("5511999990002", "Quero um corte amanhã às 16h").await;
    on.tenant.until("a second event", |s| s.events.len() == 2).await;
    assert!(ran("restore").await, "{}", on.tenant.log());
    assert_eq!(on.rows("booking").await, 1);
    on.tenant.say("5511999990003", "Quero um corte amanhã às 17h").await;
    on.tenant.until("a third answer", |s| s.messages.len() == 3).await;
    assert_eq!(on.rows("booking").await, 2);
}

#[tokio::test]
async fn the_database_may_be_named_by_its_parts() {
    let on = OnPostgres::start().await;
    let url = reqwest::Url::parse(on.url.expose_secret()).unwrap();
    let by_parts = |password: &str| {
        let mut command = on.command("doctor");
        command
            .env_remove("DATABASE_URL")
            .env("DATABASE_HOST", url.host_str().unwrap())
            .env("DATABASE_PORT", url.port().unwrap_or(5432).to_string())
            .env("DATABASE_NAME", url.path().trim_start_matches('/'))
            .env("DATABASE_USER", url.username())
            .env("DATABASE_PASSWORD", password);
        command
    };
    let line = |output: std::process::Output| {
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().find(|line| line.contains("database")).unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    let right = line(by_parts(url.password().unwrap()).output().await.unwrap());
    assert!(right.starts_with("ok "), "{right}");
    let wrong = line(by_parts("wrong-canary").output().await.unwrap());
    assert!(wrong.starts_with("FAILED ") && !wrong.contains("canary"), "{wrong}");
}
