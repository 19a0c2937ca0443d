//! The tools an agent can call. Their results say what is in the database, nothing else.

use mcp_tenant::when::When;
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
    booking::{
        Scheduler,
        scheduler::{Caller, Failure, FailureCode, Filter, Order, Start, Step, page_size},
    },
    token::{Bearer, Scope},
};

/// The tools of one tenant.
#[derive(Clone)]
pub struct TenantTools {
    scheduler: Scheduler,
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
    #[schemars(length(max = 1200))]
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

/// A booking that stands, by what it is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetArgs {
    /// `id` of a result of this server, or the code the customer quotes.
    #[schemars(length(min = 1, max = 200))]
    booking: String,
}

/// Which bookings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListArgs {
    /// Of the customer with this number, in international form. Needs the scope `customer:read`.
    #[serde(default)]
    #[schemars(length(max = 32))]
    phone: Option<String>,
    /// That begin on this local day, `2026-11-24`; from today on where left out.
    #[serde(default)]
    #[schemars(length(max = 10))]
    date: Option<String>,
    /// In this state: requested, confirmed, completed, cancelled or `no_show`.
    #[serde(default)]
    #[schemars(length(max = 12))]
    state: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    #[schemars(length(max = 200))]
    cursor: Option<String>,
    /// How many, 1 to 100.
    #[serde(default)]
    limit: Option<u32>,
}

/// What to move, and where to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MoveArgs {
    /// `id` of the booking, or the code the customer quotes.
    #[schemars(length(min = 1, max = 200))]
    booking: String,
    /// `slot` of a result of `find_available_slots`. Either this, or `start`.
    #[serde(default)]
    #[schemars(length(max = 1200))]
    slot: Option<String>,
    /// Start: `2026-11-24T15:00` in the business's local time, or with an offset. The services stay.
    #[serde(default)]
    #[schemars(length(max = 40))]
    start: Option<String>,
    /// Id of the staff member, with `start`; leave out to keep them.
    #[serde(default)]
    #[schemars(length(max = 40))]
    staff: Option<String>,
    /// A key of your own for this change: repeating the call with it moves once.
    #[schemars(length(min = 1, max = 128))]
    idempotency_key: String,
}

/// What to cancel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CancelArgs {
    /// `id` of the booking, or the code the customer quotes.
    #[schemars(length(min = 1, max = 200))]
    booking: String,
    /// Why, for the customer.
    #[serde(default)]
    #[schemars(length(max = 300))]
    reason: Option<String>,
    /// A key of your own for this change: repeating the call with it cancels once.
    #[schemars(length(min = 1, max = 128))]
    idempotency_key: String,
}

/// How this door is called in keys of effects.
const DOOR: &str = "mcp";

#[tool_router]
impl TenantTools {
    /// The tools over a scheduler.
    pub fn new(scheduler: Scheduler) -> Self {
        Self { scheduler, tool_router: Self::tool_router() }
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
        self.answer("list_services", caller(&context, Scope::BookingRead).map(|_| self.scheduler.services()))
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
        let slots = async {
            let caller = caller(&context, Scope::BookingRead)?;
            let services = [(args.service.as_str(), args.staff.as_deref())];
            let found = self.scheduler.slots(&caller.principal, &services, &args.when).await?;
            Ok(self.scheduler.found(&found))
        };
        self.answer("find_available_slots", slots.await)
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
        let booked = async {
            let caller = caller(&context, Scope::BookingWrite)?;
            let order = Order {
                start: Start {
                    slot: args.slot,
                    services: args.service.into_iter().collect(),
                    start: args.start,
                    staff: args.staff,
                },
                name: args.customer.name,
                phone: args.customer.phone,
                key: args.idempotency_key,
            };
            let row = self.scheduler.book(&caller.principal, DOOR, &order).await?;
            Ok(json!({"booking": self.scheduler.booking(&caller, &row)}))
        };
        self.answer("create_booking", booked.await)
    }

