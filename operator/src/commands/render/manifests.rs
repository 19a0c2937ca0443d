//! What is rendered, as documents in the order of delivery.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mcp_crds::{McpClient, McpPlan};
use serde::Serialize;
use serde_json::Value;

use crate::{
    client::{
        credentials::Credentials,
        validate::{Tenant, validate_under},
    },
    commands::{
        documents::Document,
        render::secrets::{self, Found},
    },
    installed::Installed,
    manifests::{Confidential, Foundation, Manifests},
    names::{ClientKey, NameError},
    render::{self, Inventory, Platform},
};

/// What stands in place of the hash over the Secrets: nobody has them all without a cluster. The operator writes the
/// true one, which rolls the pod once.
const UNKNOWN_SECRETS: &str = "unknown-without-a-cluster";

/// One environment, rendered.
#[derive(Debug)]
pub struct Rendered {
    /// Whose it is.
    pub owner: ClientKey,
    /// Where it goes.
    pub namespace: String,
    /// Its manifests, in the order they are delivered in.
    pub manifests: Vec<Manifest>,
    /// What a person should know of it.
    pub notes: Vec<String>,
}

/// One object.
#[derive(Debug)]
pub struct Manifest {
    /// Its kind.
    pub kind: String,
    /// The object.
    pub value: Value,
}

/// Why a client cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum ManifestsError {
    /// Its name is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// It stands twice.
    #[error("the McpClient {0} stands in these files twice: remove one of them")]
    Twice(ClientKey),
    /// Two clients would share a namespace.
    #[error(
        "{first} and {second} both ask for the namespace {namespace}, which only one can have: rename one of them"
    )]
    NameTaken {
        /// Who has it.
        first: ClientKey,
        /// Who would have it too.
        second: ClientKey,
        /// Which.
        namespace: String,
    },
    /// Two environments would answer for one number.
    #[error(
        "{first} and {second} both answer for the phone number id {number}: a number belongs to one environment"
    )]
    NumberTaken {
        /// Namespace of the first.
        first: String,
        /// Namespace of the second.
        second: String,
        /// Which.
        number: String,
    },
    /// The profile cannot be served.
    #[error("{namespace}: {fault}")]
    Profile {
        /// Where.
        namespace: String,
        /// Why.
        fault: String,
    },
    /// Its plan is not among the files.
    #[error("{client} names the McpPlan {plan}, which is not among these files: name its file as well")]
    PlanMissing {
        /// Which client.
        client: String,
        /// Which plan.
        plan: String,
    },
    /// Its plan or its agency does not allow what it asks for.
    #[error("{namespace}: {fault}")]
    NotAllowed {
        /// Where.
        namespace: String,
        /// Why, and what to do.
        fault: String,
    },
    /// The Secret among the files is not complete.
    #[error("{namespace}: {fault}")]
    Credentials {
        /// Where.
        namespace: String,
        /// Why.
        fault: String,
    },
    /// A Secret is none.
    #[error("read the Secret {name}: {message}")]
    Secret {
        /// Which.
        name: String,
        /// Why.
        message: String,
    },
    /// It could not be written as text.
    #[error("write a manifest: {0}")]
    Encode(String),
}

/// Renders every environment of these clients under their plans. Secrets among `documents` are checked; with `with_secrets` they are
/// rendered as well.
pub fn render(
    clients: &[McpClient],
    plans: &[McpPlan],
    documents: &[Document],
    platform: &Platform,
    with_secrets: bool,
    now: Timestamp,
) -> Result<Vec<Rendered>, ManifestsError> {
    let mut namespaces: BTreeMap<String, ClientKey> = BTreeMap::new();
    let mut numbers: BTreeMap<String, String> = BTreeMap::new();
    let mut rendered = Vec::new();
    for client in clients {
        let plan = plan_of(client, plans)?.map(|plan| &plan.spec);
        for tenant in validate_under(client, platform, plan, now)? {
            let namespace = tenant.namespace.as_str().to_owned();
            if let Some(first) = namespaces.insert(namespace.clone(), tenant.owner.clone()) {
                let second = tenant.owner;
                return Err(if first == second {
                    ManifestsError::Twice(second)
                } else {
                    ManifestsError::NameTaken { first, second, namespace }
                });
            }
            if let Some(first) = numbers.insert(tenant.phone_number_id.clone(), namespace.clone()) {
                let number = tenant.phone_number_id;
                return Err(ManifestsError::NumberTaken { first, second: namespace, number });
            }
            rendered.push(environment(&tenant, documents, platform, with_secrets)?);
        }
    }
    Ok(rendered)
}

