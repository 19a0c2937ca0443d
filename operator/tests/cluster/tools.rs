//! `doctor` and `render` against the real API server, as the program that people run.

use std::{path::Path, process::Command};

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{PersistentVolume, Pod},
};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use crate::{
    bed,
    running::OPERATOR_NAMESPACE,
    strict,
    world::{CANARY, World, eventually},
};

/// Runs the program with the bed's kubeconfig: its exit code and what it printed.
async fn program(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-operator"));
    command.args(arguments).env("KUBECONFIG", &*bed::KUBECONFIG);
    let output =
        tokio::task::spawn_blocking(move || command.output().expect("the program starts")).await.unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains(CANARY), "a secret is shown: {text}");
    (output.status.code(), text)
}

async fn doctor(client: &str) -> (Option<i32>, String) {
    program(&["doctor", client, "-n", "doctor"]).await
}

/// The operator of the tests runs in this process; in its place stands a Deployment whose pod is said to run.
async fn operators_deployment(world: &World) {
    let labels = json!({"app": "stand-in"});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "mcp-operator", "namespace": OPERATOR_NAMESPACE},
        "spec": {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "operator", "image": "none.example/none"}]},
        }},
    });
    let api = world.inside::<Deployment>(OPERATOR_NAMESPACE);
    let parameters = PatchParams::apply("tests").force();
    api.patch("mcp-operator", &parameters, &Patch::Apply(&deployment)).await.unwrap();
    world.pretend_pods_run(OPERATOR_NAMESPACE).await;
    eventually("the stand-in for the operator is available", async || {
        let status = api.get("mcp-operator").await.unwrap().status.unwrap_or_default();
        if status.available_replicas == Some(1) { Ok(()) } else { Err(format!("{status:?}")) }
    })
    .await;
}

/// Writes what a kubelet or a scheduler would into the status of a client's pod.
async fn pod_says(world: &World, namespace: &str, status: Value) {
    let pods = world.inside::<Pod>(namespace);
    eventually("the pod takes its status", async || {
        let list = pods.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
        let pod = list.items.first().ok_or("no pod")?;
        let patch = Patch::Merge(json!({"status": status}));
        pods.patch_status(&pod.name_any(), &PatchParams::default(), &patch)
            .await
            .map_err(|error| error.to_string())?;
        Ok(())
    })
    .await;
}

/// A volume for a client's claim.
fn volume_of(client: &str) -> PersistentVolume {
    let volume = json!({
        "metadata": {"name": client},
        "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/nowhere"},
            "claimRef": {"namespace": format!("{client}-production"), "name": format!("{client}-data")},
        },
    });
    serde_json::from_value(volume).unwrap()
}

