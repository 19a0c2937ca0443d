//! What owners read on WhatsApp. They are spoken to informally.

use jiff::civil::Date;
use mcp_tenant::adjustment::Change;

use super::{Language, four};

/// A title of a button (20 characters) or a row (24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Title {
    /// The agenda of today.
    Today,
    /// The agenda of tomorrow.
    Tomorrow,
    /// What waits for a decision.
    Pending,
    /// Changes in force.
    Changes,
    /// Approve.
    Approve,
    /// Decline.
    Decline,
    /// Do it.
    Yes,
    /// Do not.
    No,
    /// Take it back.
    Undo,
    /// Tell the customers.
    Tell,
    /// Move the booking.
    Move,
    /// Cancel the booking.
    Cancel,
    /// Leave the booking.
    Keep,
    /// The owner's menu.
    Menu,
}

/// The words of a title.
pub fn title(language: Language, title: Title) -> &'static str {
    let texts = match title {
        Title::Today => ["Agenda de hoje", "Agenda de hoy", "Termine heute", "Today's agenda"],
        Title::Tomorrow => ["Agenda de amanhã", "Agenda de mañana", "Termine morgen", "Tomorrow's agenda"],
        Title::Pending => ["Pedidos pendentes", "Solicitudes", "Offene Anfragen", "Pending requests"],
        Title::Changes => ["Mudanças", "Cambios", "Änderungen", "Changes in force"],
        Title::Approve => ["Aprovar", "Aprobar", "Bestätigen", "Approve"],
        Title::Decline => ["Recusar", "Rechazar", "Ablehnen", "Decline"],
        Title::Yes => ["Sim", "Sí", "Ja", "Yes"],
        Title::No => ["Não", "No", "Nein", "No"],
        Title::Undo => ["Desfazer", "Deshacer", "Rückgängig", "Undo"],
        Title::Tell => ["Avisar clientes", "Avisar a clientes", "Kunden informieren", "Tell the customers"],
        Title::Move => ["Remarcar", "Cambiar", "Verschieben", "Move it"],
        Title::Cancel => ["Cancelar", "Cancelar", "Absagen", "Cancel it"],
        Title::Keep => ["Manter", "Mantener", "So lassen", "Keep it"],
        Title::Menu => ["Menu", "Menú", "Menü", "Menu"],
    };
    four(language, texts)
}

/// A sentence without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// What an owner can write, above the menu.
    Help,
    /// Not understood; nothing was done.
    NotUnderstood,
    /// Nothing is booked.
    Free,
    /// Nothing waits.
    NothingPending,
    /// No change in force.
    NoChanges,
    /// Which change?
    WhichChange,
    /// Which request?
    WhichPending,
    /// Shall it be done?
    Sure,
    /// It is done.
    Done,
    /// It was done already.
    Already,
    /// Nothing was done.
    Nothing,
    /// Taken back.
    Undone,
    /// Take this back?
    ReallyUndo,
    /// It changed since.
    Changed,
    /// These appointments fall into it.
    Affected,
    /// None falls into it.
    NoneAffected,
    /// These cannot be told here.
    CallThem,
    /// Asked for, approve it?
    Requested,
    /// Approved, the customer is told.
    Approved,
    /// Declined, the customer is told.
    Declined,
    /// Cancelled, the customer is told.
    Cancelled,
    /// Moved, the customer is told.
    Moved,
    /// Moved, but not confirmed; the customer is told that.
    MovedRequested,
    /// Our event was deleted in the calendar.
    EventDeleted,
    /// The booking stays.
    Kept,
    /// Nobody decided about a request in time: it is over.
    Lapsed,
    /// No calendar confirmed a request in time: it is over.
    LapsedUnconfirmed,
}

