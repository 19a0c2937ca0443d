//! What a customer reads about a booking: rendered by code, from the committed row.

use jiff::{Timestamp, tz::TimeZone};
use mcp_store::booking::{BookingRow, BookingState};
use mcp_tenant::{Profile, scalar::Money};

use super::{Language, formal, four, money, time};
use crate::booking::waits;

/// The receipt of a row, by its state.
pub fn receipt(profile: &Profile, language: Language, row: &BookingRow) -> String {
    let head = match row.booking.state {
        BookingState::Held => held(language, formal(profile), until(profile, row)),
        state => of_state(language, state).to_owned(),
    };
    with_details(profile, language, row, &head)
}

/// The receipt of a booking that was moved to where the row stands now.
pub fn moved(profile: &Profile, language: Language, row: &BookingRow) -> String {
    let head = match (language, row.booking.state) {
        (Language::Portuguese, BookingState::Requested) => {
            "Pedido de mudança registrado ⏳ A equipe ainda precisa confirmar o novo horário."
        }
        (Language::Spanish, BookingState::Requested) => {
            "Cambio solicitado ⏳ El equipo todavía tiene que confirmar la nueva hora."
        }
        (Language::German, BookingState::Requested) => {
            "Umbuchung angefragt ⏳ Das Team muss die neue Zeit noch bestätigen."
        }
        (Language::English, BookingState::Requested) => {
            "Change requested ⏳ The team still has to confirm the new time."
        }
        (Language::Portuguese, _) => "Agendamento remarcado ✅",
        (Language::Spanish, _) => "Cita cambiada ✅",
        (Language::German, _) => "Termin verschoben ✅",
        (Language::English, _) => "Appointment moved ✅",
    };
    with_details(profile, language, row, head)
}

/// What is read about a request the business declined, with its reason where it gave one.
pub fn declined(profile: &Profile, language: Language, row: &BookingRow) -> String {
    let head = match language {
        Language::Portuguese => "Infelizmente a equipe não pôde confirmar este pedido.",
        Language::Spanish => "Lamentablemente el equipo no ha podido confirmar esta solicitud.",
        Language::German => "Leider konnte das Team diese Anfrage nicht bestätigen.",
        Language::English => "Unfortunately the team could not confirm this request.",
    };
    let text = with_details(profile, language, row, head);
    let Some(reason) = row.reason.as_deref().filter(|reason| !reason.trim().is_empty()) else {
        return text;
    };
    let why = match language {
        Language::Portuguese | Language::Spanish => "Motivo",
        Language::German => "Grund",
        Language::English => "Reason",
    };
    format!("{text}\n{why}: {}", reason.trim())
}

/// What is read by a customer who now waits for a time to become free; `wanted` says for when
/// ([`Language::window`]).
pub fn waitlisted(profile: &Profile, language: Language, service: &str, wanted: &str) -> String {
    match (language, formal(profile)) {
        (Language::Portuguese, _) => format!(
            "Você está na lista de espera 📝\n{service}\n{wanted}\nSe um horário ficar livre, avisamos por aqui. Nada está reservado ainda."
        ),
        (Language::Spanish, false) => format!(
            "Estás en la lista de espera 📝\n{service}\n{wanted}\nSi queda libre una hora, te avisamos por aquí. Todavía no hay nada reservado."
        ),
        (Language::Spanish, true) => format!(
            "Está usted en la lista de espera 📝\n{service}\n{wanted}\nSi queda libre una hora, le avisamos por aquí. Todavía no hay nada reservado."
        ),
        (Language::German, false) => format!(
            "Du stehst auf der Warteliste 📝\n{service}\n{wanted}\nWird eine Zeit frei, melden wir uns hier. Noch ist nichts reserviert."
        ),
        (Language::German, true) => format!(
            "Sie stehen auf der Warteliste 📝\n{service}\n{wanted}\nWird eine Zeit frei, melden wir uns hier. Noch ist nichts reserviert."
        ),
        (Language::English, _) => format!(
            "You are on the waiting list 📝\n{service}\n{wanted}\nIf a time becomes free, we tell you here. Nothing is booked yet."
        ),
    }
}

/// What was booked, with whom, when, for how much, where: without a word on its state.
pub fn details(profile: &Profile, language: Language, row: &BookingRow) -> String {
    let booking = &row.booking;
    let at = language.moment(&booking.start().to_zoned(zone(profile)));
    let price = money(Money::from_cents(booking.price_cents()), &booking.currency);
    let (with, cost, place, code) = match language {
        Language::Portuguese => ("com", "Valor", "Endereço", "Código"),
        Language::Spanish => ("con", "Precio", "Dirección", "Código"),
        Language::German => ("bei", "Preis", "Adresse", "Code"),
        Language::English => ("with", "Price", "Address", "Code"),
    };
    let mut text =
        format!("{} {with} {}\n{at}\n{cost}: {price}", booking.service_names(), booking.staff_names());
    // Where to go is of use to somebody who still has to go.
    if let (Some(address), true) = (&profile.business.address, booking.state.stands()) {
        text.extend(["\n", place, ": ", address]);
    }
    text.extend(["\n", code, ": ", &booking.reference]);
    text
}

