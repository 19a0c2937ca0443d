//! The tools an agent can call. Their results say what is in the database, nothing else.

use std::sync::Arc;

use jiff::{Timestamp, civil::DateTime};
use mcp_store::{
    StoreError,
    booking::{BookedFor, BookingOutcome, BookingRow},
};
use mcp_tenant::{profile::localized, scalar::Money, when::When};
use rmcp::{
    RoleServer, ServerHandler,
    handler::server::{router::tool::ToolRouter, wrapper::Parameters},
    model::{CallToolResult, Implementation, ServerCapabilities, ServerConfig},
    service::RequestContext,
    tool, tool_handler, tool_router,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    booking::{Desk, FindError, OfferedSlot, Principal, SlotRef, Wish},
    metrics::Metrics,
    token::{Bearer, Scope},
    wake::Wake,
    words::{self, Language},
};

/// The tools of one tenant.
#[derive(Clone)]
pub struct TenantTools {
    desk: Arc<Desk>,
    wake: Arc<Wake>,
    metrics: Arc<Metrics>,
    #[expect(dead_code, reason = "rmcp's macro reads it through `Self::tool_router()`")]
    tool_router: ToolRouter<Self>,
}

/// `list_services` takes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoArgs {}

/// What to look for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FindArgs {
    /// Id of the service, from `list_services`.
    #[schemars(length(min = 1, max = 40))]
    service: String,
    /// Id of the staff member; leave out for anyone.
    #[serde(default)]
    #[schemars(length(max = 40))]
    staff: Option<String>,
    /// Which day and time, in words or numbers; leave out for the next two weeks.
    #[serde(default)]
    when: When,
}

/// What to book, for whom.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BookArgs {
    /// `slot` of a result of `find_available_slots`. Either this, or `service` and `start`.
    #[serde(default)]
    #[schemars(length(max = 400))]
    slot: Option<String>,
    /// Id of the service, with `start`.
    #[serde(default)]
    #[schemars(length(max = 40))]
    service: Option<String>,
    /// Start: `2026-11-24T15:00` in the business's local time, or with an offset.
    #[serde(default)]
    #[schemars(length(max = 40))]
    start: Option<String>,
    /// Id of the staff member, with `start`; leave out for anyone.
    #[serde(default)]
    #[schemars(length(max = 40))]
    staff: Option<String>,
    /// Who comes.
    customer: CustomerArgs,
    /// A key of your own for this booking: repeating the call with it books once.
    #[schemars(length(min = 1, max = 128))]
    idempotency_key: String,
}

/// Who comes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CustomerArgs {
    /// Name.
    #[schemars(length(min = 1, max = 60))]
    name: String,
    /// Telephone number in international form.
    #[serde(default)]
    #[schemars(length(max = 32))]
    phone: Option<String>,
}

/// A refusal with its stable code.
struct Refusal {
    code: &'static str,
    message: String,
}

fn refuse<T>(code: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { code, message: message.into() })
}

#[tool_router]
impl TenantTools {
    /// The tools over a desk.
    pub fn new(desk: Arc<Desk>, wake: Arc<Wake>, metrics: Arc<Metrics>) -> Self {
        Self { desk, wake, metrics, tool_router: Self::tool_router() }
    }

