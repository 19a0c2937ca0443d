//! What a test has to itself: an agency's namespace, and a namespace for its operator with the rights of the chart.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use k8s_openapi::{
    NamespaceResourceScope,
    api::core::v1::{Namespace, Secret},
    apimachinery::pkg::apis::meta::v1::Condition,
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, ObjectMeta, Patch, PatchParams, PostParams},
};
use mcp_crds::{DeletionPolicy, EnvironmentName, McpClient};
use serde_json::{Value, json};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::{bed, kubelet, running, running::Operator, servers};

/// The agencies, one per test; `kubectl` and Helm are asked once for all of them.
const AGENCIES: &[&str] = &[
    "ends-create",
    "ends-change",
    "ends-removal",
    "ends-deletion",
    "leaders",
    "cut-off",
    "conflicts",
    "overload",
    "lost-answers",
    "silences",
    "watches",
    "versions",
    "watches-old",
    "edits",
    "foreign",
    "stuck",
    "definition",
    "hasty",
    "clocks",
    "around",
    "forged",
    "hijacked",
    "secrets-a",
    "secrets-b",
    "account",
    "huge",
];

/// Tests that change what all share are alone; the others are not.
static ALONE: LazyLock<std::sync::Arc<RwLock<()>>> = LazyLock::new(std::sync::Arc::default);

static INSTALLED: LazyLock<()> = LazyLock::new(install);

enum Turn {
    Beside { _guard: OwnedRwLockReadGuard<()> },
    Alone { _guard: OwnedRwLockWriteGuard<()> },
}

pub struct Lane {
    /// The cluster's administrator.
    pub client: Client,
    pub agency: &'static str,
    _turn: Turn,
}

impl Lane {
    pub async fn enter(agency: &'static str) -> Self {
        let turn = Turn::Beside { _guard: std::sync::Arc::clone(&ALONE).read_owned().await };
        Self::with(agency, turn).await
    }

    /// For tests that change what belongs to the whole cluster.
    pub async fn enter_alone(agency: &'static str) -> Self {
        let turn = Turn::Alone { _guard: std::sync::Arc::clone(&ALONE).write_owned().await };
        Self::with(agency, turn).await
    }

    async fn with(agency: &'static str, turn: Turn) -> Self {
        assert!(AGENCIES.contains(&agency), "{agency} is not in the list");
        tokio::task::spawn_blocking(|| LazyLock::force(&INSTALLED)).await.unwrap();
        let client = Client::try_from(running::admin().await).unwrap();
        Self { client, agency, _turn: turn }
    }

    /// Lets go of the clients of other tests, whose operators have ended; for a test that is alone.
    pub async fn forget_others(&self) {
        // Some may not fit their type.
        let kind = ApiResource::erase::<McpClient>(&());
        let all = Api::<DynamicObject>::all_with(self.client.clone(), &kind);
        for client in all.list(&ListParams::default()).await.unwrap() {
            let namespace = client.namespace().unwrap();
            let api = Api::<DynamicObject>::namespaced_with(self.client.clone(), &namespace, &kind);
            let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
            api.patch(&client.name_any(), &PatchParams::default(), &free).await.unwrap();
            // One that was deleted before is gone with its finalizer.
            let _ = api.delete(&client.name_any(), &DeleteParams::default()).await;
        }
    }

    /// Starts with a client that nothing is to happen to; its name is its own in the whole cluster.
    pub async fn neighbour(&self) -> String {
        let name = format!("{}-neighbour", self.agency);
        self.ready(&name, "79999999").await;
        name
    }

    /// An operator that looks at this agency.
    pub async fn operator(&self) -> Operator {
        Operator::start(self.agency).await
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

    /// The example under another name, with one environment whose pod no scheduler can place.
    pub fn example(&self, name: &str, number: &str) -> McpClient {
        let mut client: McpClient = serde_yaml::from_str(&bed::example()).unwrap();
        client.metadata = ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(self.agency.to_owned()),
            ..ObjectMeta::default()
        };
        client.spec.credentials_secret_ref.name = format!("{name}-credentials");
        client.spec.deletion_policy = DeletionPolicy::Retain;
        let environment = &mut client.spec.environments[0];
        number.clone_into(&mut environment.whatsapp.phone_number_id);
        "99999".clone_into(&mut environment.resources.get_or_insert_default().requests.cpu);
        client
    }

    /// Writes a labelled, complete Secret for a client.
    pub async fn credentials(&self, client: &str) {
        self.credentials_in(self.agency, client).await;
    }

