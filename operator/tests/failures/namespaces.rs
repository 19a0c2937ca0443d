//! Namespaces that will not go, clients that go before they came, and a definition that is taken away.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::{
    api::core::v1::{ConfigMap, PersistentVolumeClaim, Secret},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use mcp_crds::{DeletionPolicy, McpClient};
use serde_json::json;

use crate::{
    bed, ends,
    lane::{Lane, eventually},
    picture,
    proxy::{Deed, RUNTIME},
    running::Operator,
};

/// Something in a namespace that keeps it from going.
async fn hold(lane: &Lane, namespace: &str) {
    let object = json!({"metadata": {"name": "held", "finalizers": ["example.com/hold"]}});
    let object: ConfigMap = serde_json::from_value(object).unwrap();
    lane.inside::<ConfigMap>(namespace).create(&PostParams::default(), &object).await.unwrap();
}

async fn let_go(lane: &Lane, namespace: &str) {
    let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    lane.inside::<ConfigMap>(namespace).patch("held", &PatchParams::default(), &patch).await.unwrap();
}

/// Waiting costs next to nothing.
async fn waits_quietly(operator: &Operator) {
    let before = operator.proxy.count();
    tokio::time::sleep(Duration::from_secs(6)).await;
    let after = operator.proxy.count();
    let spent = (after.0 - before.0, after.1 - before.1);
    assert!(spent.0 <= 12 && spent.1 <= 4, "{spent:?} reads and writes in six seconds of waiting");
}

#[tokio::test]
async fn a_namespace_that_stays_terminating_is_named_waited_for_and_made_anew() {
    let lane = Lane::enter("stuck").await;
    let mut operator = lane.operator().await;
    let nearby = lane.neighbour().await;
    lane.ready("stuck", "76000001").await;
    lane.quiet(&operator).await;
    let wanted = picture::of(&lane, "stuck", "76000001").await.unwrap();
    let neighbour = picture::versions(&lane, &nearby).await;

    // By somebody's hand.
    hold(&lane, "stuck-production").await;
    lane.namespaces().delete("stuck-production", &DeleteParams::default()).await.unwrap();
    let message = lane.reason("stuck", "NamespaceTerminating").await;
    assert!(message.contains("stuck-production"), "{message}");
    waits_quietly(&operator).await;
    operator.kill();
    operator = lane.operator().await;
    lane.reason("stuck", "NamespaceTerminating").await;
    let_go(&lane, "stuck-production").await;
    picture::becomes(&lane, "stuck", "76000001", &wanted).await;

    // By the client's own end.
    let confirmed = json!({
        "metadata": {"annotations": {"mcp-platform.dev/confirm-delete": "stuck-production"}},
        "spec": {"deletionPolicy": "Delete"},
    });
    lane.patch("stuck", confirmed).await;
    lane.reason("stuck", "Ready").await;
    hold(&lane, "stuck-production").await;
    lane.delete("stuck").await;
    eventually("the client says what it waits for", async || {
        let client = lane.clients().get("stuck").await.map_err(|error| error.to_string())?;
        let status = client.status.unwrap_or_default();
        let ready = status.conditions.iter().find(|one| one.type_ == "Ready").ok_or("no condition")?;
        if ready.reason == "Deleting" && ready.message.contains("stuck-production") {
            Ok(())
        } else {
            Err(format!("{ready:?}"))
        }
    })
    .await;
    waits_quietly(&operator).await;
    operator.kill();
    operator = lane.operator().await;
    // It has looked at everything by then.
    tokio::time::sleep(Duration::from_secs(3)).await;
    waits_quietly(&operator).await;
    assert!(lane.clients().get_opt("stuck").await.unwrap().is_some(), "it went before its namespace");
    let_go(&lane, "stuck-production").await;
    lane.gone("stuck").await;
    assert!(lane.namespaces().get_opt("stuck-production").await.unwrap().is_none());
    assert_eq!(picture::versions(&lane, &nearby).await, neighbour);
}

