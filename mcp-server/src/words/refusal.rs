//! What a customer reads where nothing was booked, moved or cancelled: why, and what to do next.

use jiff::tz::TimeZone;
use mcp_store::booking::Refused;
use mcp_tenant::Profile;

use super::{Language, four, person::person};
use crate::booking::SlotRef;

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// To book or to hold.
    Book,
    /// To move a booking.
    Move,
    /// To cancel a booking.
    Cancel,
    /// To confirm or to decline one.
    Decide,
}

/// Why something was refused, that nothing was done, and the nearest free starts, or the way to a person.
pub fn refusal(profile: &Profile, language: Language, tried: Tried, refused: &Refused) -> String {
    let zone = TimeZone::get(&profile.business.time_zone).unwrap_or(TimeZone::UTC);
    let (why, kept) = (why(language, tried, &refused.code), kept(language, tried));
    if refused.alternatives.is_empty() {
        return format!("{why} {kept} {}", person(language, profile));
    }
    let starts: Vec<String> = refused
        .alternatives
        .iter()
        .map(|a| format!("• {}", language.moment(&a.start.to_zoned(zone.clone()))))
        .collect();
    let [near, ask] = offer(language, super::formal(profile));
    format!("{why} {kept}\n{near}\n{}\n{ask}", starts.join("\n"))
}

/// As [`refusal`], of a slot that was to be booked. Where its person was asked for and only others are free, that is said,
/// and who they are.
pub fn refusal_of(profile: &Profile, language: Language, slot: &SlotRef, refused: &Refused) -> String {
    let Some(asked) = replaced(profile, slot, refused) else {
        return refusal(profile, language, Tried::Book, refused);
    };
    let zone = TimeZone::get(&profile.business.time_zone).unwrap_or(TimeZone::UTC);
    let (why, kept) = (why(language, Tried::Book, &refused.code), kept(language, Tried::Book));
    let starts = refused.alternatives.iter().map(|a| {
        let name = profile.staff_member(&a.staff_id).map_or("", |person| person.name.as_str());
        format!("• {} · {name}", language.moment(&a.start.to_zoned(zone.clone())))
    });
    let starts: Vec<String> = starts.collect();
    let [_, ask] = offer(language, super::formal(profile));
    format!("{why} {kept}\n{}\n{}\n{ask}", by_others(language, asked), starts.join("\n"))
}

/// The name of the person who was asked for, where the starts named instead are by others.
pub fn replaced<'a>(profile: &'a Profile, slot: &SlotRef, refused: &Refused) -> Option<&'a str> {
    let part = slot.parts.first().filter(|part| part.pinned)?;
    let others = refused.alternatives.iter().any(|a| a.staff_id != part.staff);
    profile.staff_member(&part.staff).filter(|_| others).map(|person| person.name.as_str())
}

/// Said before times of others than the person who was asked for.
pub fn by_others(language: Language, name: &str) -> String {
    match language {
        Language::Portuguese => {
            format!("Com {name} não há horário livre por perto. Com outras pessoas da equipe:")
        }
        Language::Spanish => format!("Con {name} no hay hora libre cerca. Con otras personas del equipo:"),
        Language::German => format!("Bei {name} ist in der Nähe nichts frei. Bei anderen aus dem Team:"),
        Language::English => {
            format!("There is nothing free with {name} around then. With others of the team:")
        }
    }
}

/// The words around a list of free starts.
fn offer(language: Language, formal: bool) -> [&'static str; 2] {
    match (language, formal) {
        (Language::Portuguese, _) => ["Os mais próximos que tenho:", "Qual prefere?"],
        (Language::Spanish, false) => ["Las horas libres más cercanas:", "¿Cuál prefieres?"],
        (Language::Spanish, true) => ["Las horas libres más cercanas:", "¿Cuál prefiere?"],
        (Language::German, false) => ["Die nächsten freien Zeiten:", "Welche passt dir?"],
        (Language::German, true) => ["Die nächsten freien Zeiten:", "Welche passt Ihnen?"],
        (Language::English, _) => ["The nearest I have:", "Which one would you like?"],
    }
}

