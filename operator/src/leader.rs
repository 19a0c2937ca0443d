//! Leader election by a `Lease`: at most one operator of a cluster acts at a time.
//!
//! The rules are those of client-go's `leaderelection` package. A lease is judged by how long it has *not changed on
//! our own monotonic clock*, never by comparing its `renewTime` with ours, so clocks that differ or jump cost nothing.
//! Every write carries the `resourceVersion` that was read: of two that write, one is refused. Who cannot renew within
//! [`Timing::renew_within`], which is shorter than the lease, ends ([`Ended::Lost`]) before another one may begin.

use std::{future::Future, time::Duration};

use jiff::Timestamp;
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use kube::{Api, api::PostParams};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{MANAGER, clock::Clock};

/// How long things take. The defaults are client-go's.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How long a lease that nobody renews keeps others out.
    pub lease: Duration,
    /// How long a holder goes on without a renewal that succeeded; less than `lease`.
    pub renew_within: Duration,
    /// Pause between two looks, and longest wait for one answer.
    pub retry: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            renew_within: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

/// Where leases are kept: the API server, or a test's.
pub trait Leases {
    /// The lease, if there is one.
    fn get(&self) -> impl Future<Output = Result<Option<Lease>, kube::Error>> + Send;
    /// Makes it; refused where one is there.
    fn create(&self, lease: &Lease) -> impl Future<Output = Result<Lease, kube::Error>> + Send;
    /// Replaces the version it names; refused where another one stands there.
    fn replace(&self, lease: &Lease) -> impl Future<Output = Result<Lease, kube::Error>> + Send;
}

/// The lease of the operator in a cluster.
pub struct InCluster {
    api: Api<Lease>,
}

impl InCluster {
    /// Name of the lease, in the operator's own namespace.
    pub const NAME: &'static str = MANAGER;

    /// The lease in the operator's namespace.
    pub const fn new(api: Api<Lease>) -> Self {
        Self { api }
    }
}

impl Leases for InCluster {
    async fn get(&self) -> Result<Option<Lease>, kube::Error> {
        self.api.get_opt(Self::NAME).await
    }

    async fn create(&self, lease: &Lease) -> Result<Lease, kube::Error> {
        self.api.create(&PostParams::default(), lease).await
    }

    async fn replace(&self, lease: &Lease) -> Result<Lease, kube::Error> {
        self.api.replace(Self::NAME, &PostParams::default(), lease).await
    }
}

/// Why a leadership is over.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// The process was told to stop, and gave the lease back.
    Stopped,
    /// Somebody else holds the lease, or it could not be renewed in time. Nothing more may be written.
    Lost(String),
}

/// One candidate.
pub struct Candidate<L, C> {
    leases: L,
    clock: C,
    identity: String,
    timing: Timing,
    /// The version last seen, and when it was seen first.
    seen: Option<(String, Instant)>,
    /// When the last renewal that succeeded was asked for.
    renewed: Option<Instant>,
}

/// What one look came to.
enum Look {
    /// We do.
    Held,
    /// Somebody else does.
    Theirs(String),
    /// It cannot be told.
    Unclear(String),
}

impl<L: Leases, C: Clock> Candidate<L, C> {
    /// A candidate of this name, which no other process has.
    pub const fn new(leases: L, clock: C, identity: String, timing: Timing) -> Self {
        Self { leases, clock, identity, timing, seen: None, renewed: None }
    }

    /// Waits until this process holds the lease; false when it was told to stop before.
    pub async fn campaign(&mut self, stop: &CancellationToken) -> bool {
        let mut told = String::new();
        loop {
            let look = tokio::select! {
                look = self.look() => look,
                () = stop.cancelled() => return false,
            };
            let waits = match look {
                Look::Held => return true,
                Look::Theirs(holder) => format!("{holder} leads"),
                Look::Unclear(why) => why,
            };
            if waits != told {
                tracing::info!(reason = %waits, "standing by");
                told = waits;
            }
            tokio::select! {
                () = tokio::time::sleep(self.timing.retry) => {}
                () = stop.cancelled() => return false,
            }
        }
    }

