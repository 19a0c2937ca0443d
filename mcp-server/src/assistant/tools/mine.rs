//! The customer's own appointments, as the model reads them.

use mcp_tenant::{slots::Calendar, words};
use serde_json::{Value, json};

use super::{Refusal, Tools};

impl Tools<'_> {
    /// `my_appointments`. References are opaque and good for this customer only.
    pub(super) async fn mine(&self) -> Result<Value, Refusal> {
        let rows = self.desk.mine(self.customer).await.map_err(|_| Refusal::database())?;
        let loaded = self.desk.profile();
        let calendar = Calendar::new(&loaded.profile)
            .map_err(|_| Refusal::new("configuration", "the business's time zone is unknown"))?;
        let appointments: Vec<Value> = rows
            .iter()
            .map(|row| {
                let booking = &row.booking;
                let start = calendar.local(booking.start());
                json!({
                    "appointment": self.desk.booking_ref(self.principal, &booking.id),
                    "services": booking.service_names(),
                    "staff": booking.staff_names(),
                    "date": start.date().to_string(),
                    "weekday": self.language.weekday(start.weekday()),
                    "time": words::time(&start),
                    "state": booking.state.as_str(),
                    "code": booking.reference,
                })
            })
            .collect();
        let mut output = json!({"appointments": appointments});
        if rows.is_empty() {
            output["note"] = json!("this customer has no appointment to come");
        }
        Ok(json!({"output": output}))
    }
}