    /// Likewise, in a namespace of another agency.
    pub async fn credentials_in(&self, agency: &str, client: &str) {
        let keys = [
            "WHATSAPP_API_TOKEN",
            "WHATSAPP_APP_SECRET",
            "WHATSAPP_WEBHOOK_VERIFY_TOKEN",
            "GEMINI_API_KEY",
            "GOOGLE_CLIENT_EMAIL",
            "GOOGLE_PRIVATE_KEY",
        ];
        let data: serde_json::Map<String, Value> =
            keys.iter().map(|key| ((*key).to_owned(), json!("value"))).collect();
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {
                "name": format!("{client}-credentials"), "labels": {"mcp-platform.dev/credentials": "true"},
            },
            "stringData": data,
        });
        let (apply, name) = (PatchParams::apply("tests").force(), format!("{client}-credentials"));
        self.inside::<Secret>(agency).patch(&name, &apply, &Patch::Apply(secret)).await.unwrap();
    }

    pub async fn create(&self, client: &McpClient) {
        self.credentials(&client.name_any()).await;
        self.clients().create(&PostParams::default(), client).await.unwrap();
    }

    /// Creates a client of this name and waits until it is ready.
    pub async fn ready(&self, name: &str, number: &str) {
        self.create(&self.example(name, number)).await;
        self.reason(name, "Ready").await;
    }

    pub async fn patch(&self, name: &str, patch: Value) {
        self.clients().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    pub async fn delete(&self, name: &str) {
        self.clients().delete(name, &DeleteParams::default()).await.unwrap();
    }

    pub async fn gone(&self, name: &str) {
        eventually(&format!("{name} is gone"), async || {
            match self.clients().get_opt(name).await.map_err(|error| error.to_string())? {
                None => Ok(()),
                Some(client) => Err(format!("{:?} {:?}", client.metadata.finalizers, client.status)),
            }
        })
        .await;
    }

    /// Waits until a client's `Ready` of this generation has this reason, and returns its message.
    pub async fn reason(&self, name: &str, reason: &str) -> String {
        eventually(&format!("{name} reports {reason}"), async || {
            let client = self.clients().get(name).await.map_err(|error| error.to_string())?;
            let status = client.status.ok_or("no status yet")?;
            let ready =
                status.conditions.iter().find(|one| one.type_ == "Ready").ok_or("no condition yet")?;
            if status.observed_generation == client.metadata.generation && ready.reason == reason {
                Ok(ready.message.clone())
            } else {
                Err(format!("{ready:?}"))
            }
        })
        .await
    }

    /// A condition of a client's production.
    pub async fn condition(&self, name: &str, kind: &str) -> Option<Condition> {
        let client = self.clients().get(name).await.ok()?;
        let production =
            client.status?.environments.into_iter().find(|one| one.name == EnvironmentName::Production)?;
        production.conditions.into_iter().find(|one| one.type_ == kind)
    }

    /// Waits until an operator that has clients has looked at one, and has asked nothing for a while.
    pub async fn quiet(&self, operator: &Operator) {
        eventually("the operator has looked at a client", async || {
            if operator.metrics.reconciles_ok() > 0 { Ok(()) } else { Err("at none".to_owned()) }
        })
        .await;
        eventually("the operator has nothing to do", async || {
            let before = operator.proxy.count();
            tokio::time::sleep(Duration::from_millis(700)).await;
            let now = operator.proxy.count();
            if now == before { Ok(()) } else { Err(format!("{before:?} became {now:?}")) }
        })
        .await;
    }
}

/// Asks again and again until the answer is what is waited for; fails with the last answer after two minutes.
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

/// What the chart has for a whole cluster once, and for each agency what would have one name in all of them under a name
/// of its own.
fn install() {
    const AGENCY: &str = "agencyname";
    let home = running::home_of(AGENCY);
    let values = [format!("agencies={{{AGENCY}}}"), format!("routes.hosts.{AGENCY}={{*.agency.example}}")];
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let manifests = bed::chart(&home, &values).unwrap();
    let (mut once, mut each) = (Vec::new(), Vec::new());
    for document in manifests.split("\n---") {
        let kind = document.lines().find_map(|line| line.strip_prefix("kind: ")).unwrap_or_default();
        match kind {
            "CustomResourceDefinition" | "ClusterRole" => once.push(document.to_owned()),
            "ServiceAccount" | "Role" | "RoleBinding" => each.push(document.to_owned()),
            "ClusterRoleBinding" => {
                let named =
                    document.replacen("\n  name: mcp-operator\n", "\n  name: mcp-operator-agencyname\n", 1);
                assert_ne!(named, document);
                each.push(named);
            }
            "ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding" => {
                each.push(document.replace("mcp-platform-hosts", "mcp-platform-hosts-agencyname"));
            }
            _ => {}
        }
    }
    let namespace = |name: &str| format!("\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n");
    let mut all: Vec<String> = AGENCIES
        .iter()
        .flat_map(|agency| [namespace(agency), namespace(&running::home_of(agency))])
        .collect();
    all.extend(once);
    let each = each.join("\n---");
    all.extend(AGENCIES.iter().map(|agency| each.replace(AGENCY, agency)));
    bed::kubectl(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &all.join("\n---")).unwrap();
    let wait = ["wait", "--for=condition=Established", "crd", "mcpclients.mcp-platform.dev", "--timeout=30s"];
    bed::kubectl(&wait, "").unwrap();
    servers::start();
    kubelet::start();
}
