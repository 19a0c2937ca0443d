//! Whatever happens to the operator, to the API server or to what is in it, the end is the same as if nothing had happened.
//!
//! Each test has an agency, an operator and a proxy between the operator and the API server to itself. `MCP_TEST_KUBECONFIG`
//! names a cluster without a kubelet; without it a test bed is started and taken down. `FAILURES=all` takes every write in
//! turn and waits as long as it takes; without it, a part of them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod around;
mod attacks;
#[path = "../cluster/bed.rs"]
mod bed;
mod children;
mod ends;
mod kubelet;
mod lane;
mod leaders;
mod namespaces;
mod picture;
mod proxy;
mod refusals;
mod running;
#[expect(dead_code, reason = "the other tests have servers that misbehave")]
#[path = "../cluster/servers.rs"]
mod servers;
mod watches;
