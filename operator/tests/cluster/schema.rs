//! What the API server refuses, and that it says so in words for the person who wrote the file.

use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    core::ApiResource,
};
use mcp_crds::McpClient;
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

const PROFILE: &str = "/spec/profile";

#[tokio::test]
async fn what_is_wrong_is_refused_with_a_sentence() {
    let world = World::enter("invalid").await;
    dry_run(&world, &example()).await.expect("the example itself is right");
    let service = |field: &str| format!("{PROFILE}/services/0/{field}");
    let environment = |field: &str| format!("/spec/environments/0/{field}");
    let twice = |pointer: &str| {
        let list = example().pointer(pointer).unwrap().as_array().unwrap().clone();
        json!([list[0], list[0]])
    };
    let another_environment = {
        let mut other = example()["spec"]["environments"][0].clone();
        other["name"] = json!("staging");
        json!([example()["spec"]["environments"][0], other])
    };
    for (pointer, value, sentence) in [
        ("/metadata/name".to_owned(), json!("1st-shop"), "begins with a letter"),
        ("/metadata/name".to_owned(), json!("a".repeat(52)), "at most 51 characters"),
        ("/metadata/name".to_owned(), json!("my.shop"), "only small letters, digits and hyphens"),
        (environment("whatsapp/phoneNumberId"), json!("+55 11 99999-9999"), "it is not the telephone number"),
        (
            "/spec/environments".to_owned(),
            another_environment,
            "give each environment a phoneNumberId of its own",
        ),
        ("/spec/environments".to_owned(), twice("/spec/environments"), "Duplicate value"),
        ("/spec/environments".to_owned(), json!([]), "at least 1 item"),
        (environment("name"), json!("test"), "\"development\", \"staging\", \"production\""),
        (
            environment("calendar"),
            json!({"google": {"calendarId": "x"}, "builtin": {}}),
            "either google or builtin",
        ),
        (environment("database"), json!({"sqlite": {"size": "1 GB"}}), "like 512Mi or 1Gi"),
        (
            environment("resources"),
            json!({"requests": {"memory": "128Mi"}}),
            "requests.memory must not be above limits.memory",
        ),
        (environment("image"), json!({"tag": "a b"}), "a tag holds only"),
        (service("duration"), json!("45min"), "like 45m, 1h30m or 60d"),
        (service("duration"), json!("400d"), "at most 366d"),
        (service("duration"), json!("0h0m"), "at least one minute"),
        (service("duration"), json!("2d"), "at most one day"),
        (service("bufferAfter"), json!("25h"), "at most one day"),
        (service("horizon"), json!("0d"), "at least one minute"),
        (service("capacity"), json!(0), "greater than or equal to 1"),
        (service("name"), json!({}), "at least 1 properties"),
        (service("name"), json!({"pt-BR": "x".repeat(61)}), "Too long"),
        (service("price"), json!("80,00"), "with a point"),
        (service("price"), json!(80), "must be of type string"),
        (service("id"), json!("Corte"), "an id holds only small letters"),
        (format!("{PROFILE}/services"), twice("/spec/profile/services"), "Duplicate value"),
        (format!("{PROFILE}/staff"), twice("/spec/profile/staff"), "Duplicate value"),
        (format!("{PROFILE}/business/timeZone"), json!("GMT-3!"), "America/Sao_Paulo"),
        (format!("{PROFILE}/business/languages"), json!(["português"]), "pt-BR"),
        (format!("{PROFILE}/business/currency"), json!("R$"), "BRL"),
        (format!("{PROFILE}/hours/mon"), json!(["9-12"]), "like 09:00-12:00"),
        (format!("{PROFILE}/hours/mon"), json!(["09:00-09:00"]), "an interval must not be empty"),
        (format!("{PROFILE}/hours/mon"), json!(["09:00-13:00", "12:00-19:00"]), "must not overlap"),
        (format!("{PROFILE}/hours/mon"), json!(["22:00-02:00", "23:00-24:00"]), "must not overlap"),
        (format!("{PROFILE}/hours/mon"), json!(["09:00-12:00", "09:00-10:00"]), "merge them"),
        (
            format!("{PROFILE}/openings"),
            json!([{"date": "2026-12-20", "hours": ["09:00-13:00", "12:00-19:00"]}]),
            "must not overlap",
        ),
        (
            format!("{PROFILE}/resources"),
            json!([{"id": "chair", "hours": {"mon": ["09:00-13:00", "12:00-19:00"]}}]),
            "must not overlap",
        ),
        (format!("{PROFILE}/resources"), json!([{"id": "chair"}, {"id": "chair"}]), "Duplicate value"),
        (
            format!("{PROFILE}/staff/0/vacations"),
            json!([{"from": "2026-12-20", "to": "2026-12-19"}]),
            "must not end before it begins",
        ),
        (format!("{PROFILE}/rules/hold"), json!("0m"), "at least one minute"),
        (format!("{PROFILE}/rules/hold"), json!("2h"), "at most one hour"),
        (format!("{PROFILE}/rules/slotStep"), json!("0m"), "at least one minute"),
        (format!("{PROFILE}/rules/horizon"), json!("0d"), "at least one minute"),
        (format!("{PROFILE}/reminders"), json!([{"before": "0m"}]), "at least one minute"),
        (format!("{PROFILE}/business/contact/phone"), json!("3333-4444"), "in international form"),
        (format!("{PROFILE}/business/contact/email"), json!("ze at example"), "write an e-mail address"),
        (format!("{PROFILE}/business/contact/website"), json!("bella-salon"), "https://bella-salon.example"),
        (format!("{PROFILE}/assistant/tone"), json!("rude"), "\"informal\", \"formal\""),
        (format!("{PROFILE}/closures/0/to"), json!("2026-12-01"), "must not end before it begins"),
        (format!("{PROFILE}/closures/0/to"), json!("2026-12-32"), "a day of the calendar"),
        (format!("{PROFILE}/closures/0/to"), json!("2027-02-29"), "a day of the calendar"),
        (format!("{PROFILE}/schemaVersion"), json!(2), "less than or equal to 1"),
    ] {
        let refusal = dry_run(&world, &with(&pointer, value.clone())).await;
        let message = refusal.expect_err(&format!("{pointer} = {value} was accepted"));
        assert!(message.contains(sentence), "{pointer} = {value}: {message}");
    }
}

