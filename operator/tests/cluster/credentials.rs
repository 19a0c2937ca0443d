//! The Secret a human keeps: what is missing is named, and what is complete rolls the pod.

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use crate::world::{CANARY, World, eventually};

fn secrets_hash(deployment: &k8s_openapi::api::apps::v1::Deployment) -> String {
    let template = &deployment.spec.as_ref().unwrap().template;
    template.metadata.as_ref().unwrap().annotations.as_ref().unwrap()["mcp-platform.dev/secrets-hash"].clone()
}

#[tokio::test]
async fn each_fault_of_the_secret_has_its_reason_and_the_next_step() {
    let world = World::enter("credentials").await;
    world.no_credentials("faults").await;
    world.create(&world.example("faults", "52000001")).await;
    let message = world.environment_reason("faults", "CredentialsReady", "SecretMissing").await;
    assert!(message.contains("create it with the label"), "{message}");

    let secrets = world.inside::<Secret>("credentials");
    let mut unlabelled = Secret::default();
    unlabelled.metadata.name = Some("faults-credentials".to_owned());
    secrets.create(&PostParams::default(), &unlabelled).await.unwrap();
    let message = world.environment_reason("faults", "CredentialsReady", "SecretNotLabelled").await;
    assert!(message.contains("kubectl -n credentials label secret faults-credentials"), "{message}");

    let label = json!({"metadata": {"labels": {"mcp-platform.dev/credentials": "true"}}});
    secrets.patch("faults-credentials", &PatchParams::default(), &Patch::Merge(label)).await.unwrap();
    world.environment_reason("faults", "CredentialsReady", "KeysMissing").await;
    world.credentials("faults", &[("GEMINI_API_KEY", Some("")), ("WHATSAPP_APP_SECRET", None)]).await;
    eventually("the two keys are named", async || {
        let message = world.environment_reason("faults", "CredentialsReady", "KeysMissing").await;
        if message.contains("lacks WHATSAPP_APP_SECRET, GEMINI_API_KEY:") { Ok(()) } else { Err(message) }
    })
    .await;

    world.credentials("faults", &[("GEMINI_KEY", Some("x"))]).await;
    let message = world.environment_reason("faults", "CredentialsReady", "Ready").await;
    assert!(message.contains("GEMINI_KEY"), "{message}");
    let copy = world.found::<Secret>("faults-production", "faults-credentials").await.data.unwrap();
    assert!(!copy.contains_key("GEMINI_KEY"));
    world.clear("faults").await;
}

#[tokio::test]
async fn a_rotated_secret_rolls_the_pod_within_seconds() {
    let world = World::enter("credentials").await;
    world.running("rotate", "52000002").await;
    let before = secrets_hash(&world.deployment("rotate-production", "rotate").await);
    let rotated = json!({"stringData": {"WHATSAPP_API_TOKEN": format!("{CANARY}-new")}});
    let secrets = world.inside::<Secret>("credentials");
    secrets.patch("rotate-credentials", &PatchParams::default(), &Patch::Merge(rotated)).await.unwrap();
    let begun = std::time::Instant::now();
    eventually("the pod template has another hash", async || {
        let hash = secrets_hash(&world.deployment("rotate-production", "rotate").await);
        if hash == before { Err(hash) } else { Ok(()) }
    })
    .await;
    assert!(begun.elapsed().as_secs() < 10, "it took {:?}", begun.elapsed());
    let copy = world.found::<Secret>("rotate-production", "rotate-credentials").await.data.unwrap();
    assert_eq!(copy["WHATSAPP_API_TOKEN"].0, format!("{CANARY}-new").into_bytes());
    world.clear("rotate").await;
}

#[tokio::test]
async fn an_incomplete_secret_leaves_the_last_good_copy_running_while_other_edits_arrive() {
    let world = World::enter("credentials").await;
    world.running("half", "52000003").await;
    let namespace = "half-production";
    let before = world.deployment(namespace, "half").await;
    let good = world.found::<Secret>(namespace, "half-credentials").await.data;
    world.credentials("half", &[("WHATSAPP_API_TOKEN", None), ("GEMINI_API_KEY", Some("other"))]).await;
    world.reason("half", "KeysMissing").await;
    assert_eq!(world.found::<Secret>(namespace, "half-credentials").await.data, good);
    assert_eq!(world.deployment(namespace, "half").await.metadata.generation, before.metadata.generation);
    world.environment_reason("half", "WorkloadReady", "Ready").await;

    let mut client = world.clients().get("half").await.unwrap();
    client.spec.profile.business.name = "Outro Nome".to_owned();
    world.patch("half", json!({"spec": {"profile": client.spec.profile}})).await;
    eventually("the new name arrives", async || {
        let config: k8s_openapi::api::core::v1::ConfigMap = world.found(namespace, "half-profile").await;
        let text = config.data.unwrap_or_default().remove("profile.yaml").unwrap_or_default();
        if text.contains("Outro Nome") { Ok(()) } else { Err(text) }
    })
    .await;
    assert_eq!(secrets_hash(&world.deployment(namespace, "half").await), secrets_hash(&before));
    world.clear("half").await;
}

#[tokio::test]
async fn the_keys_are_made_once_and_never_overwritten() {
    let world = World::enter("credentials").await;
    world.running("keys", "52000004").await;
    let before = world.found::<Secret>("keys-production", "keys-keys").await.data.unwrap();
    assert!(before["TOKEN_SIGNING_KEY"].0.starts_with(b"-----BEGIN PRIVATE KEY-----\n"));
    world.credentials("keys", &[("GEMINI_API_KEY", Some("rotated"))]).await;
    world.patch("keys", json!({"spec": {"displayName": "Outro"}})).await;
    world.quiet().await;
    assert_eq!(world.found::<Secret>("keys-production", "keys-keys").await.data.unwrap(), before);
    world.clear("keys").await;
}
