//! What an owner writes, as a command. A small grammar over words of four languages; what it does not understand is
//! nothing, and nothing is ever done without a button.

use jiff::civil::{Date, Time};
use mcp_tenant::{
    Profile,
    adjustment::{Change, Target},
    hours::Interval,
};

use super::dates::{Mention, mentions};
use crate::assistant::plain::phrase::{folded, has};

/// What an owner wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Other hours on some days, or none.
    Adjust(Wanted),
    /// Take the last change back.
    Undo,
    /// What is booked on a day.
    Agenda(Date),
    /// What waits for a decision.
    Pending,
    /// Changes in force.
    Changes,
}

/// A change of hours that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// First day.
    pub first: Date,
    /// Last day, included.
    pub last: Date,
    /// Whose hours.
    pub target: Target,
    /// To what.
    pub change: Change,
}

const CLOSED: [&str; 24] = [
    "fechado",
    "fechada",
    "fechados",
    "fechamos",
    "fechar",
    "fecha",
    "fecho",
    "nao abrimos",
    "nao abro",
    "cerrado",
    "cerrada",
    "cerramos",
    "cerrar",
    "cierro",
    "no abrimos",
    "no abro",
    "geschlossen",
    "schliessen",
    "zu",
    "closed",
    "close",
    "closing",
    "shut",
    "wir haben zu",
];
const AWAY: [&str; 38] = [
    "doente",
    "folga",
    "ferias",
    "ausente",
    "nao vem",
    "nao trabalha",
    "nao vai trabalhar",
    "enfermo",
    "enferma",
    "mala",
    "vacaciones",
    "libre",
    "no viene",
    "no trabaja",
    "de baja",
    "krank",
    "urlaub",
    "frei",
    "fehlt",
    "kommt nicht",
    "arbeitet nicht",
    "abwesend",
    "krankgemeldet",
    "ill",
    "sick",
    "off",
    "away",
    "vacation",
    "holiday",
    "on leave",
    "not working",
    "not coming",
    "not in",
    "absent",
    "doentinha",
    "doentinho",
    "atestado",
    "licenca",
];
const OPEN: [&str; 20] = [
    "aberto", "aberta", "abertos", "abrimos", "abrir", "abre", "trabalha", "atende", "abierto", "abierta",
    "trabaja", "atiende", "offen", "geoffnet", "auf", "arbeitet", "open", "opens", "works", "working",
];
const UNDO: [&str; 10] = [
    "desfazer",
    "desfaz",
    "desfaca",
    "deshacer",
    "deshaz",
    "ruckgangig",
    "ruckgangig machen",
    "undo",
    "revert",
    "voltar atras",
];
const AGENDA: [&str; 12] = [
    "agenda",
    "horarios",
    "agendamentos",
    "citas",
    "termine",
    "terminplan",
    "kalender",
    "appointments",
    "bookings",
    "schedule",
    "diary",
    "calendar",
];
const PENDING: [&str; 12] = [
    "pendentes",
    "pendente",
    "pedidos",
    "aprovar",
    "pendientes",
    "solicitudes",
    "aprobar",
    "anfragen",
    "offene",
    "pending",
    "requests",
    "approvals",
];
const CHANGES: [&str; 7] =
    ["mudancas", "alteracoes", "ajustes", "cambios", "anderungen", "changes", "adjustments"];

/// Reads a note of an owner.
pub fn read(text: &str, profile: &Profile, today: Date) -> Option<Command> {
    let text = folded(text);
    let any = |words: &[&str]| words.iter().any(|word| has(&text, word));
    if any(&UNDO) {
        return Some(Command::Undo);
    }
    let mentions = mentions(&text, today);
    let days: Vec<Date> = mentions
        .iter()
        .filter_map(|mention| match mention {
            Mention::Day(day) => Some(*day),
            Mention::Time(..) => None,
        })
        .collect();
    let times: Vec<(u16, bool)> = mentions
        .iter()
        .filter_map(|mention| match mention {
            Mention::Time(minute, end) => Some((*minute, *end)),
            Mention::Day(_) => None,
        })
        .collect();
    let mut people = profile.staff.iter().filter(|staff| has(&text, &folded(&staff.name)));
    let person = people.next();
    // Two names in one note are two changes.
    if people.next().is_some() {
        return None;
    }
    let target = person.map_or(Target::Business, |staff| Target::Staff(staff.id.clone()));
    let range = || {
        let first = days.first().copied()?;
        let last = match days.as_slice() {
            [one] => *one,
            [_, second] => *second,
            _ => return None,
        };
        (first <= last).then_some((first, last))
    };
    let wanted = |change: Change| {
        let (first, last) = range()?;
        Some(Command::Adjust(Wanted { first, last, target: target.clone(), change }))
    };
    if any(&CLOSED) || (person.is_some() && any(&AWAY)) {
        if times.is_empty() {
            return wanted(Change::Closed);
        }
        let (first, last) = range()?;
        if first != last {
            return None;
        }
        let (from, to) = stretch(&times)?;
        return wanted(Change::Hours(intervals(&without(&usual(profile, &target, first), (from, to)))));
    }
    if any(&OPEN) && !times.is_empty() {
        let (first, last) = range()?;
        if first != last {
            return None;
        }
        return wanted(Change::Hours(intervals(&opened(&usual(profile, &target, first), &times)?)));
    }
    if any(&PENDING) {
        return Some(Command::Pending);
    }
    if any(&CHANGES) {
        return Some(Command::Changes);
    }
    let alone = text.split(' ').count() <= 2 && times.is_empty() && days.len() == 1;
    (any(&AGENDA) || alone).then(|| Command::Agenda(days.first().copied().unwrap_or(today)))
}

