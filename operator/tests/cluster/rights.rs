//! What the operator may not do, and what nobody may see.

use k8s_openapi::{
    api::{
        core::v1::{ConfigMap, Pod, ResourceQuota, Secret},
        networking::v1::NetworkPolicy,
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, PostParams},
};

use crate::{
    bed,
    running::{self, LOG, OPERATOR_NAMESPACE},
    world::{CANARY, World},
};

#[tokio::test]
async fn the_operator_reads_no_secret_and_no_workload_outside_of_agencies_and_tenants() {
    let world = World::enter("rights").await;
    let client = Client::try_from(running::rights_of_the_chart().await).unwrap();
    let everywhere = ListParams::default();
    let refused = |error: kube::Error| matches!(error, kube::Error::Api(status) if status.is_forbidden());
    assert!(refused(Api::<Secret>::all(client.clone()).list(&everywhere).await.unwrap_err()));
    assert!(refused(Api::<ConfigMap>::all(client.clone()).list(&everywhere).await.unwrap_err()));
    assert!(refused(Api::<Pod>::all(client.clone()).list(&everywhere).await.unwrap_err()));
    for namespace in ["kube-system", "elsewhere", OPERATOR_NAMESPACE] {
        let secrets = Api::<Secret>::namespaced(client.clone(), namespace);
        assert!(refused(secrets.list(&everywhere).await.unwrap_err()), "{namespace}");
    }
    let mut secret = Secret::default();
    secret.metadata.name = Some("planted".to_owned());
    let agency = Api::<Secret>::namespaced(client, "rights");
    assert!(refused(agency.create(&PostParams::default(), &secret).await.unwrap_err()));
    drop(world);
}

#[tokio::test]
async fn what_is_around_workloads_is_seen_everywhere_and_written_in_tenants_namespaces_alone() {
    let world = World::enter("rights").await;
    let client = Client::try_from(running::rights_of_the_chart().await).unwrap();
    let refused = |error: kube::Error| matches!(error, kube::Error::Api(status) if status.is_forbidden());
    let everywhere = ListParams::default();
    Api::<NetworkPolicy>::all(client.clone()).list(&everywhere).await.unwrap();
    let mut policy = NetworkPolicy::default();
    policy.metadata.name = Some("planted".to_owned());
    for namespace in ["elsewhere", "rights", OPERATOR_NAMESPACE] {
        let policies = Api::<NetworkPolicy>::namespaced(client.clone(), namespace);
        assert!(refused(policies.create(&PostParams::default(), &policy).await.unwrap_err()), "{namespace}");
        let quotas = Api::<ResourceQuota>::namespaced(client.clone(), namespace);
        let deleted = quotas.delete("any", &DeleteParams::default()).await;
        assert!(refused(deleted.unwrap_err()), "{namespace}");
    }
    let definitions = Api::<CustomResourceDefinition>::all(client);
    assert!(refused(definitions.list_metadata(&everywhere).await.unwrap_err()), "only those it uses");
    let own = everywhere.fields("metadata.name=podmonitors.monitoring.coreos.com");
    definitions.list_metadata(&own).await.unwrap();
    drop(world);
}

#[tokio::test]
async fn no_credential_stands_anywhere_but_in_the_two_secrets() {
    let world = World::enter("rights").await;
    world.running("canary", "56000001").await;
    // The unhappy paths talk more.
    world.credentials("canary", &[("GEMINI_API_KEY", None), ("TYPO", Some(CANARY))]).await;
    world.reason("canary", "KeysMissing").await;
    let kinds =
        "mcpclients,configmaps,deployments,replicasets,pods,events,serviceaccounts,services,pvc,rolebindings";
    for namespace in ["rights", "canary-production"] {
        let objects =
            bed::kubectl(&["get", kinds, "-n", namespace, "-o", "yaml", "--show-managed-fields"], "")
                .unwrap();
        assert!(objects.contains("canary"), "nothing was looked at");
        assert!(!objects.contains(CANARY), "{namespace}: {objects}");
    }
    let secrets =
        bed::kubectl(&["get", "secrets", "-n", "canary-production", "-o", "jsonpath={.items[*].data}"], "");
    let encoded = base64(CANARY.as_bytes());
    assert!(secrets.unwrap().contains(&encoded[..encoded.len() - 4]), "the copy is not there");
    let log = String::from_utf8_lossy(&LOG.lock().unwrap()).into_owned();
    assert!(log.contains("applied"), "the log was not collected");
    for word in [CANARY, &encoded[..encoded.len() - 4], "BEGIN PRIVATE KEY"] {
        assert!(!log.contains(word), "{word} stands in the log");
    }
    world.clear("canary").await;
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}