    /// Renews until it cannot, or until `stop`; in that case call [`Self::resign`] once nothing writes any more.
    pub async fn hold(&mut self, stop: &CancellationToken) -> Ended {
        loop {
            let deadline = self.renewed.unwrap_or_else(Instant::now) + self.timing.renew_within;
            tokio::select! {
                () = stop.cancelled() => return Ended::Stopped,
                () = tokio::time::sleep_until(deadline) => {}
                () = tokio::time::sleep(self.timing.retry) => {}
            }
            let why = match tokio::time::timeout_at(deadline, self.look()).await {
                Ok(Look::Held) => continue,
                Ok(Look::Theirs(holder)) => return Ended::Lost(format!("{holder} took the lease")),
                Ok(Look::Unclear(why)) => why,
                Err(_) => "no answer".to_owned(),
            };
            tracing::warn!(%why, "the lease could not be renewed");
            if Instant::now() >= deadline {
                let within = self.timing.renew_within.as_secs();
                return Ended::Lost(format!("the lease could not be renewed within {within} s: {why}"));
            }
        }
    }

    /// Gives the lease back, so that another one begins at once. A failure costs the others the rest of the lease.
    pub async fn resign(&mut self) {
        let given = tokio::time::timeout(self.timing.retry, async {
            let Some(mut lease) = self.leases.get().await? else { return Ok(()) };
            let spec = lease.spec.get_or_insert_default();
            if spec.holder_identity.as_deref() != Some(self.identity.as_str()) {
                return Ok(());
            }
            spec.holder_identity = Some(String::new());
            self.leases.replace(&lease).await.map(drop)
        });
        if let Ok(Err(error)) = given.await {
            tracing::warn!(%error, "the lease could not be given back; it ends by itself");
        }
    }

    /// Takes or renews the lease if it may.
    async fn look(&mut self) -> Look {
        // From before the question: what is granted may have been granted then.
        let asked = Instant::now();
        match tokio::time::timeout(self.timing.retry, self.take(asked)).await {
            Ok(Ok(look)) => {
                if matches!(look, Look::Held) {
                    self.renewed = Some(asked);
                }
                look
            }
            Ok(Err(kube::Error::Api(status))) if status.is_conflict() || status.is_already_exists() => {
                Look::Unclear("another one wrote the lease at the same moment".to_owned())
            }
            Ok(Err(kube::Error::Api(status))) => Look::Unclear(status.message),
            Ok(Err(error)) => Look::Unclear(error.to_string()),
            Err(_) => Look::Unclear("no answer".to_owned()),
        }
    }

    async fn take(&mut self, asked: Instant) -> Result<Look, kube::Error> {
        let now = self.clock.now();
        let Some(mut lease) = self.leases.get().await? else {
            let spec = self.spec(now, &LeaseSpec::default());
            let name = Some(InCluster::NAME.to_owned());
            let lease = Lease { metadata: ObjectMeta { name, ..ObjectMeta::default() }, spec: Some(spec) };
            self.leases.create(&lease).await?;
            return Ok(Look::Held);
        };
        let version = lease.metadata.resource_version.clone().unwrap_or_default();
        let since = match &self.seen {
            Some((seen, since)) if *seen == version => *since,
            _ => {
                self.seen = Some((version, asked));
                asked
            }
        };
        let before = lease.spec.clone().unwrap_or_default();
        let holder = before.holder_identity.as_deref().unwrap_or_default();
        let lasts = before.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let lasts = lasts.map_or(self.timing.lease, Duration::from_secs);
        if !holder.is_empty() && holder != self.identity && asked < since + lasts {
            return Ok(Look::Theirs(holder.to_owned()));
        }
        lease.spec = Some(self.spec(now, &before));
        // What the API server adds is no business of a replacement.
        lease.metadata.managed_fields = None;
        self.leases.replace(&lease).await?;
        Ok(Look::Held)
    }

    fn spec(&self, now: Timestamp, before: &LeaseSpec) -> LeaseSpec {
        let ours = before.holder_identity.as_deref() == Some(self.identity.as_str());
        let changes = before.lease_transitions.unwrap_or_default();
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(self.timing.lease.as_secs()).ok(),
            acquire_time: if ours { before.acquire_time.clone() } else { Some(MicroTime(now)) },
            renew_time: Some(MicroTime(now)),
            lease_transitions: Some(if ours { changes } else { changes.saturating_add(1) }),
            ..LeaseSpec::default()
        }
    }
}

#[cfg(test)]
mod tests;
