//! The manifests of the example, and what must hold for all of them.

mod island;

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
        "--route-hosts=agency=*.agency.example,agency=wa.example,agency=x.example",
    ])
    .settings
}

/// A cluster that has everything.
const ALL: Installed = Installed { http_route: true, pod_monitor: true };

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
    Inventory { secrets_hash: Some(hash.to_owned()), has_profile: true, installed: ALL }
}

fn rendered(tenant: &Tenant, platform: &Platform) -> Vec<Value> {
    let Foundation { namespace, role_binding } = foundation(tenant, platform);
    let Manifests {
        openings,
        default_deny,
        limit_range,
        quota,
        service_account,
        credentials,
        pull_secret,
        profile,
        data,
        service,
        asleep,
        deployment,
        disruption_budget,
        pod_monitor,
        route,
        http_route,
    } = manifests(tenant, platform, Some(&credentials("value")), None, &inventory("hash"));
    assert!(route.is_none() && http_route.is_none() && disruption_budget.is_none());
    assert!(asleep.is_none() && pull_secret.is_none());
    [
        serde_json::to_value(namespace),
        serde_json::to_value(role_binding),
        serde_json::to_value(openings),
        serde_json::to_value(default_deny),
        serde_json::to_value(limit_range),
        serde_json::to_value(quota),
        serde_json::to_value(service_account),
        serde_json::to_value(credentials),
        serde_json::to_value(profile),
        serde_json::to_value(data),
        serde_json::to_value(service),
        serde_json::to_value(deployment),
        serde_json::to_value(pod_monitor),
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
    // Its name says how all manifests look, and would change here with every other.
    let revision = tenant().given.revision;
    insta::assert_snapshot!(documents.join("---\n").replace(&revision, "[revision]"));
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
        let set = manifests(tenant, &platform(), Some(&credentials("value")), None, &inventory(hash));
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
    let set = manifests(&tenant(), &platform(), Some(&credentials("top-secret")), None, &inventory("hash"));
    let key = keys::signing_key().unwrap();
    assert!(!serde_json::to_string(&set.deployment).unwrap().contains("top-secret"));
    assert_eq!(format!("{:?}", set.credentials), "Some([redacted])");
    assert_eq!(format!("{:?}", secrets::keys(&tenant(), &key)), "[redacted]");
}

#[test]
fn without_complete_credentials_or_a_profile_there_is_no_deployment() {
    for inventory in [
        Inventory { secrets_hash: None, ..inventory("hash") },
        Inventory { has_profile: false, ..inventory("hash") },
    ] {
        let set = manifests(&tenant(), &platform(), None, None, &inventory);
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

fn changed(change: impl Fn(&mut mcp_crds::Environment)) -> Tenant {
    let mut client = barbershop();
    change(&mut client.spec.environments[0]);
    validate(&client, &settings(), NOW).unwrap().remove(0)
}

fn variable(tenant: &Tenant, name: &str) -> Option<String> {
    let deployment = serde_json::to_value(deployment::build(tenant, &platform(), "hash")).unwrap();
    let variables = deployment["spec"]["template"]["spec"]["containers"][0]["env"].as_array().unwrap();
    variables.iter().find(|variable| variable["name"] == name)?["value"].as_str().map(str::to_owned)
}

#[test]
fn what_the_spec_says_of_channel_model_and_calendar_reaches_the_server() {
    let spec = json!({
        "name": "production",
        "whatsapp": {
            "phoneNumberId": "106540352242922", "businessAccountId": "102290129340398", "messagesPerSecond": 20,
            "templates": {"reminder": {"name": "appointment_reminder", "language": "pt_BR", "buttons": 3}},
        },
        "model": {"name": "gemini-4", "fallback": ["gemini-3.8-flash", "gemini-3.8-flash-lite"],
            "budget": {"tokensPerDay": 1234}},
        "calendar": {"google": {"calendarId": "agenda@ze.example", "pollSeconds": 30}},
    });
    let tenant = changed(|environment| *environment = serde_json::from_value(spec.clone()).unwrap());
    for (name, value) in [
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", "102290129340398"),
        ("WHATSAPP_MESSAGES_PER_SECOND", "20"),
        (
            "WHATSAPP_TEMPLATES",
            r#"{"reminder":{"name":"appointment_reminder","language":"pt_BR","parameters":1,"buttons":3}}"#,
        ),
        ("GEMINI_MODEL", "gemini-4"),
        ("GEMINI_FALLBACK_MODELS", "gemini-3.8-flash,gemini-3.8-flash-lite"),
        ("GOOGLE_CALENDAR_POLL", "30"),
    ] {
        assert_eq!(variable(&tenant, name).as_deref(), Some(value), "{name}");
    }
    assert!(tenant.profile.unwrap().0.contains("tokensPerDay: 1234"));
}

#[test]
fn what_the_spec_leaves_out_is_left_to_the_server() {
    for name in [
        "WHATSAPP_BUSINESS_ACCOUNT_ID",
        "WHATSAPP_MESSAGES_PER_SECOND",
        "WHATSAPP_TEMPLATES",
        "GEMINI_FALLBACK_MODELS",
        "GOOGLE_CALENDAR_POLL",
    ] {
        assert_eq!(variable(&tenant(), name), None, "{name}");
    }
}

#[test]
fn a_route_makes_the_servers_address_and_an_ingress() {
    let tenant = changed(|environment| {
        environment.route = serde_json::from_value(json!({
            "host": "wa.agency.example", "ingressClassName": "traefik", "tls": {"clusterIssuer": "letsencrypt"},
        }))
        .unwrap();
    });
    let base = "https://wa.agency.example/barbearia-do-ze/production";
    assert_eq!(variable(&tenant, "PUBLIC_URL").as_deref(), Some(base));
    assert_eq!(variable(&tenant, "BASE_PATH").as_deref(), Some("/barbearia-do-ze/production"));
    assert!(variable(&tenant, "ALLOWED_HOSTS").unwrap().starts_with("wa.agency.example,"));
    let set = manifests(&tenant, &platform(), None, None, &inventory("hash"));
    let ingress = serde_json::to_value(set.route.unwrap()).unwrap();
    let rule = &ingress["spec"]["rules"][0];
    assert_eq!(rule["host"], "wa.agency.example");
    assert_eq!(rule["http"]["paths"][0]["path"], "/barbearia-do-ze/production");
    assert_eq!(
        rule["http"]["paths"][1]["path"],
        "/.well-known/oauth-protected-resource/barbearia-do-ze/production"
    );
    // ingress-nginx refuses a dot in a path of another type.
    assert_eq!(rule["http"]["paths"][0]["pathType"], "Prefix");
    assert_eq!(rule["http"]["paths"][1]["pathType"], "ImplementationSpecific");
    assert_eq!(ingress["spec"]["ingressClassName"], "traefik");
    assert_eq!(ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"], "letsencrypt");
    let namespace = foundation(&tenant, &platform()).namespace;
    let claim = "wa.agency.example/barbearia-do-ze/production";
    assert_eq!(namespace.metadata.annotations.unwrap()[labels::ROUTE], claim);
}

#[test]
fn a_path_with_a_dot_is_taken_by_every_ingress_controller() {
    let tenant = changed(|environment| {
        environment.route =
            serde_json::from_value(json!({"host": "wa.agency.example", "path": "/bella/v1.2"})).unwrap();
    });
    let set = manifests(&tenant, &platform(), None, None, &inventory("hash"));
    let ingress = serde_json::to_value(set.route.unwrap()).unwrap();
    let paths = ingress["spec"]["rules"][0]["http"]["paths"].as_array().unwrap().clone();
    assert!(paths.iter().all(|path| path["pathType"] == "ImplementationSpecific"), "{paths:?}");
}

#[test]
fn the_longest_address_fits_into_the_status() {
    let host = format!("{}.example", vec!["a".repeat(60); 4].join("."));
    let path = format!("/{}", "p".repeat(119));
    let tenant = changed(|environment| {
        environment.route = serde_json::from_value(json!({"host": host, "path": path})).unwrap();
    });
    let definition = serde_json::to_value(mcp_crds::definition()).unwrap();
    let status =
        "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/environments/items/properties";
    for (field, after) in [("url", ""), ("webhookUrl", "/webhooks/whatsapp"), ("mcpUrl", "/mcp")] {
        let most = definition.pointer(&format!("{status}/{field}/maxLength")).unwrap().as_u64().unwrap();
        assert!((tenant.url() + after).len() as u64 <= most, "{field}");
    }
}

#[test]
fn a_postgres_takes_replicas_and_no_volume_and_its_address_comes_from_the_secret() {
    let tenant = changed(|environment| {
        environment.replicas = 3;
        environment.database =
            serde_json::from_value(json!({"postgres": {"secretRef": {"name": "ze-database"}}})).unwrap();
    });
    let set = manifests(&tenant, &platform(), None, None, &inventory("hash"));
    assert!(set.data.is_none());
    let deployment = serde_json::to_value(set.deployment).unwrap();
    assert_eq!(deployment["spec"]["replicas"], 3);
    assert_eq!(deployment["spec"]["strategy"]["type"], "RollingUpdate");
    let pod = &deployment["spec"]["template"]["spec"];
    assert!(!pod["volumes"].to_string().contains("persistentVolumeClaim"));
    for container in [&pod["initContainers"][0], &pod["containers"][0]] {
        let variables = container["env"].as_array().unwrap();
        let url: Vec<&Value> =
            variables.iter().filter(|variable| variable["name"] == "DATABASE_URL").collect();
        assert_eq!(url.len(), 1);
        assert_eq!(url[0]["valueFrom"]["secretKeyRef"]["name"], "barbearia-do-ze-credentials");
        assert!(!container["volumeMounts"].to_string().contains("/data"));
    }
}

#[test]
fn a_suspended_environment_keeps_everything_and_runs_nothing() {
    let tenant = changed(|environment| environment.suspend = true);
    let set = manifests(&tenant, &platform(), Some(&credentials("value")), None, &inventory("hash"));
    assert_eq!(set.deployment.unwrap().spec.unwrap().replicas, Some(0));
    assert!(set.data.is_some() && set.credentials.is_some());
    assert!(set.asleep.is_none(), "the operator does not know its own address");
}

#[test]
fn the_service_of_a_tenant_that_sleeps_leads_to_the_operator() {
    let mut settings = settings();
    settings.asleep_address = Some("10.1.2.3".parse().unwrap());
    let mut client = barbershop();
    client.spec.hibernate = Some(mcp_crds::client::Hibernation { reason: "winter".to_owned() });
    let tenant = validate(&client, &settings, NOW).unwrap().remove(0);
    let platform = Platform { settings, extra_ca: None };
    let set = manifests(&tenant, &platform, None, None, &inventory("hash"));
    assert_eq!(set.deployment.unwrap().spec.unwrap().replicas, Some(0));
    let slice = serde_json::to_value(set.asleep.unwrap()).unwrap();
    assert_eq!(slice["metadata"]["labels"]["kubernetes.io/service-name"], "barbearia-do-ze");
    assert_eq!(
        (&slice["addressType"], &slice["endpoints"][0]["addresses"][0]),
        (&json!("IPv4"), &json!("10.1.2.3"))
    );
    // The port of the Service is found in the slice by its name.
    let service = serde_json::to_value(set.service).unwrap();
    assert_eq!(slice["ports"][0]["name"], service["spec"]["ports"][0]["name"]);
    let awake = validate(&barbershop(), &platform.settings, NOW).unwrap().remove(0);
    assert!(asleep::build(&awake, &platform).is_none());
}
