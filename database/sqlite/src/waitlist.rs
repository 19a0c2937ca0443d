//! Customers who wait for a slot.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError, micros,
    waitlist::{NewWait, Offer, WaitEnd, WaitRow, WaitState, WaitlistStore},
};
use sqlx::{Row, sqlite::SqliteRow};

use crate::{
    SqliteStore, Tx, customer, db,
    driver::{instant, is_constraint},
    outbox,
};

fn read(row: &SqliteRow) -> Result<WaitRow, StoreError> {
    let id: String = row.get("id");
    let at = |column: &'static str| micros::from(row.get(column), "waitlist", column, &id);
    let inconsistent = || StoreError::Inconsistent { table: "waitlist", column: "state", row: id.clone() };
    Ok(WaitRow {
        state: WaitState::parse(row.get("state")).ok_or_else(inconsistent)?,
        offered_start: instant(row, "waitlist", "offered_start_us", &id)?,
        offered_staff_id: row.get("offered_staff_id"),
        offer_until: instant(row, "waitlist", "offer_until_us", &id)?,
        revision: row.get("revision"),
        created_at: at("created_us")?,
        wait: NewWait {
            customer_id: row.get("customer_id"),
            service_id: row.get("service_id"),
            staff_id: row.get("staff_id"),
            from: at("from_us")?,
            to: at("to_us")?,
            id,
        },
    })
}

async fn at_revision(tx: &mut Tx, id: &str, revision: i64) -> Result<WaitRow, StoreError> {
    let row = sqlx::query(concat!("SELECT ", columns!(waitlist), " FROM waitlist WHERE id = $1"))
        .bind(id)
        .fetch_optional(&mut **tx)
        .await
        .map_err(db)?
        .ok_or(StoreError::NotFound("waitlist entry"))?;
    let row = read(&row)?;
    if row.revision == revision { Ok(row) } else { Err(StoreError::Stale) }
}

fn not_in(state: WaitState) -> StoreError {
    StoreError::Conflict(format!("the waitlist entry is {}", state.as_str()))
}

pub(crate) async fn add(tx: &mut Tx, wait: &NewWait, now: Timestamp) -> Result<WaitRow, StoreError> {
    if micros::to(wait.to) <= micros::to(wait.from) {
        return Err(StoreError::Invalid("a wait ends before it begins".into()));
    }
    if customer::get(&mut **tx, wait.customer_id).await?.is_none() {
        return Err(StoreError::NotFound("customer"));
    }
    let row = sqlx::query(concat!(
        "INSERT INTO waitlist (id, customer_id, service_id, staff_id, from_us, to_us, state, created_us)
         VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7) RETURNING ",
        columns!(waitlist)
    ))
    .bind(&wait.id)
    .bind(wait.customer_id)
    .bind(&wait.service_id)
    .bind(&wait.staff_id)
    .bind(micros::to(wait.from))
    .bind(micros::to(wait.to))
    .bind(micros::to(now))
    .fetch_one(&mut **tx)
    .await
    .map_err(|error| {
        if is_constraint(&error) {
            StoreError::Conflict("a waitlist entry with this id is there".into())
        } else {
            db(error)
        }
    })?;
    read(&row)
}

pub(crate) async fn finish(
    tx: &mut Tx,
    id: &str,
    revision: i64,
    end: WaitEnd,
) -> Result<WaitRow, StoreError> {
    let before = at_revision(tx, id, revision).await?;
    let next = match (end, before.state) {
        (WaitEnd::Served, WaitState::Waiting | WaitState::Offered) => WaitState::Served,
        (WaitEnd::Left, WaitState::Waiting | WaitState::Offered) => WaitState::Left,
        (WaitEnd::WaitOn, WaitState::Offered) => WaitState::Waiting,
        (WaitEnd::Expired, WaitState::Offered) => WaitState::Expired,
        (_, state) => return Err(not_in(state)),
    };
    // What was offered stays to be read, unless the customer waits on.
    let row = sqlx::query(concat!(
        "UPDATE waitlist SET state = $2, revision = revision + 1,
           offered_start_us = CASE WHEN $2 = 'waiting' THEN NULL ELSE offered_start_us END,
           offered_staff_id = CASE WHEN $2 = 'waiting' THEN NULL ELSE offered_staff_id END,
           offer_until_us = CASE WHEN $2 = 'waiting' THEN NULL ELSE offer_until_us END
         WHERE id = $1 RETURNING ",
        columns!(waitlist)
    ))
    .bind(id)
    .bind(next.as_str())
    .fetch_one(&mut **tx)
    .await
    .map_err(db)?;
    read(&row)
}

