//! PostgreSQL tenants against a real server: somebody's own, and a schema on the platform's.

use std::process::Command;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret};
use kube::api::{DeleteParams, PostParams};
use serde_json::json;

use crate::{
    bed,
    world::{World, eventually},
};

fn admin() -> String {
    std::env::var("MCP_TEST_POSTGRES").expect("MCP_TEST_POSTGRES: run `make test` or scripts/postgres")
}

/// What a server that signs in with this address is told.
async fn sql(url: &str, statement: &str) -> Result<String, String> {
    // What the driver of the servers understands beside the address, psql does not.
    let url = url.split('?').next().unwrap_or_default().to_owned();
    let statement = statement.to_owned();
    let output = tokio::task::spawn_blocking(move || {
        Command::new("psql").args([&url, "-AtXc", &statement]).env("PGCONNECT_TIMEOUT", "10").output()
    });
    let output = output.await.unwrap().expect("psql starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

async fn url_of(world: &World, name: &str) -> String {
    let (namespace, copy) = (format!("{name}-production"), format!("{name}-credentials"));
    let secret: Secret = world.found(&namespace, &copy).await;
    String::from_utf8(secret.data.unwrap()["DATABASE_URL"].0.clone()).unwrap()
}

async fn create(world: &World, name: &str, number: &str, postgres: serde_json::Value) {
    world.credentials(name, &[]).await;
    let mut client = world.example(name, number);
    client.spec.environments[0].database = serde_json::from_value(json!({"postgres": postgres})).unwrap();
    world.create(&client).await;
    world.pretend_pods_run(&format!("{name}-production")).await;
    world.reason(name, "Ready").await;
}

/// Drops what an earlier, failed run may have left.
async fn clean(name: &str) {
    let _ = sql(&admin(), &format!("DROP SCHEMA IF EXISTS \"{name}-production\" CASCADE")).await;
    let _ = sql(&admin(), &format!("DROP OWNED BY \"{name}-production\"")).await;
    let _ = sql(&admin(), &format!("DROP ROLE IF EXISTS \"{name}-production\"")).await;
}

#[tokio::test]
async fn a_provisioned_tenant_has_a_schema_of_its_own_and_nobody_elses() {
    let world = World::enter("database").await;
    clean("anas").await;
    clean("ruis").await;
    create(&world, "anas", "59300001", json!({"provisioned": {}})).await;
    create(&world, "ruis", "59300002", json!({"provisioned": {}})).await;
    assert!(world.is_absent::<PersistentVolumeClaim>("anas-production", "anas-data").await);
    let (anas, ruis) = (url_of(&world, "anas").await, url_of(&world, "ruis").await);
    assert_eq!(
        sql(&anas, "SELECT current_user || ' ' || current_schema()").await.unwrap(),
        "anas-production anas-production"
    );
    sql(&anas, "CREATE TABLE kept AS SELECT 42 AS answer").await.unwrap();
    let refused = sql(&ruis, "SELECT * FROM \"anas-production\".kept").await.unwrap_err();
    assert!(refused.contains("permission denied for schema anas-production"), "{refused}");
    assert!(sql(&ruis, "CREATE ROLE more").await.is_err() && sql(&ruis, "CREATE SCHEMA more").await.is_err());
    let password = anas.split_once("://").unwrap().1.split_once('@').unwrap().0.split_once(':').unwrap().1;
    for namespace in ["database", "anas-production"] {
        let kinds = "mcpclients,configmaps,deployments,replicasets,pods,events";
        let objects = bed::kubectl(&["get", kinds, "-n", namespace, "-o", "yaml"], "").unwrap();
        assert!(!objects.contains(password), "{namespace}");
    }

    // An operator that remembers nothing changes nothing.
    tokio::task::spawn_blocking(|| crate::running::OPERATOR.restart()).await.unwrap();
    world.quiet().await;
    assert_eq!(url_of(&world, "anas").await, anas);
    assert_eq!(sql(&anas, "SELECT answer FROM kept").await.unwrap(), "42");

    // A password is changed by taking the copy away.
    let copies = world.inside::<Secret>("anas-production");
    copies.delete("anas-credentials", &DeleteParams::default()).await.unwrap();
    let rotated = eventually("there is another password", async || {
        let now = url_of(&world, "anas").await;
        if now == anas { Err("the same".to_owned()) } else { Ok(now) }
    })
    .await;
    assert_eq!(sql(&rotated, "SELECT answer FROM kept").await.unwrap(), "42");
    assert!(sql(&anas, "SELECT 1").await.unwrap_err().contains("password authentication failed"));

    // Retained, it is found again.
    world.delete("anas").await;
    create(&world, "anas", "59300001", json!({"provisioned": {}})).await;
    assert_eq!(sql(&url_of(&world, "anas").await, "SELECT answer FROM kept").await.unwrap(), "42");

    // It goes with a confirmed deletion, and takes nothing of a neighbour along.
    let confirm = json!({"mcp-platform.dev/confirm-delete": "anas-production"});
    world
        .patch("anas", json!({"metadata": {"annotations": confirm}, "spec": {"deletionPolicy": "Delete"}}))
        .await;
    world.delete("anas").await;
    assert!(world.namespaces().get_opt("anas-production").await.unwrap().is_none());
    let left = "SELECT count(*) FROM (SELECT rolname FROM pg_roles UNION ALL SELECT nspname FROM pg_namespace) AS all_names
                WHERE rolname = ";
    assert_eq!(sql(&admin(), &format!("{left}'anas-production'")).await.unwrap(), "0");
    assert_eq!(sql(&admin(), &format!("{left}'ruis-production'")).await.unwrap(), "2");
    sql(&ruis, "SELECT 1").await.unwrap();
    world.clear("ruis").await;
    clean("ruis").await;
}

#[tokio::test]
async fn a_tenant_with_a_database_of_somebodys_own_gets_its_address_and_replicas() {
    let world = World::enter("database").await;
    let secret = json!({
        "metadata": {"name": "owns-database", "labels": {"mcp-platform.dev/credentials": "true"}},
        "stringData": {"DATABASE_URL": "postgres://somebody:else@db.example/owns\n"},
    });
    let secrets = world.inside::<Secret>("database");
    let _ = secrets.delete("owns-database", &DeleteParams::default()).await;
    secrets.create(&PostParams::default(), &serde_json::from_value(secret).unwrap()).await.unwrap();
    create(&world, "owns", "59300003", json!({"secretRef": {"name": "owns-database"}})).await;
    assert_eq!(url_of(&world, "owns").await, "postgres://somebody:else@db.example/owns");
    let client = world.clients().get("owns").await.unwrap();
    let mut environments = serde_json::to_value(client.spec.environments).unwrap();
    environments[0]["replicas"] = json!(2);
    world.patch("owns", json!({"spec": {"environments": environments}})).await;
    eventually("two servers are asked for", async || {
        let replicas = world.deployment("owns-production", "owns").await.spec.unwrap().replicas;
        if replicas == Some(2) { Ok(()) } else { Err(format!("{replicas:?}")) }
    })
    .await;
    world.clear("owns").await;
}
