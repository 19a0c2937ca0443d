//! Bookings and holds.

mod agenda;
mod book;
mod change;
mod row;
mod write;

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{
        Agenda, BookingOutcome, BookingRequest, BookingRow, BookingStore, ChangeRequest, Refused,
        round::Asked,
    },
    micros,
};
use sqlx::{Connection, SqliteConnection};

use crate::{SqliteStore, Tx, db};
pub(crate) use row::read;

const REQUESTED: &str = concat!(
    "SELECT ",
    columns!(booking),
    " FROM booking WHERE state = 'requested' AND start_us >= $1 ORDER BY start_us, id LIMIT $2"
);

/// What ends a booking transaction without an effect.
enum Stop {
    /// Refused: everything of the request is taken back.
    Refused(Refused),
    /// Failed.
    Failed(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// Decides and writes a booking inside the caller's transaction.
pub(crate) async fn book_within(
    tx: &mut Tx,
    request: &BookingRequest,
    now: Timestamp,
) -> Result<BookingOutcome, StoreError> {
    let mut inner = tx.begin().await.map_err(db)?;
    match book::book(&mut inner, &(request.clone(), now)).await {
        Ok(outcome) => inner.commit().await.map_err(db).map(|()| outcome),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Refused(refused)) => {
            inner.rollback().await.map_err(db)?;
            Ok(BookingOutcome::Refused(refused))
        }
    }
}

/// Decides and writes a change inside the caller's transaction.
pub(crate) async fn change_within(
    tx: &mut Tx,
    request: &ChangeRequest,
    now: Timestamp,
) -> Result<BookingOutcome, StoreError> {
    let mut inner = tx.begin().await.map_err(db)?;
    match change::change(&mut inner, request, now).await {
        Ok(outcome) => inner.commit().await.map_err(db).map(|()| outcome),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Refused(refused)) => {
            inner.rollback().await.map_err(db)?;
            Ok(BookingOutcome::Refused(refused))
        }
    }
}

/// Removes holds that have expired; their lanes and reminders go with them.
async fn expire_holds(tx: &mut SqliteConnection, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM booking WHERE state = 'held' AND hold_until_us <= $1")
        .bind(micros::to(now))
        .execute(&mut *tx)
        .await
        .map_err(db)?;
    Ok(())
}

impl SqliteStore {
    /// Those that can, in one transaction; where that fails, and for the others, each in its own.
    async fn book_all(&self, asked: Vec<Asked>) -> Vec<Result<BookingOutcome, StoreError>> {
        let together = if asked.len() > 1 { self.book_together(&asked).await } else { None };
        let together = together.unwrap_or_else(|| asked.iter().map(|_| None).collect());
        let mut outcomes = Vec::with_capacity(asked.len());
        for (asked, outcome) in asked.iter().zip(together) {
            outcomes.push(match outcome {
                Some(outcome) => outcome,
                None => self.book_alone(asked).await,
            });
        }
        outcomes
    }

    /// One transaction; `None` where nothing of it stands.
    async fn book_together(
        &self,
        asked: &[Asked],
    ) -> Option<Vec<Option<Result<BookingOutcome, StoreError>>>> {
        let mut tx = self.begin().await.ok()?;
        if let Ok(outcomes) = book::book_all(&mut tx, asked).await {
            tx.commit().await.ok().map(|()| outcomes)
        } else {
            // One of them cannot be written: each will hear of its own case.
            tx.rollback().await.ok();
            None
        }
    }

    async fn book_alone(&self, asked: &Asked) -> Result<BookingOutcome, StoreError> {
        let mut tx = self.begin().await?;
        match book::book(&mut tx, asked).await {
            Ok(outcome) => tx.commit().await.map_err(db).map(|()| outcome),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Refused(refused)) => {
                tx.rollback().await.map_err(db)?;
                Ok(BookingOutcome::Refused(refused))
            }
        }
    }
}

#[async_trait]
impl BookingStore for SqliteStore {
    async fn agenda(&self, from: Timestamp, to: Timestamp, now: Timestamp) -> Result<Agenda, StoreError> {
        let mut tx = self.readers.begin().await.map_err(db)?;
        let agenda = agenda::read(&mut tx, (from, to), now, &agenda::Without::Nobody).await?;
        tx.rollback().await.map_err(db)?;
        Ok(agenda)
    }

    async fn booking(&self, id: &str) -> Result<Option<BookingRow>, StoreError> {
        row::find(&self.readers, id).await
    }

    async fn booking_by_reference(&self, reference: &str) -> Result<Option<BookingRow>, StoreError> {
        let row = sqlx::query(concat!("SELECT ", columns!(booking), " FROM booking WHERE reference = $1"))
            .bind(reference.trim().to_uppercase())
            .fetch_optional(&self.readers)
            .await
            .map_err(db)?;
        row.as_ref().map(read).transpose()
    }

    async fn open_of(&self, customer_id: i64, now: Timestamp) -> Result<Vec<BookingRow>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(booking),
            " FROM booking WHERE customer_id = $1 AND state IN ('requested', 'confirmed') AND end_us > $2
             ORDER BY start_us, id LIMIT 20"
        ))
        .bind(customer_id)
        .bind(micros::to(now))
        .fetch_all(&self.readers)
        .await
        .map_err(db)?;
        rows.iter().map(read).collect()
    }

    async fn bookings(
        &self,
        from: Timestamp,
        to: Timestamp,
        most: u32,
    ) -> Result<Vec<BookingRow>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(booking),
            " FROM booking WHERE start_us >= $1 AND start_us < $2 AND state <> 'held'
             ORDER BY start_us, id LIMIT $3"
        ))
        .bind(micros::to(from))
        .bind(micros::to(to))
        .bind(most)
        .fetch_all(&self.readers)
        .await
        .map_err(db)?;
        rows.iter().map(read).collect()
    }

    async fn requested(&self, from: Timestamp, most: u32) -> Result<Vec<BookingRow>, StoreError> {
        let query = sqlx::query(REQUESTED).bind(micros::to(from)).bind(most);
        let rows = query.fetch_all(&self.readers).await.map_err(db)?;
        rows.iter().map(read).collect()
    }

    async fn book(&self, request: &BookingRequest, now: Timestamp) -> Result<BookingOutcome, StoreError> {
        self.bookings.ask((request.clone(), now), |asked| self.book_all(asked)).await
    }

    async fn change(&self, request: &ChangeRequest, now: Timestamp) -> Result<BookingOutcome, StoreError> {
        let mut tx = self.begin().await?;
        match change::change(&mut tx, request, now).await {
            Ok(outcome) => tx.commit().await.map_err(db).map(|()| outcome),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Refused(refused)) => {
                tx.rollback().await.map_err(db)?;
                Ok(BookingOutcome::Refused(refused))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mcp_store::Tenant;
    use sqlx::{AssertSqlSafe, Row as _};

    use super::*;
    use crate::url_of;

    #[tokio::test]
    async fn looking_for_requests_reads_requests_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (url, tenant) = (url_of(&folder.path().join("tenant.db")), Tenant::new("a", "test"));
        SqliteStore::migrate(&url, &tenant).await.unwrap();
        let store = SqliteStore::open(&url, &tenant).await.unwrap();
        let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {REQUESTED}")));
        let steps = plan.fetch_all(&store.readers).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.get("detail")).collect();
        assert_eq!(steps, ["SEARCH booking USING INDEX booking_requested (start_us>?)"]);
        store.close().await;
    }
}