#[async_trait]
impl WaitlistStore for SqliteStore {
    async fn wait(&self, wait: &NewWait, now: Timestamp) -> Result<WaitRow, StoreError> {
        let mut tx = self.begin().await?;
        let row = add(&mut tx, wait, now).await?;
        tx.commit().await.map_err(db)?;
        Ok(row)
    }

    async fn waiting(
        &self,
        from: Timestamp,
        to: Timestamp,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<WaitRow>, StoreError> {
        let rows = sqlx::query(
            concat!("SELECT ", columns!(waitlist), " FROM waitlist
             WHERE state IN ('waiting', 'offered') AND state = 'waiting' AND to_us > $1 AND from_us < $2 AND to_us > $3
             ORDER BY created_us, id LIMIT $4"),
        )
        .bind(micros::to(from))
        .bind(micros::to(to))
        .bind(micros::to(now))
        .bind(most)
        .fetch_all(&self.readers)
        .await
        .map_err(db)?;
        rows.iter().map(read).collect()
    }

    async fn waits_of(&self, customer_id: i64) -> Result<Vec<WaitRow>, StoreError> {
        let rows = sqlx::query(
            concat!("SELECT ", columns!(waitlist), " FROM waitlist WHERE customer_id = $1 AND state IN ('waiting', 'offered') ORDER BY created_us, id"),
        )
        .bind(customer_id)
        .fetch_all(&self.readers)
        .await
        .map_err(db)?;
        rows.iter().map(read).collect()
    }

    async fn offer(
        &self,
        id: &str,
        revision: i64,
        offer: &Offer,
        now: Timestamp,
    ) -> Result<WaitRow, StoreError> {
        let mut tx = self.begin().await?;
        let before = at_revision(&mut tx, id, revision).await?;
        if before.state != WaitState::Waiting {
            return Err(not_in(before.state));
        }
        let row = sqlx::query(
            concat!("UPDATE waitlist SET state = 'offered', offered_start_us = $2, offered_staff_id = $3, offer_until_us = $4,
               revision = revision + 1
             WHERE id = $1 RETURNING ", columns!(waitlist)),
        )
        .bind(id)
        .bind(micros::to(offer.start))
        .bind(&offer.staff_id)
        .bind(micros::to(offer.until))
        .fetch_one(&mut *tx)
        .await
        .map_err(db)?;
        let row = read(&row)?;
        if let Some(message) = &offer.message {
            let conversation: Option<i64> =
                sqlx::query_scalar("SELECT id FROM conversation WHERE customer_id = $1")
                    .bind(row.wait.customer_id)
                    .fetch_optional(&mut *tx)
                    .await
                    .map_err(db)?;
            let Some(conversation) = conversation else {
                return Err(StoreError::Invalid("there is no conversation to say it in".into()));
            };
            outbox::insert(&mut tx, conversation, None, message, now).await?;
        }
        tx.commit().await.map_err(db)?;
        Ok(row)
    }

    async fn end_wait(
        &self,
        id: &str,
        revision: i64,
        end: WaitEnd,
        _now: Timestamp,
    ) -> Result<WaitRow, StoreError> {
        let mut tx = self.begin().await?;
        let row = finish(&mut tx, id, revision, end).await?;
        tx.commit().await.map_err(db)?;
        Ok(row)
    }

    async fn offers_over(&self, now: Timestamp) -> Result<Vec<WaitRow>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(waitlist),
            " FROM waitlist WHERE state IN ('waiting', 'offered') AND state = 'offered' AND offer_until_us <= $1
             ORDER BY id"
        ))
        .bind(micros::to(now))
        .fetch_all(&self.readers)
        .await
        .map_err(db)?;
        rows.iter().map(read).collect()
    }

    async fn expire_waits(&self, now: Timestamp) -> Result<Vec<WaitRow>, StoreError> {
        let rows = sqlx::query(concat!(
            "UPDATE waitlist SET state = 'expired', revision = revision + 1
             WHERE state IN ('waiting', 'offered') AND state = 'waiting' AND to_us <= $1
             RETURNING ",
            columns!(waitlist)
        ))
        .bind(micros::to(now))
        .fetch_all(&mut *self.writer.statement().await?)
        .await
        .map_err(db)?;
        let mut expired = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        expired.sort_by(|a, b| a.wait.id.cmp(&b.wait.id));
        Ok(expired)
    }
}
