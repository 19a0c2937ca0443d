//! `PodMonitor` of the Prometheus operator, `monitoring.coreos.com/v1`
//! (<https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor>).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::CustomResource;
use serde::{Deserialize, Serialize};

use crate::kinds::{Kind, Named, Names};

impl Named for PodMonitor {
    const KIND: Kind = Kind(&Names {
        group: "monitoring.coreos.com",
        version: "v1",
        kind: "PodMonitor",
        plural: "podmonitors",
    });
}

/// Which pods Prometheus asks for metrics, and how.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "monitoring.coreos.com",
    version = "v1",
    kind = "PodMonitor",
    plural = "podmonitors",
    namespaced,
    schema = "disabled",
    derive = "PartialEq",
    doc = "Which pods Prometheus asks for metrics, and how."
)]
#[serde(rename_all = "camelCase")]
pub struct PodMonitorSpec {
    /// Which pods of its namespace.
    pub selector: LabelSelector,
    /// Labels of the pods that become labels of every series.
    pub pod_target_labels: Vec<String>,
    /// Where on the pods.
    pub pod_metrics_endpoints: Vec<PodMetricsEndpoint>,
    /// Most series a scrape may have; beyond it the scrape fails and nothing is kept of it.
    pub sample_limit: u64,
}

/// Where on a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodMetricsEndpoint {
    /// Name of the container's port.
    pub port: String,
    /// Path of the metrics.
    pub path: String,
}
