//! What the tests say and see.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    time::{Duration, Instant},
};

use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::Deployment,
        core::v1::{Namespace, Pod, Secret},
    },
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, ObjectMeta, Patch, PatchParams, PostParams},
};
use mcp_crds::{DeletionPolicy, EnvironmentName, McpClient, McpClientStatus};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    bed,
    running::{self, OPERATOR},
    servers,
};

/// The tests share one operator and count its requests: one at a time.
static TURN: Mutex<()> = Mutex::const_new(());

/// A value that may stand in Secrets and nowhere else.
pub const CANARY: &str = "canary-4f1c9a";

pub struct World {
    pub client: Client,
    pub agency: &'static str,
    _turn: MutexGuard<'static, ()>,
}

impl World {
    /// Waits for its turn and for the operator.
    pub async fn enter(agency: &'static str) -> Self {
        let turn = TURN.lock().await;
        tokio::task::spawn_blocking(|| std::sync::LazyLock::force(&OPERATOR)).await.unwrap();
        let client = Client::try_from(running::admin().await).unwrap();
        Self { client, agency, _turn: turn }
    }

    pub fn clients(&self) -> Api<McpClient> {
        Api::namespaced(self.client.clone(), self.agency)
    }

    pub fn inside<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    pub fn namespaces(&self) -> Api<Namespace> {
        Api::all(self.client.clone())
    }

