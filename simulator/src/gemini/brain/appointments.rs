//! The customer's own appointments: naming, moving and cancelling them, and asking for a person.

use serde_json::{Map, Value, json};

use super::{
    super::request::{Content, Declaration},
    Answer, Reader,
    offer::{self, FIND},
    only_declared,
    phrases::Language,
    when::When,
};

/// The tool that lists the customer's appointments.
pub(crate) const MINE: &str = "my_appointments";
/// The tool that moves one.
pub(crate) const MOVE: &str = "move_appointment";
/// The tool that cancels one.
pub(crate) const CANCEL: &str = "cancel_appointment";
/// The tool that has a person take over.
pub(crate) const HAND_OVER: &str = "hand_over";

const WORDS_OF_PERSON: [&str; 11] = [
    "atendente",
    "humano",
    "pessoa",
    "persona",
    "humana",
    "mensch",
    "menschen",
    "mitarbeiter",
    "human",
    "person",
    "somebody",
];
const WORDS_OF_TALK: [&str; 8] =
    ["falar", "hablar", "sprechen", "reden", "speak", "talk", "chamar", "atendente"];
const WORDS_OF_CANCEL: [&str; 18] = [
    "cancelar",
    "cancela",
    "cancele",
    "cancelo",
    "desmarcar",
    "desmarca",
    "desmarque",
    "anular",
    "anula",
    "cancelarla",
    "stornieren",
    "storniere",
    "absagen",
    "absage",
    "cancel",
    "annullieren",
    "streichen",
    "cancelarlo",
];
const WORDS_OF_MOVE: [&str; 19] = [
    "remarcar",
    "remarca",
    "reagendar",
    "mudar",
    "muda",
    "adiar",
    "trocar",
    "cambiar",
    "cambia",
    "mover",
    "mueve",
    "verschieben",
    "verschiebe",
    "umbuchen",
    "verlegen",
    "move",
    "reschedule",
    "change",
    "postpone",
];
const PHRASES_OF_MINE: [&str; 24] = [
    "minha hora",
    "hora marcada",
    "minha reserva",
    "que horas eu",
    "mi reserva",
    "mi turno",
    "meinen termin",
    "is my appointment",
    "meus agendamentos",
    "meu agendamento",
    "meus horarios",
    "meu horario",
    "tenho marcado",
    "mis citas",
    "mi cita",
    "mis reservas",
    "meine termine",
    "mein termin",
    "my appointments",
    "my appointment",
    "my bookings",
    "my booking",
    "tengo cita",
    "habe ich",
];

/// One of the customer's appointments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Appointment {
    /// What the tools take.
    pub token: String,
    /// `Corte`
    pub services: String,
    /// `2026-11-24`
    pub date: String,
    /// In the customer's language, or empty.
    pub weekday: String,
    /// `15:00`
    pub time: String,
}

/// The appointments in one response of [`MINE`]; none if it failed.
fn appointments(response: &Value) -> Vec<Appointment> {
    let items = response.pointer("/output/appointments").and_then(Value::as_array);
    let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
    items
        .into_iter()
        .flatten()
        .map(|item| Appointment {
            token: text(item, "appointment"),
            services: text(item, "services"),
            date: text(item, "date"),
            weekday: text(item, "weekday"),
            time: text(item, "time"),
        })
        .collect()
}

/// What is wanted of an appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Name,
    Move,
    Cancel,
}

