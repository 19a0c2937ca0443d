//! First owner wins: a phone number id, and a host with a path, belong to one client of the cluster.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};
use mcp_crds::{EnvironmentName, McpClient};

use crate::{
    client::validate::{Route, Tenant},
    labels,
    names::ClientKey,
    stores::Stores,
};

/// Another client that uses the same phone number id and comes first: the one whose namespace already answers for it,
/// otherwise the one that was created first, then the first by name.
pub fn number_taken_by(stores: &Stores, client: &McpClient, tenant: &Tenant) -> Option<ClientKey> {
    let number = tenant.phone_number_id.as_str();
    taken_by(
        stores,
        client,
        tenant,
        |namespace| annotation(namespace, labels::NUMBER) == Some(number),
        |other| other.spec.environments.iter().any(|e| e.whatsapp.phone_number_id == number),
    )
}

/// Likewise for host and path. A path below or above somebody else's is taken as well: it would catch, or lose, what is
/// meant for the other.
pub fn route_taken_by(stores: &Stores, client: &McpClient, tenant: &Tenant) -> Option<ClientKey> {
    let claim = tenant.route.as_ref()?.claim();
    taken_by(
        stores,
        client,
        tenant,
        |namespace| addresses(namespace).any(|other| overlap(other, &claim)),
        |other| {
            other.spec.environments.iter().any(|environment| {
                environment.route.as_ref().is_some_and(|route| {
                    let default = || format!("/{}/{}", other.name_any(), environment.name);
                    let path = route.path.clone().unwrap_or_else(default);
                    overlap(&format!("{}{path}", route.host), &claim)
                })
            })
        },
    )
}

/// The addresses a namespace answers for: one, or two while its route moves.
pub fn addresses(namespace: &ObjectMeta) -> impl Iterator<Item = &str> {
    annotation(namespace, labels::ROUTE)
        .into_iter()
        .flat_map(|list| list.split(','))
        .filter(|claim| !claim.is_empty())
}

/// An environment of the same client that comes earlier in the spec and asks for the same address, or one above or below
/// it. The schema refuses that; this is for objects that are older than its rule.
pub fn route_shared_with(tenants: &[Tenant], tenant: &Tenant) -> Option<EnvironmentName> {
    let claim = tenant.route.as_ref()?.claim();
    tenants
        .iter()
        .take_while(|other| other.environment != tenant.environment)
        .find(|other| other.route.as_ref().is_some_and(|route| overlap(&route.claim(), &claim)))
        .map(|other| other.environment)
}

/// The sentence for an environment whose address another one of the client has.
pub fn route_shared_message(tenant: &Tenant, other: EnvironmentName) -> String {
    format!(
        "the address {} is also that of this client's {other}, or lies above or below it: give each environment a path of \
         its own; nothing was changed",
        tenant.route.as_ref().map(Route::claim).unwrap_or_default()
    )
}

/// Whether one of two paths is the other or lies below it.
pub fn overlap(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn taken_by(
    stores: &Stores,
    client: &McpClient,
    tenant: &Tenant,
    has: impl Fn(&ObjectMeta) -> bool,
    asks: impl Fn(&McpClient) -> bool,
) -> Option<ClientKey> {
    let mut mine = false;
    for namespace in stores.namespaces.state() {
        if !labels::is_detached(namespace.meta())
            && has(namespace.meta())
            && let Some((owner, _)) = labels::tenant_of(namespace.meta())
        {
            if owner != tenant.owner {
                return Some(owner);
            }
            mine = true;
        }
    }
    if mine {
        return None;
    }
    stores
        .clients
        .state()
        .iter()
        .filter_map(|guarded| guarded.0.as_ref().ok())
        // Who is not served runs nothing, and keeps nobody from running.
        .filter(|other| other.namespace().is_some_and(|agency| stores.serves(&agency)))
        .filter(|other| order(other) < order(client))
        .filter(|other| asks(other))
        .filter_map(key_of)
        .find(|other| *other != tenant.owner)
}

/// The sentence for a client whose number is taken.
pub fn taken_message(tenant: &Tenant, holder: &ClientKey) -> String {
    let who = named(tenant, holder);
    format!(
        "the phone number id {} already belongs to {who}: set another one; nothing was changed, and this environment \
         starts by itself when the number becomes free",
        tenant.phone_number_id
    )
}

/// The sentence for a client whose host and path are taken.
pub fn route_taken_message(tenant: &Tenant, holder: &ClientKey) -> String {
    let claim = tenant.route.as_ref().map(Route::claim).unwrap_or_default();
    format!(
        "the address {claim} belongs to {}: set another host or path; nothing was changed, and this environment starts \
         by itself when the address becomes free",
        named(tenant, holder)
    )
}

/// The holder in words. Other agencies' clients are not named.
fn named(tenant: &Tenant, holder: &ClientKey) -> String {
    if holder.agency() == tenant.owner.agency() {
        format!("the client {}", holder.name())
    } else {
        "a client of another agency".to_owned()
    }
}

fn annotation<'a>(namespace: &'a ObjectMeta, name: &str) -> Option<&'a str> {
    namespace.annotations.as_ref()?.get(name).map(String::as_str)
}

fn key_of(client: &McpClient) -> Option<ClientKey> {
    ClientKey::new(&client.namespace()?, &client.name_any()).ok()
}

fn order(client: &McpClient) -> (Option<jiff::Timestamp>, Option<ClientKey>) {
    (client.creation_timestamp().map(|time| time.0), key_of(client))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::validate::validate,
        render::tests::{NOW, barbershop, settings},
    };

    #[test]
    fn of_two_environments_at_one_address_the_first_of_the_spec_has_it() {
        let mut client = barbershop();
        let route = serde_json::json!({"host": "wa.example", "path": "/ze"});
        client.spec.environments[0].route = serde_json::from_value(route).unwrap();
        let mut staging = client.spec.environments[0].clone();
        staging.name = EnvironmentName::Staging;
        client.spec.environments.push(staging);
        let tenants = validate(&client, &settings(), NOW).unwrap();
        assert_eq!(route_shared_with(&tenants, &tenants[0]), None);
        assert_eq!(route_shared_with(&tenants, &tenants[1]), Some(EnvironmentName::Production));
        assert!(route_shared_message(&tenants[1], EnvironmentName::Production).contains("wa.example/ze"));
    }

    #[test]
    fn a_path_is_taken_with_all_below_it_and_a_longer_word_is_another_path() {
        assert!(overlap("wa.example/bella", "wa.example/bella"));
        assert!(overlap("wa.example/bella", "wa.example/bella/production"));
        assert!(overlap("wa.example/bella/production", "wa.example/bella"));
        assert!(!overlap("wa.example/bella", "wa.example/bellavista"));
        assert!(!overlap("wa.example/bella", "other.example/bella"));
    }
}
