//! The manifests of the example, and what must hold for all of them.

use std::collections::BTreeMap;

use clap::Parser;
use k8s_openapi::ByteString;
use mcp_crds::McpClient;
use serde_json::{Value, json};

use super::*;
use crate::{client::validate::validate, keys, manifests::Confidential};

/// A day on which nothing of the example is over.
pub(crate) const NOW: jiff::Timestamp = jiff::Timestamp::constant(1_793_000_000, 0);

pub(crate) fn barbershop() -> McpClient {
    serde_yaml::from_str(include_str!("../../../examples/barbershop.yaml")).unwrap()
}

pub(crate) fn settings() -> Settings {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }
    Line::parse_from([
        "x",
        "--agency-namespaces=agency",
        "--server-image-repository=registry.example/mcp-server",
    ])
    .settings
}

fn platform() -> Platform {
    Platform { settings: settings(), extra_ca: None }
}

fn tenant() -> Tenant {
    validate(&barbershop(), &settings(), NOW).unwrap().remove(0)
}

fn credentials(token: &str) -> Credentials {
    let data = [("WHATSAPP_API_TOKEN".to_owned(), token.as_bytes().to_vec())];
    Credentials(Confidential(data.into()))
}

fn inventory(hash: &str) -> Inventory {
    Inventory { secrets_hash: Some(hash.to_owned()), has_profile: true }
}

fn rendered(tenant: &Tenant, platform: &Platform) -> Vec<Value> {
    let Foundation { namespace, role_binding } = foundation(tenant, platform);
    let Manifests { service_account, credentials, profile, data, service, deployment } =
        manifests(tenant, platform, Some(&credentials("value")), &inventory("hash"));
    [
        serde_json::to_value(namespace),
        serde_json::to_value(role_binding),
        serde_json::to_value(service_account),
        serde_json::to_value(credentials),
        serde_json::to_value(profile),
        serde_json::to_value(data),
        serde_json::to_value(service),
        serde_json::to_value(deployment),
    ]
    .map(Result::unwrap)
    .into()
}

#[test]
fn the_barbershop_becomes_these_manifests() {
    let documents: Vec<String> = rendered(&tenant(), &platform())
        .iter()
        .map(|document| serde_yaml::to_string(document).unwrap())
        .collect();
    insta::assert_snapshot!(documents.join("---\n"));
}

#[test]
fn every_manifest_says_whose_it_is() {
    for document in rendered(&tenant(), &platform()) {
        let labels = &document["metadata"]["labels"];
        assert_eq!(labels[labels::CLIENT], "barbearia-do-ze", "{}", document["kind"]);
        assert_eq!(labels[labels::AGENCY], "agency");
        assert_eq!(labels[labels::ENVIRONMENT], "production");
        assert_eq!(labels[labels::MANAGED_BY], crate::MANAGER);
    }
}

#[test]
fn a_new_price_leaves_the_pod_alone_and_a_new_secret_rolls_it() {
    let template = |tenant: &Tenant, hash: &str| {
        let set = manifests(tenant, &platform(), Some(&credentials("value")), &inventory(hash));
        serde_json::to_value(set.deployment.unwrap().spec.unwrap().template).unwrap()
    };
    let mut client = barbershop();
    client.spec.profile.services[0].price = "95.00".parse().unwrap();
    let repriced = validate(&client, &settings(), NOW).unwrap().remove(0);
    assert_ne!(repriced.profile, tenant().profile);
    assert_eq!(template(&repriced, "a"), template(&tenant(), "a"));
    assert_ne!(template(&tenant(), "b"), template(&tenant(), "a"));
}

#[test]
fn the_hash_changes_with_the_credentials_and_with_the_keys() {
    let keys =
        |value: &str| Confidential(BTreeMap::from([("K".to_owned(), ByteString(value.as_bytes().to_vec()))]));
    let hash = secrets::hash(&credentials("a"), &keys("x"));
    assert_eq!(hash, secrets::hash(&credentials("a"), &keys("x")));
    assert_ne!(hash, secrets::hash(&credentials("b"), &keys("x")));
    assert_ne!(hash, secrets::hash(&credentials("a"), &keys("y")));
}

#[test]
fn no_secret_value_stands_in_the_deployment_and_debug_shows_none() {
    let set = manifests(&tenant(), &platform(), Some(&credentials("top-secret")), &inventory("hash"));
    let key = keys::signing_key().unwrap();
    assert!(!serde_json::to_string(&set.deployment).unwrap().contains("top-secret"));
    assert_eq!(format!("{:?}", set.credentials), "Some([redacted])");
    assert_eq!(format!("{:?}", secrets::keys(&tenant(), &key)), "[redacted]");
}

#[test]
fn without_complete_credentials_or_a_profile_there_is_no_deployment() {
    for inventory in [
        Inventory { secrets_hash: None, has_profile: true },
        Inventory { secrets_hash: Some("hash".to_owned()), has_profile: false },
    ] {
        let set = manifests(&tenant(), &platform(), None, &inventory);
        assert!(set.deployment.is_none());
        assert!(set.credentials.is_none());
    }
}

#[test]
fn a_calendar_in_the_database_leaves_every_google_variable_out() {
    let builtin = Tenant { google_calendar: None, ..tenant() };
    let text = serde_json::to_string(&deployment::build(&builtin, &platform(), "hash")).unwrap();
    assert!(!text.contains("GOOGLE"), "{text}");
}

#[test]
fn additional_authorities_are_mounted_named_and_roll_the_pod() {
    let with = Platform { extra_ca: Some("PEM".to_owned()), ..platform() };
    let config_map = profile::build(&tenant(), tenant().profile.as_ref().unwrap(), &with);
    assert_eq!(config_map.data.unwrap()["ca.crt"], "PEM");
    let deployment = serde_json::to_value(deployment::build(&tenant(), &with, "hash")).unwrap();
    let template = &deployment["spec"]["template"];
    assert!(template["metadata"]["annotations"][labels::EXTRA_CA_HASH].is_string());
    let variables = template["spec"]["containers"][0]["env"].as_array().unwrap();
    assert!(variables.contains(&json!({"name": "EXTRA_CA_FILE", "value": "/etc/mcp/ca.crt"})));
}
