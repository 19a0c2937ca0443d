//! What a customer reads about a booking: rendered by code, from the committed row.

use jiff::tz::TimeZone;
use mcp_store::booking::{BookingRow, BookingState, Refused};
use mcp_tenant::{Profile, scalar::Money};

use crate::words::{self, Language};

/// The receipt of a row.
pub fn receipt(profile: &Profile, row: &BookingRow) -> String {
    let language = Language::of(profile);
    let booking = &row.booking;
    let zone = TimeZone::get(&profile.business.time_zone).unwrap_or(TimeZone::UTC);
    let at = language.moment(&booking.start().to_zoned(zone));
    let price = words::money(Money::from_cents(booking.price_cents()), &booking.currency);
    let head = head(language, booking.state);
    let (with, cost, place, code) = match language {
        Language::Portuguese => ("com", "Valor", "Endereço", "Código"),
        Language::English => ("with", "Price", "Address", "Code"),
    };
    let mut text = format!(
        "{head}\n{} {with} {}\n{at}\n{cost}: {price}",
        booking.service_names(),
        booking.staff_names()
    );
    if let Some(address) = &profile.business.address {
        text.extend(["\n", place, ": ", address]);
    }
    text.extend(["\n", code, ": ", &booking.reference]);
    text
}

fn head(language: Language, state: BookingState) -> &'static str {
    match (language, state) {
        (Language::Portuguese, BookingState::Held) => {
            "Horário reservado por alguns minutos ⏳ Falta a sua confirmação."
        }
        (Language::Portuguese, BookingState::Requested) => {
            "Pedido de agendamento registrado ⏳ Ele ainda precisa ser confirmado pela equipe."
        }
        (Language::Portuguese, BookingState::Confirmed) => "Agendamento confirmado ✅",
        (Language::Portuguese, BookingState::Completed) => "Agendamento concluído",
        (Language::Portuguese, BookingState::Cancelled) => "Agendamento cancelado",
        (Language::Portuguese, BookingState::NoShow) => "Agendamento não comparecido",
        (Language::English, BookingState::Held) => {
            "Time reserved for a few minutes ⏳ You still have to confirm it."
        }
        (Language::English, BookingState::Requested) => {
            "Appointment requested ⏳ The team still has to confirm it."
        }
        (Language::English, BookingState::Confirmed) => "Appointment confirmed ✅",
        (Language::English, BookingState::Completed) => "Appointment completed",
        (Language::English, BookingState::Cancelled) => "Appointment cancelled",
        (Language::English, BookingState::NoShow) => "Appointment missed",
    }
}

/// What a customer reads where nothing was booked: why, and the nearest free starts.
pub fn refusal(profile: &Profile, refused: &Refused) -> String {
    let language = Language::of(profile);
    let zone = TimeZone::get(&profile.business.time_zone).unwrap_or(TimeZone::UTC);
    let why = match (language, refused.code.as_str()) {
        (Language::Portuguese, "slot_taken") => "Esse horário acabou de ser ocupado; não fiz o agendamento.",
        (Language::Portuguese, "notice_too_short") => {
            "Esse horário está muito próximo; não fiz o agendamento."
        }
        (Language::Portuguese, "limit_reached") => {
            "O limite de agendamentos foi atingido; não fiz o agendamento."
        }
        (Language::Portuguese, _) => "Esse horário não está disponível; não fiz o agendamento.",
        (Language::English, "slot_taken") => "That time has just been taken; nothing was booked.",
        (Language::English, "notice_too_short") => "That time is too soon; nothing was booked.",
        (Language::English, "limit_reached") => "The limit of appointments is reached; nothing was booked.",
        (Language::English, _) => "That time is not available; nothing was booked.",
    };
    if refused.alternatives.is_empty() {
        return format!("{why} {}", language.person(profile));
    }
    let starts: Vec<String> = refused
        .alternatives
        .iter()
        .map(|a| format!("• {}", language.moment(&a.start.to_zoned(zone.clone()))))
        .collect();
    let (near, ask) = match language {
        Language::Portuguese => ("Os mais próximos que tenho:", "Qual prefere?"),
        Language::English => ("The nearest I have:", "Which one would you like?"),
    };
    format!("{why}\n{near}\n{}\n{ask}", starts.join("\n"))
}