#[tokio::test]
async fn the_doctor_follows_a_client_from_missing_credentials_to_ready() {
    let world = World::enter("doctor").await;
    operators_deployment(&world).await;
    world.no_credentials("patient").await;
    world.create(&world.example("patient", "57100001")).await;
    world.reason("patient", "SecretMissing").await;
    let (code, said) = doctor("patient").await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("doctor/patient: not ready") && said.contains("SecretMissing"), "{said}");
    assert!(said.contains("next: apply the Secret patient-credentials in the namespace doctor"), "{said}");

    world.credentials("patient", &[("GEMINI_API_KEY", None), ("GOOGLE_PRIVATE_KEY", Some(" "))]).await;
    world.reason("patient", "KeysMissing").await;
    let (code, said) = doctor("patient").await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("missing or empty: GEMINI_API_KEY, GOOGLE_PRIVATE_KEY"), "{said}");
    assert!(said.contains("earlier: McpClient patient: production: there is no Secret"), "{said}");

    world.credentials("patient", &[]).await;
    let waiting = |reason: &str, message: &str| {
        json!({"phase": "Pending", "containerStatuses": [{
            "name": "server", "image": "x", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": reason, "message": message}},
        }]})
    };
    pod_says(&world, "patient-production", waiting("ImagePullBackOff", "Back-off pulling image")).await;
    world.reason("patient", "WorkloadNotReady").await;
    let (code, said) = doctor("patient").await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("ImagePullBackOff") && said.contains("next: check that the image and its tag exist"),
        "{said}"
    );

    let pods = world.inside::<Pod>("patient-production");
    pods.delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
    world.pretend_pods_run("patient-production").await;
    world.reason("patient", "Ready").await;
    // The pod of these tests runs without its volume; the status cannot know.
    let (code, said) = doctor("patient").await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the volume patient-data waits") && said.contains("StorageClass"), "{said}");

    let volumes = Api::<PersistentVolume>::all(world.client.clone());
    volumes.create(&PostParams::default(), &volume_of("patient")).await.unwrap();
    eventually("the doctor finds nothing any more", async || {
        let (code, said) = doctor("patient").await;
        if (code, said.as_str()) == (Some(0), "doctor/patient: ready\n") { Ok(()) } else { Err(said) }
    })
    .await;
    let (code, json) = program(&["doctor", "patient", "-n", "doctor", "--json"]).await;
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &report["ready"]), (Some(0), &json!("yes")));

    // Nobody keeps the status true any more.
    let operators = world.inside::<Deployment>(OPERATOR_NAMESPACE);
    operators.delete("mcp-operator", &DeleteParams::default()).await.unwrap();
    let (code, said) = doctor("patient").await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("no operator is installed") && said.contains("cannot be told"), "{said}");
    world.clear("patient").await;
    volumes.delete("patient", &DeleteParams::default()).await.unwrap();
}

#[tokio::test]
async fn a_client_that_is_not_there_cannot_be_told_of() {
    let _world = World::enter("doctor").await;
    let (code, said) = doctor("nobody").await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("there is not the client nobody in the namespace doctor"), "{said}");
}

#[tokio::test]
async fn a_rendered_tree_is_applied_and_then_nothing_is_left_to_apply() {
    let world = World::enter("doctor").await;
    let folder = std::env::temp_dir().join(format!("mcp-rendered-{}", std::process::id()));
    let file = folder.join("client.yaml");
    std::fs::create_dir_all(&folder).unwrap();
    let client = serde_yaml::to_string(&world.example("tree", "57100003")).unwrap();
    std::fs::write(&file, client).unwrap();
    let out = folder.join("out");
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let render = || async {
        let (file, out) = (path(&file), path(&out));
        let image = "SERVER_IMAGE_REPOSITORY=mcp-platform.local/mcp-server";
        program(&["render", &file, "--out", &out, "--set", image]).await
    };
    let (code, said) = render().await;
    assert_eq!(code, Some(0), "{said}");
    let tree = path(&out);
    let first = bed::kubectl(&["apply", "--server-side", "--validate=strict", "-k", &tree], "").unwrap();
    assert!(first.contains("namespace/tree-production") && first.contains("deployment.apps/tree"), "{first}");
    let (_, said) = render().await;
    assert!(said.contains(" 0 written") && said.contains(" 0 removed"), "{said}");
    bed::kubectl(&["diff", "--server-side", "-k", &tree], "").expect("nothing differs");
    let schemas = folder.join("schemas");
    strict::check(&out, &schemas).unwrap();
    let wrong = folder.join("wrong");
    std::fs::create_dir(&wrong).unwrap();
    let deployment = bed::kubectl(&["kustomize", &tree], "").unwrap();
    std::fs::write(wrong.join("d.yaml"), deployment.replace("serviceAccountName", "serviceAcountName"))
        .unwrap();
    let said = strict::check(&wrong, &schemas).unwrap_err();
    assert!(said.contains("serviceAcountName"), "{said}");
    // What Argo CD would apply from the same folder taken as a plain directory: all but what is marked.
    let mut files: Vec<_> =
        std::fs::read_dir(out.join("tree-production")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        if !text.contains("+argocd:skip-file-rendering") {
            let arguments =
                ["apply", "--server-side", "--validate=strict", "--dry-run=server", "-f", &path(&file)];
            bed::kubectl(&arguments, "").unwrap();
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let _ = world.namespaces().delete("tree-production", &DeleteParams::default()).await;
}
