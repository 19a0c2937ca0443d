//! What the API server refuses, and that it says so in words for the person who wrote the file.

use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    core::ApiResource,
};
use mcp_crds::McpClient;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{bed, world::World};

fn example() -> Value {
    let mut value: Value = serde_yaml::from_str(&bed::example()).unwrap();
    value["metadata"] = json!({"name": "form", "namespace": "elsewhere"});
    value
}

async fn dry_run(world: &World, object: &Value) -> Result<(), String> {
    let api = Api::<DynamicObject>::namespaced_with(
        world.client.clone(),
        "elsewhere",
        &ApiResource::erase::<McpClient>(&()),
    );
    let parameters = PostParams { dry_run: true, ..PostParams::default() };
    let object: DynamicObject = serde_json::from_value(object.clone()).unwrap();
    match api.create(&parameters, &object).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) => Err(status.message),
        Err(error) => panic!("{error}"),
    }
}

fn with(pointer: &str, value: Value) -> Value {
    let mut object = example();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = object.pointer_mut(parent).unwrap_or_else(|| panic!("no {pointer}"));
    match parent {
        Value::Array(items) => items[field.parse::<usize>().unwrap()] = value,
        other => other[field] = value,
    }
    object
}

/// One row of the table that both judges read.
#[derive(Deserialize)]
struct Row {
    at: String,
    value: Value,
    #[serde(default)]
    says: String,
}

#[derive(Deserialize)]
struct Table {
    refused: Vec<Row>,
    accepted: Vec<Row>,
}

fn table() -> Table {
    serde_yaml::from_str(include_str!("../../../crds/tests/refusals.yaml")).unwrap()
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_a_sentence() {
    let world = World::enter("invalid").await;
    dry_run(&world, &example()).await.expect("the example itself is right");
    let mut wrong = Vec::new();
    for Row { at, value, says } in table().refused {
        match dry_run(&world, &with(&at, value.clone())).await {
            Ok(()) => wrong.push(format!("{at} = {value} was accepted")),
            Err(message) if message.contains(&says) => {}
            Err(message) => wrong.push(format!("{at} = {value}: {message}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_there_twice_is_refused() {
    let world = World::enter("invalid").await;
    let environments = |change: &dyn Fn(&mut Value)| {
        let first = example()["spec"]["environments"][0].clone();
        let mut second = first.clone();
        second["name"] = json!("staging");
        second["whatsapp"]["phoneNumberId"] = json!("106540352242923");
        change(&mut second);
        json!([first, second])
    };
    let twice = |pointer: &str| {
        let list = example().pointer(pointer).unwrap().as_array().unwrap().clone();
        json!([list[0], list[0]])
    };
    let routed = {
        let route = json!({"host": "wa.agency.example", "path": "/bella"});
        let mut both = environments(&|_| {});
        both[0]["route"] = route.clone();
        both[1]["route"] = route;
        both
    };
    let mut apart = routed.clone();
    apart[1]["route"]["path"] = json!("/bella-staging");
    dry_run(&world, &with("/spec/environments", apart)).await.expect("two paths of one host are two routes");
    for (at, value, says) in [
        (
            "/spec/environments",
            environments(&|second| second["whatsapp"]["phoneNumberId"] = json!("106540352242922")),
            "give each environment a phoneNumberId of its own",
        ),
        ("/spec/environments", routed, "give each environment a path of its own"),
        ("/spec/environments", twice("/spec/environments"), "Duplicate value"),
        ("/spec/profile/services", twice("/spec/profile/services"), "Duplicate value"),
        ("/spec/profile/staff", twice("/spec/profile/staff"), "Duplicate value"),
    ] {
        let message = dry_run(&world, &with(at, value)).await.expect_err(says);
        assert!(message.contains(says), "{at}: {message}");
    }
}

#[tokio::test]
async fn what_is_nearly_wrong_is_accepted() {
    let world = World::enter("invalid").await;
    for Row { at, value, .. } in table().accepted {
        let answer = dry_run(&world, &with(&at, value.clone())).await;
        assert_eq!(answer, Ok(()), "{at} = {value}");
    }
}

#[tokio::test]
async fn a_database_cannot_be_changed_and_other_settings_can() {
    let world = World::enter("invalid").await;
    let kind = ApiResource::erase::<McpClient>(&());
    let api = Api::<DynamicObject>::namespaced_with(world.client.clone(), "elsewhere", &kind);
    api.create(&PostParams::default(), &serde_json::from_value(example()).unwrap()).await.unwrap();
    let change = async |pointer: &str, value: Value| {
        let environments = with(pointer, value)["spec"]["environments"].clone();
        let patch = Patch::Merge(json!({"spec": {"environments": environments}}));
        api.patch("form", &PatchParams::default(), &patch).await.map(drop).map_err(|error| error.to_string())
    };
    let refusal =
        change("/spec/environments/0/database", json!({"sqlite": {"size": "2Gi"}})).await.unwrap_err();
    assert!(refusal.contains("the database of an environment cannot be changed"), "{refusal}");
    change("/spec/environments/0/model", json!({"name": "gemini-4"})).await.unwrap();
    api.delete("form", &kube::api::DeleteParams::default()).await.unwrap();
}

#[tokio::test]
async fn a_large_client_applies() {
    let world = World::enter("invalid").await;
    let staff: Vec<Value> = (0..50)
        .map(|n| json!({"id": format!("staff-{n}"), "name": format!("Pessoa {n}"), "hours": example()["spec"]["profile"]["hours"]}))
        .collect();
    let everyone: Vec<String> = (0..50).map(|n| format!("staff-{n}")).collect();
    let services: Vec<Value> = (0..100)
        .map(|n| {
            json!({
                "id": format!("servico-{n}"), "name": {"pt-BR": format!("Serviço {n}"), "en": format!("Service {n}")},
                "duration": "1h30m", "price": "120.00", "bufferAfter": "10m", "staff": everyone,
                "requires": [format!("sala-{}", n % 20)],
            })
        })
        .collect();
    let facts: Vec<Value> = (0..100)
        .map(|n| json!({"question": format!("Pergunta {n}?"), "answer": "Resposta. ".repeat(20)}))
        .collect();
    let resources: Vec<Value> = (0..20)
        .map(|n| json!({"id": format!("sala-{n}"), "capacity": 3, "hours": example()["spec"]["profile"]["hours"]}))
        .collect();
    let closures: Vec<Value> = (0..100).map(|_| json!({"from": "2026-12-24", "to": "2026-12-26"})).collect();
    let openings: Vec<Value> = (0..100)
        .map(|n| json!({"date": format!("2027-{:02}-{:02}", 1 + n / 28, 1 + n % 28), "hours": ["09:00-12:00", "13:00-19:00"]}))
        .collect();
    let mut object = example();
    object["spec"]["profile"]["resources"] = json!(resources);
    object["spec"]["profile"]["closures"] = json!(closures);
    object["spec"]["profile"]["openings"] = json!(openings);
    object["spec"]["profile"]["services"] = json!(services);
    object["spec"]["profile"]["staff"] = json!(staff);
    object["spec"]["profile"]["assistant"]["facts"] = json!(facts);
    assert_eq!(dry_run(&world, &object).await, Ok(()));
}
