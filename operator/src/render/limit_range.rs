//! How large a pod of a tenant may be. What says nothing of its size, a container added to look into a pod, gets the
//! server's.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{LimitRange, LimitRangeItem, LimitRangeSpec},
    apimachinery::pkg::api::resource::Quantity,
};

use crate::{client::validate::Tenant, quantity};

/// The limit of cert-manager's `acmesolver`, by its defaults.
const ACME_SOLVER_MEMORY: &str = "64Mi";

/// The limit range of a tenant's namespace: no pod may take more memory than the server's, its migration included, which
/// comes before the server and counts with it as the larger of the two.
pub fn build(tenant: &Tenant) -> LimitRange {
    let (requests, limits) = (&tenant.resources.requests, &tenant.resources.limits);
    let amounts = |pairs: &[(&str, &str)]| -> Option<BTreeMap<String, Quantity>> {
        Some(
            pairs.iter().map(|(what, amount)| ((*what).to_owned(), Quantity((*amount).to_owned()))).collect(),
        )
    };
    // What cert-manager answers challenges with may use this much.
    let most = if tenant.has_own_certificate() { ACME_SOLVER_MEMORY } else { "0" };
    let most = quantity::times_or(&limits.memory, 1, most);
    LimitRange {
        metadata: tenant.meta(tenant.owner.name().to_owned()),
        spec: Some(LimitRangeSpec {
            limits: vec![
                LimitRangeItem {
                    type_: "Container".to_owned(),
                    default: amounts(&[("memory", &limits.memory)]),
                    default_request: amounts(&[("cpu", &requests.cpu), ("memory", &requests.memory)]),
                    ..LimitRangeItem::default()
                },
                LimitRangeItem {
                    type_: "Pod".to_owned(),
                    max: amounts(&[("memory", &most)]),
                    ..LimitRangeItem::default()
                },
            ],
        }),
    }
}
