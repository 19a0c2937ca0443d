//! What the channel tells beside messages: words of a person of the business, and new ids of customers.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    inbox::{Accepted, Delivery, Echo},
    micros,
};
use sqlx::{PgConnection, Row};

use crate::{conversation, customer, error, text, turn};

/// Keeps echoes and identities of deliveries, in order of arrival, in a transaction that has the locks of identities.
pub(crate) async fn keep(
    tx: &mut PgConnection,
    deliveries: &[Delivery],
    accepted: &mut [Accepted],
    now: Timestamp,
) -> Result<(), StoreError> {
    for (delivery, counts) in deliveries.iter().zip(accepted) {
        for change in &delivery.identities {
            customer::change_ids(tx, &customer::kept(&change.was), &customer::kept(&change.is)).await?;
        }
        for echo in &delivery.echoes {
            if !take_over(tx, echo, now).await? {
                counts.duplicates += 1;
            }
        }
    }
    Ok(())
}

/// Says whether the echo is new.
async fn take_over(tx: &mut PgConnection, echo: &Echo, now: Timestamp) -> Result<bool, StoreError> {
    let id = text::clean(&echo.id);
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM echo WHERE id = $1)")
        .bind(&*id)
        .fetch_one(&mut *tx)
        .await
        .map_err(error::store)?;
    if known {
        return Ok(false);
    }
    let customer = customer::identify(tx, &customer::kept(&echo.to), now).await?;
    let conversation: i64 = conversation::of(tx, customer).await.map_err(error::store)?.get("id");
    sqlx::query("INSERT INTO echo (id, conversation_id, until_us, received_us) VALUES ($1, $2, $3, $4)")
        .bind(&*id)
        .bind(conversation)
        .bind(micros::to(echo.until))
        .bind(micros::to(now))
        .execute(&mut *tx)
        .await
        .map_err(error::store)?;
    until(tx, conversation, echo.until).await?;
    turn::history::append(tx, conversation, std::slice::from_ref(&echo.content)).await?;
    Ok(true)
}

/// A person answers until then, or longer where that was said before.
pub(crate) async fn until(
    tx: &mut PgConnection,
    conversation: i64,
    until: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE conversation SET owner_until_us = GREATEST(owner_until_us, $2) WHERE id = $1")
        .bind(conversation)
        .bind(micros::to(until))
        .execute(tx)
        .await
        .map(drop)
        .map_err(error::store)
}
