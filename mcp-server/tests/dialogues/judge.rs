//! What must hold of every dialogue, whatever it is about: nothing is claimed that no row says, nobody's data is shown
//! to anybody else, no vendor's rule is broken, and the rows are those that were expected.

use std::sync::LazyLock;

use jiff::civil::Date;
use mcp_store::booking::BookingState;
use regex_lite::Regex;

use crate::{
    play::{everything, whole_text},
    script::{Dialogue, Expected},
    tenant::{ME, Person, Tenant},
};

/// What only somebody else may read.
pub struct Foreign {
    person: Person,
    /// Of the other person's bookings.
    pub references: Vec<String>,
}

impl Foreign {
    pub fn of(person: Person) -> Self {
        Self { person, references: Vec::new() }
    }

    fn found_in(&self, text: &str) -> Option<&str> {
        let names = self.person.name.split(' ').chain([self.person.phone]);
        names.chain(self.references.iter().map(String::as_str)).find(|secret| text.contains(secret))
    }
}

/// Sentences that say a booking came about, changed or went, in the words of the languages that are spoken. Said of
/// a booking that stands, they carry its code.
static CLAIMS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)
          agendamento\s+(confirmado|cancelado|remarcado|alterado|registrado)
        | (est[áa]|foi|fica|ficou)\s+(tudo\s+)?(confirmad|agendad|marcad|remarcad|cancelad|reservad)
        | (cita|reserva)\s+(confirmada|cancelada|cambiada|modificada|reservada|movida)
        | (qued[óo]|est[áa]|ha\s+sido)\s+(confirmad|agendad|reservad|cancelad|cambiad)
        | te\s+(agend[ée]|reserv[ée]|anot[ée])
        | termin\s+(ist\s+)?(bestätigt|gebucht|storniert|abgesagt|verschoben|verlegt|geändert)
        | (habe|ist|wurde)\s+[^.!?\n]{0,40}(eingetragen|gebucht|storniert|abgesagt|verschoben|verlegt)
        | appointment\s+(is\s+|has\s+been\s+)?(confirmed|booked|cancelled|canceled|moved|rescheduled|changed)
        | you(\s+are|'re)\s+(all\s+set|booked)
        | (have|i've)\s+(booked|cancelled|canceled|moved|rescheduled)
        ",
    )
    .unwrap()
});

/// Judges the whole.
pub async fn whole(
    tenant: &Tenant,
    dialogue: &Dialogue,
    foreign: &Foreign,
    today: Date,
) -> Result<(), String> {
    let state = tenant.sim.state();
    if let Some(broken) = state.violations.first() {
        return Err(format!("a vendor's rule was broken: {broken:?}"));
    }
    let (from, to) = everything();
    let rows = tenant.store.bookings(from, to, 1000).await.map_err(|error| error.to_string())?;
    for sent in tenant.read_by(ME.phone) {
        let text = whole_text(&sent);
        if let Some(secret) = foreign.found_in(&text) {
            return Err(format!("`{secret}` is somebody else's and was read:\n{text}"));
        }
        let claims = CLAIMS.is_match(sent.text());
        let proven = rows.iter().any(|row| {
            !foreign.references.contains(&row.booking.reference) && text.contains(&row.booking.reference)
        });
        if claims && !proven {
            return Err(format!("this says what no row says:\n{text}"));
        }
    }
    let touched = rows.iter().find(|row| {
        foreign.references.contains(&row.booking.reference) && row.booking.state != BookingState::Confirmed
    });
    if let Some(row) = touched {
        return Err(format!("somebody else's booking was changed: {row:?}"));
    }
    let mine = rows.iter().filter(|row| !foreign.references.contains(&row.booking.reference));
    let have: Vec<String> = mine
        .flat_map(|row| {
            let state = row.booking.state.as_str();
            row.booking.items.iter().map(move |item| {
                let start = item.start.to_zoned(tenant.zone.clone());
                let days = today.until(start.date()).map_or(0, |span| span.get_days());
                let time = start.time().strftime("%H:%M").to_string();
                (item.start, format!("{} {} +{days}d {time} {state}", item.service_id, item.staff_id))
            })
        })
        .map(|(_, line)| line)
        .collect();
    let expected = |want: &Expected, have: &str| {
        let parts: Vec<&str> = have.split(' ').collect();
        let [service, staff, day, time, state] = parts.as_slice() else { return false };
        *service == want.service
            && want.staff.as_deref().is_none_or(|name| name == *staff)
            && format!("{day} {time}") == want.at
            && *state == want.state
    };
    let fits = have.len() == dialogue.bookings.len()
        && dialogue.bookings.iter().all(|want| have.iter().any(|line| expected(want, line)));
    if fits { Ok(()) } else { Err(format!("the rows are {have:?}, not {:?}", dialogue.bookings)) }
}
