//! The tools an agent can call. Their results say what is in the database, nothing else.

use mcp_store::booking::BookingRow;
use rmcp::{
    RoleServer, ServerHandler,
    handler::server::{router::tool::ToolRouter, wrapper::Parameters},
    model::{CallToolResult, Implementation, ServerCapabilities, ServerConfig},
    service::RequestContext,
    tool, tool_handler, tool_router,
};
use serde_json::{Value, json};

use super::args::{BookArgs, CancelArgs, FindArgs, GetArgs, ListArgs, MoveArgs, NoArgs};
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
            Ok(self.one(&caller, &row))
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
            Ok(self.one(&caller, &row))
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
            Ok(self.one(&caller, &row))
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
            Ok(self.one(&caller, &row))
        };
        self.answer("cancel_booking", cancelled.await)
    }
}

impl TenantTools {
    /// A booking as it stands, as far as the caller may see it.
    fn one(&self, caller: &Caller, row: &BookingRow) -> Value {
        json!({"booking": self.scheduler.booking(caller, row)})
    }

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
