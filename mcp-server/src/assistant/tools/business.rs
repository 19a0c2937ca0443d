//! Facts about the business, as they are today.

use jiff::ToSpan;
use mcp_tenant::{
    Profile,
    adjustment::{Adjustment, Change, Target},
    profile::localized,
    slots::Calendar,
};
use serde_json::{Value, json};

use super::{Refusal, Tools};
use crate::words;

/// How far ahead changes of hours are told, in days.
const AHEAD: i64 = 14;

impl Tools<'_> {
    /// `get_business_info`: the profile, and what the owner has changed of the next days' hours.
    pub(super) async fn business(&self) -> Result<Value, Refusal> {
        let loaded = self.desk.profile();
        let profile = &loaded.profile;
        let calendar = Calendar::new(profile)
            .map_err(|_| Refusal::new("configuration", "the business's time zone is unknown"))?;
        let today = calendar.local(self.desk.clock.now()).date();
        let rows = self.desk.store.adjustments(today, today.saturating_add(AHEAD.days())).await;
        let rows = rows.map_err(|_| Refusal::database())?;
        let changes: Vec<Value> = rows
            .into_iter()
            .filter_map(|row| serde_json::from_value::<Adjustment>(row.adjustment.content).ok())
            .map(|adjustment| self.change(profile, &adjustment))
            .collect();
        let language = self.language.tag();
        let business = &profile.business;
        let services: Vec<Value> = profile
            .services
            .iter()
            .map(|service| {
                json!({
                    "id": service.id,
                    "name": localized(&service.name, language),
                    "description": localized(&service.description, language),
                    "minutes": service.duration.as_minutes(),
                    "price": words::money(service.price, &business.currency),
                })
            })
            .collect();
        let hours: serde_json::Map<String, Value> = profile
            .hours
            .days()
            .into_iter()
            .map(|(day, open)| (day.to_owned(), open.iter().map(ToString::to_string).collect()))
            .collect();
        let facts: Vec<Value> = profile
            .assistant
            .facts
            .iter()
            .map(|fact| json!({"question": fact.question, "answer": fact.answer}))
            .collect();
        let staff: Vec<&str> = profile.staff.iter().map(|person| person.name.as_str()).collect();
        let mut output = json!({
            "name": business.name,
            "hours": hours,
            "services": services,
            "staff": staff,
            "facts": facts,
            "changes_of_hours": changes,
        });
        for (name, value) in [
            ("address", &business.address),
            ("phone", &business.contact.phone),
            ("email", &business.contact.email),
            ("website", &business.contact.website),
        ] {
            if let Some(value) = value {
                output[name] = json!(value);
            }
        }
        Ok(json!({"output": output}))
    }

    fn change(&self, profile: &Profile, adjustment: &Adjustment) -> Value {
        let whose = match &adjustment.target {
            Target::Business => profile.business.name.clone(),
            Target::Staff(id) => {
                profile.staff_member(id).map_or_else(|| id.clone(), |person| person.name.clone())
            }
            Target::Resource(id) => {
                let name = profile.resource(id).and_then(|resource| resource.name.clone());
                name.unwrap_or_else(|| id.clone())
            }
        };
        let hours: Vec<String> = match &adjustment.change {
            Change::Closed => Vec::new(),
            Change::Hours(hours) => hours.iter().map(ToString::to_string).collect(),
        };
        json!({
            "whose": whose,
            "from": self.language.date(adjustment.first),
            "to": self.language.date(adjustment.last),
            "open": hours,
            "reason": adjustment.reason,
        })
    }
}
