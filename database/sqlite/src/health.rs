//! Whether the database answers, and its start.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    OpenError, StoreError,
    maintenance::{Health, Waits},
    micros,
};

use crate::{SqliteStore, db, migrate, outbox};

/// What was written after now. `$1` is now.
const FROM_LATER: [&str; 5] = [
    "UPDATE inbox SET received_us = $1
     WHERE received_us > $1 AND seq > (SELECT COALESCE(MAX(seq), 0) FROM inbox_route)",
    "UPDATE conversation SET
       first_pending_us = MIN(first_pending_us, $1), last_pending_us = MIN(last_pending_us, $1),
       not_before_us = MIN(not_before_us, $1)
     WHERE first_pending_us IS NOT NULL",
    "UPDATE outbox SET due_us = $1
     WHERE state IN ('pending', 'sending', 'ambiguous') AND state = 'pending' AND created_us > $1 AND due_us > $1",
    "UPDATE booking SET mirror_due_us = $1
     WHERE mirrored_revision < revision AND state <> 'held' AND changed_us > $1 AND mirror_due_us > $1",
    "UPDATE booking SET
       hold_until_us = MIN(hold_until_us, $1 + hold_until_us - changed_us), changed_us = $1,
       mirror_due_us = MIN(mirror_due_us, $1)
     WHERE state = 'held' AND changed_us > $1",
];

/// What waits. `$1` is now; `$2` and `$3` are the ends of a lease and of an unknown outcome that begin now.
const SET_BACK: [&str; 4] = [
    "UPDATE conversation SET lease_until_us = MIN(lease_until_us, $2) WHERE lease_until_us > $1",
    "UPDATE outbox SET
       due_us = MIN(due_us, CASE state WHEN 'pending' THEN $1 WHEN 'sending' THEN $2 ELSE $3 END)
     WHERE state IN ('pending', 'sending', 'ambiguous')",
    "UPDATE booking SET mirror_due_us = MIN(mirror_due_us, $1), mirror_lease_us = MIN(mirror_lease_us, $2)
     WHERE mirrored_revision < revision AND state <> 'held'",
    "UPDATE reminder SET lease_until_us = MIN(lease_until_us, $2) WHERE state = 'pending'",
];

/// Each gives back the claims on one kind of work.
const VOID: [&str; 3] = [
    "UPDATE conversation SET lease_until_us = NULL, epoch = epoch + 1
     WHERE first_pending_us IS NOT NULL AND lease_until_us IS NOT NULL",
    "UPDATE booking SET mirror_lease_us = NULL, mirror_epoch = mirror_epoch + 1
     WHERE mirrored_revision < revision AND state <> 'held' AND mirror_lease_us IS NOT NULL",
    "UPDATE reminder SET lease_until_us = NULL, epoch = epoch + 1
     WHERE state = 'pending' AND lease_until_us IS NOT NULL",
];

