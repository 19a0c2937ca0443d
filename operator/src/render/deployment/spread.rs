//! Where the servers of one tenant run: apart, as far as there is room.

use k8s_openapi::{
    api::core::v1::TopologySpreadConstraint, apimachinery::pkg::apis::meta::v1::LabelSelector,
};

use crate::{client::validate::Tenant, labels};

/// Servers of a tenant on different nodes, and in different zones; none for one that is alone. A wish and no condition:
/// two servers on one node are better than one.
pub fn constraints(tenant: &Tenant) -> Option<Vec<TopologySpreadConstraint>> {
    (tenant.replicas > 1).then(|| {
        ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
            .map(|key| TopologySpreadConstraint {
                max_skew: 1,
                topology_key: key.to_owned(),
                when_unsatisfiable: "ScheduleAnyway".to_owned(),
                label_selector: Some(LabelSelector {
                    match_labels: Some(labels::selector(&tenant.owner)),
                    ..LabelSelector::default()
                }),
                // Those of one rollout among themselves: the ones that are about to end do not count.
                match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
                ..TopologySpreadConstraint::default()
            })
            .into()
    })
}