/// The words of a line.
#[expect(clippy::too_many_lines, reason = "a table of sentences")]
pub fn line(language: Language, line: Line) -> &'static str {
    let texts = match line {
        Line::Help => [
            "Você pode escrever, por exemplo: “fechado amanhã”, “Ana está doente hoje”, “aberto até as 20h na sexta” ou “desfazer”.",
            "Puedes escribir, por ejemplo: «cerrado mañana», «Ana está enferma hoy», «abierto el viernes hasta las 20» o «deshacer».",
            "Du kannst zum Beispiel schreiben: „morgen geschlossen“, „Ana ist heute krank“, „Freitag bis 20 Uhr geöffnet“ oder „rückgängig“.",
            "You can write, for example: “closed tomorrow”, “Ana is ill today”, “open until 20 on Friday” or “undo”.",
        ],
        Line::NotUnderstood => [
            "Não entendi, e nada foi alterado.",
            "No lo he entendido y no se ha cambiado nada.",
            "Das habe ich nicht verstanden, es wurde nichts geändert.",
            "I did not understand that, and nothing was changed.",
        ],
        Line::Free => ["Nada agendado.", "No hay citas.", "Keine Termine.", "Nothing is booked."],
        Line::NothingPending => [
            "Nenhum pedido pendente.",
            "No hay solicitudes pendientes.",
            "Keine offenen Anfragen.",
            "No pending requests.",
        ],
        Line::NoChanges => [
            "Nenhuma mudança em vigor.",
            "No hay cambios en vigor.",
            "Keine Änderungen in Kraft.",
            "No changes in force.",
        ],
        Line::WhichChange => [
            "Mudanças em vigor. Toque em uma para desfazer:",
            "Cambios en vigor. Toca uno para deshacerlo:",
            "Änderungen in Kraft. Zum Zurücknehmen antippen:",
            "Changes in force. Tap one to undo it:",
        ],
        Line::WhichPending => ["Qual pedido?", "¿Qué solicitud?", "Welche Anfrage?", "Which request?"],
        Line::Sure => ["Posso registrar?", "¿Lo registro?", "Soll ich das eintragen?", "Shall I set this?"],
        Line::Done => ["Registrado ✅", "Registrado ✅", "Eingetragen ✅", "Set ✅"],
        Line::Already => [
            "Isso já está em vigor.",
            "Eso ya está en vigor.",
            "Das gilt schon.",
            "That is in force already.",
        ],
        Line::Nothing => [
            "Certo, nada foi alterado.",
            "De acuerdo, no se ha cambiado nada.",
            "Gut, es wurde nichts geändert.",
            "All right, nothing was changed.",
        ],
        Line::Undone => ["Desfeito ✅", "Deshecho ✅", "Zurückgenommen ✅", "Undone ✅"],
        Line::ReallyUndo => [
            "Desfazer esta mudança?",
            "¿Deshacer este cambio?",
            "Diese Änderung zurücknehmen?",
            "Undo this change?",
        ],
        Line::Changed => [
            "Isso mudou nesse meio-tempo. Nada foi alterado.",
            "Eso ha cambiado entretanto. No se ha cambiado nada.",
            "Das hat sich inzwischen geändert. Es wurde nichts getan.",
            "That has changed in the meantime. Nothing was done.",
        ],
        Line::Affected => [
            "Estes agendamentos são atingidos e continuam de pé:",
            "Estas citas se ven afectadas y siguen en pie:",
            "Diese Termine sind betroffen und stehen noch:",
            "These appointments are affected and still stand:",
        ],
        Line::NoneAffected => [
            "Nenhum agendamento é atingido.",
            "Ninguna cita se ve afectada.",
            "Kein Termin ist betroffen.",
            "No appointment is affected.",
        ],
        Line::CallThem => [
            "Estes não podem ser avisados por aqui:",
            "A estos no se les puede avisar por aquí:",
            "Diese sind hier nicht erreichbar:",
            "These cannot be told here:",
        ],
        Line::Requested => [
            "Novo pedido de agendamento:",
            "Nueva solicitud de cita:",
            "Neue Terminanfrage:",
            "A new request for an appointment:",
        ],
        Line::Approved => ["Aprovado ✅", "Aprobado ✅", "Bestätigt ✅", "Approved ✅"],
        Line::Declined => {
            ["Pedido recusado.", "Solicitud rechazada.", "Anfrage abgelehnt.", "Request declined."]
        }
        Line::Cancelled => {
            ["Agendamento cancelado.", "Cita cancelada.", "Termin abgesagt.", "Appointment cancelled."]
        }
        Line::Moved => {
            ["Agendamento remarcado ✅", "Cita cambiada ✅", "Termin verschoben ✅", "Appointment moved ✅"]
        }
        Line::MovedRequested => [
            "Novo horário anotado, mas ainda não confirmado: o calendário não respondeu ⏳",
            "Nueva hora anotada, pero aún sin confirmar: el calendario no respondió ⏳",
            "Neue Zeit notiert, aber noch nicht bestätigt: Der Kalender hat nicht geantwortet ⏳",
            "New time noted, but not confirmed yet: the calendar did not answer ⏳",
        ],
        Line::EventDeleted => [
            "Este agendamento foi apagado no calendário, mas continua de pé. Cancelar?",
            "Esta cita se borró del calendario, pero sigue en pie. ¿La cancelo?",
            "Dieser Termin wurde im Kalender gelöscht, steht aber noch. Soll ich ihn absagen?",
            "This appointment was deleted in the calendar, but it still stands. Shall I cancel it?",
        ],
        Line::Kept => [
            "Certo, o agendamento continua de pé.",
            "De acuerdo, la cita sigue en pie.",
            "Gut, der Termin bleibt bestehen.",
            "All right, the appointment stands.",
        ],
        Line::Lapsed => [
            "Este pedido ficou sem resposta e não vale mais. O cliente é avisado, e o horário está livre.",
            "Esta solicitud quedó sin respuesta y ya no vale. Se avisa al cliente y la hora está libre.",
            "Diese Anfrage blieb ohne Antwort und gilt nicht mehr. Der Kunde wird informiert, die Zeit ist frei.",
            "This request got no answer and has ended. The customer is told, and the time is free.",
        ],
        Line::LapsedUnconfirmed => [
            "Este pedido não pôde ser confirmado na agenda a tempo e não vale mais. O cliente é avisado, e o horário está livre.",
            "Esta solicitud no se pudo confirmar a tiempo en la agenda y ya no vale. Se avisa al cliente y la hora está libre.",
            "Diese Anfrage konnte im Kalender nicht rechtzeitig bestätigt werden und gilt nicht mehr. Der Kunde wird informiert, die Zeit ist frei.",
            "This request could not be confirmed in the calendar in time and has ended. The customer is told, and the time is free.",
        ],
    };
    four(language, texts)
}