#[async_trait]
impl Health for SqliteStore {
    async fn recover(&self, now: Timestamp, unknown_wait: SignedDuration) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // The one process that had these claims is gone. What is claimed is also waiting: here as below, the conditions of
        // the indexes over what waits are repeated, or each start would read through all that ever was.
        for void in VOID {
            sqlx::query(void).execute(&mut *tx).await.map_err(db)?;
        }
        let until = micros::to(now).saturating_add(micros::of(unknown_wait));
        outbox::become_ambiguous(&mut tx, i64::MAX, outbox::Wait::Until(until), now).await?;
        outbox::wait_for_statuses(&mut *tx, until).await?;
        for statement in FROM_LATER {
            sqlx::query(statement).bind(micros::to(now)).execute(&mut *tx).await.map_err(db)?;
        }
        tx.commit().await.map_err(db)
    }

    async fn clock_set_back(&self, waits: &Waits, now: Timestamp) -> Result<(), StoreError> {
        let now_us = micros::to(now);
        let after = |wait| now_us.saturating_add(micros::of(wait));
        let mut tx = self.begin().await?;
        for statement in FROM_LATER {
            sqlx::query(statement).bind(now_us).execute(&mut *tx).await.map_err(db)?;
        }
        for statement in SET_BACK {
            // SQLite binds what a statement names; each names some of the three.
            sqlx::query(statement)
                .bind(now_us)
                .bind(after(waits.lease))
                .bind(after(waits.unknown))
                .execute(&mut *tx)
                .await
                .map_err(db)?;
        }
        tx.commit().await.map_err(db)
    }

    async fn can_write(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // What stays the same is not written by SQLite: a row as large as a delivery comes and goes.
        for statement in [
            "INSERT INTO idempotency (key, digest, outcome_json, created_us) VALUES ('', '', hex(zeroblob(8000)), 0)",
            "DELETE FROM idempotency WHERE key = ''",
        ] {
            sqlx::query(statement).execute(&mut *tx).await.map_err(db)?;
        }
        tx.commit().await.map_err(db)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let _: i64 = sqlx::query_scalar("SELECT 1").fetch_one(&self.readers).await.map_err(db)?;
        Ok(())
    }

    async fn writer_answers(&self) -> Result<(), StoreError> {
        self.begin().await?.rollback().await.map_err(db)
    }

    async fn readers_answer(&self) -> Result<(), StoreError> {
        self.ping().await
    }

    async fn check_schema(&self) -> Result<(), OpenError> {
        migrate::schema(&self.readers).await
    }
}

#[cfg(test)]
mod tests {
    use mcp_store::Tenant;
    use sqlx::{AssertSqlSafe, Row};

    use super::*;
    use crate::url_of;

    #[tokio::test]
    async fn work_that_does_not_end_is_told_from_a_database_that_somebody_else_has_locked() {
        let folder = tempfile::tempdir().unwrap();
        let (url, tenant) = (url_of(&folder.path().join("tenant.db")), Tenant::new("a", "test"));
        SqliteStore::migrate(&url, &tenant).await.unwrap();
        let store = SqliteStore::open(&url, &tenant).await.unwrap();
        store.writer_answers().await.unwrap();
        let mut hasty = store.begin().await.unwrap();
        sqlx::query("PRAGMA busy_timeout = 50").execute(&mut *hasty).await.unwrap();
        hasty.rollback().await.unwrap();
        let other = SqliteStore::open(&url, &tenant).await.unwrap();
        let restore = other.begin().await.unwrap();
        let locked = store.writer_answers().await.unwrap_err();
        assert!(matches!(locked, StoreError::Database(_)), "it answers: {locked}");
        restore.rollback().await.unwrap();

        let hangs = store.begin().await.unwrap();
        let mut readers = Vec::new();
        for _ in 0..store.readers.options().get_max_connections() {
            readers.push(store.readers.acquire().await.unwrap());
        }
        // From here on nothing but the waiting for a connection takes time.
        tokio::time::pause();
        let minute = std::time::Duration::from_mins(1);
        let writer = tokio::time::timeout(minute, store.writer_answers()).await;
        assert!(matches!(writer, Err(_) | Ok(Err(StoreError::NoConnection))), "{writer:?}");
        assert!(matches!(store.readers_answer().await, Err(StoreError::NoConnection)));
        tokio::time::resume();
        drop((hangs, readers));
        store.writer_answers().await.unwrap();
        store.readers_answer().await.unwrap();
    }

    #[tokio::test]
    async fn a_start_looks_at_what_waits_and_not_at_all_that_ever_was() {
        let folder = tempfile::tempdir().unwrap();
        let (url, tenant) = (url_of(&folder.path().join("tenant.db")), Tenant::new("a", "test"));
        SqliteStore::migrate(&url, &tenant).await.unwrap();
        let store = SqliteStore::open(&url, &tenant).await.unwrap();
        for statement in VOID.into_iter().chain(FROM_LATER) {
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")));
            for step in plan.fetch_all(&store.readers).await.unwrap() {
                let step: String = step.get("detail");
                // The last row of a table is found without reading the others.
                let whole = step.starts_with("SCAN ") && !step.contains("USING INDEX");
                assert!(!whole, "{statement}: {step}");
            }
        }
        store.close().await;
    }
}