fn with_details(profile: &Profile, language: Language, row: &BookingRow, head: &str) -> String {
    let text = format!("{head}\n{}", details(profile, language, row));
    if row.booking.state == BookingState::Requested {
        return format!("{text}\n\n{}", ends(profile, language, row));
    }
    text
}

/// Until when a request waits.
fn ends(profile: &Profile, language: Language, row: &BookingRow) -> String {
    let until = language.moment(&waits::until(row).to_zoned(zone(profile)));
    match language {
        Language::Portuguese => {
            format!("Sem confirmação até {until}, o pedido deixa de valer e avisamos por aqui.")
        }
        Language::Spanish => {
            format!("Sin confirmación antes del {until}, la solicitud deja de valer y avisamos por aquí.")
        }
        Language::German => {
            format!("Ohne Bestätigung bis {until} verfällt die Anfrage, und wir melden uns hier.")
        }
        Language::English => {
            format!("Without a confirmation by {until} the request ends, and we tell you here.")
        }
    }
}

fn zone(profile: &Profile) -> TimeZone {
    TimeZone::get(&profile.business.time_zone).unwrap_or(TimeZone::UTC)
}

/// Until when a hold stands, on the business's clock.
fn until(profile: &Profile, row: &BookingRow) -> Option<String> {
    let clock = |at: Timestamp| time(&at.to_zoned(zone(profile)));
    row.booking.hold_until.map(clock)
}

fn held(language: Language, formal: bool, until: Option<String>) -> String {
    let until = match (language, until) {
        (Language::Portuguese, Some(at)) => format!("até {at}"),
        (Language::Portuguese, None) => "por alguns minutos".to_owned(),
        (Language::Spanish, Some(at)) => format!("hasta las {at}"),
        (Language::Spanish, None) => "durante unos minutos".to_owned(),
        (Language::German, Some(at)) => format!("bis {at} Uhr"),
        (Language::German, None) => "für ein paar Minuten".to_owned(),
        (Language::English, Some(at)) => format!("until {at}"),
        (Language::English, None) => "for a few minutes".to_owned(),
    };
    match (language, formal) {
        (Language::Portuguese, _) => format!("Horário reservado {until} ⏳ Falta a sua confirmação."),
        (Language::Spanish, false) => format!("Hora reservada {until} ⏳ Falta tu confirmación."),
        (Language::Spanish, true) => format!("Hora reservada {until} ⏳ Falta su confirmación."),
        (Language::German, false) => format!("Zeit {until} reserviert ⏳ Es fehlt noch deine Bestätigung."),
        (Language::German, true) => format!("Zeit {until} reserviert ⏳ Es fehlt noch Ihre Bestätigung."),
        (Language::English, _) => format!("Time reserved {until} ⏳ You still have to confirm it."),
    }
}

fn of_state(language: Language, state: BookingState) -> &'static str {
    let texts = match state {
        BookingState::Held => {
            ["Horário reservado ⏳", "Hora reservada ⏳", "Zeit reserviert ⏳", "Time reserved ⏳"]
        }
        BookingState::Requested => [
            "Pedido de agendamento registrado ⏳ Ele ainda precisa ser confirmado pela equipe.",
            "Cita solicitada ⏳ El equipo todavía tiene que confirmarla.",
            "Termin angefragt ⏳ Das Team muss ihn noch bestätigen.",
            "Appointment requested ⏳ The team still has to confirm it.",
        ],
        BookingState::Confirmed => [
            "Agendamento confirmado ✅",
            "Cita confirmada ✅",
            "Termin bestätigt ✅",
            "Appointment confirmed ✅",
        ],
        BookingState::Completed => {
            ["Agendamento concluído", "Cita realizada", "Termin wahrgenommen", "Appointment completed"]
        }
        BookingState::Cancelled => [
            "Agendamento cancelado ❌",
            "Cita cancelada ❌",
            "Termin abgesagt ❌",
            "Appointment cancelled ❌",
        ],
        BookingState::NoShow => {
            ["Não comparecimento registrado", "Cita sin asistencia", "Termin versäumt", "Appointment missed"]
        }
    };
    four(language, texts)
}

#[cfg(test)]
mod tests;
