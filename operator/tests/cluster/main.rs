//! The operator against a real API server: the chart's definition and rights, and the operator in this process, under
//! the `ServiceAccount` and with the rights the chart gives it and no others.
//!
//! There is no kubelet: pods are never run, their status is written by the tests, and in their place answers `servers`. `MCP_TEST_KUBECONFIG` names a
//! cluster; without it a test bed is started and taken down.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod asleep;
mod bed;
mod chart;
mod claims;
mod cost;
mod credentials;
mod database;
mod deletion;
mod gateways;
mod invalid;
mod island;
mod leader;
mod lifecycle;
mod owners;
mod plans;
mod probe;
mod rights;
mod routes;
mod running;
mod schema;
mod servers;
mod strict;
mod surroundings;
mod tools;
mod traefik;
mod waves;
mod world;
