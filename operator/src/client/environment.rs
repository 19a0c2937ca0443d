//! The steps for one environment. What fails here stays here: the client's other environments are not touched by it.

use k8s_openapi::api::core::v1::Secret;
use kube::{Resource, runtime::reflector::ObjectRef};
use mcp_crds::McpClient;

use crate::{
    api::{CallError, Category},
    client::{
        claims,
        credentials::Credentials,
        database,
        deliver::{DeliverError, Deliverer},
        dereference::{self, DereferenceError},
        holdings::Claims,
        namespace::{self, Standing},
        outcome::{Outcome, Reason, Verdict},
        removal::Remover,
        validate::{Database, Route, Tenant},
    },
    context::Context,
    labels,
    manifests::Delivery,
    memory::Inputs,
    names::ClientKey,
    probe::token::SigningKey,
    render::{self, Inventory, secrets},
    rollout::Turn,
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
pub async fn reconcile(context: &Context, client: &McpClient, tenants: &[Tenant], tenant: &Tenant) -> Pass {
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
    if let Some(other) = claims::route_shared_with(tenants, tenant) {
        let message = claims::route_shared_message(tenant, other);
        return Pass { outcome: Outcome::untouched(Reason::RouteTaken, &message), failure: None };
    }
    context.sleepers.note(tenant);
    let version = |secret: &str| context.stores.credentials_version(tenant.owner.agency(), secret);
    let inputs = Inputs {
        client: (client.metadata.uid.clone(), client.metadata.generation),
        credentials: version(&tenant.credentials_secret),
        database: tenant.database_secret().and_then(version),
        pull: tenant.pods.image_pull_secret.as_deref().and_then(version),
        revision: Some((tenant.given.revision.clone(), tenant.given.turn)),
        installed: context.shared.installed(),
    };
    if let Some(outcome) = context.memory.settled(&tenant.namespace, &inputs) {
        return Pass { outcome, failure: None };
    }
    let begun = context.memory.begin(&tenant.namespace);
    let mut outcome = Outcome::untouched(Reason::Progressing, "waits for what comes before it");
    match Box::pin(attempt(context, client, tenant, &mut outcome)).await {
        Ok(settled) => {
            if settled {
                context.memory.settle(&tenant.namespace, begun, inputs, outcome.clone());
            }
            Pass { outcome, failure: None }
        }
        Err(error) => {
            if Category::of(&error) == Category::Forbidden {
                // The binding that gives the operator its rights is gone, which no watch shows: the next pass makes it anew.
                context.memory.forget(&tenant.namespace);
            }
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
    client: &McpClient,
    tenant: &Tenant,
    outcome: &mut Outcome,
) -> Result<bool, EnvironmentError> {
    outcome.profile = profile_verdict(tenant);
    outcome.route = gateway_missing(context, tenant);
    let (mut credentials, verdict) = dereference::credentials(&context.client, tenant).await?;
    outcome.credentials = verdict;
    let pull = match dereference::pull_secret(&context.client, tenant).await? {
        Ok(pull) => pull,
        Err(verdict) => {
            // As with credentials that are incomplete: the last good copies stay in use.
            credentials = None;
            outcome.credentials = verdict;
            None
        }
    };

    let standing = namespace::ensure(&context.client, &context.stores, tenant).await?;
    if let Some(verdict) = not_to_be_had(context, tenant, standing) {
        outcome.namespace = verdict.clone();
        outcome.delivery = verdict;
        return Ok(false);
    }
    let wanted = tenant.route.as_ref().map(Route::claim);
    let claims = match take_address(context, tenant, wanted.as_deref()) {
        Ok(claims) => claims,
        Err(holder) => {
            outcome.delivery = Verdict::no(Reason::RouteTaken, claims::route_taken_message(tenant, &holder));
            return Ok(false);
        }
    };
    let deliverer =
        Deliverer { client: &context.client, memory: &context.memory, namespace: &tenant.namespace };
    if tenant.given.turn == Turn::Waits && standing == Standing::Own {
        match stands(context, client, tenant, credentials.as_ref(), &deliverer).await? {
            Stands::AsItWas => {
                outcome.namespace =
                    Verdict::yes(format!("the namespace {} belongs to this client", tenant.namespace));
                outcome.delivery =
                    Verdict::yes("delivered; what the platform changed since comes in its turn");
                return Ok(true);
            }
            Stands::CannotTell => {
                outcome.delivery = Verdict::no(Reason::Progressing, "waits to see what runs");
                return Ok(false);
            }
            Stands::Changed => context.rollouts.take(tenant.namespace.as_str(), &tenant.given.revision),
        }
    }
    let mut foundation = render::foundation(tenant, &tenant.given.platform);
    let settled = foundation.namespace.clone();
    foundation.namespace = render::namespace::holding(foundation.namespace, &claims);
    deliverer.foundation(foundation).await?;
    if standing == Standing::Detached {
        namespace::mark_detached(&context.client, &tenant.owner, &tenant.namespace, false).await?;
        // The namespace was changed after it was applied; what is remembered of it is out of date.
        context.memory.forget(&tenant.namespace);
    }
    outcome.namespace = Verdict::yes(format!("the namespace {} belongs to this client", tenant.namespace));

    let mut has_database = true;
    if tenant.database == Database::Provisioned
        && let Some(fresh) = &mut credentials
    {
        let standing = dereference::standing_credentials(&context.client, tenant).await?;
        match database::provision(context, tenant, standing.as_ref()).await {
            Ok(url) => drop(fresh.0.0.insert(database::DATABASE_URL.to_owned(), url)),
            Err(error) => {
                outcome.credentials = database::verdict(&error);
                has_database = false;
                credentials = None;
            }
        }
    }
    let inventory = inventory(context, tenant, credentials.as_ref()).await?;
    // The operator has its rights in the namespace now: reading the keys has shown it.
    context.watches.begin(&tenant.namespace, &tenant.owner);
    if tenant.suspended {
        context.watches.begin_asleep(&tenant.namespace, &tenant.owner);
    }
    let prepared =
        render::manifests(tenant, &tenant.given.platform, credentials.as_ref(), pull.as_ref(), &inventory);
    let remover = Remover { owner: &tenant.owner, environment: tenant.environment };
    let applied = Box::pin(deliverer.manifests(remover, prepared)).await?;
    if tenant.pods.image_pull_secret.is_none() {
        deliverer.remove::<Secret>(remover, &tenant.owner.pull_secret()).await?;
    }
    // Only now does nothing lead to this tenant from the address before.
    deliverer.namespace(&settled).await?;
    context.holdings.keep_only(&tenant.namespace, wanted.as_deref());
    outcome.foreign_route = match (applied.route, applied.http_route) {
        (Some(Delivery::Foreign), _) => Some("Ingress"),
        (_, Some(Delivery::Foreign)) => Some("HTTPRoute"),
        _ => None,
    };
    outcome.delivery = if applied.deployment.is_some() {
        Verdict::yes("delivered")
    } else {
        let cause = if inventory.secrets_hash.is_none() { &outcome.credentials } else { &outcome.profile };
        Verdict::no(cause.reason, format!("the server was not started: {}", cause.message))
    };
    Ok(has_database)
}

fn profile_verdict(tenant: &Tenant) -> Verdict {
    match &tenant.profile {
        Ok(_) => Verdict::yes(tenant.profile_warnings.as_ref().map_or_else(
            || "the profile is valid".to_owned(),
            |warnings| format!("the profile is in use; worth a look: {warnings}"),
        )),
        Err(fault) => Verdict::no(
            Reason::ProfileInvalid,
            format!("{fault}. Correct it and apply again; until then the last valid profile stays in use"),
        ),
    }
}

/// Why there can be no route through a Gateway, if one is asked for.
fn gateway_missing(context: &Context, tenant: &Tenant) -> Option<Verdict> {
    tenant.route.as_ref()?.gateway.as_ref()?;
    (!context.shared.installed().http_route).then(|| {
        Verdict::no(
            Reason::GatewayApiMissing,
            "the cluster does not have the Gateway API's HTTPRoute: have the platform's administrators install it, or name \
             an ingressClassName in the place of the gateway; this goes on by itself when it is there",
        )
    })
}

/// Why the namespace is not this tenant's to work in, if so.
fn not_to_be_had(context: &Context, tenant: &Tenant, standing: Standing) -> Option<Verdict> {
    match standing {
        Standing::Own | Standing::Detached => None,
        Standing::Taken => Some(Verdict::no(Reason::NameTaken, namespace::taken_message(tenant))),
        Standing::Terminating => {
            context.watches.end(&tenant.namespace);
            context.servers.end(&tenant.namespace);
            context.memory.forget(&tenant.namespace);
            let message = format!("waits until the namespace {} is gone, to make it anew", tenant.namespace);
            Some(Verdict::no(Reason::NamespaceTerminating, message))
        }
    }
}

/// Takes the address for this tenant; what it has beside is what its route still leads to it from.
fn take_address(context: &Context, tenant: &Tenant, wanted: Option<&str>) -> Result<Claims, ClientKey> {
    let known = context.stores.namespaces.get(&ObjectRef::new(tenant.namespace.as_str()));
    let before = known.iter().flat_map(|namespace| claims::addresses(namespace.meta())).map(str::to_owned);
    context.holdings.take(&tenant.namespace, &tenant.owner, wanted, before.collect())
}

/// What an environment that waits for its turn needs meanwhile.
enum Stands {
    /// Nothing: it stands as its client asks for.
    AsItWas,
    /// Its client or its Secrets changed, or it is not there: that never waits.
    Changed,
    /// It could not be seen yet.
    CannotTell,
}

async fn stands(
    context: &Context,
    client: &McpClient,
    tenant: &Tenant,
    credentials: Option<&Credentials>,
    deliverer: &Deliverer<'_>,
) -> Result<Stands, EnvironmentError> {
    let observed = client.status.as_ref().and_then(|status| status.observed_generation);
    if observed.is_some() && observed != client.metadata.generation {
        return Ok(Stands::Changed);
    }
    deliverer
        .rights(&render::role_binding::build(
            &tenant.owner,
            tenant.environment,
            &tenant.given.platform.settings,
        ))
        .await?;
    let mut credentials = credentials.cloned();
    if tenant.database == Database::Provisioned
        && let Some(credentials) = &mut credentials
        && let Some(mut standing) = dereference::standing_credentials(&context.client, tenant).await?
        && let Some(url) = standing.0.0.remove(database::DATABASE_URL)
    {
        // The address was made by the operator, and stands nowhere else.
        credentials.0.0.insert(database::DATABASE_URL.to_owned(), url);
    }
    let inventory = inventory(context, tenant, credentials.as_ref()).await?;
    context.watches.begin(&tenant.namespace, &tenant.owner);
    let Some(workload) = context.watches.workload(&tenant.namespace).await else {
        return Ok(Stands::CannotTell);
    };
    let hash = workload.deployment.as_deref().and_then(|deployment| {
        deployment.spec.as_ref()?.template.metadata.as_ref()?.annotations.as_ref()?.get(labels::SECRETS_HASH)
    });
    Ok(if hash.is_none() || hash != inventory.secrets_hash.as_ref() {
        Stands::Changed
    } else {
        Stands::AsItWas
    })
}

async fn inventory(
    context: &Context,
    tenant: &Tenant,
    fresh: Option<&Credentials>,
) -> Result<Inventory, EnvironmentError> {
    let keys = dereference::keys(&context.client, tenant, &context.memory).await?;
    context.servers.learn_key(&tenant.namespace, SigningKey::from_secret(&keys));
    let standing = match fresh {
        Some(_) => None,
        None => dereference::standing_credentials(&context.client, tenant).await?,
    };
    let has_profile = tenant.profile.is_ok() || dereference::has_profile(&context.client, tenant).await?;
    let secrets_hash = fresh.or(standing.as_ref()).map(|credentials| secrets::hash(credentials, &keys));
    Ok(Inventory { secrets_hash, has_profile, installed: context.shared.installed() })
}
