//! What stands beside the chat page: the tenant's own rows, and how its newest turns came about.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use mcp_simulator::Panels;
use mcp_store::{Store, booking::BookingRow};
use mcp_tenant::Profile;
use serde_json::{Value, json};

use crate::clock::{Clock as _, SystemClock};

/// Panels over the tenant's database.
pub struct TenantPanels {
    /// The tenant's database.
    pub store: Arc<dyn Store>,
    /// The business, for its zone.
    pub profile: Profile,
}

/// Appointments that began this long ago are still shown, and how many are shown at most.
const PAST: SignedDuration = SignedDuration::from_hours(24);
const MOST: u32 = 200;
/// Contents of the history that are shown, and how much of each.
const NEWEST: u32 = 40;
const LONGEST: usize = 600;

#[async_trait]
impl Panels for TenantPanels {
    async fn agenda(&self) -> Value {
        let from = SystemClock.now().saturating_sub(PAST).unwrap_or(Timestamp::MIN);
        let rows = self.store.bookings(from, Timestamp::MAX, MOST).await.unwrap_or_default();
        let zone = TimeZone::get(&self.profile.business.time_zone).unwrap_or(TimeZone::UTC);
        rows.iter().map(|row| line(row, &zone)).collect()
    }

    async fn trace(&self, phone: &str) -> Value {
        let Ok(Some(customer)) = self.store.customer_by_phone(phone).await else { return json!([]) };
        let Ok(conversation) = self.store.conversation_of(customer.id).await else { return json!([]) };
        let history = self.store.history(conversation.id, NEWEST).await.unwrap_or_default();
        let mut steps: Vec<Value> = history.iter().flat_map(steps_of).collect();
        for turn in self.store.turns(conversation.id, 5).await.unwrap_or_default().iter().rev() {
            let text = format!("{} — {} message(s), attempt {}", turn.effect, turn.messages, turn.attempt);
            steps.push(json!({"kind": "did", "text": text}));
        }
        Value::Array(steps)
    }
}

fn line(row: &BookingRow, zone: &TimeZone) -> Value {
    let booking = &row.booking;
    let start = booking.start().to_zoned(zone.clone());
    json!({
        "day": start.strftime("%A, %Y-%m-%d").to_string(),
        "time": start.strftime("%H:%M").to_string(),
        "what": format!("{} · {}", booking.service_names(), booking.staff_names()),
        "who": format!("{} {}", booking.customer_name, booking.reference),
        "state": booking.state.as_str(),
    })
}

fn steps_of(content: &Value) -> Vec<Value> {
    let mine = content["role"] == "user";
    let parts = content["parts"].as_array().into_iter().flatten();
    parts
        .filter_map(|part| {
            if let Some(call) = part.get("functionCall") {
                return Some((
                    "called",
                    format!("{} {}", call["name"].as_str().unwrap_or("?"), call["args"]),
                ));
            }
            if let Some(found) = part.get("functionResponse") {
                return Some(("found", found["response"].to_string()));
            }
            let text = part["text"].as_str()?;
            Some((if mine { "said" } else { "answered" }, text.to_owned()))
        })
        .map(|(kind, text)| json!({"kind": kind, "text": text.chars().take(LONGEST).collect::<String>()}))
        .collect()
}
