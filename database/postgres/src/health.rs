//! Whether the database answers.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    OpenError, StoreError,
    maintenance::{Health, Waits},
    micros,
};

use sqlx::Connection as _;

use crate::{PostgresStore, connect, error, migrate, outbox};

/// What was written after now, by a clock that was set back since. `$1` is now. Only what another transaction does not
/// hold: that is being dealt with.
const FROM_LATER: [&str; 4] = [
    "UPDATE conversation SET
         first_pending_us = LEAST(first_pending_us, $1), last_pending_us = LEAST(last_pending_us, $1),
         not_before_us = LEAST(not_before_us, $1)
     WHERE id IN (SELECT id FROM conversation
         WHERE first_pending_us IS NOT NULL AND (last_pending_us > $1 OR not_before_us > $1)
         ORDER BY id FOR UPDATE SKIP LOCKED)",
    "UPDATE outbox SET due_us = $1
     WHERE seq IN (SELECT seq FROM outbox WHERE state = 'pending' AND created_us > $1 AND due_us > $1
         ORDER BY seq FOR UPDATE SKIP LOCKED)",
    "UPDATE booking SET mirror_due_us = $1
     WHERE id IN (SELECT id FROM booking
         WHERE mirrored_revision < revision AND state <> 'held' AND changed_us > $1 AND mirror_due_us > $1
         ORDER BY id FOR UPDATE SKIP LOCKED)",
    "UPDATE booking SET
         hold_until_us = LEAST(hold_until_us, $1 + hold_until_us - changed_us), changed_us = $1,
         mirror_due_us = LEAST(mirror_due_us, $1)
     WHERE id IN (SELECT id FROM booking WHERE state = 'held' AND changed_us > $1
         ORDER BY id FOR UPDATE SKIP LOCKED)",
];

/// What waits. `$1` is now, `$2` the end of an unknown outcome that begins now.
const SET_BACK: [&str; 2] = [
    "UPDATE outbox SET due_us = CASE state WHEN 'pending' THEN $1 ELSE $2 END
     WHERE seq IN (SELECT seq FROM outbox
         WHERE (state = 'pending' AND due_us > $1) OR (state = 'ambiguous' AND due_us > $2)
         ORDER BY seq FOR UPDATE SKIP LOCKED)",
    "UPDATE booking SET mirror_due_us = $1
     WHERE $2::bigint IS NOT NULL AND id IN (SELECT id FROM booking
         WHERE mirrored_revision < revision AND state <> 'held' AND mirror_due_us > $1
         ORDER BY id FOR UPDATE SKIP LOCKED)",
];

impl PostgresStore {
    /// Statements that each stand alone, with the same instants.
    async fn each(&self, statements: &[&'static str], instants: &[i64]) -> Result<(), StoreError> {
        for statement in statements {
            let mut bound = sqlx::query(*statement);
            for instant in instants {
                bound = bound.bind(instant);
            }
            bound.execute(&self.pool).await.map_err(error::store)?;
        }
        Ok(())
    }
}

impl PostgresStore {
    /// Whether a connection is to be had and answers. Where none is in time, another one outside of the pool tells
    /// whether the server is away, which is an answer, or this process's own connections are held.
    async fn answers(&self) -> Result<(), StoreError> {
        match sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(&self.pool).await {
            Ok(_) => Ok(()),
            Err(sqlx::Error::PoolTimedOut) => {
                let fresh = connect::one(&self.pool.connect_options()).await.map_err(StoreError::database)?;
                // It answered; how it ends is nobody's business.
                let _ = fresh.close().await;
                Err(StoreError::NoConnection)
            }
            Err(error) => Err(error::store(error)),
        }
    }
}

#[async_trait]
impl Health for PostgresStore {
    async fn recover(&self, now: Timestamp, unknown_wait: SignedDuration) -> Result<(), StoreError> {
        // Another replica may hold claims: leases decide.
        let until = now.saturating_add(unknown_wait).unwrap_or(Timestamp::MAX);
        outbox::wait_for_statuses(&self.pool, until).await?;
        self.each(&FROM_LATER, &[micros::to(now)]).await
    }

    async fn clock_set_back(&self, waits: &Waits, now: Timestamp) -> Result<(), StoreError> {
        let now_us = micros::to(now);
        self.each(&FROM_LATER, &[now_us]).await?;
        self.each(&SET_BACK, &[now_us, now_us.saturating_add(micros::of(waits.unknown))]).await
    }

    async fn can_write(&self) -> Result<(), StoreError> {
        let same = "UPDATE tenant SET client = client";
        sqlx::query(same).execute(&self.pool).await.map(drop).map_err(error::store)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(&self.pool).await.map(drop).map_err(error::store)
    }

    async fn writer_answers(&self) -> Result<(), StoreError> {
        self.answers().await
    }

    async fn readers_answer(&self) -> Result<(), StoreError> {
        self.answers().await
    }

    async fn check_schema(&self) -> Result<(), OpenError> {
        let mut connection = self.pool.acquire().await.map_err(error::open)?;
        migrate::schema(&mut connection).await
    }
}
