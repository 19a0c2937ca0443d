//! What the business offers, as the system instruction and the tool's schema say it.

use serde_json::Value;

use super::words::{Words, related};

/// Words that name nothing.
const FILLER: [&str; 12] = ["e", "de", "do", "da", "com", "y", "con", "and", "with", "und", "mit", "the"];

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub id: String,
    /// Falls back to the id where the system instruction has no line for it.
    pub name: String,
    pub price: Option<String>,
}

/// The services of the tool's enum (all lines if it has none), with name and price from the lines
/// `- id: Name | duration | price` of the system instruction.
pub(crate) fn services(system: &str, ids: &[String]) -> Vec<Service> {
    let lines: Vec<Service> = system.lines().filter_map(line).collect();
    if ids.is_empty() {
        return lines;
    }
    let find = |id: &String| lines.iter().find(|service| service.id == *id).cloned();
    let bare = |id: &String| Service { id: id.clone(), name: id.clone(), price: None };
    ids.iter().map(|id| find(id).unwrap_or_else(|| bare(id))).collect()
}

/// The values of an `enum` of a declared parameter.
pub(crate) fn choices(parameters: &Value, name: &str) -> Vec<String> {
    let values = parameters.pointer(&format!("/properties/{name}/enum")).and_then(Value::as_array);
    values.into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// The service that a text names; of several, the one of which most words are there.
pub(crate) fn named<'a>(services: &'a [Service], words: &Words) -> Option<&'a Service> {
    let mut best: Option<(&Service, usize, usize)> = None;
    for service in services {
        let own = Words::of(&format!("{} {}", service.name, service.id.replace(['-', '_'], " ")));
        let own: Vec<&String> = own.list().iter().filter(|word| !FILLER.contains(&word.as_str())).collect();
        let found = own.iter().filter(|word| words.list().iter().any(|said| related(said, word))).count();
        // More words found wins; then fewer words missing: "corte" is the cut, not the cut with beard.
        let missing = own.len() - found;
        let better = best.is_none_or(|(_, most, least)| found > most || (found == most && missing < least));
        if found > 0 && better {
            best = Some((service, found, missing));
        }
    }
    best.map(|(service, _, _)| service)
}

fn line(text: &str) -> Option<Service> {
    let (id, rest) = text.trim().strip_prefix("- ")?.split_once(": ")?;
    let mut fields = rest.split(" | ").map(str::trim);
    let (name, _duration) = (fields.next()?, fields.next()?);
    if id.contains(' ') {
        return None;
    }
    Some(Service { id: id.to_owned(), name: name.to_owned(), price: fields.next().map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYSTEM: &str = "Você atende a Barbearia.\n- corte: Corte | 45 min | R$ 80,00\n\
        - barba: Barba | 30 min | R$ 50,00\n- corte-barba: Corte e barba | 1 h 15 min | R$ 120,00\nSeja breve.";

    #[test]
    fn the_service_with_most_of_its_words_said_is_meant() {
        let ids = ["corte", "barba", "corte-barba"].map(str::to_owned);
        let all = services(SYSTEM, &ids);
        let id = |text: &str| named(&all, &Words::of(text)).map(|service| service.id.as_str());
        assert_eq!(id("quero cortar o cabelo"), Some("corte"));
        assert_eq!(id("quanto custa o corte?"), Some("corte"));
        assert_eq!(id("só a barba"), Some("barba"));
        assert_eq!(id("corte e barba na sexta"), Some("corte-barba"));
        assert_eq!(id("bom dia"), None);
        assert_eq!(all[0].price.as_deref(), Some("R$ 80,00"));
    }

    #[test]
    fn a_service_without_a_line_keeps_its_id() {
        let all = services("", &["corte".to_owned()]);
        assert_eq!(all, [Service { id: "corte".to_owned(), name: "corte".to_owned(), price: None }]);
    }
}