impl Reader<'_> {
    /// The next step, where the customer speaks of an appointment they have or of a person.
    pub(super) fn about_appointments(&self, when: &When) -> Option<Answer> {
        let talk = self.said.has_any(&WORDS_OF_TALK) || self.said.list().len() <= 3;
        if talk && self.said.has_any(&WORDS_OF_PERSON) && self.last_response().is_none() {
            return Some(self.hand_over());
        }
        let wish = self.wish()?;
        match self.last_response() {
            None => Some(self.call(MINE, Map::new())),
            Some((MINE, response)) => Some(self.with_list(wish, when, &appointments(response))),
            Some((FIND, response)) if wish == Wish::Move => {
                let slots = offer::slots(response);
                let exact = when.time.and_then(|time| slots.iter().find(|slot| slot.time == time.text()));
                let moving = self.moving().unwrap_or_default();
                let chosen = exact.map(|slot| self.relocate(&moving, &slot.token));
                Some(chosen.unwrap_or_else(|| {
                    Answer::Text(
                        self.language.offer(&slots.iter().take(super::MOST_OFFERED).collect::<Vec<_>>()),
                    )
                }))
            }
            Some(_) => None,
        }
    }

    /// A time said after slots were offered for an appointment that is to be moved.
    pub(super) fn moved_to(&self, token: &str) -> Option<Answer> {
        self.moving().map(|appointment| self.relocate(&appointment, token))
    }

    fn wish(&self) -> Option<Wish> {
        if self.said.has_any(&WORDS_OF_CANCEL) || self.asked(Language::which_to_cancel) {
            Some(Wish::Cancel)
        } else if self.said.has_any(&WORDS_OF_MOVE)
            || self.asked(Language::which_new_day)
            || self.asked(Language::which_to_move)
        {
            Some(Wish::Move)
        } else if PHRASES_OF_MINE.iter().any(|phrase| self.said.has_phrase(phrase)) {
            Some(Wish::Name)
        } else {
            None
        }
    }

    /// Whether this was the last thing the model asked.
    fn asked(&self, question: fn(Language) -> &'static str) -> bool {
        let last =
            self.contents.iter().rev().find(|content| content.is_model() && !content.text().is_empty());
        let texts = Language::ALL.map(question);
        last.is_some_and(|last| texts.contains(&last.text().as_str()))
    }

    fn with_list(&self, wish: Wish, when: &When, mine: &[Appointment]) -> Answer {
        let language = self.language;
        let meant = match mine {
            [] => return Answer::Text(language.no_appointment().to_owned()),
            [only] => Some(only),
            several => when.time.and_then(|time| several.iter().find(|one| one.time == time.text())),
        };
        match (wish, meant) {
            (Wish::Name, _) => Answer::Text(language.your_appointments(mine)),
            (Wish::Cancel, None) => Answer::Text(language.which_to_cancel().to_owned()),
            (Wish::Move, None) => Answer::Text(language.which_to_move().to_owned()),
            (Wish::Cancel, Some(one)) => {
                self.call(CANCEL, [argument("appointment", &one.token)].into_iter().collect())
            }
            (Wish::Move, Some(_)) if when.nothing() => Answer::Text(language.which_new_day().to_owned()),
            (Wish::Move, Some(one)) => {
                let mut args = when.arguments();
                args.extend([argument("appointment", &one.token)]);
                if let Some(service) = self.service() {
                    args.extend([argument("service", &service.id)]);
                }
                self.call(FIND, args)
            }
        }
    }

    fn relocate(&self, appointment: &str, slot: &str) -> Answer {
        let args = [argument("appointment", appointment), argument("slot", slot)];
        self.call(MOVE, args.into_iter().collect())
    }

    fn hand_over(&self) -> Answer {
        let reason = self.said.list().join(" ");
        self.call(HAND_OVER, [argument("reason", &reason)].into_iter().collect())
    }

    /// A call, if the tool is there; a weaker text if it is not.
    fn call(&self, name: &'static str, args: Map<String, Value>) -> Answer {
        match self.tool(name) {
            Some(tool) => Answer::Call { name, args: only_declared(tool, args) },
            None => Answer::Text(self.language.fallback().to_owned()),
        }
    }

    fn tool(&self, name: &str) -> Option<&Declaration> {
        self.callable.iter().copied().find(|tool| tool.name == name)
    }

    fn last_response(&self) -> Option<(&str, &Value)> {
        let found = self.newest_response()?;
        Some((found.name.as_str(), &found.response))
    }

    /// The appointment that slots were looked for last, unless something was done since.
    fn moving(&self) -> Option<String> {
        let calls = self.contents.iter().rev().flat_map(Content::calls);
        let last = calls.into_iter().find(|call| call.name != MINE)?;
        let appointment = last.args["appointment"].as_str().filter(|_| last.name == FIND)?;
        Some(appointment.to_owned())
    }
}

fn argument(name: &str, value: &str) -> (String, Value) {
    (name.to_owned(), json!(value))
}
