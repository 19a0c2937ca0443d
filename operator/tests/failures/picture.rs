//! What there is of a client: everything made for it and what is said of it, without what differs from one run to the next.

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{
        ConfigMap, LimitRange, Namespace, PersistentVolumeClaim, ResourceQuota, Secret, Service,
        ServiceAccount,
    },
    networking::v1::{Ingress, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
    rbac::v1::RoleBinding,
};
use kube::{
    Api, Resource, ResourceExt,
    api::{ApiResource, DynamicObject, ListParams},
};
use mcp_crds::{EnvironmentName, McpClient};
use regex_lite::Regex;
use serde_json::{Map, Value, json};

use crate::lane::{Lane, eventually};

/// Objects by kind, namespace and name.
pub type Picture = Map<String, Value>;

fn kinds() -> Vec<ApiResource> {
    fn of<K: Resource<DynamicType = ()>>() -> ApiResource {
        ApiResource::erase::<K>(&())
    }
    vec![
        of::<ServiceAccount>(),
        of::<Secret>(),
        of::<ConfigMap>(),
        of::<Service>(),
        of::<PersistentVolumeClaim>(),
        of::<LimitRange>(),
        of::<ResourceQuota>(),
        of::<Deployment>(),
        of::<NetworkPolicy>(),
        of::<Ingress>(),
        of::<PodDisruptionBudget>(),
        of::<RoleBinding>(),
    ]
}

/// All objects of a client, as they are.
async fn objects(lane: &Lane, name: &str) -> Result<Vec<(String, DynamicObject)>, kube::Error> {
    let client = lane.client.clone();
    let mut all = Vec::new();
    let clients = Api::<DynamicObject>::namespaced_with(
        client.clone(),
        lane.agency,
        &ApiResource::erase::<McpClient>(&()),
    );
    all.extend(clients.get_opt(name).await?.map(|object| ("McpClient".to_owned(), object)));
    let namespaces = Api::<DynamicObject>::all_with(client.clone(), &ApiResource::erase::<Namespace>(&()));
    for environment in EnvironmentName::ALL {
        let namespace = format!("{name}-{environment}");
        let Some(object) = namespaces.get_opt(&namespace).await? else { continue };
        all.push((format!("Namespace {namespace}"), object));
        let mine = ListParams::default().labels("app.kubernetes.io/managed-by=mcp-operator");
        for kind in kinds() {
            let api = Api::<DynamicObject>::namespaced_with(client.clone(), &namespace, &kind);
            let items = api.list(&mine).await?.items;
            all.extend(
                items.into_iter().map(|one| (format!("{} {namespace}/{}", kind.kind, one.name_any()), one)),
            );
        }
    }
    Ok(all)
}

/// The picture of a client whose number is given.
pub async fn of(lane: &Lane, name: &str, number: &str) -> Result<Picture, String> {
    let objects = objects(lane, name).await.map_err(|error| error.to_string())?;
    let mut picture = Map::new();
    for (id, object) in objects {
        picture.insert(id, normal(object));
    }
    let text = Value::Object(picture).to_string().replace(name, "NAME").replace(number, "NUMBER");
    // Hashes depend on keys that are made anew for each client.
    let hash = Regex::new("[0-9a-f]{16,}").unwrap();
    serde_json::from_str(&hash.replace_all(&text, "HASH")).map_err(|error| error.to_string())
}

fn normal(object: DynamicObject) -> Value {
    let kind = object.types.as_ref().map(|types| types.kind.clone()).unwrap_or_default();
    let (meta, mut data) = (object.metadata, object.data);
    let is_client = data.pointer("/spec/credentialsSecretRef").is_some();
    let fields = data.as_object_mut().expect("an object");
    let mut current = true;
    if is_client {
        let status = fields.entry("status").or_insert(Value::Null);
        current = status["observedGeneration"].as_i64() == meta.generation;
        without_times(status);
    } else {
        fields.remove("status");
    }
    if fields.get("type").and_then(Value::as_str) == Some("Opaque") {
        let keys: Vec<String> =
            fields["data"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect();
        fields.insert("data".to_owned(), json!(keys));
    }
    if let Some(spec) = fields.get_mut("spec").and_then(Value::as_object_mut) {
        for given in ["clusterIP", "clusterIPs", "volumeName"] {
            spec.remove(given);
        }
    }
    // How often the cluster rolled it: once more where its keys were made anew.
    let mut annotations = meta.annotations.unwrap_or_default();
    annotations.remove("deployment.kubernetes.io/revision");
    let finalizers: Vec<String> = meta.finalizers.into_iter().flatten().collect();
    let leaving = meta.deletion_timestamp.is_some();
    json!({
        "kind": kind, "labels": meta.labels, "annotations": annotations, "finalizers": finalizers,
        "ownerReferences": meta.owner_references, "leaving": leaving, "current": current, "content": data,
    })
}

fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("lastTransitionTime");
            fields.remove("observedGeneration");
            fields.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}

/// Where two pictures differ, in a few lines.
pub fn difference(now: &Picture, wanted: &Picture) -> String {
    let mut lines = Vec::new();
    for (id, value) in wanted {
        match now.get(id) {
            None => lines.push(format!("{id} is missing")),
            Some(found) if found != value => lines.push(format!("{id} is {found}, not {value}")),
            Some(_) => {}
        }
    }
    lines.extend(now.keys().filter(|id| !wanted.contains_key(*id)).map(|id| format!("{id} is too much")));
    lines.join("\n")
}

/// Waits until a client is as it would be if nothing had happened.
pub async fn becomes(lane: &Lane, name: &str, number: &str, wanted: &Picture) {
    eventually(&format!("{name} is as if nothing had happened"), async || {
        let now = of(lane, name, number).await?;
        if now == *wanted { Ok(()) } else { Err(difference(&now, wanted)) }
    })
    .await;
}

/// Objects with UID and version.
pub type Versions = Vec<(String, Option<String>, Option<String>)>;

/// Every object of a client with its UID and version: the same as long as nobody touches one.
pub async fn versions(lane: &Lane, name: &str) -> Versions {
    let objects = objects(lane, name).await.unwrap();
    let version = |id: &str, object: &DynamicObject| {
        // Others write the status of these, and how a volume is bound.
        let others = ["Deployment", "ResourceQuota", "PersistentVolumeClaim"];
        let ours = !others.iter().any(|kind| id.starts_with(kind));
        object.resource_version().filter(|_| ours)
    };
    objects
        .into_iter()
        .map(|(id, object)| (version(&id, &object), id, object.uid()))
        .map(|(version, id, uid)| (id, uid, version))
        .collect()
}