/// The hours that the week has for a day, in minutes.
fn usual(profile: &Profile, target: &Target, day: Date) -> Vec<(u16, u16)> {
    let own = match target {
        Target::Staff(id) => profile.staff_member(id).and_then(|staff| staff.hours.as_ref()),
        _ => None,
    };
    let hours = own.unwrap_or(&profile.hours).on(day.weekday());
    let minutes = |interval: &Interval| {
        let (from, to) = interval.minutes();
        Some((u16::try_from(from).ok()?, u16::try_from(to).ok()?))
    };
    hours.iter().filter_map(minutes).collect()
}

/// From and to of one or two times; one alone is an end where the words say so.
fn stretch(times: &[(u16, bool)]) -> Option<(u16, u16)> {
    match *times {
        [(to, true)] => Some((0, to)),
        [(from, false)] => Some((from, 2 * 1440)),
        [(from, _), (to, _)] if from < to => Some((from, to)),
        _ => None,
    }
}

/// Hours without a stretch.
fn without(hours: &[(u16, u16)], (from, to): (u16, u16)) -> Vec<(u16, u16)> {
    let cut = |&(begins, ends): &(u16, u16)| [(begins, ends.min(from)), (begins.max(to), ends)];
    hours.iter().flat_map(cut).filter(|(begins, ends)| begins < ends).collect()
}

/// Hours where two times replace them, or one replaces their beginning or end.
fn opened(hours: &[(u16, u16)], times: &[(u16, bool)]) -> Option<Vec<(u16, u16)>> {
    match *times {
        [(from, _), (to, _)] => (from < to).then(|| vec![(from, to)]),
        [(to, true)] => {
            let mut hours: Vec<_> = hours.iter().copied().filter(|(begins, _)| *begins < to).collect();
            hours.last_mut()?.1 = to;
            Some(hours)
        }
        [(from, false)] => {
            let mut hours: Vec<_> = hours.iter().copied().filter(|(_, ends)| *ends > from).collect();
            hours.first_mut()?.0 = from;
            Some(hours)
        }
        _ => None,
    }
}

fn intervals(hours: &[(u16, u16)]) -> Vec<Interval> {
    let time = |minute: u16| {
        let (hour, minute) = (minute / 60 % 24, minute % 60);
        Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
    };
    let interval = |&(from, to): &(u16, u16)| Some(Interval { from: time(from)?, to: time(to)? });
    hours.iter().filter_map(interval).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// A Monday.
    const TODAY: Date = date(2026, 11, 16);

    fn profile() -> Profile {
        crate::profile_file::read(&crate::test_bed::profile(""), crate::test_bed::MONDAY).unwrap().profile
    }

    fn read(text: &str) -> Option<Command> {
        super::read(text, &profile(), TODAY)
    }

    fn adjusted(text: &str) -> (String, String, Target, String) {
        match read(text) {
            Some(Command::Adjust(wanted)) => {
                let change = match &wanted.change {
                    Change::Closed => "closed".to_owned(),
                    Change::Hours(hours) => {
                        hours.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
                    }
                };
                (wanted.first.to_string(), wanted.last.to_string(), wanted.target, change)
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn closed_days_are_read_in_four_languages() {
        for text in [
            "closed tomorrow",
            "Fechado amanhã!",
            "cerrado mañana",
            "morgen geschlossen",
            "Amanhã não abrimos",
        ] {
            let day = "2026-11-17".to_owned();
            assert_eq!(adjusted(text), (day.clone(), day, Target::Business, "closed".into()), "{text}");
        }
        for text in [
            "closed from 24/12 to 26/12",
            "Fechado de 24 a 26 de dezembro",
            "vom 24. bis 26. Dezember geschlossen",
            "cerrado del 24 al 26 de diciembre",
        ] {
            let (first, last, _, change) = adjusted(text);
            assert_eq!((&*first, &*last, &*change), ("2026-12-24", "2026-12-26", "closed"), "{text}");
        }
    }

    #[test]
    fn somebody_who_is_ill_is_closed_for_that_day() {
        let rui = Target::Staff("rui".into());
        for text in
            ["Rui is ill today", "Rui está doente hoje", "Rui ist heute krank", "Hoy Rui está enfermo"]
        {
            let day = "2026-11-16".to_owned();
            assert_eq!(adjusted(text), (day.clone(), day, rui.clone(), "closed".into()), "{text}");
        }
        assert_eq!(read("Zé e Rui doentes hoje"), None, "two changes at once");
    }

    #[test]
    fn other_hours_keep_what_they_do_not_name() {
        for text in [
            "open until 20 on Friday",
            "Aberto até as 20h na sexta",
            "Freitag bis 20 Uhr geöffnet",
            "Abierto el viernes hasta las 20",
        ] {
            let (first, _, target, change) = adjusted(text);
            assert_eq!(
                (&*first, target, &*change),
                ("2026-11-20", Target::Business, "09:00-12:00,13:00-20:00"),
                "{text}"
            );
        }
        assert_eq!(adjusted("fechado amanhã a partir das 15h").3, "09:00-12:00,13:00-15:00");
        assert_eq!(adjusted("aberto domingo das 10 às 14").3, "10:00-14:00");
    }

    #[test]
    fn other_notes_are_the_agenda_or_nothing() {
        assert_eq!(read("agenda"), Some(Command::Agenda(TODAY)));
        assert_eq!(read("amanhã"), Some(Command::Agenda(date(2026, 11, 17))));
        assert_eq!(read("pendentes"), Some(Command::Pending));
        assert_eq!(read("desfazer"), Some(Command::Undo));
        assert_eq!(read("Änderungen"), Some(Command::Changes));
        for text in ["oi", "fechado", "closed from friday to monday to tuesday", "obrigado!"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
