//! Free slots, as the model reads them.

use mcp_tenant::{profile::localized, slots::Reason, words};
use serde_json::{Value, json};

use super::{Refusal, Tools, args};
use crate::booking::{FindError, Found, OfferedSlot};

impl Tools<'_> {
    /// `find_available_slots`.
    pub(super) async fn find(&self, args: &Value) -> Result<Value, Refusal> {
        let found = self.look(args).await?;
        Ok(json!({"output": self.output(&found)}))
    }

    /// What is free for the services, person and time among the arguments; for an appointment that is to be moved, the
    /// same services by the same people, and what it occupies itself is free.
    pub(super) async fn look(&self, args: &Value) -> Result<Found, Refusal> {
        let when = args::when(args)?;
        let found = if args::text(args, "appointment", 400).is_some() {
            let id = self.booking_of(args)?;
            let row = self.desk.store.booking(&id).await.map_err(|_| Refusal::database())?;
            let row = row.ok_or_else(Refusal::no_appointment)?;
            self.desk.find_other(self.principal, &row, &when).await
        } else {
            let visit = args::Visit::read(args)?;
            let found = self.desk.find_visit(self.principal, &visit.wanted(), &when).await;
            if let Err(FindError::Unknown(Reason::UnknownStaff)) = &found {
                return Err(self.does_not(&visit));
            }
            found
        };
        found.map_err(|why| match why {
            FindError::Store(_) => Refusal::database(),
            FindError::Unknown(reason) => Refusal::new(reason.code(), reason.to_string()),
            why => Refusal::new("validation", why.to_string()),
        })
    }

    /// Who was asked for does not do all of it: the customer is to hear that before anybody else does it.
    fn does_not(&self, visit: &args::Visit) -> Refusal {
        let loaded = self.desk.profile();
        let profile = &loaded.profile;
        let Some(person) = visit.staff.as_deref().and_then(|id| profile.staff_member(id)) else {
            return Refusal::new("not_found", Reason::UnknownStaff.to_string());
        };
        let others = visit.wanted().into_iter().filter(|(_, staff)| staff.is_some()).filter_map(|(id, _)| {
            let service = profile.service(id)?;
            let people: Vec<&str> = profile.staff_for(service).map(|one| one.name.as_str()).collect();
            let name = localized(&service.name, self.language.tag());
            let does = profile.staff_for(service).any(|one| one.id == person.id);
            (!does).then(|| format!("{name} (`{id}`), which {} does", people.join(" or ")))
        });
        let others: Vec<String> = others.collect();
        Refusal::new(
            "not_found",
            format!(
                "{} does not do {}. Nothing was looked up. Tell the customer so and ask whether somebody else may do that; only if they agree, call again with it in `by_others`",
                person.name,
                others.join(", nor ")
            ),
        )
    }

    fn output(&self, found: &Found) -> Value {
        let slots: Vec<Value> = found.slots.iter().map(|slot| self.slot(slot)).collect();
        let mut output = json!({"slots": slots});
        let date = |date| self.language.date(date);
        // The words had two meanings: the customer is to hear which one was taken.
        if let Some(other) = found.meant.other {
            output["day_meant"] = json!(date(found.meant.window.first));
            output["day_not_meant"] = json!(date(other));
        }
        if slots.is_empty() {
            // What stands in a result may be said: no time here but those that can be booked.
            output["note"] = json!(format!(
                "nothing is free in that window from {} to {}: offer the nearest, to look at other days or times, or the waiting list",
                date(found.meant.window.first),
                date(found.meant.window.last),
            ));
            output["nearest"] = found.nearest.iter().map(|slot| self.slot(slot)).collect();
        } else if found.more {
            output["note"] = json!("there are more: for later ones call again with `from` or another day");
        }
        output
    }

    fn slot(&self, slot: &OfferedSlot) -> Value {
        json!({
            "slot": slot.reference,
            "date": slot.start.date().to_string(),
            "weekday": self.language.weekday(slot.start.weekday()),
            "time": words::time(&slot.start),
            "staff": slot.staff_name,
        })
    }
}