    #[tool(
        description = "One booking as it stands, by its id or by the code the customer quotes.",
        annotations(title = "Get booking", read_only_hint = true, open_world_hint = false)
    )]
    async fn get_booking(
        &self,
        Parameters(args): Parameters<GetArgs>,
        context: RequestContext<RoleServer>,
    ) -> CallToolResult {
        let found = async {
            let caller = caller(&context, Scope::BookingRead)?;
            let row = self.scheduler.get(&caller.principal, &args.booking).await?;
            Ok(json!({"booking": self.scheduler.booking(&caller, &row)}))
        };
        self.answer("get_booking", found.await)
    }

    #[tool(
        description = "Bookings in order of their start, page by page: from today on, or of one day, one customer, one state.",
        annotations(title = "List bookings", read_only_hint = true, open_world_hint = false)
    )]
    async fn list_bookings(
        &self,
        Parameters(args): Parameters<ListArgs>,
        context: RequestContext<RoleServer>,
    ) -> CallToolResult {
        let listed = async {
            let caller = caller(&context, Scope::BookingRead)?;
            args.phone.as_ref().map_or(Ok(()), |_| caller.seeing_customers())?;
            let filter = Filter::read(
                args.phone,
                args.date.as_deref(),
                args.state.as_deref(),
                args.cursor,
                page_size(args.limit)?,
            )?;
            let page = self.scheduler.list(&filter).await?;
            let rows: Vec<Value> = page.rows.iter().map(|row| self.scheduler.booking(&caller, row)).collect();
            Ok(json!({"bookings": rows, "next": page.next}))
        };
        self.answer("list_bookings", listed.await)
    }

    #[tool(
        description = "Moves a booking to another slot. The old one is kept until the new one is secured; the customer is told.",
        annotations(
            title = "Move booking",
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn move_booking(
        &self,
        Parameters(args): Parameters<MoveArgs>,
        context: RequestContext<RoleServer>,
    ) -> CallToolResult {
        let moved = async {
            let caller = caller(&context, Scope::BookingWrite)?;
            let start = Start { slot: args.slot, services: Vec::new(), start: args.start, staff: args.staff };
            let key = &args.idempotency_key;
            let row = self.scheduler.relocate(&caller.principal, DOOR, &args.booking, &start, key).await?;
            Ok(json!({"booking": self.scheduler.booking(&caller, &row)}))
        };
        self.answer("move_booking", moved.await)
    }

    #[tool(
        description = "Cancels a booking; the customer is told.",
        annotations(
            title = "Cancel booking",
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn cancel_booking(
        &self,
        Parameters(args): Parameters<CancelArgs>,
        context: RequestContext<RoleServer>,
    ) -> CallToolResult {
        let cancelled = async {
            let caller = caller(&context, Scope::BookingWrite)?;
            let (step, key) = (Step::Cancel(args.reason), &args.idempotency_key);
            let row = self.scheduler.step(&caller.principal, DOOR, &args.booking, step, key).await?;
            Ok(json!({"booking": self.scheduler.booking(&caller, &row)}))
        };
        self.answer("cancel_booking", cancelled.await)
    }
}

impl TenantTools {
    fn answer(&self, tool: &'static str, result: Result<Value, Failure>) -> CallToolResult {
        self.scheduler.metrics.agent_tool(tool, if result.is_ok() { "done" } else { "refused" });
        match result {
            Ok(value) => CallToolResult::structured(value),
            Err(failure) => {
                CallToolResult::structured_error(json!({"error": self.scheduler.refused(&failure)}))
            }
        }
    }
}

#[tool_handler]
impl ServerHandler for TenantTools {
    fn get_info(&self) -> ServerConfig {
        let name = self.scheduler.desk.profile().profile.business.name.clone();
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("mcp-server", env!("CARGO_PKG_VERSION")).with_title(name))
    }
}

fn caller(context: &RequestContext<RoleServer>, scope: Scope) -> Result<Caller, Failure> {
    let parts = context.extensions.get::<http::request::Parts>();
    match parts.and_then(|parts| parts.extensions.get::<Bearer>()) {
        Some(bearer) => Caller::of(bearer, scope),
        None => Err(Failure::new(
            FailureCode::Unauthorized,
            "send a token in the header: Authorization: Bearer …",
        )),
    }
}
