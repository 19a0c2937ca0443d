//! What an agency may try, with its own credentials and with what others let it do.

use k8s_openapi::api::{
    authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec},
    core::v1::{ConfigMap, Namespace, Secret, Service, ServiceAccount},
    rbac::v1::{Role, RoleBinding},
};
use kube::{
    Api, Client, ResourceExt,
    api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams},
};
use mcp_crds::McpClient;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    lane::{Lane, eventually},
    picture, running,
};

fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

/// Somebody who may do everything in the agency's namespace that has to do with clients and Secrets.
async fn account(lane: &Lane) -> Client {
    let new = PostParams::default();
    let agency = lane.agency;
    let accounts = lane.inside::<ServiceAccount>(agency);
    accounts.create(&new, &object(json!({"metadata": {"name": "agency"}}))).await.unwrap();
    let all = ["get", "list", "watch", "create", "update", "patch", "delete"];
    let role = json!({"metadata": {"name": "agency"}, "rules": [
        {"apiGroups": ["mcp-platform.dev"], "resources": ["mcpclients"], "verbs": all},
        {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": all},
    ]});
    lane.inside::<Role>(agency).create(&new, &object(role)).await.unwrap();
    let binding = json!({
        "metadata": {"name": "agency"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "agency"},
        "subjects": [{"kind": "ServiceAccount", "name": "agency", "namespace": agency}],
    });
    lane.inside::<RoleBinding>(agency).create(&new, &object(binding)).await.unwrap();
    let client = Client::try_from(running::token_of(agency, "agency").await).unwrap();
    eventually("the account has its rights", async || {
        let clients = Api::<McpClient>::namespaced(client.clone(), agency);
        clients.list(&kube::api::ListParams::default()).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    client
}

fn refused<T: std::fmt::Debug>(answer: Result<T, kube::Error>) -> String {
    match answer {
        Err(kube::Error::Api(status)) if [400, 403, 413, 422].contains(&status.code) => {
            status.message.clone()
        }
        other => panic!("not refused: {other:?}"),
    }
}

async fn may(client: &Client, verb: &str, resource: &str, group: &str, namespace: Option<&str>) -> bool {
    let (resource, subresource) = resource.split_once('/').map_or((resource, None), |(a, b)| (a, Some(b)));
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                verb: Some(verb.to_owned()),
                resource: Some(resource.to_owned()),
                subresource: subresource.map(str::to_owned),
                group: Some(group.to_owned()),
                namespace: namespace.map(str::to_owned),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let answer = Api::all(client.clone()).create(&PostParams::default(), &review).await.unwrap();
    answer.status.is_some_and(|status| status.allowed)
}

#[tokio::test]
async fn an_agencys_account_reaches_nothing_of_its_tenants_or_of_the_platform() {
    let lane = Lane::enter("account").await;
    let operator = lane.operator().await;
    lane.ready("mine", "77000001").await;
    let account = account(&lane).await;
    let home = running::home_of(lane.agency);
    for namespace in ["mine-production", &home, "secrets-a"] {
        for (group, resource) in [
            ("", "secrets"),
            ("", "configmaps"),
            ("", "pods"),
            ("", "pods/exec"),
            ("", "pods/log"),
            ("", "serviceaccounts/token"),
            ("", "persistentvolumeclaims"),
            ("apps", "deployments"),
            ("networking.k8s.io", "networkpolicies"),
            ("rbac.authorization.k8s.io", "rolebindings"),
            ("coordination.k8s.io", "leases"),
            ("mcp-platform.dev", "mcpclients"),
        ] {
            for verb in ["get", "list", "create", "patch", "delete"] {
                assert!(
                    !may(&account, verb, resource, group, Some(namespace)).await,
                    "{verb} {resource} in {namespace}"
                );
            }
        }
    }
    for (group, resource) in [
        ("", "namespaces"),
        ("mcp-platform.dev", "mcpplans"),
        ("rbac.authorization.k8s.io", "clusterrolebindings"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
        ("apiextensions.k8s.io", "customresourcedefinitions"),
    ] {
        for verb in ["create", "patch", "delete"] {
            assert!(!may(&account, verb, resource, group, None).await, "{verb} {resource}");
        }
    }
    // It says nothing in the client's name: neither by the status itself, nor by the client's own door.
    let clients = Api::<McpClient>::namespaced(account.clone(), lane.agency);
    let lie = json!({"status": {"environmentsReady": "9/9", "conditions": [], "environments": []}});
    refused(clients.patch_status("mine", &PatchParams::default(), &Patch::Merge(&lie)).await);
    let before = lane.clients().get("mine").await.unwrap();
    clients.patch("mine", &PatchParams::default(), &Patch::Merge(&lie)).await.unwrap();
    assert_eq!(lane.clients().get("mine").await.unwrap().status, before.status);

    // What it takes off comes back; what it puts on keeps nobody but itself.
    let wanted = picture::of(&lane, "mine", "77000001").await.unwrap();
    let off = json!({"metadata": {"finalizers": null}});
    clients.patch("mine", &PatchParams::default(), &Patch::Merge(&off)).await.unwrap();
    picture::becomes(&lane, "mine", "77000001", &wanted).await;
    let owner = json!({"metadata": {"ownerReferences": [{
        "apiVersion": "v1", "kind": "ConfigMap", "name": "kube-root-ca.crt", "uid": "00000000-0000-4000-8000-000000000000",
        "blockOwnerDeletion": false,
    }], "finalizers": ["mcp-platform.dev/client", "agency.example/hold"]}});
    clients.patch("mine", &PatchParams::default(), &Patch::Merge(&owner)).await.unwrap();
    // The cluster's collector deletes what has an owner that is not there; the data is kept all the same.
    eventually("the operator has let go of the client", async || {
        let client = clients.get("mine").await.map_err(|error| error.to_string())?;
        let held = client.finalizers() == ["agency.example/hold"];
        if held { Ok(()) } else { Err(format!("{:?}", client.metadata)) }
    })
    .await;
    lane.quiet(&operator).await;
    clients.patch("mine", &PatchParams::default(), &Patch::Merge(&off)).await.unwrap();
    lane.gone("mine").await;
    let kept = lane.namespaces().get("mine-production").await.unwrap();
    assert_eq!(kept.labels()["mcp-platform.dev/detached"], "true");
}

/// The labels of a namespace that was made for a client.
fn ownership(agency: &str, client: &str, environment: &str) -> Value {
    json!({
        "app.kubernetes.io/managed-by": "mcp-operator", "mcp-platform.dev/client": client,
        "mcp-platform.dev/agency": agency, "mcp-platform.dev/environment": environment,
    })
}

#[tokio::test]
async fn forged_labels_give_nothing_and_stop_nobody() {
    let lane = Lane::enter("forged").await;
    let operator = lane.operator().await;
    lane.ready("victim", "77000002").await;
    lane.quiet(&operator).await;
    let neighbour = picture::versions(&lane, "victim").await;
    // Namespaces of somebody who may label namespaces: as if made for the victim, for its other environment, with the number
    // of the next client. Their names say that they were not.
    let forged = [("forged-a", "production"), ("forged-b", "staging")].map(|(name, environment)| {
        object::<Namespace>(json!({"metadata": {
            "name": name, "labels": ownership(lane.agency, "victim", environment),
            "annotations": {"mcp-platform.dev/phone-number-id": "77000003", "mcp-platform.dev/route": "forged.agency.example/x"},
        }}))
    });
    let mut made = Vec::new();
    for namespace in &forged {
        made.push(lane.namespaces().create(&PostParams::default(), namespace).await.unwrap());
    }
    let theirs = object::<Secret>(json!({"metadata": {
        "name": "victim-credentials", "labels": ownership(lane.agency, "victim", "production"),
    }}));
    let theirs = lane.inside::<Secret>("forged-a").create(&PostParams::default(), &theirs).await.unwrap();
    lane.ready("honest", "77000003").await;
    // The victim changes, loses nothing, and goes.
    lane.patch("victim", json!({"spec": {"displayName": "Another"}})).await;
    lane.reason("victim", "Ready").await;
    lane.quiet(&operator).await;
    let changed = picture::versions(&lane, "victim").await;
    assert_eq!(changed[1..], neighbour[1..], "everything but the client itself is as it was");
    lane.delete("victim").await;
    lane.gone("victim").await;
    for namespace in &made {
        let now = lane.namespaces().get(&namespace.name_any()).await.unwrap();
        assert!(now.metadata.deletion_timestamp.is_none());
        assert_eq!(now.labels(), namespace.labels(), "{}", namespace.name_any());
    }
    let now = lane.inside::<Secret>("forged-a").get("victim-credentials").await.unwrap();
    assert_eq!(now.resource_version(), theirs.resource_version());
}

#[tokio::test]
async fn a_name_that_leads_to_somebody_elses_namespace_leads_nowhere() {
    let lane = Lane::enter("hijacked").await;
    let _operator = lane.operator().await;
    // Nobody's, another agency's, and one that a person labelled as the platform's without saying whose.
    let labels = [
        ("plain", json!({})),
        ("other", ownership("secrets-b", "other", "production")),
        ("half", json!({"app.kubernetes.io/managed-by": "mcp-operator"})),
    ];
    for (at, (name, labels)) in labels.into_iter().enumerate() {
        let namespace = format!("{name}-production");
        let made = object::<Namespace>(json!({"metadata": {"name": namespace, "labels": labels}}));
        let made = lane.namespaces().create(&PostParams::default(), &made).await.unwrap();
        let inside =
            object::<ConfigMap>(json!({"metadata": {"name": format!("{name}-profile")}, "data": {"a": "b"}}));
        let inside =
            lane.inside::<ConfigMap>(&namespace).create(&PostParams::default(), &inside).await.unwrap();
        let mut client = lane.example(name, &format!("7700001{at}"));
        client.spec.deletion_policy = mcp_crds::DeletionPolicy::Delete;
        client.annotations_mut().insert(
            "mcp-platform.dev/confirm-delete".to_owned(),
            format!("{namespace},kube-system,{}", lane.agency),
        );
        lane.create(&client).await;
        let message = lane.reason(name, "NameTaken").await;
        assert!(message.contains(&namespace), "{message}");
        // Not even by being deleted, confirmed for this and for other namespaces.
        lane.delete(name).await;
        lane.gone(name).await;
        let now = lane.namespaces().get(&namespace).await.unwrap();
        assert_eq!((now.uid(), now.labels()), (made.uid(), made.labels()));
        assert!(now.metadata.deletion_timestamp.is_none());
        let now = lane.inside::<ConfigMap>(&namespace).get(&inside.name_any()).await.unwrap();
        assert_eq!(now.resource_version(), inside.resource_version());
        assert!(lane.inside::<Service>(&namespace).get_opt(name).await.unwrap().is_none());
    }
    for spared in ["kube-system", lane.agency] {
        assert!(lane.namespaces().get(spared).await.unwrap().metadata.deletion_timestamp.is_none());
    }
}

#[tokio::test]
async fn secrets_of_other_agencies_and_secrets_without_the_label_are_never_read() {
    let lane = Lane::enter("secrets-a").await;
    let operator = lane.operator().await;
    lane.credentials_in("secrets-b", "theirs").await;
    let account = account(&lane).await;
    let clients = Api::<McpClient>::namespaced(account.clone(), lane.agency);
    let new = PostParams::default();
    let mut client = lane.example("thief", "77000021");
    client.spec.credentials_secret_ref.name = "theirs-credentials".to_owned();
    clients.create(&new, &client).await.unwrap();
    let message = lane.reason("thief", "SecretMissing").await;
    assert!(message.contains("theirs-credentials") && message.contains("secrets-a"), "{message}");
    for name in
        ["../secrets-b/theirs-credentials", "secrets-b/theirs-credentials", "theirs-credentials\n", ""]
    {
        let patch = json!({"spec": {"credentialsSecretRef": {"name": name}}});
        refused(clients.patch("thief", &PatchParams::default(), &Patch::Merge(patch)).await);
    }
    let patch =
        json!({"spec": {"credentialsSecretRef": {"name": "theirs-credentials", "namespace": "secrets-b"}}});
    let _ = clients.patch("thief", &PatchParams::default(), &Patch::Merge(patch)).await;
    lane.reason("thief", "SecretMissing").await;

    // Without the label, or with one that says no.
    lane.credentials("unlabelled").await;
    for value in [json!(null), json!("false"), json!("True")] {
        let label = json!({"metadata": {"labels": {"mcp-platform.dev/credentials": value}}});
        let secrets = Api::<Secret>::namespaced(account.clone(), lane.agency);
        let unlabelled = "unlabelled-credentials";
        secrets.patch(unlabelled, &PatchParams::default(), &Patch::Merge(label)).await.unwrap();
        let patch = json!({"spec": {"credentialsSecretRef": {"name": unlabelled}}});
        clients.patch("thief", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
        lane.reason("thief", "SecretNotLabelled").await;
    }
    lane.quiet(&operator).await;
    assert!(
        lane.inside::<Secret>("thief-production").get_opt("thief-credentials").await.unwrap().is_none(),
        "something was copied"
    );
    // Of one that may be read, only what a server needs.
    let more = json!({"stringData": {"AWS_SECRET_ACCESS_KEY": "mine", "DATABASE_URL": "postgres://elsewhere.example/x"}});
    lane.credentials("thief").await;
    lane.inside::<Secret>(lane.agency)
        .patch("thief-credentials", &PatchParams::default(), &Patch::Merge(more))
        .await
        .unwrap();
    lane.patch("thief", json!({"spec": {"credentialsSecretRef": {"name": "thief-credentials"}}})).await;
    lane.reason("thief", "Ready").await;
    let copied = lane.inside::<Secret>("thief-production").get("thief-credentials").await.unwrap();
    let keys: Vec<String> = copied.data.unwrap().into_keys().collect();
    assert!(!keys.iter().any(|key| key.starts_with("AWS") || key.starts_with("DATABASE")), "{keys:?}");
}

#[tokio::test]
async fn huge_and_crooked_clients_are_refused_or_reported_and_nobody_else_notices() {
    let lane = Lane::enter("huge").await;
    let operator = lane.operator().await;
    let nearby = lane.neighbour().await;
    lane.quiet(&operator).await;
    let neighbour = picture::versions(&lane, &nearby).await;
    let account = account(&lane).await;
    let kind = ApiResource::erase::<McpClient>(&());
    let raw = Api::<DynamicObject>::namespaced_with(account.clone(), lane.agency, &kind);
    let example = serde_json::to_value(lane.example("crooked", "77000031")).unwrap();
    let create = async |change: &dyn Fn(&mut Value)| {
        let mut client = example.clone();
        change(&mut client);
        raw.create(&PostParams::default(), &object(client)).await
    };
    let many = |count: usize, one: &dyn Fn(usize) -> Value| Value::Array((0..count).map(one).collect());
    // Names that would say something else where they are put.
    for name in ["a.b", "a/b", "a\nb", "A", "a,b=c", "kube-system/x", "-a", "a--", "a\u{0}", &"a".repeat(52)]
    {
        refused(create(&|client| client["metadata"]["name"] = json!(name)).await);
    }
    for path in ["/a,wa.other.example/b", "/a b", "/a\"b", "/a\nb", "/a{b}", "/..", "a"] {
        let route = json!({"host": "x.agency.example", "path": path});
        refused(create(&|client| client["spec"]["environments"][0]["route"] = route.clone()).await);
    }
    for number in ["1,2", "1\n2", "", "x", &"1".repeat(200)] {
        let number = json!(number);
        refused(
            create(&|client| client["spec"]["environments"][0]["whatsapp"]["phoneNumberId"] = number.clone())
                .await,
        );
    }
    for size in [300_000, 2_000_000] {
        let text = json!("x".repeat(size));
        refused(create(&|client| client["spec"]["profile"]["assistant"]["persona"] = text.clone()).await);
        refused(create(&|client| client["metadata"]["annotations"] = json!({"a/b": text.clone()})).await);
    }
    for list in ["services", "staff", "closures"] {
        let first = example["spec"]["profile"][list][0].clone();
        let all = many(5000, &|at| {
            let mut one = first.clone();
            one["id"] = json!(format!("x{at}"));
            one
        });
        refused(create(&|client| client["spec"]["profile"][list] = all.clone()).await);
    }
    let environments = many(20, &|_| example["spec"]["environments"][0].clone());
    refused(create(&|client| client["spec"]["environments"] = environments.clone()).await);

    // Labels and annotations of a client are nobody's but the client's.
    let privileged = json!({
        "pod-security.kubernetes.io/enforce": "privileged", "app.kubernetes.io/managed-by": "mcp-operator",
        "mcp-platform.dev/client": "somebody", "mcp-platform.dev/detached": "true",
    });
    let injected = json!({
        "mcp-platform.dev/phone-number-id": "77999999", "mcp-platform.dev/revision": "x",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    });
    create(&|client| {
        client["metadata"]["labels"] = privileged.clone();
        client["metadata"]["annotations"] = injected.clone();
        client["spec"]["displayName"] = json!("x: {y}\n---\nkind: Secret");
    })
    .await
    .unwrap();
    lane.credentials("crooked").await;
    lane.reason("crooked", "Ready").await;
    let namespace = lane.namespaces().get("crooked-production").await.unwrap();
    assert_eq!(namespace.labels()["pod-security.kubernetes.io/enforce"], "restricted");
    assert_eq!(namespace.labels()["mcp-platform.dev/client"], "crooked");
    assert!(!namespace.labels().contains_key("mcp-platform.dev/detached"));
    assert_eq!(namespace.annotations()["mcp-platform.dev/phone-number-id"], "77000031");
    let _ = lane.clients().delete("crooked", &DeleteParams::default()).await;
    lane.gone("crooked").await;
    assert_eq!(picture::versions(&lane, &nearby).await, neighbour);
}
