//! What the operator counts, in the text form Prometheus reads. Nothing names a client: an agency's customers are no
//! business of whoever may read metrics, and labels stay few.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kube::runtime::reflector::Store;
use mcp_crds::McpClientStatus;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::{Registry, Unit},
};

use crate::{api::Category, stores::Guarded};

/// How a pass, or a round of questions, ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failed {
    category: &'static str,
}

/// A kind of request to the API server, and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Asked {
    /// `get`, `list`, `watch`, `create`, `update`, `patch` or `delete`, as the audit log says it.
    pub verb: &'static str,
    /// The kind's plural, with the subresource.
    pub resource: String,
    /// The HTTP status, or 0 where there was no answer.
    pub code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
struct Conditions {
    scope: &'static str,
    r#type: String,
    status: String,
    reason: String,
}

/// Every figure of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    reconciles: Family<Ended, Counter>,
    errors: Family<Failed, Counter>,
    durations: Histogram,
    /// Passes that run now.
    pub running: Gauge,
    /// 1 while this process is the one that acts.
    pub leading: Gauge,
    requests: Family<Asked, Counter>,
    probes: Family<Ended, Counter>,
    /// Requests that change something, leases apart.
    pub writes: Counter,
    /// Requests that read once, leases apart.
    pub reads: Counter,
    clients: Clients,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("mcp_operator");
        let (reconciles, errors, requests) = (Family::default(), Family::default(), Family::default());
        registry.register(
            "reconciles",
            "Passes over a client, by how they ended",
            Family::clone(&reconciles),
        );
        registry.register(
            "reconcile_errors",
            "Passes that failed, by what was in the way",
            Family::clone(&errors),
        );
        // From a pass that finds nothing to do to one that waits out an API server's deadline.
        let durations = Histogram::new(exponential_buckets(0.0005, 4.0, 10));
        registry.register_with_unit(
            "reconcile_duration",
            "How long a pass over a client takes",
            Unit::Seconds,
            durations.clone(),
        );
        let probes = Family::default();
        registry.register(
            "probes",
            "Rounds of questions to the servers of a tenant, by how they ended",
            Family::clone(&probes),
        );
        let (running, leading) = (Gauge::default(), Gauge::default());
        registry.register("reconciles_running", "Passes that run now", running.clone());
        registry.register("leading", "1 in the process that holds the lease and acts", leading.clone());
        registry.register(
            "api_requests",
            "Requests to the API server by verb, resource and HTTP status, 0 where none came",
            Family::clone(&requests),
        );
        registry.register(
            "build",
            "The version that runs",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        let clients = Clients::default();
        registry.register_collector(Box::new(clients.clone()));
        Self {
            registry: Mutex::new(registry),
            reconciles,
            errors,
            durations,
            running,
            leading,
            requests,
            probes,
            writes: Counter::default(),
            reads: Counter::default(),
            clients,
        }
    }
}

impl Metrics {
    /// A fresh set, to be shared.
    pub fn shared() -> Arc<Self> {
        Arc::default()
    }

    /// Counts a pass that came to its end.
    pub fn reconciled(&self, took: Duration) {
        self.reconciles.get_or_create(&Ended { result: "ok" }).inc();
        self.durations.observe(took.as_secs_f64());
    }

    /// Counts a pass that will be tried again.
    pub fn failed(&self, category: Category, took: Duration) {
        self.reconciles.get_or_create(&Ended { result: "failed" }).inc();
        self.errors.get_or_create(&Failed { category: category.as_str() }).inc();
        self.durations.observe(took.as_secs_f64());
    }

    /// How many passes came to their end.
    pub fn reconciles_ok(&self) -> u64 {
        self.reconciles.get_or_create(&Ended { result: "ok" }).get()
    }

    /// Counts a request that was answered, or was not.
    pub fn asked(&self, asked: &Asked) {
        self.requests.get_or_create(asked).inc();
    }

    /// Counts a round of questions to a tenant's servers: whether all of them answered.
    pub fn probed(&self, answered: bool) {
        let result = if answered { "answered" } else { "missed" };
        self.probes.get_or_create(&Ended { result }).inc();
    }

    /// How many rounds found a server silent.
    pub fn probes_missed(&self) -> u64 {
        self.probes.get_or_create(&Ended { result: "missed" }).get()
    }

    /// Tells conditions and clients from this store from now on.
    pub fn of(&self, clients: Store<Guarded>) {
        *self.clients.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(clients);
    }

    /// The text form: `OpenMetrics` 1.0.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

/// What the watched clients look like at the moment somebody asks: nothing is kept beside the store, so nothing can
/// differ from it.
#[derive(Clone, Default)]
struct Clients(Arc<Mutex<Option<Store<Guarded>>>>);

impl fmt::Debug for Clients {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clients")
    }
}

/// Counts of one moment.
#[derive(Debug, Default, PartialEq, Eq)]
struct Census {
    clients: i64,
    environments: i64,
    /// Clients whose latest spec was not looked at yet.
    behind: i64,
    conditions: BTreeMap<Conditions, i64>,
}

impl Census {
    fn add(&mut self, generation: Option<i64>, status: Option<&McpClientStatus>) {
        self.clients += 1;
        self.behind += i64::from(status.and_then(|status| status.observed_generation) != generation);
        let Some(status) = status else { return };
        self.environments += i64::try_from(status.environments.len()).unwrap_or(i64::MAX);
        let of_client = status.conditions.iter().map(|condition| ("client", condition));
        let of_environments = status.environments.iter().flat_map(|environment| &environment.conditions);
        for (scope, condition) in of_client.chain(of_environments.map(|condition| ("environment", condition)))
        {
            let labels = Conditions {
                scope,
                r#type: condition.type_.clone(),
                status: condition.status.clone(),
                reason: condition.reason.clone(),
            };
            *self.conditions.entry(labels).or_default() += 1;
        }
    }
}

impl Collector for Clients {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(store) = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone() else {
            return Ok(());
        };
        let (mut census, mut unreadable) = (Census::default(), 0);
        for client in store.state() {
            match &client.0 {
                Ok(client) => census.add(client.metadata.generation, client.status.as_ref()),
                Err(_) => unreadable += 1,
            }
        }
        let figures = [
            ("clients", "Clients there are", census.clients + unreadable),
            ("clients_unreadable", "Clients that do not fit their type", unreadable),
            ("clients_behind", "Clients whose latest spec was not looked at yet", census.behind),
            ("environments", "Environments there are", census.environments),
        ];
        for (name, help, value) in figures {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(
                name,
                help,
                None,
                prometheus_client::metrics::MetricType::Gauge,
            )?)?;
        }
        let help = "Conditions of clients and of their environments, by type, status and reason";
        let mut family = encoder.encode_descriptor(
            "conditions",
            help,
            None,
            prometheus_client::metrics::MetricType::Gauge,
        )?;
        for (labels, count) in &census.conditions {
            ConstGauge::new(*count).encode(family.encode_family(labels)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