/// A request that still waits for the owner; `until` is when it lapses.
pub fn still_waits(language: Language, until: &str) -> String {
    match language {
        Language::Portuguese => {
            format!("Este pedido ainda espera a sua resposta. Sem ela, deixa de valer em {until}:")
        }
        Language::Spanish => {
            format!("Esta solicitud sigue esperando tu respuesta. Sin ella, deja de valer el {until}:")
        }
        Language::German => {
            format!("Diese Anfrage wartet noch auf deine Antwort. Ohne sie verfällt sie am {until}:")
        }
        Language::English => {
            format!("This request is still waiting for your answer. Without one it ends on {until}:")
        }
    }
}

/// A change of hours in words: `Rui: fechado · terça-feira, 17/11/2026`; `who` is the business or a person.
pub fn change(language: Language, who: &str, change: &Change, first: Date, last: Date) -> String {
    let what = match change {
        Change::Closed => four(language, ["fechado", "cerrado", "geschlossen", "closed"]).to_owned(),
        Change::Hours(hours) if hours.is_empty() => {
            four(language, ["fechado", "cerrado", "geschlossen", "closed"]).to_owned()
        }
        Change::Hours(hours) => {
            let hours = hours.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("{} {hours}", four(language, ["aberto", "abierto", "geöffnet", "open"]))
        }
    };
    let days = if first == last {
        language.date(first)
    } else {
        format!("{} – {}", language.date(first), language.date(last))
    };
    format!("{who}: {what} · {days}")
}

/// How many customers are being told.
pub fn told(language: Language, count: usize) -> String {
    match (language, count) {
        (Language::Portuguese, 1) => "Aviso a caminho para 1 cliente.".to_owned(),
        (Language::Portuguese, _) => format!("Avisos a caminho para {count} clientes."),
        (Language::Spanish, 1) => "Aviso en camino a 1 cliente.".to_owned(),
        (Language::Spanish, _) => format!("Avisos en camino a {count} clientes."),
        (Language::German, 1) => "Nachricht an 1 Kunden ist unterwegs.".to_owned(),
        (Language::German, _) => format!("Nachrichten an {count} Kunden sind unterwegs."),
        (Language::English, 1) => "A message to 1 customer is on its way.".to_owned(),
        (Language::English, _) => format!("Messages to {count} customers are on their way."),
    }
}

