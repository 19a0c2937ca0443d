//! A fresh tenant for one case, and what a case may do with it beside its store.

mod place;
mod raw;

use std::{panic::AssertUnwindSafe, path::PathBuf, sync::Arc};

use futures::FutureExt as _;
use mcp_store::{LeaseTime, Store, Tenant};
use tempfile::TempDir;

pub use place::Place;
pub use raw::{Column, Raw};

/// The databases there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// `mcp-store-sqlite`, a file of its own.
    Sqlite,
    /// `mcp-store-postgres`, a schema of its own on the server of `MCP_TEST_POSTGRES`.
    Postgres,
}

/// A fresh tenant.
pub struct Bed {
    /// Its store; leases end by the time the case hands in.
    pub store: Arc<dyn Store>,
    /// Where it is kept, for other handles and other processes.
    pub place: Place,
    /// The program of this crate that other processes run.
    pub worker: PathBuf,
    folder: TempDir,
}

impl Bed {
    /// A fresh tenant in a database.
    pub async fn new(database: Database, worker: &str) -> Self {
        // The folder's random name is the tenant's as well: on a shared server, several runs may be at it at once.
        let folder = tempfile::Builder::new().prefix("case-").rand_bytes(12).tempdir().unwrap();
        let client = folder.path().file_name().unwrap().to_str().unwrap().to_ascii_lowercase();
        let place = Place::make(database, &Tenant::new(client, "test"), folder.path()).await;
        let store = place.open(LeaseTime::Caller).await;
        Self { store, place, worker: worker.into(), folder }
    }

    /// The tenant's next-door neighbour in a database of the same kind: another tenant, nothing shared.
    pub async fn neighbour(&self) -> Self {
        Self::new(self.place.database(), self.worker.to_str().unwrap()).await
    }

    /// Another handle on the same database, as another process would have.
    pub async fn open(&self) -> Arc<dyn Store> {
        self.place.open(LeaseTime::Caller).await
    }

    /// SQL past the store.
    pub async fn raw(&self) -> Raw {
        Raw::connect(&self.place).await
    }

    /// A path for a file of the case.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Removes the tenant.
    pub async fn end(&self) {
        self.place.remove().await;
    }

    /// Runs a case in a fresh tenant and removes the tenant, however the case ends.
    pub async fn run<F: Future<Output = ()>>(
        database: Database,
        worker: &str,
        case: impl FnOnce(Arc<Self>) -> F,
    ) {
        let bed = Arc::new(Self::new(database, worker).await);
        let outcome = AssertUnwindSafe(case(Arc::clone(&bed))).catch_unwind().await;
        bed.end().await;
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    }
}
