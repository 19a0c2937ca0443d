//! What the brain says, in the customer's language.

use super::{appointments::Appointment, offer::Slot, services::Service, words::Words};

/// A language the brain speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Portuguese,
    Spanish,
    English,
    German,
}

const SPANISH: [&str; 18] = [
    "hola",
    "quiero",
    "quisiera",
    "manana",
    "hoy",
    "cuanto",
    "cuesta",
    "lunes",
    "martes",
    "miercoles",
    "jueves",
    "viernes",
    "gracias",
    "cita",
    "puedo",
    "las",
    "buenos",
    "precio",
];
const ENGLISH: [&str; 20] = [
    "hello",
    "hi",
    "hey",
    "the",
    "want",
    "would",
    "like",
    "tomorrow",
    "today",
    "how",
    "much",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "please",
    "book",
    "at",
];
const GERMAN: [&str; 20] = [
    "hallo",
    "ich",
    "mochte",
    "einen",
    "termin",
    "morgen",
    "heute",
    "wie",
    "viel",
    "kostet",
    "was",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "uhr",
    "bitte",
    "guten",
];

impl Language {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Portuguese, Self::Spanish, Self::English, Self::German];

    /// The language with most of its marks in the text; Portuguese if none has any.
    pub fn of(words: &Words) -> Self {
        let marks = |list: &[&str]| words.list().iter().filter(|word| list.contains(&word.as_str())).count();
        [(Self::Spanish, marks(&SPANISH)), (Self::English, marks(&ENGLISH)), (Self::German, marks(&GERMAN))]
            .into_iter()
            .filter(|(_, found)| *found > 0)
            .reduce(|best, other| if other.1 > best.1 { other } else { best })
            .map_or(Self::Portuguese, |(language, _)| language)
    }

    pub fn greeting(self) -> &'static str {
        match self {
            Self::Portuguese => "Olá! Posso ajudar com horários e serviços. O que você gostaria de marcar?",
            Self::Spanish => "¡Hola! Puedo ayudarte con horarios y servicios. ¿Qué te gustaría reservar?",
            Self::English => "Hello! I can help with times and services. What would you like to book?",
            Self::German => "Hallo! Ich helfe gern mit Terminen und Leistungen. Was möchten Sie buchen?",
        }
    }

    pub fn which_day(self) -> &'static str {
        match self {
            Self::Portuguese => "Claro! Para qual dia e horário você prefere?",
            Self::Spanish => "¡Claro! ¿Para qué día y hora prefieres?",
            Self::English => "Sure! Which day and time do you prefer?",
            Self::German => "Gern! Welcher Tag und welche Uhrzeit passen Ihnen?",
        }
    }

    pub fn which_time(self) -> &'static str {
        match self {
            Self::Portuguese => "Qual dos horários você prefere?",
            Self::Spanish => "¿Cuál de los horarios prefieres?",
            Self::English => "Which of the times do you prefer?",
            Self::German => "Welche der Zeiten passt Ihnen?",
        }
    }

    pub fn nothing_free(self) -> &'static str {
        match self {
            Self::Portuguese => "Não encontrei horário livre. Quer tentar outro dia?",
            Self::Spanish => "No encontré horario libre. ¿Quieres probar otro día?",
            Self::English => "I found no free time. Would you like to try another day?",
            Self::German => "Ich habe keine freie Zeit gefunden. Möchten Sie einen anderen Tag versuchen?",
        }
    }

    pub fn fallback(self) -> &'static str {
        match self {
            Self::Portuguese => "Posso ajudar com os serviços e com a agenda. Como posso ajudar?",
            Self::Spanish => "Puedo ayudar con los servicios y la agenda. ¿En qué puedo ayudar?",
            Self::English => "I can help with our services and the schedule. How can I help?",
            Self::German => "Ich helfe gern mit Leistungen und Terminen. Wie kann ich helfen?",
        }
    }

    pub fn which_to_cancel(self) -> &'static str {
        match self {
            Self::Portuguese => "Qual dos seus horários você quer cancelar?",
            Self::Spanish => "¿Cuál de tus citas quieres cancelar?",
            Self::English => "Which of your appointments would you like to cancel?",
            Self::German => "Welchen Termin möchten Sie absagen?",
        }
    }

    pub fn which_to_move(self) -> &'static str {
        match self {
            Self::Portuguese => "Qual dos seus horários você quer mudar?",
            Self::Spanish => "¿Cuál de tus citas quieres cambiar?",
            Self::English => "Which of your appointments would you like to change?",
            Self::German => "Welchen Termin möchten Sie verschieben?",
        }
    }

    pub fn which_new_day(self) -> &'static str {
        match self {
            Self::Portuguese => "Para qual dia e horário você quer mudar?",
            Self::Spanish => "¿A qué día y hora quieres cambiar?",
            Self::English => "Which day and time would you like instead?",
            Self::German => "Welcher Tag und welche Uhrzeit passen stattdessen?",
        }
    }

    pub fn no_appointment(self) -> &'static str {
        match self {
            Self::Portuguese => "Não encontrei nenhum horário seu. Quer ver horários livres?",
            Self::Spanish => "No encontré ninguna cita tuya. ¿Quieres ver horarios libres?",
            Self::English => "I found no appointment of yours. Would you like to see free times?",
            Self::German => "Ich habe keinen Termin von Ihnen gefunden. Möchten Sie freie Zeiten sehen?",
        }
    }

    /// The customer's appointments, one after the other.
    pub fn your_appointments(self, mine: &[Appointment]) -> String {
        let one = |one: &Appointment| {
            let slot = Slot {
                token: String::new(),
                date: one.date.clone(),
                weekday: one.weekday.clone(),
                time: String::new(),
            };
            format!("{}: {} {}", one.services, self.day(&slot), one.time)
        };
        let list = mine.iter().map(one).collect::<Vec<_>>().join("; ");
        match self {
            Self::Portuguese => format!("Seus horários: {list}."),
            Self::Spanish => format!("Tus citas: {list}."),
            Self::English => format!("Your appointments: {list}."),
            Self::German => format!("Ihre Termine: {list}."),
        }
    }

    pub fn price(self, service: &Service) -> Option<String> {
        let price = service.price.as_deref()?;
        let name = &service.name;
        Some(match self {
            Self::Portuguese => format!("O {name} custa {price}."),
            Self::Spanish => format!("El servicio {name} cuesta {price}."),
            Self::English => format!("{name} costs {price}."),
            Self::German => format!("{name} kostet {price}."),
        })
    }

    /// Up to three slots; the day is said once if it is the same for all.
    pub fn offer(self, slots: &[&Slot]) -> String {
        let Some(first) = slots.first() else { return self.nothing_free().to_owned() };
        let one_day = slots.iter().all(|slot| slot.date == first.date);
        let times: Vec<String> = slots
            .iter()
            .map(|slot| if one_day { slot.time.clone() } else { format!("{} {}", self.day(slot), slot.time) })
            .collect();
        let (and, day) = (self.and(), self.day(first));
        let times = match times.as_slice() {
            [start @ .., last] if !start.is_empty() => format!("{} {and} {last}", start.join(", ")),
            other => other.join(""),
        };
        let on = if one_day { format!(" {}", self.on(first, &day)) } else { String::new() };
        match self {
            Self::Portuguese => format!("Tenho estes horários{on}: {times}. Qual prefere?"),
            Self::Spanish => format!("Tengo estos horarios{on}: {times}. ¿Cuál prefieres?"),
            Self::English => format!("I have these times{on}: {times}. Which do you prefer?"),
            Self::German => format!("Ich habe diese Zeiten{on}: {times}. Welche passt Ihnen?"),
        }
    }

    fn and(self) -> &'static str {
        match self {
            Self::Portuguese => "e",
            Self::Spanish => "y",
            Self::English => "and",
            Self::German => "und",
        }
    }

    fn on(self, slot: &Slot, day: &str) -> String {
        match self {
            Self::Portuguese if slot.weekday.ends_with("feira") => format!("na {day}"),
            Self::Portuguese => format!("no {day}"),
            Self::Spanish => format!("el {day}"),
            Self::English => format!("on {day}"),
            Self::German => format!("am {day}"),
        }
    }

    /// "terça-feira, 24/11/2026"
    fn day(self, slot: &Slot) -> String {
        let mut parts = slot.date.splitn(3, '-');
        let (year, month, day) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let date = match self {
            Self::German => format!("{day}.{month}.{year}"),
            Self::English => slot.date.clone(),
            Self::Portuguese | Self::Spanish => format!("{day}/{month}/{year}"),
        };
        if slot.weekday.is_empty() { date } else { format!("{}, {date}", slot.weekday) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(date: &str, weekday: &str, time: &str) -> Slot {
        Slot {
            token: "s".to_owned(),
            date: date.to_owned(),
            weekday: weekday.to_owned(),
            time: time.to_owned(),
        }
    }

    #[test]
    fn times_of_one_day_name_the_day_once() {
        let slots = ["09:00", "09:15", "09:30"].map(|time| slot("2026-11-24", "terça-feira", time));
        let text = Language::Portuguese.offer(&slots.iter().collect::<Vec<_>>());
        assert_eq!(
            text,
            "Tenho estes horários na terça-feira, 24/11/2026: 09:00, 09:15 e 09:30. Qual prefere?"
        );
    }

    #[test]
    fn times_of_several_days_name_each() {
        let slots = [slot("2026-11-28", "sábado", "09:00"), slot("2026-11-30", "segunda-feira", "10:00")];
        let text = Language::Portuguese.offer(&slots.iter().collect::<Vec<_>>());
        assert_eq!(
            text,
            "Tenho estes horários: sábado, 28/11/2026 09:00 e segunda-feira, 30/11/2026 10:00. Qual prefere?"
        );
    }

    #[test]
    fn the_language_is_the_customers() {
        let language = |text: &str| Language::of(&Words::of(text));
        assert_eq!(language("Ich möchte morgen einen Termin"), Language::German);
        assert_eq!(language("hola, quiero una cita"), Language::Spanish);
        assert_eq!(language("I want a haircut tomorrow at 3pm"), Language::English);
        assert_eq!(language("pode ser às 15h"), Language::Portuguese);
    }
}
