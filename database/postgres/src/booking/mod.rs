//! Bookings and holds.

pub(crate) mod book;
pub(crate) mod change;
mod insert;
pub(crate) mod row;
mod write;

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{
        Agenda, BookingOutcome, BookingRequest, BookingRow, BookingStore, ChangeRequest, round::Asked,
    },
    micros,
};
use sqlx::PgConnection;

pub(crate) use write::{Attempt, Try, settle};

use crate::{PostgresStore, agenda, error, lock, retry};

impl Try for BookingRequest {
    async fn attempt(
        &self,
        store: &PostgresStore,
        tx: &mut PgConnection,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        book::attempt(store, tx, &(self.clone(), now)).await
    }
}

impl Try for ChangeRequest {
    async fn attempt(
        &self,
        store: &PostgresStore,
        tx: &mut PgConnection,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        change::attempt(store, tx, self, now).await
    }
}

impl PostgresStore {
    /// A request in transactions of its own: the first try in a plain one, because most need no second.
    async fn decide(
        &self,
        locks: &lock::Keys,
        request: &(impl Try + Sync),
        now: Timestamp,
    ) -> Result<BookingOutcome, StoreError> {
        retry::passing(|| async {
            let mut tx = self.begin_locked(locks).await?;
            if let Attempt::Done(outcome) = request.attempt(self, &mut tx, now).await? {
                tx.commit().await.map_err(error::store)?;
                return Ok(outcome);
            }
            tx.rollback().await.map_err(error::store)?;
            let mut tx = self.begin_locked(locks).await?;
            let outcome = settle(self, &mut tx, request, now).await?;
            tx.commit().await.map_err(error::store)?;
            Ok(outcome)
        })
        .await
    }

    /// Those that can, in one transaction; where that fails, and for the others, each in its own.
    async fn book_all(&self, asked: Vec<Asked>) -> Vec<Result<BookingOutcome, StoreError>> {
        let together = match asked.len() {
            1 => None,
            _ => retry::passing(|| self.book_together(&asked)).await.ok(),
        };
        let together = together.unwrap_or_else(|| asked.iter().map(|_| None).collect());
        let mut outcomes = Vec::with_capacity(asked.len());
        for ((request, now), outcome) in asked.iter().zip(together) {
            outcomes.push(match outcome {
                Some(outcome) => outcome,
                None => self.decide(&book::locks(self, request), request, *now).await,
            });
        }
        outcomes
    }

    /// One transaction; an error where nothing of it stands.
    async fn book_together(&self, asked: &[Asked]) -> Result<book::Outcomes, StoreError> {
        let locks = asked.iter().map(|(request, _)| book::locks(self, request));
        let mut tx = self.begin_locked(&locks.fold(lock::Keys::default(), lock::Keys::and)).await?;
        let outcomes = book::attempt_all(self, &mut tx, asked).await?;
        tx.commit().await.map_err(error::store)?;
        Ok(outcomes)
    }
}

#[async_trait]
impl BookingStore for PostgresStore {
    async fn agenda(&self, from: Timestamp, to: Timestamp, now: Timestamp) -> Result<Agenda, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(error::store)?;
        agenda::read(&mut connection, agenda::Span { from, to, now, except: None }).await
    }

    async fn booking(&self, id: &str) -> Result<Option<BookingRow>, StoreError> {
        let row = sqlx::query(concat!("SELECT ", row::columns!(), " FROM booking b WHERE b.id = $1"))
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(error::store)?;
        row.as_ref().map(row::read).transpose()
    }

    async fn booking_by_reference(&self, reference: &str) -> Result<Option<BookingRow>, StoreError> {
        let row = sqlx::query(concat!("SELECT ", row::columns!(), " FROM booking b WHERE b.reference = $1"))
            .bind(crate::text::clean(reference.trim()).to_uppercase())
            .fetch_optional(&self.pool)
            .await
            .map_err(error::store)?;
        row.as_ref().map(row::read).transpose()
    }

    async fn open_of(&self, customer_id: i64, now: Timestamp) -> Result<Vec<BookingRow>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            row::columns!(),
            " FROM booking b WHERE b.customer_id = $1 AND b.state IN ('requested', 'confirmed') AND b.end_us > $2
              ORDER BY b.start_us, b.id LIMIT 20"
        ))
        .bind(customer_id)
        .bind(micros::to(now))
        .fetch_all(&self.pool)
        .await
        .map_err(error::store)?;
        rows.iter().map(row::read).collect()
    }

    async fn bookings(
        &self,
        from: Timestamp,
        to: Timestamp,
        most: u32,
    ) -> Result<Vec<BookingRow>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            row::columns!(),
            " FROM booking b WHERE b.start_us >= $1 AND b.start_us < $2 AND b.state <> 'held'
              ORDER BY b.start_us, b.id LIMIT $3"
        ))
        .bind(micros::to(from))
        .bind(micros::to(to))
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .map_err(error::store)?;
        rows.iter().map(row::read).collect()
    }

    async fn requested(&self, from: Timestamp, most: u32) -> Result<Vec<BookingRow>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            row::columns!(),
            " FROM booking b WHERE b.state = 'requested' AND b.start_us >= $1 ORDER BY b.start_us, b.id LIMIT $2"
        ))
        .bind(micros::to(from))
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .map_err(error::store)?;
        rows.iter().map(row::read).collect()
    }

    async fn book(&self, request: &BookingRequest, now: Timestamp) -> Result<BookingOutcome, StoreError> {
        self.bookings.ask((request.clone(), now), |asked| self.book_all(asked)).await
    }

    async fn change(&self, request: &ChangeRequest, now: Timestamp) -> Result<BookingOutcome, StoreError> {
        self.decide(&change::locks(self, request), request, now).await
    }
}
