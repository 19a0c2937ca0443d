//! Kinds of other projects, with the fields the operator writes and no others. A cluster may have them or not.

pub mod http_route;
pub mod pod_monitor;

pub use http_route::HTTPRoute;
pub use pod_monitor::PodMonitor;
