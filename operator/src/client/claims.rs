//! First owner wins: a phone number id belongs to one client of the cluster.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};
use mcp_crds::McpClient;

use crate::{client::validate::Tenant, labels, names::ClientKey, stores::Stores};

/// Another client that uses the same phone number id and comes first: the one whose namespace already answers for it,
/// otherwise the one that was created first, then the first by name.
pub fn number_taken_by(stores: &Stores, client: &McpClient, tenant: &Tenant) -> Option<ClientKey> {
    let number = tenant.phone_number_id.as_str();
    let mut mine = false;
    for namespace in stores.namespaces.state() {
        if answers_for(namespace.meta(), number)
            && let Some((owner, _)) = labels::owner_of(namespace.meta())
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
        .filter(|other| other.spec.environments.iter().any(|e| e.whatsapp.phone_number_id == number))
        .filter_map(key_of)
        .find(|other| *other != tenant.owner)
}

/// The sentence for a client whose number is taken. Other agencies' clients are not named.
pub fn taken_message(tenant: &Tenant, holder: &ClientKey) -> String {
    let who = if holder.agency() == tenant.owner.agency() {
        format!("the client {}", holder.name())
    } else {
        "a client of another agency".to_owned()
    };
    format!(
        "the phone number id {} already belongs to {who}: set another one; nothing was changed, and this environment \
         starts by itself when the number becomes free",
        tenant.phone_number_id
    )
}

fn answers_for(namespace: &ObjectMeta, number: &str) -> bool {
    !labels::is_detached(namespace)
        && namespace.annotations.as_ref().and_then(|annotations| annotations.get(labels::NUMBER))
            == Some(&number.to_owned())
}

fn key_of(client: &McpClient) -> Option<ClientKey> {
    ClientKey::new(&client.namespace()?, &client.name_any()).ok()
}

fn order(client: &McpClient) -> (Option<jiff::Timestamp>, Option<ClientKey>) {
    (client.creation_timestamp().map(|time| time.0), key_of(client))
}