fn plan_of<'p>(client: &McpClient, plans: &'p [McpPlan]) -> Result<Option<&'p McpPlan>, ManifestsError> {
    let Some(name) = &client.spec.plan else { return Ok(None) };
    let found = plans.iter().find(|plan| plan.metadata.name.as_ref() == Some(name));
    let missing = || ManifestsError::PlanMissing {
        client: client.metadata.name.clone().unwrap_or_default(),
        plan: name.clone(),
    };
    found.map(Some).ok_or_else(missing)
}

fn environment(
    tenant: &Tenant,
    documents: &[Document],
    platform: &Platform,
    with_secrets: bool,
) -> Result<Rendered, ManifestsError> {
    let namespace = tenant.namespace.as_str().to_owned();
    if let Some(refusal) = &tenant.refusal {
        return Err(ManifestsError::NotAllowed { namespace, fault: refusal.message.clone() });
    }
    if let Err(fault) = &tenant.profile {
        return Err(ManifestsError::Profile { namespace, fault: fault.to_string() });
    }
    let Found { credentials, notes: found } = secrets::find(tenant, documents)?;
    let mut notes = vec![format!("{namespace}: {}", tenant.effective.sentence())];
    notes.extend(found);
    let shown = credentials.filter(|_| with_secrets);
    let (credentials_secret, keys_secret) = (tenant.owner.credentials_secret(), tenant.owner.keys_secret());
    let left_out =
        if shown.is_some() { keys_secret } else { format!("{credentials_secret} and {keys_secret}") };
    notes.push(format!(
        "{namespace}: not rendered: the Secrets {left_out}, which the operator makes in the cluster and without which no pod starts"
    ));
    Ok(Rendered {
        owner: tenant.owner.clone(),
        manifests: all(tenant, platform, shown.as_ref())?,
        namespace,
        notes,
    })
}

/// Every manifest in the order of delivery. Taken apart field by field, so that a kind that is added and forgotten here
/// does not compile.
fn all(
    tenant: &Tenant,
    platform: &Platform,
    credentials: Option<&Credentials>,
) -> Result<Vec<Manifest>, ManifestsError> {
    let inventory = Inventory {
        secrets_hash: Some(UNKNOWN_SECRETS.to_owned()),
        has_profile: true,
        // Who names a Gateway has the Gateway API; whether somebody looks for monitors only the cluster knows.
        installed: Installed { http_route: true, pod_monitor: false },
    };
    let Foundation { namespace, role_binding } = render::foundation(tenant, platform);
    // Copied from the agency's namespace in the cluster, like every Secret.
    let pull = None;
    let Manifests {
        openings,
        default_deny,
        limit_range,
        quota,
        service_account,
        credentials,
        pull_secret,
        profile,
        data,
        route,
        http_route,
        service,
        asleep,
        deployment,
        disruption_budget,
        pod_monitor,
    } = render::manifests(tenant, platform, credentials, pull, &inventory);
    let mut list = vec![
        one(&namespace)?,
        one(&role_binding)?,
        one(&openings)?,
        one(&default_deny)?,
        one(&limit_range)?,
        one(&quota)?,
        one(&service_account)?,
    ];
    list.extend(credentials.as_ref().map(|Confidential(secret)| one(secret)).transpose()?);
    list.extend(pull_secret.as_ref().map(|Confidential(secret)| one(secret)).transpose()?);
    list.extend(profile.as_ref().map(one).transpose()?);
    list.extend(data.as_ref().map(one).transpose()?);
    list.push(one(&service)?);
    list.extend(deployment.as_ref().map(one).transpose()?);
    list.extend(asleep.as_ref().map(one).transpose()?);
    list.extend(disruption_budget.as_ref().map(one).transpose()?);
    list.extend(pod_monitor.as_ref().map(one).transpose()?);
    list.extend(route.as_ref().map(one).transpose()?);
    list.extend(http_route.as_ref().map(one).transpose()?);
    Ok(list)
}

fn one(object: &impl Serialize) -> Result<Manifest, ManifestsError> {
    // Through a value: its maps are sorted, so that the text is the same on every machine.
    let value = serde_json::to_value(object).map_err(|error| ManifestsError::Encode(error.to_string()))?;
    Ok(Manifest { kind: value["kind"].as_str().unwrap_or_default().to_owned(), value })
}

/// An object as YAML.
pub fn yaml(value: &Value) -> Result<String, ManifestsError> {
    serde_yaml::to_string(value).map_err(|error| ManifestsError::Encode(error.to_string()))
}

/// Everything in one text, for `kubectl apply -f -`.
pub fn stream(rendered: &[Rendered]) -> Result<String, ManifestsError> {
    let values = rendered.iter().flat_map(|environment| &environment.manifests);
    let documents = values.map(|manifest| yaml(&manifest.value)).collect::<Result<Vec<_>, _>>()?;
    Ok(documents.join("---\n"))
}
