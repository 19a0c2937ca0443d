//! Objects that were written around admission: with the policies deleted and the schema loosened.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use k8s_openapi::{
    api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api,
    api::{ApiResource, DeleteParams, DynamicObject, PostParams},
};
use mcp_crds::McpClient;
use serde_json::{Value, json};

use crate::{
    lane::{Lane, eventually},
    picture,
    running::Operator,
};

/// What is wrong, where, and a word of the message that names the place.
fn crooked(good: &Value) -> Vec<(&'static str, Value, &'static str)> {
    let environment = good["spec"]["environments"][0].clone();
    let with = |pointer: &str, value: Value| {
        let mut one = environment.clone();
        *one.pointer_mut(pointer).unwrap() = value;
        json!([one])
    };
    let routed = |host: &str, path: &str| {
        let mut one = environment.clone();
        one["route"] = json!({"host": host, "path": path});
        json!([one])
    };
    vec![
        ("/spec/environments", json!([]), "spec.environments"),
        ("/spec/environments", json!("none"), "environments"),
        ("/spec/environments", with("/name", json!("kube-system")), "kube-system"),
        ("/spec/environments", json!([environment, environment]), "names production twice"),
        ("/spec/environments", routed("elsewhere.example", "/x"), "elsewhere.example"),
        ("/spec/profile/rules/horizon", json!("366d23h"), "366d23h"),
        ("/spec/profile/business/timeZone", json!("Mars/Olympus"), "timeZone"),
        ("/spec/profile/services", json!([{"id": "x"}]), "services"),
        ("/spec/credentialsSecretRef/name", json!("../secrets-b/x"), "../secrets-b/x"),
        ("/spec/deletionPolicy", json!("Perhaps"), "Perhaps"),
        ("/spec", json!("nothing"), "spec"),
    ]
}

#[tokio::test]
async fn what_is_crooked_is_told_so_by_its_field_and_the_others_never_notice() {
    let lane = Lane::enter_alone("around").await;
    let operator = lane.operator().await;
    let nearby = lane.neighbour().await;
    lane.quiet(&operator).await;
    let neighbour = picture::versions(&lane, &nearby).await;

    let none = DeleteParams::default();
    let policy = "mcp-platform-hosts-around";
    let policies = Api::<ValidatingAdmissionPolicy>::all(lane.client.clone());
    policies.delete(policy, &none).await.unwrap();
    let bindings = Api::<ValidatingAdmissionPolicyBinding>::all(lane.client.clone());
    bindings.delete(policy, &none).await.unwrap();
    let definitions = Api::<CustomResourceDefinition>::all(lane.client.clone());
    let name = "mcpclients.mcp-platform.dev";
    let strict = definitions.get(name).await.unwrap();
    let loose = json!({"type": "object", "properties": {
        "spec": {"x-kubernetes-preserve-unknown-fields": true},
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    }});
    let mut loosened = strict.clone();
    loosened.spec.versions[0].schema.as_mut().unwrap().open_api_v3_schema =
        serde_json::from_value(loose).unwrap();
    definitions.replace(name, &PostParams::default(), &loosened).await.unwrap();

    // The schema is everybody's: whatever becomes of this, it is strict again.
    let seen = AssertUnwindSafe(among_the_crooked(&lane, &operator, &nearby)).catch_unwind().await;
    if seen.is_err() {
        lane.forget_others().await;
    }
    let mut again = definitions.get(name).await.unwrap();
    again.spec = strict.spec;
    definitions.replace(name, &PostParams::default(), &again).await.unwrap();
    if let Err(panic) = seen {
        std::panic::resume_unwind(panic);
    }
    lane.quiet(&operator).await;
    assert_eq!(picture::versions(&lane, &nearby).await, neighbour);
}

/// What the operator does about objects that no admission would let in, while others are served.
async fn among_the_crooked(lane: &Lane, operator: &Operator, nearby: &str) {
    let none = DeleteParams::default();
    let neighbour = picture::versions(lane, nearby).await;
    let raw = Api::<DynamicObject>::namespaced_with(
        lane.client.clone(),
        lane.agency,
        &ApiResource::erase::<McpClient>(&()),
    );
    let good = serde_json::to_value(lane.example("crooked", "0")).unwrap();
    let table = crooked(&good);
    for (at, (pointer, value, _)) in table.iter().enumerate() {
        let name = format!("crooked-{at}");
        let mut client = good.clone();
        client["metadata"]["name"] = json!(name);
        client["spec"]["environments"][0]["whatsapp"]["phoneNumberId"] = json!(format!("780001{at:02}"));
        *client.pointer_mut(pointer).unwrap() = value.clone();
        lane.credentials("crooked").await;
        let client: DynamicObject = serde_json::from_value(client).unwrap();
        eventually("the loosened schema is in force", async || {
            raw.create(&PostParams::default(), &client).await.map(drop).map_err(|error| error.to_string())
        })
        .await;
    }
    eventually("each is told what is wrong with it", async || {
        let mut untold = Vec::new();
        for (at, (_, value, word)) in table.iter().enumerate() {
            let client = raw.get(&format!("crooked-{at}")).await.map_err(|error| error.to_string())?;
            let conditions = client.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let ready = conditions.into_iter().find(|one| one["type"] == "Ready").unwrap_or_default();
            let message = ready["message"].as_str().unwrap_or_default();
            if ready["status"] != "False" || !message.contains(word) {
                untold.push(format!("{word} ({value}): {} {message}", ready["reason"]));
            }
        }
        if untold.is_empty() { Ok(()) } else { Err(untold.join("\n")) }
    })
    .await;
    // Nobody tries in vain again and again, and others are served.
    lane.quiet(operator).await;
    assert_eq!(picture::versions(lane, nearby).await, neighbour);
    lane.ready("good", "78000999").await;

    // Each of them may go; then everything is as it was.
    for at in 0..table.len() {
        let name = format!("crooked-{at}");
        raw.delete(&name, &none).await.unwrap();
        eventually(&format!("{name} is gone"), async || {
            match raw.get_opt(&name).await.map_err(|error| error.to_string())? {
                None => Ok(()),
                Some(client) => Err(client.data.to_string()),
            }
        })
        .await;
    }
}