#[tokio::test]
async fn what_is_nearly_wrong_is_accepted() {
    let world = World::enter("invalid").await;
    for (pointer, value) in [
        ("/metadata/name", json!("a".repeat(51))),
        ("/spec/profile/hours/mon", json!(["00:00-24:00"])),
        ("/spec/profile/hours/mon", json!([])),
        ("/spec/profile/hours/mon", json!(["22:00-02:00"])),
        ("/spec/profile/hours/mon", json!(["13:00-19:00", "09:00-12:00"])),
        ("/spec/profile/hours/mon", json!(["09:00-12:00", "12:00-13:00"])),
        ("/spec/profile/closures/0/from", json!("2026-12-26")),
        ("/spec/profile/closures/0/to", json!("2028-02-29")),
        ("/spec/profile/services/0/duration", json!("24h")),
        ("/spec/profile/services/0/duration", json!("1d")),
        ("/spec/profile/services/0/duration", json!("1440m")),
        ("/spec/profile/services/0/duration", json!("0d8h")),
        ("/spec/profile/services/0/horizon", json!("366d")),
        ("/spec/profile/services/0/bufferBefore", json!("0m")),
        ("/spec/profile/rules/hold", json!("1h")),
        ("/spec/profile/rules/hold", json!("60m")),
        ("/spec/profile/rules/slotStep", json!("24h")),
        ("/spec/profile/rules/minimumNotice", json!("0m")),
        (
            "/spec/profile/openings",
            json!([{"date": "2026-12-20", "hours": ["09:00-12:00", "12:00-19:00"], "staff": ["ana"]}]),
        ),
        ("/spec/profile/staff/0/vacations", json!([{"from": "2026-12-20", "to": "2026-12-20"}])),
        ("/spec/profile/services/0/price", json!("0")),
        ("/spec/profile/business/timeZone", json!("America/Argentina/Buenos_Aires")),
        ("/spec/environments/0/calendar", json!({})),
        ("/spec/environments/0/resources", json!({"requests": {"memory": "64Mi"}})),
    ] {
        let answer = dry_run(&world, &with(pointer, value.clone())).await;
        assert_eq!(answer, Ok(()), "{pointer} = {value}");
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