/// What a customer reads whose appointment falls into a change of hours. It still stands.
pub fn affected(language: Language, formal: bool, business: &str, details: &str) -> String {
    match (language, formal) {
        (Language::Portuguese, _) => format!(
            "{business}: infelizmente não poderemos atender neste horário. Seu agendamento:\n{details}\n\nVocê prefere remarcar ou cancelar?"
        ),
        (Language::Spanish, false) => format!(
            "{business}: lamentablemente no podremos atenderte a esta hora. Tu cita:\n{details}\n\n¿Prefieres cambiarla o cancelarla?"
        ),
        (Language::Spanish, true) => format!(
            "{business}: lamentablemente no podremos atenderle a esta hora. Su cita:\n{details}\n\n¿Prefiere cambiarla o cancelarla?"
        ),
        (Language::German, false) => format!(
            "{business}: Leider können wir diesen Termin nicht einhalten:\n{details}\n\nMöchtest du ihn verschieben oder absagen?"
        ),
        (Language::German, true) => format!(
            "{business}: Leider können wir diesen Termin nicht einhalten:\n{details}\n\nMöchten Sie ihn verschieben oder absagen?"
        ),
        (Language::English, _) => format!(
            "{business}: unfortunately we cannot keep this appointment:\n{details}\n\nWould you like to move or cancel it?"
        ),
    }
}

/// Our event was moved in the owner's calendar.
pub fn event_moved(language: Language, to: &str) -> String {
    match language {
        Language::Portuguese => format!(
            "No calendário este agendamento foi movido para {to}. Aqui ele continua no horário de antes. Remarcar e avisar o cliente?"
        ),
        Language::Spanish => format!(
            "En el calendario esta cita se movió a {to}. Aquí sigue a la hora de antes. ¿La cambio y aviso al cliente?"
        ),
        Language::German => format!(
            "Im Kalender wurde dieser Termin auf {to} verschoben. Hier steht er noch zur alten Zeit. Verschieben und Bescheid geben?"
        ),
        Language::English => format!(
            "In the calendar this appointment was moved to {to}. Here it still has its old time. Move it and tell the customer?"
        ),
    }
}

/// Another event lies over a booking.
pub fn event_over(language: Language, from: &str, to: &str) -> String {
    match language {
        Language::Portuguese => {
            format!(
                "No calendário há outro compromisso ({from} – {to}) sobre este agendamento, que continua de pé."
            )
        }
        Language::Spanish => {
            format!("En el calendario hay otro evento ({from} – {to}) sobre esta cita, que sigue en pie.")
        }
        Language::German => {
            format!(
                "Im Kalender liegt ein anderer Eintrag ({from} – {to}) über diesem Termin, der weiter steht."
            )
        }
        Language::English => {
            format!(
                "In the calendar another event ({from} – {to}) lies over this appointment, which still stands."
            )
        }
    }
}

/// What a customer reads whose requested time turned out to be taken. The request still stands.
pub fn taken(language: Language) -> &'static str {
    four(
        language,
        [
            "O horário pedido infelizmente não está livre. Por enquanto o pedido fica registrado, mas não confirmado. Quer escolher outro?",
            "La hora solicitada lamentablemente no está libre. Por ahora la solicitud queda anotada, pero sin confirmar. ¿Otra hora?",
            "Die angefragte Zeit ist leider nicht frei. Die Anfrage bleibt vorerst bestehen, ist aber nicht bestätigt. Eine andere Zeit?",
            "The time asked for is unfortunately not free. For now the request stands, but it is not confirmed. Another time?",
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_fit_on_buttons() {
        let all = [
            Title::Today,
            Title::Tomorrow,
            Title::Pending,
            Title::Changes,
            Title::Approve,
            Title::Decline,
            Title::Yes,
            Title::No,
            Title::Undo,
            Title::Tell,
            Title::Move,
            Title::Cancel,
            Title::Keep,
            Title::Menu,
        ];
        for language in Language::ALL {
            for one in all {
                assert!(title(language, one).encode_utf16().count() <= 20, "{one:?}");
            }
        }
    }
}
