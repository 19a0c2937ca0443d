//! A scripted receptionist in the model's place: deterministic, but it reads the conversation and really calls the
//! tools it is offered.

mod appointments;
mod failings;
mod offer;
mod phrases;
mod services;
mod when;
mod words;

use serde_json::{Map, Value, json};

use super::request::{Content, Declaration, FunctionResponse, Mode, Request};
pub(crate) use failings::{claim, helpless, obeyed, was_answered, wrong_times};
pub(crate) use offer::FIND;
use offer::{BOOK, Slot};
use phrases::Language;
use services::Service;
use when::When;
use words::Words;

const PRICE: [&str; 12] = [
    "quanto", "preco", "precos", "custa", "valor", "cuanto", "precio", "cuesta", "price", "cost", "kostet",
    "preis",
];
const GREETING: [&str; 10] = ["oi", "ola", "hello", "hi", "hey", "hola", "hallo", "moin", "bom", "boa"];
const BOOKING: [&str; 16] = [
    "quero",
    "queria",
    "gostaria",
    "marcar",
    "agendar",
    "reservar",
    "agendamento",
    "quiero",
    "cita",
    "book",
    "appointment",
    "want",
    "termin",
    "buchen",
    "mochte",
    "preciso",
];
const AVAILABILITY: [&str; 9] =
    ["horario", "horarios", "vaga", "vagas", "disponivel", "livre", "available", "free", "frei"];
const YES: [&str; 8] = ["sim", "ok", "pode", "si", "yes", "ja", "primeiro", "primeira"];
const NAMES: [&str; 9] = [
    "meu nome e ",
    "me chamo ",
    "sou o ",
    "sou a ",
    "mi nombre es ",
    "me llamo ",
    "my name is ",
    "ich heise ",
    "ich heisse ",
];
const MOST_OFFERED: usize = 3;

/// What the model does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// Calls a function.
    Call { name: &'static str, args: Value },
    /// Says something.
    Text(String),
}

/// The receptionist's next step.
pub(crate) fn answer(request: &Request) -> Answer {
    let reader = Reader::new(request);
    let wanted = reader.respond();
    let mode = request.tool_config.function_calling_config.mode;
    match wanted {
        // Bound to call something: the tool that only reads.
        Answer::Text(_) if mode == Mode::Any => reader.find(&When::default()).unwrap_or(wanted),
        other => other,
    }
}

/// A request as the receptionist sees it.
struct Reader<'a> {
    /// The conversation without what was taken back.
    contents: Vec<Content>,
    callable: Vec<&'a Declaration>,
    find: Option<&'a Declaration>,
    book: Option<&'a Declaration>,
    services: Vec<Service>,
    /// What the customer wrote last.
    said: Words,
    language: Language,
}

impl<'a> Reader<'a> {
    fn new(request: &'a Request) -> Self {
        let callable = request.callable();
        let tool = |name: &str| callable.iter().copied().find(|tool| tool.name == name);
        let (find, book) = (tool(FIND), tool(BOOK));
        let system = request.system_instruction.as_ref().map(Content::text).unwrap_or_default();
        // Not only the callable one: names and prices are known in every mode.
        let declared = request.declarations().find(|declaration| declaration.name == FIND);
        let ids = declared.map(|find| services::choices(parameters(find), "service")).unwrap_or_default();
        let contents = standing(&request.contents);
        let said = Words::of(&last_said(&contents));
        let language = Language::of(&said);
        Self { contents, callable, find, book, services: services::services(&system, &ids), said, language }
    }

    /// The response to act on: free slots before all others that came with them.
    fn newest_response(&self) -> Option<&FunctionResponse> {
        let last = self.contents.last()?;
        last.responses().find(|response| response.name == FIND).or_else(|| last.responses().last())
    }

    fn respond(&self) -> Answer {
        let when = When::said_in(&self.said);
        if let Some(answer) = self.about_appointments(&when) {
            return answer;
        }
        if let Some(found) = self.newest_response() {
            return match found.name.as_str() {
                FIND => self.after_finding(&when, &offer::slots(&found.response)),
                _ => Answer::Text(self.language.fallback().to_owned()),
            };
        }
        if self.said.has_any(&PRICE) && when.nothing() {
            return Answer::Text(self.prices());
        }
        if when.day.is_some() || when.part.is_some() {
            return self.find_or_ask(&when);
        }
        if let Some(time) = when.time {
            let offered = offer::at(&self.contents, time);
            return offered
                .and_then(|slot| self.moved_to(&slot.token).or_else(|| self.book(&slot)))
                .unwrap_or_else(|| self.find_or_ask(&when));
        }
        if self.said.has_any(&YES) {
            return self.accepted();
        }
        if self.said.has_any(&AVAILABILITY) {
            return self.find_or_ask(&when);
        }
        if self.said.has_any(&BOOKING) || services::named(&self.services, &self.said).is_some() {
            return Answer::Text(self.language.which_day().to_owned());
        }
        if self.said.has_any(&GREETING) {
            return Answer::Text(self.language.greeting().to_owned());
        }
        Answer::Text(self.language.fallback().to_owned())
    }

