//! The steps for one environment. What fails here stays here: the client's other environments are not touched by it.

use mcp_crds::McpClient;

use crate::{
    api::CallError,
    client::{
        claims,
        credentials::Credentials,
        deliver::{DeliverError, Deliverer},
        dereference::{self, DereferenceError},
        namespace::{self, Standing},
        outcome::{Outcome, Reason, Verdict},
        validate::Tenant,
    },
    context::Context,
    memory::Inputs,
    render::{self, Inventory, secrets},
};

/// Why a pass over an environment did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The API server refused a call.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Something could not be fetched.
    #[error(transparent)]
    Dereference(#[from] DereferenceError),
    /// Something could not be delivered.
    #[error(transparent)]
    Deliver(#[from] DeliverError),
}

/// What a pass came to.
pub struct Pass {
    /// What it found.
    pub outcome: Outcome,
    /// What cut it short; the client is tried again soon.
    pub failure: Option<EnvironmentError>,
}

/// Brings one environment to what its spec asks for.
pub async fn reconcile(context: &Context, client: &McpClient, tenant: &Tenant) -> Pass {
    if let Some(refusal) = &tenant.refusal {
        return Pass { outcome: Outcome::untouched(refusal.reason, &refusal.message), failure: None };
    }
    if let Some(holder) = claims::number_taken_by(&context.stores, client, tenant) {
        let message = claims::taken_message(tenant, &holder);
        return Pass { outcome: Outcome::untouched(Reason::NumberTaken, &message), failure: None };
    }
    if let Some(holder) = claims::route_taken_by(&context.stores, client, tenant) {
        let message = claims::route_taken_message(tenant, &holder);
        return Pass { outcome: Outcome::untouched(Reason::RouteTaken, &message), failure: None };
    }
    let version = |secret: &str| context.stores.credentials_version(tenant.owner.agency(), secret);
    let inputs = Inputs {
        client: (client.metadata.uid.clone(), client.metadata.generation),
        credentials: version(&tenant.credentials_secret),
        database: tenant.database_secret().and_then(version),
        plan: client.spec.plan.as_deref().and_then(|plan| context.stores.plan_version(plan)),
    };
    if let Some(outcome) = context.memory.settled(&tenant.namespace, &inputs) {
        return Pass { outcome, failure: None };
    }
    let begun = context.memory.begin(&tenant.namespace);
    let mut outcome = Outcome::untouched(Reason::Progressing, "waits for what comes before it");
    match Box::pin(attempt(context, tenant, &mut outcome)).await {
        Ok(settled) => {
            if settled {
                context.memory.settle(&tenant.namespace, begun, inputs, outcome.clone());
            }
            Pass { outcome, failure: None }
        }
        Err(error) => {
            outcome.delivery = Verdict::no(
                Reason::DeliveryFailed,
                format!("{error}; it is tried again by itself, and the operator's log has the details"),
            );
            Pass { outcome, failure: Some(error) }
        }
    }
}

/// Returns whether the pass may be remembered: one that waits for something that no watch shows may not.
async fn attempt(
    context: &Context,
    tenant: &Tenant,
    outcome: &mut Outcome,
) -> Result<bool, EnvironmentError> {
    outcome.profile = match &tenant.profile {
        Ok(_) => Verdict::yes(tenant.profile_warnings.as_ref().map_or_else(
            || "the profile is valid".to_owned(),
            |warnings| format!("the profile is in use; worth a look: {warnings}"),
        )),
        Err(fault) => Verdict::no(
            Reason::ProfileInvalid,
            format!("{fault}. Correct it and apply again; until then the last valid profile stays in use"),
        ),
    };
    let (credentials, verdict) = dereference::credentials(&context.client, tenant).await?;
    outcome.credentials = verdict;

    let standing = namespace::ensure(&context.client, &context.stores, tenant).await?;
    match standing {
        Standing::Own | Standing::Detached => {}
        Standing::Taken => {
            let message = namespace::taken_message(tenant);
            outcome.namespace = Verdict::no(Reason::NameTaken, message.clone());
            outcome.delivery = Verdict::no(Reason::NameTaken, message);
            return Ok(false);
        }
        Standing::Terminating => {
            let message = format!("waits until the namespace {} is gone, to make it anew", tenant.namespace);
            outcome.namespace = Verdict::no(Reason::NamespaceTerminating, message.clone());
            outcome.delivery = Verdict::no(Reason::NamespaceTerminating, message);
            context.watches.end(&tenant.namespace);
            context.memory.forget(&tenant.namespace);
            return Ok(false);
        }
    }
    let deliverer =
        Deliverer { client: &context.client, memory: &context.memory, namespace: &tenant.namespace };
    deliverer.foundation(render::foundation(tenant, &context.platform)).await?;
    if standing == Standing::Detached {
        namespace::mark_detached(&context.client, &tenant.owner, &tenant.namespace, false).await?;
        // The namespace was changed after it was applied; what is remembered of it is out of date.
        context.memory.forget(&tenant.namespace);
    }
    outcome.namespace = Verdict::yes(format!("the namespace {} belongs to this client", tenant.namespace));

    let inventory = inventory(context, tenant, credentials.as_ref()).await?;
    // The operator has its rights in the namespace now: reading the keys has shown it.
    context.watches.begin(&tenant.namespace, &tenant.owner);
    let prepared = render::manifests(tenant, &context.platform, credentials.as_ref(), &inventory);
    let applied = Box::pin(deliverer.manifests(tenant.owner.name(), prepared)).await?;
    outcome.delivery = if applied.deployment.is_some() {
        Verdict::yes("delivered")
    } else {
        let cause = if inventory.secrets_hash.is_none() { &outcome.credentials } else { &outcome.profile };
        Verdict::no(cause.reason, format!("the server was not started: {}", cause.message))
    };
    Ok(true)
}

async fn inventory(
    context: &Context,
    tenant: &Tenant,
    fresh: Option<&Credentials>,
) -> Result<Inventory, EnvironmentError> {
    let keys = dereference::keys(&context.client, tenant, &context.memory).await?;
    let standing = match fresh {
        Some(_) => None,
        None => dereference::standing_credentials(&context.client, tenant).await?,
    };
    let has_profile = tenant.profile.is_ok() || dereference::has_profile(&context.client, tenant).await?;
    let secrets_hash = fresh.or(standing.as_ref()).map(|credentials| secrets::hash(credentials, &keys));
    Ok(Inventory { secrets_hash, has_profile })
}
