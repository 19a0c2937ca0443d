//! One customer everywhere.

mod erase;
mod export;
mod scope;

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    audit::NewAudit,
    person::{Erased, PersonStore},
};
use serde_json::Value;

use crate::{SqliteStore, db, route};
use scope::Scope;

#[async_trait]
impl PersonStore for SqliteStore {
    async fn export_customer(&self, id: i64) -> Result<Option<Value>, StoreError> {
        let mut tx = self.begin().await?;
        route::all(&mut tx).await?;
        let exported = match Scope::read(&mut tx, id).await? {
            None => None,
            Some(scope) => Some(export::export(&mut tx, &scope).await?),
        };
        tx.commit().await.map_err(db)?;
        Ok(exported)
    }

    async fn erase_customer(
        &self,
        id: i64,
        audit: &NewAudit,
        now: Timestamp,
    ) -> Result<Option<Erased>, StoreError> {
        let mut tx = self.begin().await?;
        route::all(&mut tx).await?;
        let Some(scope) = Scope::read(&mut tx, id).await? else { return Ok(None) };
        let erased = erase::erase(&mut tx, &scope, id, audit, now).await?;
        tx.commit().await.map_err(db)?;
        // The write-ahead log still has earlier versions of the pages. It is written over sooner or later; sooner is
        // better, and not worth an error where a reader stands in the way.
        if let Err(error) = self.writer.empty_log().await {
            tracing::warn!(%error, "the log with erased rows stays until the next checkpoint");
        }
        Ok(Some(erased))
    }
}
