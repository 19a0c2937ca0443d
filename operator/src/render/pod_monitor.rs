//! How Prometheus finds a tenant's metrics. By pod and not by Service: their port is in no Service.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::{
    client::validate::Tenant,
    external::pod_monitor::{PodMetricsEndpoint, PodMonitor, PodMonitorSpec},
    labels,
    render::deployment::INTERNAL_PORT_NAME,
    settings::Settings,
};

/// Most series of one tenant. The server has some hundreds; a fault in one tenant is not to fill the platform's
/// Prometheus.
const MOST_SERIES: u64 = 5000;

/// The `PodMonitor` of a tenant.
pub fn build(tenant: &Tenant, settings: &Settings) -> PodMonitor {
    let spec = PodMonitorSpec {
        selector: LabelSelector {
            match_labels: Some(labels::selector(&tenant.owner)),
            ..LabelSelector::default()
        },
        pod_target_labels: [labels::CLIENT, labels::AGENCY, labels::ENVIRONMENT].map(str::to_owned).into(),
        pod_metrics_endpoints: vec![PodMetricsEndpoint {
            port: INTERNAL_PORT_NAME.to_owned(),
            path: "/metrics".to_owned(),
        }],
        sample_limit: MOST_SERIES,
    };
    let mut object = PodMonitor::new(tenant.owner.name(), spec);
    let mut metadata = tenant.meta(tenant.owner.name().to_owned());
    // What the operator finds its own objects by stays as it is.
    let own = metadata.labels.take().unwrap_or_default();
    let mut all = settings.network.pod_monitor_labels.0.clone();
    all.extend(own);
    metadata.labels = Some(all);
    object.metadata = metadata;
    object
}
