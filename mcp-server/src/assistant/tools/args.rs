//! Arguments as a model wrote them.

use mcp_tenant::when::When;
use serde_json::{Map, Value};

use super::Refusal;

/// A text, trimmed and cut to a length in characters; nothing where it is absent, empty or no text.
pub fn text(args: &Value, name: &str, longest: usize) -> Option<String> {
    let text = args[name].as_str()?.trim();
    (!text.is_empty()).then(|| text.chars().take(longest).collect())
}

/// The day and time: the fields of [`When`] that stand among the arguments.
pub fn when(args: &Value) -> Result<When, Refusal> {
    let known = When::properties();
    let given = args.as_object().into_iter().flatten();
    let when: Map<String, Value> = given
        .filter(|(name, _)| known.contains_key(*name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    serde_json::from_value(Value::Object(when)).map_err(Refusal::invalid)
}

/// The services of a visit, and the person asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Visit {
    /// Ids of the services, in order.
    pub services: Vec<String>,
    /// Id of the person, for all of them but those of `by_others`.
    pub staff: Option<String>,
    /// Ids of the services that somebody else may do: the customer agreed.
    pub by_others: Vec<String>,
}

/// Services of one visit.
const MOST_SERVICES: usize = 4;

impl Visit {
    /// Reads `service`, `more_services`, `staff` and `by_others`.
    pub fn read(args: &Value) -> Result<Self, Refusal> {
        let first = text(args, "service", 40)
            .ok_or_else(|| Refusal::invalid("`service` is missing: pass the id of the service"))?;
        let more = args["more_services"].as_array().into_iter().flatten();
        let more = more.filter_map(|id| id.as_str().map(str::to_owned));
        let services = std::iter::once(first).chain(more).take(MOST_SERVICES).collect();
        let others = args["by_others"].as_array().into_iter().flatten();
        let by_others = others.filter_map(|id| id.as_str().map(str::to_owned)).collect();
        Ok(Self { services, staff: text(args, "staff", 40), by_others })
    }

    /// As the desk takes it.
    pub fn wanted(&self) -> Vec<(&str, Option<&str>)> {
        self.services.iter().map(|id| (id.as_str(), self.staff_for(id))).collect()
    }

    /// Who was asked for to do a service.
    pub fn staff_for(&self, service: &str) -> Option<&str> {
        self.staff.as_deref().filter(|_| !self.by_others.iter().any(|other| other == service))
    }
}
