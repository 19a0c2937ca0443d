//! What the model is told of the functions (`parametersJsonSchema`, Gemini API "Function calling"). It is the same for
//! every customer, so that the provider's cache can serve it.

use mcp_tenant::{Profile, when::When};
use serde_json::{Map, Value, json};

use super::{BOOK, BUSINESS, CANCEL, FIND, HAND_OVER, MINE, MOVE, WAIT};

/// Function declarations for a profile.
pub fn declarations(profile: &Profile) -> Vec<Value> {
    let slot = json!({"type": "string", "description": "`slot` of the chosen result of find_available_slots, unchanged."});
    let appointment =
        json!({"type": "string", "description": "`appointment` of a result of my_appointments, unchanged."});
    vec![
        function(
            BUSINESS,
            "Address, contact, opening hours with the changes of the next days, services with prices, staff, and answers to common questions.",
            &[],
            &Map::new(),
        ),
        function(
            FIND,
            "Free start times of a service. Pass the day and time in the customer's own terms; leave out what the customer did not say. Name the day in one way.",
            &["service"],
            &{
                let mut wish = wish(profile);
                wish.extend(fields([(
                    "appointment",
                    json!({"type": "string", "description": "To move an appointment: `appointment` of a result of my_appointments, unchanged. Its services and staff stay."}),
                )]));
                wish
            },
        ),
        function(MINE, "The appointments of this customer that are still to come.", &[], &Map::new()),
        function(
            BOOK,
            "Books a slot that find_available_slots returned, once the customer has chosen it. Ends your turn: the system tells the customer the outcome.",
            &["slot"],
            &fields([
                ("slot", slot.clone()),
                (
                    "name",
                    json!({"type": "string", "description": "Name to book under, if the customer gave one."}),
                ),
            ]),
        ),
        function(
            MOVE,
            "Moves an appointment of this customer to a slot that find_available_slots returned, once the customer has chosen it; the old time stays until the new one is secured. Ends your turn.",
            &["appointment", "slot"],
            &fields([("appointment", appointment.clone()), ("slot", slot)]),
        ),
        function(
            CANCEL,
            "Cancels an appointment of this customer who has clearly asked for it. Where there are several, ask which one first. Ends your turn.",
            &["appointment"],
            &fields([
                ("appointment", appointment),
                ("reason", json!({"type": "string", "description": "The reason, if the customer gave one."})),
            ]),
        ),
        function(
            WAIT,
            "Puts the customer on the waiting list for a service and a day on which nothing is free, if the customer wants that. Ends your turn.",
            &["service"],
            &wish(profile),
        ),
        function(
            HAND_OVER,
            "Has a person of the business take over: when the customer asks for a person, complains, is in an emergency, or needs what you cannot do. Ends your turn.",
            &[],
            &fields([(
                "reason",
                json!({"type": "string", "description": "What it is about, in one sentence."}),
            )]),
        ),
    ]
}

fn function(name: &str, description: &str, required: &[&str], properties: &Map<String, Value>) -> Value {
    json!({
        "name": name,
        "description": description,
        "parametersJsonSchema": {"type": "object", "required": required, "properties": properties},
    })
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// A service, a person, a day and a time.
fn wish(profile: &Profile) -> Map<String, Value> {
    let services: Vec<&str> = profile.services.iter().map(|s| s.id.as_str()).collect();
    let staff: Vec<&str> = profile.staff.iter().map(|s| s.id.as_str()).collect();
    let mut properties = When::properties();
    properties.extend(fields([
        ("service", json!({"type": "string", "enum": services, "description": "Id of the service."})),
        (
            "more_services",
            json!({"type": "array", "items": {"type": "string", "enum": services}, "description": "Ids of further services of the same visit, if the customer wants several."}),
        ),
        (
            "staff",
            json!({"type": "string", "enum": staff, "description": "Id of the staff member, only if the customer asked for one."}),
        ),
        (
            "by_others",
            json!({"type": "array", "items": {"type": "string", "enum": services}, "description": "Ids of those services that the staff member does not do and that somebody else may do, only if the customer agreed to that."}),
        ),
    ]));
    properties
}
