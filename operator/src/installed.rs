//! Which kinds of other projects the cluster has. Their definitions are watched, so that a Gateway API or a Prometheus
//! operator that is installed later is used from then on, and one that goes is no error.

/// Which kinds of other projects the cluster has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// `HTTPRoute` of the Gateway API.
    pub http_route: bool,
    /// `PodMonitor` of the Prometheus operator.
    pub pod_monitor: bool,
}
