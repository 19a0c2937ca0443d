//! The functions the model is offered, and their results.

use mcp_tenant::{Profile, when::When};
use serde_json::{Map, Value, json};

use crate::{
    booking::{Desk, FindError, Found, OfferedSlot, Principal, SlotRef},
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
    let mut properties = When::properties();
    properties.insert(
        "service".to_owned(),
        json!({"type": "string", "enum": services, "description": "Id of the service."}),
    );
    properties.insert(
        "staff".to_owned(),
        json!({"type": "string", "enum": staff, "description": "Id of the staff member, only if the customer asked for one."}),
    );
    vec![
        json!({
            "name": FIND,
            "description": "Free start times of a service. Pass the day and time in the customer's own terms; leave out what the customer did not say. Name the day in one way.",
            "parametersJsonSchema": {"type": "object", "required": ["service"], "properties": properties},
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

/// The model's arguments: what is not declared is ignored, what is wrong is told.
struct FindArgs {
    service: String,
    staff: Option<String>,
    when: When,
}

impl FindArgs {
    fn read(args: &Value) -> Result<Self, String> {
        let text = |name: &str| args[name].as_str().map(str::to_owned);
        let known = When::properties();
        let given = args.as_object().into_iter().flatten();
        let when: Map<String, Value> = given
            .filter(|(name, _)| known.contains_key(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Ok(Self {
            service: text("service").ok_or("`service` is missing: pass the id of the service")?,
            staff: text("staff").filter(|staff| !staff.is_empty()),
            when: serde_json::from_value(Value::Object(when)).map_err(|wrong| wrong.to_string())?,
        })
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
    let args = match FindArgs::read(args) {
        Ok(args) => args,
        Err(wrong) => return error("validation", &format!("the arguments are not as declared: {wrong}")),
    };
    match desk.find(principal, &args.service, args.staff.as_deref(), &args.when).await {
        Ok(found) => json!({"output": output(&desk.profile().profile, &found)}),
        Err(why @ FindError::Store(_)) => error("service_unavailable", &why.to_string()),
        Err(FindError::Unknown(reason)) => error(reason.code(), &reason.to_string()),
        Err(why) => error("validation", &why.to_string()),
    }
}

fn output(profile: &Profile, found: &Found) -> Value {
    let language = Language::of(profile);
    let slot = |slot: &OfferedSlot| {
        json!({
            "slot": slot.reference,
            "date": slot.start.date().to_string(),
            "weekday": language.weekday(slot.start.weekday()),
            "time": words::time(&slot.start),
            "staff": slot.staff_name,
        })
    };
    let slots: Vec<Value> = found.slots.iter().map(slot).collect();
    let mut output = json!({"slots": slots});
    // The words had two meanings: the customer is to hear which one was taken.
    if let Some(other) = found.meant.other {
        output["day_meant"] = json!(language.date(found.meant.window.first));
        output["day_not_meant"] = json!(language.date(other));
    }
    if slots.is_empty() {
        // What stands in a result may be said: no time here but those that can be booked.
        output["note"] = json!(format!(
            "nothing is free in that window from {} to {}: offer the nearest, or to look at other days or times",
            language.date(found.meant.window.first),
            language.date(found.meant.window.last),
        ));
        output["nearest"] = found.nearest.iter().map(slot).collect();
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
