//! A change of a plan reaches its clients in waves, and no further than it is good.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Pod},
};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::json;

use crate::{
    plans::{gone, make, plans},
    running::{OPERATOR, OPERATOR_NAMESPACE},
    servers,
    world::{World, eventually},
};

const CLIENTS: usize = 20;
const SECRET: &str = "waves-credentials";

fn name(index: usize) -> String {
    format!("wave-{index:02}")
}

/// Writes what kubelets would, of every pod but those of the image that does not start.
async fn kubelets(client: Client) {
    let pods = Api::<Pod>::all(client.clone());
    let ours = ListParams::default().labels("mcp-platform.dev/agency=waves");
    let address = servers::ADDRESS.to_string();
    let status = json!({"status": {
        "phase": "Running",
        "podIP": address, "podIPs": [{"ip": address}],
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-20T10:00:00Z"}],
    }});
    loop {
        for pod in pods.list(&ours).await.map(|list| list.items).unwrap_or_default() {
            let image =
                pod.spec.as_ref().and_then(|spec| spec.containers[0].image.clone()).unwrap_or_default();
            let runs = pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Running"));
            if runs || image.ends_with(":bad") || pod.metadata.deletion_timestamp.is_some() {
                continue;
            }
            let inside = Api::<Pod>::namespaced(client.clone(), &pod.namespace().unwrap());
            let _ =
                inside.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Merge(&status)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The tag and the generation of every client's Deployment.
async fn deployments(world: &World) -> BTreeMap<String, (String, i64)> {
    let all = Api::<Deployment>::all(world.client.clone());
    let ours = ListParams::default().labels("mcp-platform.dev/agency=waves");
    let list = all.list(&ours).await.unwrap();
    list.items
        .into_iter()
        .map(|deployment| {
            let generation = deployment.metadata.generation.unwrap();
            let image =
                deployment.spec.as_ref().unwrap().template.spec.as_ref().unwrap().containers[0].image.clone();
            let tag = image.unwrap().rsplit_once(':').unwrap().1.to_owned();
            (deployment.name_any(), (tag, generation))
        })
        .collect()
}

/// Waits until this many clients are ready and run this tag.
async fn all_ready_with(world: &World, count: usize, tag: &str) {
    eventually(&format!("{count} clients are ready with {tag}"), async || {
        let tags = deployments(world).await;
        let with = tags.values().filter(|(found, _)| found == tag).count();
        let clients =
            world.clients().list(&ListParams::default()).await.map_err(|error| error.to_string())?;
        let ready = |client: &&mcp_crds::McpClient| {
            let status = client.status.as_ref();
            status.and_then(|status| status.conditions.first()).is_some_and(|ready| ready.status == "True")
        };
        let ready = clients.items.iter().filter(ready).count();
        if (with, ready) == (count, clients.items.len()) {
            Ok(())
        } else {
            Err(format!("{with} {ready}: {tags:?}"))
        }
    })
    .await;
}

async fn image(world: &World, tag: &str) {
    let patch = Patch::Merge(json!({"spec": {"images": {"production": {"tag": tag}}}}));
    plans(world).patch("waved", &PatchParams::default(), &patch).await.unwrap();
}

/// Waits until the plan says of the halt what is expected, and returns its words.
async fn halted(world: &World, expected: &str) -> String {
    eventually(&format!("RolloutHalted is {expected}"), async || {
        let status = plans(world).get("waved").await.unwrap().status.unwrap_or_default();
        let condition = status.conditions.iter().find(|condition| condition.type_ == "RolloutHalted");
        let condition = condition.ok_or("no condition")?;
        if condition.status == expected { Ok(condition.message.clone()) } else { Err(format!("{status:?}")) }
    })
    .await
}

async fn create(world: &World, index: usize, plan: Option<&str>) {
    let mut client = world.example(&name(index), &format!("590000{index:02}"));
    client.spec.plan = plan.map(str::to_owned);
    SECRET.clone_into(&mut client.spec.credentials_secret_ref.name);
    world.clients().create(&PostParams::default(), &client).await.unwrap();
}

async fn clear(world: &World, clients: impl Iterator<Item = usize>) {
    let each = clients.map(|index| {
        let name = name(index);
        async move { world.clear(&name).await }
    });
    futures::future::join_all(each).await;
}

#[tokio::test]
async fn a_bad_image_halts_after_the_first_wave_and_goes_back_and_the_fix_reaches_everybody() {
    let world = World::enter("waves").await;
    let kubelets = tokio::spawn(kubelets(world.client.clone()));
    world.credentials("waves", &[]).await;
    let rollout = json!({"waveSize": 5, "deadlineSeconds": 10, "settleSeconds": 0});
    make(&world, "waved", json!({"images": {"production": {"tag": "v1"}}, "rollout": rollout})).await;
    for index in 0..CLIENTS {
        create(&world, index, Some("waved")).await;
    }
    all_ready_with(&world, CLIENTS, "v1").await;
    world.quiet().await;
    let before = deployments(&world).await;

    image(&world, "bad").await;
    let message = halted(&world, "True").await;
    assert!(message.contains("wave-00-production did not come back (WorkloadReady"), "{message}");
    assert!(message.contains("5 environments of the wave went back"), "{message}");
    assert!(message.contains("kubectl annotate mcpplan waved"), "{message}");
    all_ready_with(&world, CLIENTS, "v1").await;
    let after = deployments(&world).await;
    let touched: Vec<&String> = after.keys().filter(|name| after[*name] != before[*name]).collect();
    assert_eq!(touched, ["wave-00", "wave-01", "wave-02", "wave-03", "wave-04"]);
    assert!(touched.iter().all(|name| after[*name].1 == before[*name].1 + 2), "there and back: {after:?}");

    // It is remembered by the next operator, and nothing is asked while nothing rolls.
    world.quiet().await;
    OPERATOR.restart();
    world.quiet_for(Duration::from_secs(5)).await;
    assert_eq!(deployments(&world).await, after);

    // What a client changes itself does not wait, and takes nothing of what is halted with it.
    let mut own = world.clients().get(&name(10)).await.unwrap();
    own.spec.profile.services[0].price = "95.00".parse().unwrap();
    world.patch(&name(10), json!({"spec": {"profile": own.spec.profile}})).await;
    eventually("the new price is delivered", async || {
        let config: ConfigMap = world.found("wave-10-production", "wave-10-profile").await;
        if config.data.unwrap()["profile.yaml"].contains("95.00") {
            Ok(())
        } else {
            Err("not yet".to_owned())
        }
    })
    .await;
    create(&world, CLIENTS, Some("waved")).await;
    all_ready_with(&world, CLIENTS + 1, "v1").await;

    image(&world, "v2").await;
    all_ready_with(&world, CLIENTS + 1, "v2").await;
    halted(&world, "False").await;
    eventually("the plan says that everybody has it", async || {
        let rolled = plans(&world).get("waved").await.unwrap().status.unwrap_or_default().rolled;
        if rolled.as_deref() == Some("21/21") { Ok(()) } else { Err(format!("{rolled:?}")) }
    })
    .await;
    let last = deployments(&world).await;
    assert!(
        last.iter().all(|(name, (_, generation))| *generation == after.get(name).map_or(1, |old| old.1) + 1)
    );

    clear(&world, 0..=CLIENTS).await;
    plans(&world).delete("waved", &DeleteParams::default()).await.unwrap();
    gone(&world, "waved").await;
    eventually("nothing is kept of a plan that is gone", async || {
        if world.is_absent::<ConfigMap>(OPERATOR_NAMESPACE, "mcp-rollout.waved").await {
            Ok(())
        } else {
            Err("kept".into())
        }
    })
    .await;
    world.no_credentials("waves").await;
    kubelets.abort();
}

/// What is kept of clients without a plan, for people.
async fn summary(world: &World, expected: &str) -> String {
    eventually(&format!("the roll-out says {expected}"), async || {
        let kept: ConfigMap = world.found(OPERATOR_NAMESPACE, "mcp-rollout").await;
        let summary = kept.data.unwrap()["summary"].clone();
        if summary.contains(expected) { Ok(summary) } else { Err(summary) }
    })
    .await
}

#[tokio::test]
async fn settings_of_a_new_operator_roll_out_in_waves_and_so_does_its_first_one_with_waves() {
    let world = World::enter("waves").await;
    let kubelets = tokio::spawn(kubelets(world.client.clone()));
    world.credentials("waves", &[]).await;
    let clients = 30..33;
    for index in clients.clone() {
        create(&world, index, None).await;
    }
    all_ready_with(&world, 3, "stable").await;
    summary(&world, "every environment has").await;
    world.quiet().await;
    let before = deployments(&world).await;

    // An image that does not start, by the platform's settings.
    OPERATOR.stop();
    OPERATOR.start_with("bad");
    let said = summary(&world, "is halted").await;
    assert!(said.contains("wave-30-production did not come back"), "{said}");
    assert!(said.contains("kubectl annotate -n mcp-platform configmap mcp-rollout"), "{said}");
    all_ready_with(&world, 3, "stable").await;
    let after = deployments(&world).await;
    assert_eq!((&after["wave-31"], &after["wave-32"]), (&before["wave-31"], &before["wave-32"]));

    // The settings of before are nothing new to anybody. As an operator without waves left them, environments say
    // nothing of what they have, and nobody knows what that was.
    OPERATOR.stop();
    let mut unmarked = Vec::new();
    for index in clients.clone() {
        let namespace = format!("{}-production", name(index));
        let mark = Patch::Merge(json!({"metadata": {"annotations": {"mcp-platform.dev/revision": null}}}));
        world.namespaces().patch(&namespace, &PatchParams::default(), &mark).await.unwrap();
        let deployments = world.inside::<Deployment>(&namespace);
        deployments.patch(&name(index), &PatchParams::default(), &mark).await.unwrap();
        unmarked.push(deployments);
    }
    let kept = world.inside::<ConfigMap>(OPERATOR_NAMESPACE);
    kept.delete("mcp-rollout", &DeleteParams::default()).await.unwrap();
    OPERATOR.start_with("stable");
    for (deployments, index) in unmarked.iter().zip(clients.clone()) {
        eventually(&format!("{} got its mark", name(index)), async || {
            let annotations = deployments.get(&name(index)).await.unwrap().metadata.annotations.unwrap();
            if annotations.contains_key("mcp-platform.dev/revision") {
                Ok(())
            } else {
                Err("not yet".to_owned())
            }
        })
        .await;
    }
    summary(&world, "every environment has").await;
    all_ready_with(&world, 3, "stable").await;
    clear(&world, clients).await;
    world.no_credentials("waves").await;
    kubelets.abort();
}
