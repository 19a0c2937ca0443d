//! The functions the model is offered. Reading ones run at once; writing ones only stage one effect, which ends the
//! model's part of the turn. Who acts comes from the channel: no function takes a customer.

mod args;
mod business;
mod declare;
mod find;
mod mine;
mod people;
mod stage;

use mcp_tenant::words::Language;
use serde_json::{Value, json};

use super::gemini::Call;
use crate::booking::{Desk, Principal};

pub use declare::declarations;
pub use people::held_to;
pub use stage::Staged;

/// Facts about the business, as they are today.
pub const BUSINESS: &str = "get_business_info";
/// Free start times.
pub const FIND: &str = "find_available_slots";
/// The customer's own appointments.
pub const MINE: &str = "my_appointments";
/// Books.
pub const BOOK: &str = "book_appointment";
/// Moves an appointment of the customer.
pub const MOVE: &str = "move_appointment";
/// Cancels an appointment of the customer.
pub const CANCEL: &str = "cancel_appointment";
/// Has the customer wait for a slot to become free.
pub const WAIT: &str = "join_waitlist";
/// Has a person take over.
pub const HAND_OVER: &str = "hand_over";

/// The name as declared, for counting; `unknown` for every other one.
pub fn known(name: &str) -> &'static str {
    const ALL: [&str; 8] = [BUSINESS, FIND, MINE, BOOK, MOVE, CANCEL, WAIT, HAND_OVER];
    ALL.into_iter().find(|known| *known == name).unwrap_or("unknown")
}

/// For whom, and in which language.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// What can be booked.
    pub desk: &'a Desk,
    /// The customer.
    pub principal: &'a Principal,
    /// The customer's number in the database.
    pub customer: i64,
    /// The language of dates in the results.
    pub language: Language,
}

/// What came of a call.
#[derive(Debug)]
pub enum Ran {
    /// A result for the model: `{"output": …}` or `{"error": {"code", "message"}}`.
    Result(Value),
    /// An effect to commit; its result is known when it has happened.
    Staged(Staged),
}

impl Tools<'_> {
    /// Runs a call. Arguments are never trusted: what is not declared is ignored, what is wrong is told.
    pub async fn run(&self, call: &Call) -> Ran {
        let args = &call.args;
        let read = match call.name.as_str() {
            FIND => self.find(args).await,
            MINE => self.mine().await,
            BUSINESS => self.business().await,
            BOOK => return self.book(args).into(),
            MOVE => return self.relocate(args).await.into(),
            CANCEL => return self.cancel(args).into(),
            WAIT => return self.wait(args).await.into(),
            HAND_OVER => return Ran::Staged(Self::hand_over(args)),
            _ => Err(Refusal::new("not_found", "there is no such function: use one of those declared")),
        };
        Ran::Result(read.unwrap_or_else(Refusal::into_value))
    }
}

impl From<Result<Staged, Refusal>> for Ran {
    fn from(staged: Result<Staged, Refusal>) -> Self {
        match staged {
            Ok(staged) => Self::Staged(staged),
            Err(refusal) => Self::Result(refusal.into_value()),
        }
    }
}

/// Why a call gives nothing, in words the model can act on.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    fn invalid(message: impl std::fmt::Display) -> Self {
        Self::new("validation", format!("the arguments are not as declared: {message}"))
    }

    fn database() -> Self {
        Self::new("service_unavailable", "the appointments cannot be read now: say so, and offer a person")
    }

    fn no_appointment() -> Self {
        Self::new(
            "not_found",
            "this is not an appointment of this customer: call my_appointments and pass `appointment` unchanged",
        )
    }

    fn into_value(self) -> Value {
        error(self.code, &self.message)
    }
}

/// An error the model can act on.
pub fn error(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}