    /// The example under another name, with one environment whose pod no scheduler can place: no kubelet interferes.
    pub fn example(&self, name: &str, number: &str) -> McpClient {
        let mut client: McpClient = serde_yaml::from_str(&bed::example()).unwrap();
        client.metadata = ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(self.agency.to_owned()),
            ..ObjectMeta::default()
        };
        client.spec.credentials_secret_ref.name = format!("{name}-credentials");
        client.spec.deletion_policy = DeletionPolicy::Retain;
        number.clone_into(&mut client.spec.environments[0].whatsapp.phone_number_id);
        "99999".clone_into(&mut client.spec.environments[0].resources.get_or_insert_default().requests.cpu);
        client
    }

    /// Creates a client; one that an earlier, failed run left behind is deleted first.
    pub async fn create(&self, client: &McpClient) -> McpClient {
        self.delete(&client.name_any()).await;
        self.clients().create(&PostParams::default(), client).await.unwrap()
    }

    /// Applies changes to a client, as `kubectl apply` would.
    pub async fn patch(&self, name: &str, patch: Value) -> McpClient {
        self.clients().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap()
    }

    fn raw(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), self.agency, &ApiResource::erase::<McpClient>(&()))
    }

    /// Like [`Self::patch`], for a client that will not fit its type.
    pub async fn raw_patch(&self, name: &str, patch: Value) {
        self.raw().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    /// The status of a client that may not fit its type.
    pub async fn raw_status(&self, name: &str) -> Value {
        self.raw().get(name).await.unwrap().data["status"].clone()
    }

    /// Deletes a client that may not fit its type and waits until it is gone.
    pub async fn raw_delete(&self, name: &str) {
        self.raw().delete(name, &DeleteParams::default()).await.unwrap();
        eventually(&format!("{name} is gone"), async || {
            match self.raw().get_opt(name).await.map_err(|error| error.to_string())? {
                None => Ok(()),
                Some(client) => Err(client.data.to_string()),
            }
        })
        .await;
    }

    /// Writes a labelled Secret with these keys; a value of none removes the key.
    pub async fn credentials(&self, client: &str, keys: &[(&str, Option<&str>)]) {
        let mut data: BTreeMap<&str, Option<String>> = [
            ("WHATSAPP_API_TOKEN", "token"),
            ("WHATSAPP_APP_SECRET", "app"),
            ("WHATSAPP_WEBHOOK_VERIFY_TOKEN", "verify"),
            ("GEMINI_API_KEY", "gemini"),
            ("GOOGLE_CLIENT_EMAIL", "robot"),
            ("GOOGLE_PRIVATE_KEY", "private"),
        ]
        .map(|(key, value)| (key, Some(format!("{CANARY}-{value}"))))
        .into();
        data.extend(keys.iter().map(|(key, value)| (*key, value.map(str::to_owned))));
        data.retain(|_, value| value.is_some());
        let name = format!("{client}-credentials");
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "labels": {"mcp-platform.dev/credentials": "true"}},
            "stringData": data,
        });
        let secrets = self.inside::<Secret>(self.agency);
        // Replaced as a whole, so that keys can be taken away.
        self.no_credentials(client).await;
        let secret: Secret = serde_json::from_value(secret).unwrap();
        secrets.create(&PostParams::default(), &secret).await.unwrap();
    }

    /// Takes a client's Secret away.
    pub async fn no_credentials(&self, client: &str) {
        let secrets = self.inside::<Secret>(self.agency);
        let _ = secrets.delete(&format!("{client}-credentials"), &DeleteParams::default()).await;
    }

    /// Waits until the client's `Ready` has this reason, and returns its message.
    pub async fn reason(&self, name: &str, reason: &str) -> String {
        eventually(&format!("{name} reports {reason}"), async || {
            let client = self.clients().get(name).await.map_err(|error| error.to_string())?;
            let ready = condition(client.status.as_ref(), None, "Ready").ok_or("no condition yet")?;
            let current = client.status.as_ref().and_then(|status| status.observed_generation)
                == client.metadata.generation;
            if current && ready.reason == reason { Ok(ready.message) } else { Err(format!("{ready:?}")) }
        })
        .await
    }

    /// Waits until an environment's condition has this reason, and returns its message.
    pub async fn environment_reason(&self, name: &str, kind: &str, reason: &str) -> String {
        eventually(&format!("{name} reports {kind} {reason}"), async || {
            let client = self.clients().get(name).await.map_err(|error| error.to_string())?;
            let found = condition(client.status.as_ref(), Some(EnvironmentName::Production), kind);
            let found = found.ok_or("no condition yet")?;
            if found.reason == reason { Ok(found.message) } else { Err(format!("{found:?}")) }
        })
        .await
    }

    /// Creates a client with complete credentials and waits until its pod runs, which this test pretends.
    pub async fn running(&self, name: &str, number: &str) -> McpClient {
        self.credentials(name, &[]).await;
        let client = self.create(&self.example(name, number)).await;
        self.pretend_pods_run(&format!("{name}-production")).await;
        self.reason(name, "Ready").await;
        client
    }

    /// Writes into the status of the namespace's pods what a kubelet would.
    pub async fn pretend_pods_run(&self, namespace: &str) {
        let pods = self.inside::<Pod>(namespace);
        let address = servers::ADDRESS.to_string();
        let status = json!({"status": {
            "phase": "Running",
            "podIP": address, "podIPs": [{"ip": address}],
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-20T10:00:00Z"}],
        }});
        eventually(&format!("a pod appears in {namespace} and becomes ready"), async || {
            let list = pods.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
            let alive: Vec<&Pod> =
                list.items.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect();
            if alive.is_empty() {
                return Err("no pod".to_owned());
            }
            for pod in alive {
                let patch = Patch::Merge(&status);
                let patched = pods.patch_status(&pod.name_any(), &PatchParams::default(), &patch).await;
                patched.map_err(|error| error.to_string())?;
            }
            Ok(())
        })
        .await;
    }

    pub async fn deployment(&self, namespace: &str, name: &str) -> Deployment {
        self.found::<Deployment>(namespace, name).await
    }

    /// Waits until an object is there.
    pub async fn found<K>(&self, namespace: &str, name: &str) -> K
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: DeserializeOwned + Clone + Debug,
    {
        let api = self.inside::<K>(namespace);
        eventually(&format!("{} {namespace}/{name} is there", K::kind(&())), async || {
            api.get(name).await.map_err(|error| error.to_string())
        })
        .await
    }

    pub async fn is_absent<K>(&self, namespace: &str, name: &str) -> bool
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: DeserializeOwned + Clone + Debug,
    {
        self.inside::<K>(namespace).get_opt(name).await.unwrap().is_none()
    }

    /// Deletes a client and waits until it is gone.
    pub async fn delete(&self, name: &str) {
        let _ = self.clients().delete(name, &DeleteParams::default()).await;
        eventually(&format!("{name} is gone"), async || {
            match self.clients().get_opt(name).await.map_err(|error| error.to_string())? {
                None => Ok(()),
                Some(client) => Err(format!("{:?}", client.status)),
            }
        })
        .await;
    }

    /// Deletes a client, and begins to delete its namespaces: no other test has clients of that name.
    pub async fn clear(&self, name: &str) {
        self.delete(name).await;
        self.no_credentials(name).await;
        for environment in EnvironmentName::ALL {
            let namespace = format!("{name}-{environment}");
            let _ = self.namespaces().delete(&namespace, &DeleteParams::default()).await;
        }
    }

    /// Waits until the operator has asked nothing for a second.
    pub async fn quiet(&self) {
        self.quiet_for(Duration::from_secs(1)).await;
    }

    /// Waits until the operator has asked nothing for so long. One that just started may pause for a second before it
    /// goes on: only a longer silence shows that it is done.
    pub async fn quiet_for(&self, silence: Duration) {
        let requests = || (OPERATOR.metrics.writes.get(), OPERATOR.metrics.reads.get());
        eventually("the operator has nothing to do", async || {
            let before = requests();
            tokio::time::sleep(silence).await;
            if requests() == before { Ok(()) } else { Err(format!("{before:?} became {:?}", requests())) }
        })
        .await;
    }
}

/// A condition of a client, or of one of its environments.
pub fn condition(
    status: Option<&McpClientStatus>,
    environment: Option<EnvironmentName>,
    kind: &str,
) -> Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition> {
    let status = status?;
    let conditions = match environment {
        None => &status.conditions,
        Some(name) => &status.environments.iter().find(|environment| environment.name == name)?.conditions,
    };
    conditions.iter().find(|condition| condition.type_ == kind).cloned()
}

/// Asks again and again until the answer is what is waited for; fails with the last answer after two minutes:
/// longer than anything takes on a machine that has a lot else to do.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, String>) -> T {
    let patience = Instant::now() + Duration::from_mins(2);
    loop {
        match ask().await {
            Ok(found) => return found,
            Err(last) => {
                assert!(Instant::now() < patience, "waited in vain until {what}; last seen: {last}");
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
