//! What customers read that no turn asked for: reminders and offers of the waitlist.

use super::{Language, time};
use jiff::Zoned;

/// A reminder of a confirmed booking: business, services, who does them, when; `formal` as a stranger is addressed.
pub fn reminder(
    (language, formal): (Language, bool),
    business: &str,
    services: &str,
    staff: &str,
    at: &Zoned,
) -> String {
    let moment = language.moment(at);
    match language {
        Language::Portuguese => format!(
            "Olá! Passando para lembrar do seu horário na {business} ⏰\n{services} com {staff}\n{moment}\nPodemos contar com você?"
        ),
        Language::Spanish => {
            let (remind, count) =
                if formal { ("Le recordamos su", "con usted") } else { ("Te recordamos tu", "contigo") };
            format!(
                "¡Hola! {remind} cita en {business} ⏰\n{services} con {staff}\n{moment}\n¿Contamos {count}?"
            )
        }
        Language::German => {
            let (hello, your) = if formal { ("Guten Tag", "Ihren") } else { ("Hallo", "deinen") };
            format!(
                "{hello}! Eine kleine Erinnerung an {your} Termin bei {business} ⏰\n{services} bei {staff}\n{moment}\nBleibt es dabei?"
            )
        }
        Language::English => format!(
            "Hi! A reminder of your appointment at {business} ⏰\n{services} with {staff}\n{moment}\nWill you be there?"
        ),
    }
}

/// The buttons under a reminder: come, another time, not at all. At most 20 characters each.
pub fn reminder_buttons(language: Language) -> [&'static str; 3] {
    match language {
        Language::Portuguese => ["Confirmar", "Remarcar", "Cancelar"],
        Language::Spanish => ["Confirmar", "Cambiar", "Cancelar"],
        Language::German => ["Ich komme", "Verschieben", "Absagen"],
        Language::English => ["I'll be there", "Reschedule", "Cancel"],
    }
}

/// A slot became free for somebody who waits for one.
pub fn offer(
    (language, formal): (Language, bool),
    service: &str,
    staff: &str,
    at: &Zoned,
    until: &Zoned,
) -> String {
    let (moment, until) = (language.moment(at), time(until));
    match language {
        Language::Portuguese => format!(
            "Boa notícia: abriu um horário 🎉\n{service} com {staff}\n{moment}\nResponda até as {until}, por favor. Depois disso ofereço à próxima pessoa da lista."
        ),
        Language::Spanish => {
            let can = if formal { "Puede" } else { "Puedes" };
            format!(
                "Buenas noticias: se liberó un horario 🎉\n{service} con {staff}\n{moment}\n{can} responder hasta las {until}. Después se lo ofrezco a la siguiente persona de la lista."
            )
        }
        Language::German => {
            let please = if formal { "Bitte antworten Sie" } else { "Bitte antworte" };
            format!(
                "Gute Nachricht: Ein Termin ist frei geworden 🎉\n{service} bei {staff}\n{moment}\n{please} bis {until} Uhr. Danach biete ich ihn der nächsten Person auf der Liste an."
            )
        }
        Language::English => format!(
            "Good news: a slot has opened up 🎉\n{service} with {staff}\n{moment}\nPlease answer by {until}. After that I offer it to the next person on the list."
        ),
    }
}

/// The buttons under an offer: take it, leave it. At most 20 characters each.
pub fn offer_buttons(language: Language) -> [&'static str; 2] {
    match language {
        Language::Portuguese => ["Quero esse horário", "Não, obrigado"],
        Language::Spanish => ["Quiero ese horario", "No, gracias"],
        Language::German => ["Termin nehmen", "Nein, danke"],
        Language::English => ["Take it", "No, thanks"],
    }
}

