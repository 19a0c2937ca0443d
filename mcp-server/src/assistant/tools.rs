//! The functions the model is offered, and their results.

use mcp_tenant::{Profile, request::WhenRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    booking::{Desk, FindError, Found, Principal, SlotRef},
    words::{self, Language},
};

/// Reads; runs at once.
pub const FIND: &str = "find_available_slots";
/// Writes; only stages, and ends the turn.
pub const BOOK: &str = "book_appointment";

/// Function declarations for a profile (`parametersJsonSchema`, Gemini API "Function calling").
pub fn declarations(profile: &Profile) -> Vec<Value> {
    let services: Vec<&str> = profile.services.iter().map(|s| s.id.as_str()).collect();
    let staff: Vec<&str> = profile.staff.iter().map(|s| s.id.as_str()).collect();
    vec![
        json!({
            "name": FIND,
            "description": "Free start times of a service. Pass the day and time in the customer's own terms; leave out what the customer did not say. Days are named in one way only: weekday, day (with month), or offset_days.",
            "parametersJsonSchema": {
                "type": "object",
                "required": ["service"],
                "properties": {
                    "service": {"type": "string", "enum": services, "description": "Id of the service."},
                    "staff": {"type": "string", "enum": staff, "description": "Id of the staff member, only if the customer asked for one."},
                    "weekday": {"type": "string", "enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
                    "week": {"type": "integer", "minimum": 0, "maximum": 8, "description": "With weekday: 0 the coming one, 1 a week later."},
                    "day": {"type": "integer", "minimum": 1, "maximum": 31},
                    "month": {"type": "integer", "minimum": 1, "maximum": 12},
                    "offset_days": {"type": "integer", "minimum": 0, "maximum": 366, "description": "0 today, 1 tomorrow."},
                    "part_of_day": {"type": "string", "enum": ["morning", "afternoon", "evening"]},
                    "from": {"type": "string", "description": "Earliest start, HH:MM."},
                    "to": {"type": "string", "description": "Latest start, HH:MM."},
                },
            },
        }),
        json!({
            "name": BOOK,
            "description": "Books a slot that find_available_slots returned, once the customer has chosen it. Ends your turn: the system tells the customer the outcome.",
            "parametersJsonSchema": {
                "type": "object",
                "required": ["slot"],
                "properties": {
                    "slot": {"type": "string", "description": "`slot` of the chosen result, unchanged."},
                    "name": {"type": "string", "description": "Name to book under, if the customer gave one."},
                },
            },
        }),
    ]
}

#[derive(Deserialize)]
struct FindArgs {
    service: String,
    #[serde(default)]
    staff: Option<String>,
    #[serde(flatten)]
    when: LooseWhen,
}

/// The model's arguments as they come; unknown ones are ignored, wrong ones are told.
#[derive(Deserialize)]
struct LooseWhen {
    weekday: Option<mcp_tenant::request::Day>,
    week: Option<u8>,
    day: Option<i8>,
    month: Option<i8>,
    offset_days: Option<u16>,
    part_of_day: Option<mcp_tenant::request::PartOfDay>,
    from: Option<String>,
    to: Option<String>,
}

impl From<LooseWhen> for WhenRequest {
    fn from(w: LooseWhen) -> Self {
        let LooseWhen { weekday, week, day, month, offset_days, part_of_day, from, to } = w;
        Self { weekday, week, day, month, offset_days, part_of_day, from, to }
    }
}

/// An error the model can act on.
pub fn error(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

/// Runs a reading tool.
pub async fn read(desk: &Desk, principal: &Principal, name: &str, args: &Value) -> Value {
    if name != FIND {
        return error("not_found", "there is no such function: use one of those declared");
    }
    let args: FindArgs = match serde_json::from_value(args.clone()) {
        Ok(args) => args,
        Err(wrong) => return error("validation", &format!("the arguments are not as declared: {wrong}")),
    };
    match desk.find(principal, &args.service, args.staff.as_deref(), &args.when.into()).await {
        Ok(found) => json!({"output": output(&desk.profile().profile, &found)}),
        Err(why @ FindError::Store(_)) => error("service_unavailable", &why.to_string()),
        Err(why) => error("validation", &why.to_string()),
    }
}

fn output(profile: &Profile, found: &Found) -> Value {
    let language = Language::of(profile);
    let slots: Vec<Value> = found
        .slots
        .iter()
        .map(|slot| {
            json!({
                "slot": slot.reference,
                "date": slot.start.date().to_string(),
                "weekday": language.weekday(slot.start.weekday()),
                "time": words::time(&slot.start),
                "staff": slot.staff_name,
            })
        })
        .collect();
    let mut output = json!({"slots": slots});
    if slots.is_empty() {
        // No times here: what stands in a result may be said.
        output["note"] = json!(format!(
            "nothing is free in that window from {} to {}: offer to look at other days or times",
            language.date(found.window.first),
            language.date(found.window.last),
        ));
    } else if found.more {
        output["note"] = json!("there are more: for later ones call again with `from` or another day");
    }
    output
}

/// A staged booking.
#[derive(Debug)]
pub struct Staged {
    /// The slot.
    pub slot: SlotRef,
    /// Name to book under, where the customer gave one.
    pub name: Option<String>,
}

/// Reads the arguments of the writing tool; nothing is written yet.
pub fn stage(desk: &Desk, principal: &Principal, args: &Value) -> Result<Staged, Value> {
    let reference = args["slot"].as_str().unwrap_or_default();
    let Some(slot) = desk.refs.read(principal, reference) else {
        return Err(error(
            "not_found",
            "this is not a slot that was offered in this conversation: call find_available_slots and pass `slot` unchanged",
        ));
    };
    let name = args["name"].as_str().map(|name| name.trim().chars().take(60).collect::<String>());
    Ok(Staged { slot, name: name.filter(|name| !name.is_empty()) })
}