fn why(language: Language, tried: Tried, code: &str) -> &'static str {
    let [portuguese, spanish, german, english] = match (code, tried) {
        ("slot_taken", _) => [
            "Esse horário acabou de ser ocupado.",
            "Esa hora se acaba de ocupar.",
            "Diese Zeit wurde gerade vergeben.",
            "That time has just been taken.",
        ],
        ("notice_too_short", Tried::Book) => [
            "Esse horário está muito próximo.",
            "Falta muy poco para esa hora.",
            "Diese Zeit ist zu kurzfristig.",
            "That time is too soon.",
        ],
        ("notice_too_short", Tried::Cancel) => [
            "Já está muito perto do horário para cancelar por aqui.",
            "Falta muy poco para la cita y ya no se puede cancelar por aquí.",
            "Der Termin ist zu nah, um ihn hier noch abzusagen.",
            "It is too close to the appointment to cancel it here.",
        ],
        ("notice_too_short", _) => [
            "Já está muito perto do horário para mudar por aqui.",
            "Falta muy poco para la cita y ya no se puede cambiar por aquí.",
            "Der Termin ist zu nah, um ihn hier noch zu ändern.",
            "It is too close to the appointment to change it here.",
        ],
        ("limit_reached", _) => [
            "O limite de agendamentos em aberto foi atingido.",
            "Se ha alcanzado el límite de citas abiertas.",
            "Die Höchstzahl offener Termine ist erreicht.",
            "The limit of open appointments is reached.",
        ],
        ("not_found" | "not_yours", _) => [
            "Não encontrei esse agendamento.",
            "No he encontrado esa cita.",
            "Diesen Termin habe ich nicht gefunden.",
            "I could not find that appointment.",
        ],
        ("conflict", _) => [
            "Esse agendamento mudou nesse meio-tempo.",
            "Esa cita ha cambiado entretanto.",
            "Dieser Termin hat sich inzwischen geändert.",
            "That appointment has changed in the meantime.",
        ],
        ("service_unavailable" | "internal", _) => [
            "Não consegui acessar a agenda agora.",
            "Ahora mismo no puedo acceder a la agenda.",
            "Ich erreiche den Kalender gerade nicht.",
            "I cannot reach the calendar right now.",
        ],
        (_, Tried::Book | Tried::Move) => [
            "Esse horário não está disponível.",
            "Esa hora no está disponible.",
            "Diese Zeit ist nicht verfügbar.",
            "That time is not available.",
        ],
        (_, Tried::Cancel | Tried::Decide) => [
            "Isso não foi possível.",
            "Eso no ha sido posible.",
            "Das war nicht möglich.",
            "That was not possible.",
        ],
    };
    four(language, [portuguese, spanish, german, english])
}

/// What did not happen.
fn kept(language: Language, tried: Tried) -> &'static str {
    let texts = match tried {
        Tried::Book => [
            "Nada foi agendado.",
            "No se ha reservado nada.",
            "Es wurde nichts gebucht.",
            "Nothing was booked.",
        ],
        Tried::Move => [
            "Nada foi remarcado.",
            "No se ha cambiado nada.",
            "Es wurde nichts verschoben.",
            "Nothing was moved.",
        ],
        Tried::Cancel => [
            "Nada foi cancelado.",
            "No se ha cancelado nada.",
            "Es wurde nichts abgesagt.",
            "Nothing was cancelled.",
        ],
        Tried::Decide => [
            "Nada foi alterado.",
            "No se ha cambiado nada.",
            "Es wurde nichts geändert.",
            "Nothing was changed.",
        ],
    };
    four(language, texts)
}

#[cfg(test)]
mod tests;
