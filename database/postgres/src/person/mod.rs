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

use crate::{PostgresStore, customer, error, retry};
use scope::Scope;

#[async_trait]
impl PersonStore for PostgresStore {
    async fn export_customer(&self, id: i64) -> Result<Option<Value>, StoreError> {
        let mut tx = self
            .pool
            .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await
            .map_err(error::store)?;
        let exported = match Scope::read(&mut tx, id).await? {
            None => None,
            Some(scope) => Some(export::export(&mut tx, &scope).await?),
        };
        tx.rollback().await.map_err(error::store)?;
        Ok(exported)
    }

    async fn erase_customer(
        &self,
        id: i64,
        audit: &NewAudit,
        now: Timestamp,
    ) -> Result<Option<Erased>, StoreError> {
        retry::passing(|| async {
            // Nothing arrives and nobody is merged meanwhile.
            let mut tx = self.begin_locked(&customer::locks(self)).await?;
            let Some(scope) = Scope::read(&mut tx, id).await? else { return Ok(None) };
            scope.lock(&mut tx).await?;
            // Again: what was being written is written by now, and nothing new can refer to the customer.
            let Some(scope) = Scope::read(&mut tx, id).await? else { return Ok(None) };
            let erased = erase::erase(self, &mut tx, &scope, id, audit, now).await?;
            tx.commit().await.map_err(error::store)?;
            Ok(Some(erased))
        })
        .await
    }
}