    /// Books the slot at the very time that was asked for, otherwise names some.
    fn after_finding(&self, when: &When, slots: &[Slot]) -> Answer {
        let exact = when.time.and_then(|time| slots.iter().find(|slot| slot.time == time.text()));
        if let Some(call) = exact.and_then(|slot| self.book(slot)) {
            return call;
        }
        Answer::Text(self.language.offer(&slots.iter().take(MOST_OFFERED).collect::<Vec<_>>()))
    }

    /// "Pode ser", "o primeiro": the first slot if that is clear, otherwise a question.
    fn accepted(&self) -> Answer {
        let offered = offer::latest(&self.contents);
        let first = self.said.has("primeiro") || self.said.has("primeira") || offered.len() == 1;
        match offered.first() {
            Some(slot) if first => self
                .moved_to(&slot.token)
                .or_else(|| self.book(slot))
                .unwrap_or_else(|| Answer::Text(self.language.which_time().to_owned())),
            Some(_) => Answer::Text(self.language.which_time().to_owned()),
            None => Answer::Text(self.language.which_day().to_owned()),
        }
    }

    fn find_or_ask(&self, when: &When) -> Answer {
        self.find(when).unwrap_or_else(|| Answer::Text(self.language.which_day().to_owned()))
    }

    fn find(&self, when: &When) -> Option<Answer> {
        let tool = self.find?;
        let mut args = when.arguments();
        if let Some(service) = self.service() {
            args.insert("service".to_owned(), json!(service.id));
        }
        if let Some(staff) = self.staff(tool) {
            args.insert("staff".to_owned(), json!(staff));
        }
        Some(Answer::Call { name: FIND, args: only_declared(tool, args) })
    }

    fn book(&self, slot: &Slot) -> Option<Answer> {
        let tool = self.book?;
        let mut args = Map::new();
        args.insert("slot".to_owned(), json!(slot.token));
        if let Some(name) = self.name() {
            args.insert("name".to_owned(), json!(name));
        }
        Some(Answer::Call { name: BOOK, args: only_declared(tool, args) })
    }

    /// The service named last by the customer, otherwise the first.
    fn service(&self) -> Option<&Service> {
        let texts = self.contents.iter().rev().filter(|content| !content.is_model());
        texts
            .map(|content| Words::of(&content.text()))
            .find_map(|words| services::named(&self.services, &words))
            .or_else(|| self.services.first())
    }

    /// A member of staff whose id was said.
    fn staff(&self, tool: &Declaration) -> Option<String> {
        let staff = services::choices(parameters(tool), "staff");
        staff.into_iter().find(|id| Words::of(id).list().iter().all(|word| self.said.has(word)))
    }

    fn name(&self) -> Option<String> {
        let texts = self.contents.iter().rev().filter(|content| !content.is_model());
        texts
            .map(|content| Words::of(&content.text()))
            .find_map(|words| NAMES.iter().find_map(|phrase| words.clause_after(phrase)))
    }

    fn prices(&self) -> String {
        let asked = services::named(&self.services, &self.said);
        let asked = asked.map_or(self.services.as_slice(), std::slice::from_ref);
        let prices: Vec<String> = asked.iter().filter_map(|service| self.language.price(service)).collect();
        if prices.is_empty() { self.language.fallback().to_owned() } else { prices.join(" ") }
    }
}

/// What a note of the program, not of the customer, begins with.
const NOTE: &str = "[system]";

/// The conversation without notes of the program, and without the text before each, which the note takes back: the
/// customer has read neither.
fn standing(contents: &[Content]) -> Vec<Content> {
    let mut kept: Vec<Content> = Vec::with_capacity(contents.len());
    for content in contents {
        if content.is_model() || !content.text().starts_with(NOTE) {
            kept.push(content.clone());
        } else if kept.last().is_some_and(|last| last.is_model() && last.calls().next().is_none()) {
            kept.pop();
        }
    }
    kept
}

/// The texts of the user since the model spoke last; while functions are called, those before the calls.
fn last_said(contents: &[Content]) -> String {
    let mut texts = Vec::new();
    for content in contents.iter().rev() {
        let machinery = content.calls().next().is_some() || content.responses().next().is_some();
        if machinery && texts.is_empty() {
            continue;
        }
        if machinery || content.is_model() {
            break;
        }
        texts.push(content.text());
    }
    texts.reverse();
    texts.join("\n")
}

fn parameters(tool: &Declaration) -> &Value {
    const NONE: &Value = &Value::Null;
    tool.parameters_json_schema.as_ref().or(tool.parameters.as_ref()).unwrap_or(NONE)
}

/// Drops what the tool has no parameter for.
fn only_declared(tool: &Declaration, args: Map<String, Value>) -> Value {
    let properties = parameters(tool).get("properties");
    let known = |name: &str| properties.is_some_and(|properties| properties.get(name).is_some());
    Value::Object(args.into_iter().filter(|(name, _)| known(name)).collect())
}

#[cfg(test)]
mod tests;