#[tokio::test]
async fn a_client_that_is_deleted_while_it_is_created_leaves_nothing_half_done() {
    let lane = Lane::enter("hasty").await;
    let operator = lane.operator().await;
    let nearby = lane.neighbour().await;
    let before = operator.proxy.asked().len();
    lane.ready("hasty-usual", "76000002").await;
    lane.quiet(&operator).await;
    let asked = operator.proxy.asked();
    let writes =
        asked[before..].iter().filter(|one| one.ask.is_write() && one.ask.concerns("hasty-usual")).count();
    let came = picture::of(&lane, "hasty-usual", "76000002").await.unwrap();
    lane.delete("hasty-usual").await;
    lane.gone("hasty-usual").await;
    lane.quiet(&operator).await;
    let neighbour = picture::versions(&lane, &nearby).await;
    // The last writes are of statuses, of which there may be fewer.
    for at in (1..=writes.saturating_sub(3)).step_by(if ends::all() { 1 } else { 4 }) {
        let (name, number) = (format!("hasty-{at}"), format!("7601{at:03}"));
        let (clients, mut seen) = (lane.clients(), 0);
        let hasty = name.clone();
        operator.proxy.rule(move |ask| {
            seen += usize::from(ask.is_write() && ask.concerns(&hasty));
            if seen == at {
                seen += 1;
                let (clients, hasty) = (clients.clone(), hasty.clone());
                RUNTIME.spawn(async move { clients.delete(&hasty, &DeleteParams::default()).await });
            }
            Deed::Pass
        });
        lane.create(&lane.example(&name, &number)).await;
        lane.gone(&name).await;
        operator.proxy.pass();
        lane.quiet(&operator).await;
        // What there is is kept for the client, and nothing runs.
        let left = picture::of(&lane, &name, &number).await.unwrap();
        let running: Vec<&String> = left.keys().filter(|id| id.starts_with("Deployment")).collect();
        assert!(running.is_empty(), "at write {at}: {running:?}");
        if let Some(namespace) = left.get("Namespace NAME-production") {
            assert_eq!(namespace["labels"]["mcp-platform.dev/detached"], "true", "at write {at}");
        }
        // Asked for again, it comes as any other does.
        lane.clients().create(&PostParams::default(), &lane.example(&name, &number)).await.unwrap();
        picture::becomes(&lane, &name, &number, &came).await;
        lane.delete(&name).await;
        lane.gone(&name).await;
        assert_eq!(picture::versions(&lane, &nearby).await, neighbour);
    }
}

/// What must never be lost: the namespace, the volume and the keys, by UID.
async fn data(lane: &Lane, name: &str) -> BTreeMap<&'static str, String> {
    let namespace = format!("{name}-production");
    let claims = lane.inside::<PersistentVolumeClaim>(&namespace);
    let secrets = lane.inside::<Secret>(&namespace);
    let (claim, keys) = (format!("{name}-data"), format!("{name}-keys"));
    let uids = [
        ("namespace", lane.namespaces().get(&namespace).await.unwrap().uid()),
        ("volume", claims.get(&claim).await.unwrap().uid()),
        ("keys", secrets.get(&keys).await.unwrap().uid()),
    ];
    uids.map(|(what, uid)| (what, uid.unwrap())).into()
}

#[tokio::test]
async fn a_definition_that_is_removed_and_restored_costs_nobody_their_data() {
    let lane = Lane::enter_alone("definition").await;
    // A definition goes when the last of its objects went.
    lane.forget_others().await;
    let definitions = Api::<CustomResourceDefinition>::all(lane.client.clone());
    let mut definition = definitions.get("mcpclients.mcp-platform.dev").await.unwrap();
    let mut operator = lane.operator().await;
    let names = [("definition-first", "76000011"), ("definition-other", "76000012")];
    for (name, number) in names {
        let mut client = lane.example(name, number);
        // Even one that says its data may go: nobody has deleted it.
        if name == "definition-other" {
            client.spec.deletion_policy = DeletionPolicy::Delete;
        }
        lane.create(&client).await;
        lane.reason(name, "Ready").await;
    }
    lane.quiet(&operator).await;
    let wanted = picture::of(&lane, "definition-first", "76000011").await.unwrap();
    let (before, kept) = (data(&lane, "definition-first").await, data(&lane, "definition-other").await);

    for round in 0..2 {
        definitions.delete(&definition.name_any(), &DeleteParams::default()).await.unwrap();
        eventually("the definition is gone", async || {
            match definitions.get_opt(&definition.name_any()).await.map_err(|error| error.to_string())? {
                None => Ok(()),
                Some(_) => Err("it is there".to_owned()),
            }
        })
        .await;
        if round == 1 {
            // An operator that starts without it waits for it.
            operator.kill();
            operator = lane.operator().await;
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(
            (data(&lane, "definition-first").await, data(&lane, "definition-other").await),
            (before.clone(), kept.clone())
        );

        definition.metadata = kube::api::ObjectMeta {
            name: Some(definition.name_any()),
            labels: definition.metadata.labels.take(),
            annotations: definition.metadata.annotations.take(),
            ..kube::api::ObjectMeta::default()
        };
        definition.status = None;
        definitions.create(&PostParams::default(), &definition).await.unwrap();
        bed::kubectl(
            &["wait", "--for=condition=Established", "crd", &definition.name_any(), "--timeout=30s"],
            "",
        )
        .unwrap();
        for (name, number) in names {
            let client: McpClient = lane.example(name, number);
            eventually("the client is taken from git again", async || {
                let created = lane.clients().create(&PostParams::default(), &client).await;
                created.map(drop).map_err(|error| error.to_string())
            })
            .await;
        }
        picture::becomes(&lane, "definition-first", "76000011", &wanted).await;
        lane.reason("definition-other", "Ready").await;
        assert_eq!(
            (data(&lane, "definition-first").await, data(&lane, "definition-other").await),
            (before.clone(), kept.clone())
        );
    }
}
