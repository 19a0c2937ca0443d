//! The operator against a real API server: the chart's definition and rights, and the operator in this process, under
//! the `ServiceAccount` and with the rights the chart gives it and no others.
//!
//! There is no kubelet: pods are never run, and their status is written by the tests. `MCP_TEST_KUBECONFIG` names a
//! cluster; without it a test bed is started and taken down.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bed;
mod chart;
mod claims;
mod cost;
mod credentials;
mod deletion;
mod invalid;
mod lifecycle;
mod plans;
mod rights;
mod running;
mod schema;
mod strict;
mod tools;
mod world;