    #[tool(
        description = "Services this business offers, with duration, price and who does them.",
        annotations(title = "List services", read_only_hint = true, open_world_hint = false)
    )]
    async fn list_services(
        &self,
        Parameters(NoArgs {}): Parameters<NoArgs>,
        context: RequestContext<RoleServer>,
    ) -> CallToolResult {
        answer(bearer(&context, Scope::BookingRead).map(|_| self.services()))
    }

    #[tool(
        description = "Free start times of a service. Returns opaque slots to pass to create_booking; times are local to the business.",
        annotations(title = "Find available slots", read_only_hint = true, open_world_hint = false)
    )]
    async fn find_available_slots(
        &self,
        Parameters(args): Parameters<FindArgs>,
        context: RequestContext<RoleServer>,
    ) -> CallToolResult {
        let bearer = match bearer(&context, Scope::BookingRead) {
            Ok(bearer) => bearer,
            Err(refusal) => return answer(Err(refusal)),
        };
        answer(self.slots(&bearer, args).await)
    }

    #[tool(
        description = "Books an appointment for a customer: a slot from find_available_slots, or service and start. The result says what stands in the calendar.",
        annotations(
            title = "Create booking",
            read_only_hint = false,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn create_booking(
        &self,
        Parameters(args): Parameters<BookArgs>,
        context: RequestContext<RoleServer>,
    ) -> CallToolResult {
        let bearer = match bearer(&context, Scope::BookingWrite) {
            Ok(bearer) => bearer,
            Err(refusal) => return answer(Err(refusal)),
        };
        answer(self.book(&bearer, args).await)
    }

    fn services(&self) -> Value {
        let loaded = self.desk.profile();
        let profile = &loaded.profile;
        let services: Vec<Value> = profile
            .services
            .iter()
            .map(|service| {
                let staff: Vec<Value> =
                    profile.staff_for(service).map(|s| json!({"id": s.id, "name": s.name})).collect();
                json!({
                    "id": service.id,
                    "name": localized(&service.name, profile.language()),
                    "duration_minutes": service.duration.as_minutes(),
                    "price": service.price.to_string(),
                    "currency": profile.business.currency,
                    "staff": staff,
                })
            })
            .collect();
        json!({"business": profile.business.name, "time_zone": profile.business.time_zone, "services": services})
    }

    async fn slots(&self, bearer: &Bearer, args: FindArgs) -> Result<Value, Refusal> {
        let principal = Principal::Agent(bearer.subject.clone());
        let found =
            self.desk.find(&principal, &args.service, args.staff.as_deref(), &args.when).await.map_err(
                |error| match error {
                    FindError::Store(_) => Refusal {
                        code: "service_unavailable",
                        message: "the bookings cannot be read now: try again".into(),
                    },
                    FindError::Unknown(reason) => Refusal { code: reason.code(), message: error.to_string() },
                    other => Refusal { code: "validation", message: other.to_string() },
                },
            )?;
        let loaded = self.desk.profile();
        let language = Language::of(&loaded.profile);
        let slot = |slot: &OfferedSlot| {
            json!({
                "slot": slot.reference,
                "start": slot.start.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
                "end": slot.end.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
                "weekday": language.weekday(slot.start.weekday()),
                "time": words::time(&slot.start),
                "staff": {"id": slot.staff, "name": slot.staff_name},
            })
        };
        let list = |slots: &[OfferedSlot]| slots.iter().map(slot).collect::<Vec<_>>();
        Ok(json!({
            "time_zone": loaded.profile.business.time_zone,
            "from": found.meant.window.first.to_string(),
            "to": found.meant.window.last.to_string(),
            "meant": language.meant(&found.meant),
            "slots": list(&found.slots),
            "more": found.more,
            "nearest": list(&found.nearest),
        }))
    }

    async fn book(&self, bearer: &Bearer, args: BookArgs) -> Result<Value, Refusal> {
        let name = args.customer.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 60 {
            return refuse("validation", "customer.name must have 1 to 60 characters");
        }
        if args.idempotency_key.is_empty() || args.idempotency_key.len() > 128 {
            return refuse("validation", "idempotency_key must have 1 to 128 characters");
        }
        if args.customer.phone.as_ref().is_some_and(|phone| phone.len() > 32) {
            return refuse("validation", "customer.phone must have at most 32 characters");
        }
        let slot = self.wanted(bearer, &args)?;
        let wish = Wish {
            slot,
            booked_for: BookedFor::Named { phone: args.customer.phone.clone() },
            customer_name: name,
            idempotency_key: format!(
                "agent:{}:{}:{}",
                bearer.subject.len(),
                bearer.subject,
                args.idempotency_key
            ),
        };
        let request = self.desk.request(wish).await;
        match self.desk.store.book(&request, self.desk.clock.now()).await {
            Ok(BookingOutcome::Booked(row) | BookingOutcome::Changed(row)) => {
                self.metrics.booking("booked");
                self.wake.mirror.notify_one();
                Ok(json!({"booking": self.booking(&row)}))
            }
            Ok(BookingOutcome::Refused(refused)) => {
                self.metrics.booking("refused");
                Err(Refusal { code: stable(&refused.code), message: refused.message })
            }
            Err(StoreError::KeyReused) => refuse(
                "conflict",
                "this idempotency_key was used for another booking: use a new one for a new booking",
            ),
            Err(error) => {
                tracing::error!(error = crate::telemetry::chain(&error), "a booking could not be written");
                refuse(
                    "booking_failed",
                    "nothing was booked: the database cannot be written now, try again with the same idempotency_key",
                )
            }
        }
    }

    fn wanted(&self, bearer: &Bearer, args: &BookArgs) -> Result<SlotRef, Refusal> {
        if let Some(reference) = &args.slot {
            if args.service.is_some() || args.start.is_some() || args.staff.is_some() {
                return refuse("validation", "pass either slot, or service and start (and staff), not both");
            }
            let principal = Principal::Agent(bearer.subject.clone());
            return match self.desk.refs.read(&principal, reference) {
                Some(slot) => Ok(slot),
                None => refuse(
                    "not_yours",
                    "this slot was not offered to you: call find_available_slots and pass `slot` unchanged",
                ),
            };
        }
        let (Some(service), Some(start)) = (&args.service, &args.start) else {
            return refuse("validation", "pass slot, or service and start");
        };
        let loaded = self.desk.profile();
        let profile = &loaded.profile;
        let Some(start) = instant(start, &profile.business.time_zone) else {
            return refuse(
                "validation",
                "start must be like 2026-11-24T15:00 (local) or 2026-11-24T15:00:00-03:00",
            );
        };
        let Some(known) = profile.service(service) else {
            return refuse("not_found", "this service does not exist: call list_services");
        };
        let anyone = profile.staff_for(known).next().map(|person| person.id.clone());
        let Some(staff) = args.staff.clone().or(anyone) else {
            return refuse("not_found", "nobody does this service now");
        };
        Ok(SlotRef { service: service.clone(), staff, start, pinned: args.staff.is_some() })
    }

    fn booking(&self, row: &BookingRow) -> Value {
        let loaded = self.desk.profile();
        let booking = &row.booking;
        let zone =
            jiff::tz::TimeZone::get(&loaded.profile.business.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let local = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        let first = booking.items.first();
        json!({
            "reference": booking.reference,
            "state": booking.state.as_str(),
            "service": first.map(|item| json!({"id": item.service_id, "name": item.service_name})),
            "staff": first.map(|item| json!({"id": item.staff_id, "name": item.staff_name})),
            "start": local(booking.start()),
            "end": local(booking.end()),
            "price": Money::from_cents(booking.price_cents()).to_string(),
            "currency": booking.currency,
            "customer": booking.customer_name,
        })
    }
}

#[tool_handler]
impl ServerHandler for TenantTools {
    fn get_info(&self) -> ServerConfig {
        let name = self.desk.profile().profile.business.name.clone();
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("mcp-server", env!("CARGO_PKG_VERSION")).with_title(name))
    }
}