/// A request nobody has decided about for hours; `until` is when it lapses, `contact` the way to a person.
pub fn still_waits(language: Language, details: &str, until: &str, contact: &str) -> String {
    let (head, end) = match language {
        Language::Portuguese => (
            "Seu pedido ainda espera a resposta da equipe e por isso não está confirmado ⏳",
            format!("Sem resposta até {until}, o pedido deixa de valer e avisamos por aqui."),
        ),
        Language::Spanish => (
            "La solicitud sigue esperando la respuesta del equipo y por eso no está confirmada ⏳",
            format!("Sin respuesta antes del {until}, la solicitud deja de valer y avisamos por aquí."),
        ),
        Language::German => (
            "Die Anfrage wartet noch auf das Team und ist deshalb nicht bestätigt ⏳",
            format!("Kommt bis {until} keine Antwort, verfällt die Anfrage, und wir melden uns hier."),
        ),
        Language::English => (
            "Your request is still waiting for the team, so it is not confirmed ⏳",
            format!("Without an answer by {until} the request ends, and we tell you here."),
        ),
    };
    format!("{head}\n{details}\n\n{end} {contact}")
}

/// Why a request lapsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lapsed {
    /// Nobody of the business decided about it.
    Undecided,
    /// Nothing could confirm it: the calendar was away, or another time was offered and not taken.
    Unconfirmed,
}

/// A request that lapsed: nothing is booked; `contact` is the way to a person.
pub fn lapsed(language: Language, why: Lapsed, details: &str, contact: &str) -> String {
    let head = match (language, why) {
        (Language::Portuguese, Lapsed::Undecided) => {
            "Infelizmente ninguém da equipe respondeu a tempo a este pedido. Ele não vale mais, e nada está agendado:"
        }
        (Language::Portuguese, Lapsed::Unconfirmed) => {
            "Infelizmente este pedido não pôde ser confirmado a tempo. Ele não vale mais, e nada está agendado:"
        }
        (Language::Spanish, Lapsed::Undecided) => {
            "Lamentablemente nadie del equipo respondió a tiempo a esta solicitud. Ya no vale y no hay nada reservado:"
        }
        (Language::Spanish, Lapsed::Unconfirmed) => {
            "Lamentablemente esta solicitud no se pudo confirmar a tiempo. Ya no vale y no hay nada reservado:"
        }
        (Language::German, Lapsed::Undecided) => {
            "Leider hat niemand aus dem Team rechtzeitig auf diese Anfrage geantwortet. Sie gilt nicht mehr, es ist nichts gebucht:"
        }
        (Language::German, Lapsed::Unconfirmed) => {
            "Leider konnte diese Anfrage nicht rechtzeitig bestätigt werden. Sie gilt nicht mehr, es ist nichts gebucht:"
        }
        (Language::English, Lapsed::Undecided) => {
            "Unfortunately nobody of the team answered this request in time. It has ended, and nothing is booked:"
        }
        (Language::English, Lapsed::Unconfirmed) => {
            "Unfortunately this request could not be confirmed in time. It has ended, and nothing is booked:"
        }
    };
    format!("{head}\n{details}\n\n{contact}")
}

/// The business did something with a booking that its customer did not ask for here; stands before the receipt.
pub fn from_business(language: Language, business: &str) -> String {
    match language {
        Language::Portuguese => format!("Mensagem da {business} sobre o seu agendamento:"),
        Language::Spanish => format!("Mensaje de {business} sobre la cita:"),
        Language::German => format!("Nachricht von {business} zum Termin:"),
        Language::English => format!("A message from {business} about your appointment:"),
    }
}

/// Why the business cancelled.
pub fn reason(language: Language, reason: &str) -> String {
    match language {
        Language::Portuguese | Language::Spanish => format!("Motivo: {reason}"),
        Language::German => format!("Grund: {reason}"),
        Language::English => format!("Reason: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};

    use super::*;

    #[test]
    fn every_language_has_its_own_words_and_titles_fit_on_a_button() {
        let at = Timestamp::from_second(1_800_000_000).unwrap().to_zoned(TimeZone::UTC);
        let mut seen = std::collections::BTreeSet::new();
        for language in Language::ALL {
            for formal in [true, false] {
                let text = reminder((language, formal), "Zé", "Corte", "Rui", &at);
                assert!(text.contains(&language.moment(&at)), "{text}");
                seen.insert(text);
                seen.insert(offer((language, formal), "Corte", "Rui", &at, &at));
            }
            assert!(seen.insert(from_business(language, "Zé")));
            for title in reminder_buttons(language).into_iter().chain(offer_buttons(language)) {
                assert!(title.encode_utf16().count() <= 20, "{title}");
            }
        }
        assert_eq!(seen.len(), 4 * 3 + 2 * 2, "Spanish and German have two tones");
    }
}
