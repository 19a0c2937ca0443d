//! What the channel tells beside messages: words of a person of the business, and new ids of customers. Rare, so it
//! may cost what the path of ordinary messages must not.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    inbox::{Accepted, Delivery, Echo},
    micros,
};

use crate::{Tx, customer, db, route, turn};

/// Keeps echoes and identities of deliveries, in order of arrival, after their messages.
pub(crate) async fn keep(
    tx: &mut Tx,
    deliveries: &[Delivery],
    accepted: &mut [Accepted],
    now: Timestamp,
) -> Result<(), StoreError> {
    if deliveries.iter().all(|delivery| delivery.echoes.is_empty() && delivery.identities.is_empty()) {
        return Ok(());
    }
    // Messages that came before belong to whoever had their ids then.
    route::all(tx).await?;
    for (delivery, counts) in deliveries.iter().zip(accepted) {
        for change in &delivery.identities {
            customer::change_ids(tx, &change.was, &change.is).await?;
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
async fn take_over(tx: &mut Tx, echo: &Echo, now: Timestamp) -> Result<bool, StoreError> {
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM echo WHERE id = $1)")
        .bind(&echo.id)
        .fetch_one(&mut **tx)
        .await
        .map_err(db)?;
    if known {
        return Ok(false);
    }
    let customer = customer::identify(tx, &echo.to, now).await?;
    let conversation = customer::conversation(tx, customer).await?;
    sqlx::query("INSERT INTO echo (id, conversation_id, until_us, received_us) VALUES ($1, $2, $3, $4)")
        .bind(&echo.id)
        .bind(conversation)
        .bind(micros::to(echo.until))
        .bind(micros::to(now))
        .execute(&mut **tx)
        .await
        .map_err(db)?;
    until(tx, conversation, echo.until).await?;
    turn::history::append(tx, conversation, std::slice::from_ref(&echo.content)).await?;
    Ok(true)
}

/// A person answers until then, or longer where that was said before.
pub(crate) async fn until(tx: &mut Tx, conversation: i64, until: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE conversation SET owner_until_us = MAX(COALESCE(owner_until_us, $2), $2) WHERE id = $1",
    )
    .bind(conversation)
    .bind(micros::to(until))
    .execute(&mut **tx)
    .await
    .map_err(db)?;
    Ok(())
}