fn bearer(context: &RequestContext<RoleServer>, scope: Scope) -> Result<Bearer, Refusal> {
    let parts = context.extensions.get::<http::request::Parts>();
    match parts.and_then(|parts| parts.extensions.get::<Bearer>()) {
        Some(bearer) if bearer.scopes.allow(scope) => Ok(bearer.clone()),
        Some(_) => refuse("forbidden", format!("the token lacks the scope {}", scope.as_str())),
        None => refuse("unauthorized", "send a token in the header: Authorization: Bearer …"),
    }
}

fn answer(result: Result<Value, Refusal>) -> CallToolResult {
    match result {
        Ok(value) => CallToolResult::structured(value),
        Err(Refusal { code, message }) => {
            CallToolResult::structured_error(json!({"error": {"code": code, "message": message}}))
        }
    }
}

/// Codes of the store's refusals are stable already; anything else is a defect and says so.
fn stable(code: &str) -> &'static str {
    [
        "slot_taken",
        "outside_hours",
        "notice_too_short",
        "limit_reached",
        "not_found",
        "validation",
        "configuration",
    ]
    .into_iter()
    .find(|known| *known == code)
    .unwrap_or("internal")
}

fn instant(text: &str, zone: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let local: DateTime = text.parse().ok()?;
    let zone = jiff::tz::TimeZone::get(zone).ok()?;
    Some(local.to_zoned(zone).ok()?.timestamp())
}
