//! Backup and restore from the command line, while the server runs; and a database that is somebody else's.

use std::os::unix::fs::PermissionsExt as _;

use crate::harness::Tenant;

async fn ran(tenant: &Tenant, subcommand: &str, file: &str) -> bool {
    tenant.command(subcommand).arg(tenant.path(file)).status().await.unwrap().success()
}

#[tokio::test]
async fn a_running_server_goes_on_with_what_a_backup_holds() {
    let tenant = Tenant::start().await;
    tenant.say("5511999990001", "Quero um corte amanhã às 15h").await;
    tenant.one_of_each().await;
    assert!(ran(&tenant, "backup", "copy").await, "{}", tenant.log());
    let mode = std::fs::metadata(tenant.path("copy")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds everything about every customer");
    assert!(!ran(&tenant, "backup", "copy").await, "a backup is never written over");
    assert!(tenant.log().contains("exists already"), "{}", tenant.log());

    tenant.say("5511999990002", "Quero um corte amanhã às 16h").await;
    tenant.until("a second event", |s| s.events.len() == 2).await;
    assert_eq!(tenant.db.count("booking").await, 2);
    assert!(ran(&tenant, "restore", "copy").await, "{}", tenant.log());
    assert_eq!(tenant.db.count("booking").await, 1);

    // The same process serves the next customer.
    tenant.say("5511999990003", "Quero um corte amanhã às 17h").await;
    tenant.until("a third answer", |s| s.messages.len() == 3).await;
    assert_eq!(tenant.db.count("booking").await, 2);
}

#[tokio::test]
async fn a_server_refuses_the_database_of_another_tenant() {
    let mut tenant = Tenant::start().await;
    tenant.stop().await;
    for subcommand in ["serve", "migrate"] {
        let status = tenant.command(subcommand).env("CLIENT_NAME", "nova").status().await.unwrap();
        assert!(!status.success(), "{subcommand}");
    }
    let log = tenant.log();
    assert_eq!(log.matches("it belongs to local/development, not to nova/development").count(), 2, "{log}");
}
