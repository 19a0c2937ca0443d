//! What customers read in menus: titles of buttons and rows, and the sentence above them. Titles keep within Meta's
//! limits: 20 characters on a button, 24 in a row.

use jiff::{Zoned, civil::Date};

use super::{Language, four, time};

/// A title of a button or a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Title {
    /// Begins a booking.
    Book,
    /// The customer's appointments.
    Mine,
    /// A person.
    Person,
    /// The main menu.
    Menu,
    /// More rows.
    More,
    /// Whoever is free.
    Anyone,
    /// Another day.
    OtherDay,
    /// Another time.
    OtherTime,
    /// Confirms what is held.
    Confirm,
    /// Moves an appointment.
    Move,
    /// Cancels an appointment.
    Cancel,
    /// Yes, cancel it.
    YesCancel,
    /// Yes, move it.
    YesMove,
    /// Leave it as it is.
    Keep,
    /// Before noon.
    Morning,
    /// From noon on.
    Afternoon,
    /// From 18:00 on.
    Evening,
    /// Opens a list.
    Choose,
    /// One more service of the same visit.
    Also,
}

/// The words on a button or a row, at most 20 characters.
pub fn title(language: Language, title: Title) -> &'static str {
    let texts = match title {
        Title::Book => ["Agendar", "Reservar", "Termin buchen", "Book"],
        Title::Mine => ["Meus agendamentos", "Mis citas", "Meine Termine", "My appointments"],
        Title::Person => ["Falar com alguém", "Hablar con alguien", "Mit einem Menschen", "Talk to a person"],
        Title::Menu => ["Menu", "Menú", "Menü", "Menu"],
        Title::More => ["Ver mais", "Ver más", "Mehr anzeigen", "Show more"],
        Title::Anyone => ["Tanto faz", "Me da igual", "Egal, wer", "Anyone"],
        Title::OtherDay => ["Outro dia", "Otro día", "Anderer Tag", "Another day"],
        Title::OtherTime => ["Outro horário", "Otra hora", "Andere Zeit", "Another time"],
        Title::Confirm => ["Confirmar", "Confirmar", "Bestätigen", "Confirm"],
        Title::Move => ["Remarcar", "Cambiar", "Verschieben", "Reschedule"],
        Title::Cancel => ["Cancelar", "Cancelar", "Absagen", "Cancel"],
        Title::YesCancel => ["Sim, cancelar", "Sí, cancelar", "Ja, absagen", "Yes, cancel it"],
        Title::YesMove => ["Sim, remarcar", "Sí, cambiar", "Ja, verschieben", "Yes, move it"],
        Title::Keep => ["Não, manter", "No, mantener", "Nein, behalten", "No, keep it"],
        Title::Morning => ["Manhã", "Por la mañana", "Vormittags", "Morning"],
        Title::Afternoon => ["Tarde", "Por la tarde", "Nachmittags", "Afternoon"],
        Title::Evening => ["Noite", "Por la noche", "Abends", "Evening"],
        Title::Choose => ["Escolher", "Elegir", "Auswählen", "Choose"],
        Title::Also => ["+ outro serviço", "+ otro servicio", "+ weitere Leistung", "+ another service"],
    };
    four(language, texts)
}

/// A question or a remark above buttons or rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// What can we do?
    Main,
    /// The model does not answer now, but menus do.
    Instead,
    /// The messages waited for hours.
    Late,
    /// Who thanks is welcome.
    Welcome,
    /// This menu is from another time.
    Old,
    /// This button means nothing here.
    Unknown,
    /// Which service?
    Service,
    /// With whom?
    Staff,
    /// Which day?
    Day,
    /// No free day within reach.
    NoDay,
    /// Which part of the day, which time?
    Time,
    /// Nothing is free on that day any more.
    DayGone,
    /// No appointments.
    NoMine,
    /// Which appointment?
    WhichMine,
    /// To which day shall it be moved?
    MoveDay,
    /// Really cancel?
    ReallyCancel,
    /// It stays as it is.
    Kept,
    /// The appointment changed since.
    Changed,
    /// It is gone: cancelled or over.
    Gone,
    /// Glad that the customer comes.
    Coming,
    /// The offer of the waitlist is over.
    OfferOver,
    /// The offer of the waitlist is not taken.
    OfferLeft,
    /// No notices any more.
    Stopped,
    /// Notices again.
    Started,
    /// It was gone: choose another time.
    Nearest,
}

/// The words of a line.
#[expect(clippy::too_many_lines, reason = "a table of sentences")]
pub fn line(language: Language, formal: bool, line: Line) -> &'static str {
    if formal && let Some(text) = formally(language, line) {
        return text;
    }
    let texts = match line {
        Line::Main => {
            ["Como posso ajudar?", "¿En qué puedo ayudarte?", "Was kann ich für dich tun?", "How can I help?"]
        }
        Line::Instead => [
            "Agora não consigo responder a mensagens livres, mas pelos botões tudo funciona.",
            "Ahora no puedo responder a mensajes libres, pero con los botones funciona todo.",
            "Freie Nachrichten kann ich gerade nicht beantworten, aber über die Knöpfe geht alles.",
            "I cannot answer free messages right now, but everything works with the buttons.",
        ],
        Line::Welcome => ["Por nada! 😊", "¡De nada! 😊", "Gern! 😊", "You're welcome! 😊"],
        Line::Late => [
            "Desculpe a demora: sua mensagem só chegou agora.",
            "Perdón por la demora: el mensaje nos acaba de llegar.",
            "Entschuldigung für die späte Antwort: Die Nachricht hat uns erst jetzt erreicht.",
            "Sorry for the delay: your message only reached us now.",
        ],
        Line::Old => [
            "Esse menu já é antigo, e os horários podem ter mudado. Aqui está um novo.",
            "Ese menú ya es antiguo y las horas pueden haber cambiado. Aquí tienes uno nuevo.",
            "Dieses Menü ist schon älter, die Zeiten können sich geändert haben. Hier ist ein neues.",
            "That menu is an old one and times may have changed. Here is a new one.",
        ],
        Line::Unknown => [
            "Não reconheci essa opção. Nada foi alterado.",
            "No he reconocido esa opción. No se ha cambiado nada.",
            "Diese Auswahl kenne ich nicht. Es wurde nichts geändert.",
            "I did not recognise that option. Nothing was changed.",
        ],
        Line::Service => ["Qual serviço?", "¿Qué servicio?", "Welche Leistung?", "Which service?"],
        Line::Staff => ["Com quem?", "¿Con quién?", "Bei wem?", "With whom?"],
        Line::Day => ["Qual dia?", "¿Qué día?", "An welchem Tag?", "Which day?"],
        Line::NoDay => [
            "Não há dia livre no momento.",
            "Ahora mismo no hay ningún día libre.",
            "Im Moment ist kein Tag frei.",
            "There is no free day at the moment.",
        ],
        Line::Time => ["Qual horário?", "¿A qué hora?", "Um wie viel Uhr?", "At what time?"],
        Line::DayGone => [
            "Nesse dia não há mais horário livre. Outros dias:",
            "Ese día ya no queda ninguna hora libre. Otros días:",
            "An diesem Tag ist nichts mehr frei. Andere Tage:",
            "Nothing is free on that day any more. Other days:",
        ],
        Line::NoMine => [
            "Você não tem agendamentos em aberto.",
            "No tienes citas pendientes.",
            "Du hast keine offenen Termine.",
            "You have no upcoming appointments.",
        ],
        Line::WhichMine => ["Qual agendamento?", "¿Qué cita?", "Welcher Termin?", "Which appointment?"],
        Line::MoveDay => [
            "Para qual dia? Até a mudança, o horário atual continua reservado.",
            "¿Para qué día? Hasta el cambio, la hora actual sigue reservada.",
            "Auf welchen Tag? Bis dahin bleibt die bisherige Zeit reserviert.",
            "To which day? Until it is moved, the present time stays booked.",
        ],
        Line::ReallyCancel => [
            "Cancelar este agendamento?",
            "¿Cancelar esta cita?",
            "Diesen Termin absagen?",
            "Cancel this appointment?",
        ],
        Line::Kept => [
            "Certo, fica como está:",
            "De acuerdo, queda como está:",
            "Gut, es bleibt dabei:",
            "All right, it stays as it is:",
        ],
        Line::Changed => [
            "Esse agendamento mudou nesse meio-tempo. Está assim:",
            "Esa cita ha cambiado entretanto. Está así:",
            "Dieser Termin hat sich inzwischen geändert. So steht er jetzt:",
            "That appointment has changed in the meantime. It now reads:",
        ],
        Line::Gone => [
            "Esse agendamento não está mais em aberto.",
            "Esa cita ya no está pendiente.",
            "Dieser Termin ist nicht mehr offen.",
            "That appointment is not open any more.",
        ],
        Line::Coming => [
            "Combinado, esperamos por você! 👍",
            "¡Perfecto, te esperamos! 👍",
            "Super, bis dann! 👍",
            "Great, we look forward to seeing you! 👍",
        ],
        Line::OfferOver => [
            "Essa oferta já terminou. Nada foi agendado.",
            "Esa oferta ya terminó. No se ha reservado nada.",
            "Dieses Angebot gilt nicht mehr. Es wurde nichts gebucht.",
            "That offer is over. Nothing was booked.",
        ],
        Line::OfferLeft => [
            "Tudo bem, o horário fica para outra pessoa.",
            "De acuerdo, la hora queda para otra persona.",
            "Alles klar, die Zeit geht an jemand anderen.",
            "All right, the time goes to somebody else.",
        ],
        Line::Stopped => [
            "Pronto: não enviaremos mais lembretes nem avisos. Para voltar a receber, escreva COMEÇAR.",
            "Listo: no te enviaremos más recordatorios ni avisos. Para volver a recibirlos, escribe EMPEZAR.",
            "Erledigt: Du bekommst keine Erinnerungen und Hinweise mehr. Mit START schaltest du sie wieder ein.",
            "Done: no more reminders or notices. Write START to get them again.",
        ],
        Line::Started => [
            "Pronto: você volta a receber lembretes e avisos. Para parar, escreva PARAR.",
            "Listo: vuelves a recibir recordatorios y avisos. Para dejarlos, escribe BAJA.",
            "Erledigt: Du bekommst wieder Erinnerungen und Hinweise. Mit STOPP schaltest du sie ab.",
            "Done: you get reminders and notices again. Write STOP to end them.",
        ],
        Line::Nearest => [
            "Estes horários próximos estão livres:",
            "Estas horas cercanas están libres:",
            "Diese Zeiten in der Nähe sind frei:",
            "These times close by are free:",
        ],
    };
    four(language, texts)
}

/// Where strangers are addressed otherwise.
fn formally(language: Language, line: Line) -> Option<&'static str> {
    Some(match (language, line) {
        (Language::Spanish, Line::Main) => "¿En qué puedo ayudarle?",
        (Language::Spanish, Line::Old) => {
            "Ese menú ya es antiguo y las horas pueden haber cambiado. Aquí tiene uno nuevo."
        }
        (Language::Spanish, Line::NoMine) => "No tiene citas pendientes.",
        (Language::Spanish, Line::Coming) => "¡Perfecto, le esperamos! 👍",
        (Language::Spanish, Line::Stopped) => {
            "Listo: no le enviaremos más recordatorios ni avisos. Para volver a recibirlos, escriba EMPEZAR."
        }
        (Language::Spanish, Line::Started) => {
            "Listo: vuelve a recibir recordatorios y avisos. Para dejarlos, escriba BAJA."
        }
        (Language::German, Line::Main) => "Was kann ich für Sie tun?",
        (Language::German, Line::NoMine) => "Sie haben keine offenen Termine.",
        (Language::German, Line::Coming) => "Vielen Dank, wir freuen uns auf Sie! 👍",
        (Language::German, Line::Stopped) => {
            "Erledigt: Sie bekommen keine Erinnerungen und Hinweise mehr. Mit START schalten Sie sie wieder ein."
        }
        (Language::German, Line::Started) => {
            "Erledigt: Sie bekommen wieder Erinnerungen und Hinweise. Mit STOPP schalten Sie sie ab."
        }
        _ => return None,
    })
}

/// What the question is whether a booking shall be moved to a start; the booking stands above it.
pub fn move_to(language: Language, at: &Zoned) -> String {
    let moment = language.moment(at);
    match language {
        Language::Portuguese => format!("Novo horário: {moment}\nRemarcar?"),
        Language::Spanish => format!("Nueva hora: {moment}\n¿Cambiar la cita?"),
        Language::German => format!("Neue Zeit: {moment}\nTermin verschieben?"),
        Language::English => format!("New time: {moment}\nMove the appointment?"),
    }
}

/// A person who was asked for does not do these services.
pub fn does_not(language: Language, name: &str, services: &str) -> String {
    match language {
        Language::Portuguese => format!("{name} não faz: {services}."),
        Language::Spanish => format!("{name} no hace: {services}."),
        Language::German => format!("{name} bietet das nicht an: {services}."),
        Language::English => format!("{name} does not do: {services}."),
    }
}

/// A day in a row: `ter, 17/11`, `Di, 17.11.`, `Tue, 17 Nov`.
pub fn short_day(language: Language, day: Date) -> String {
    const WEEKDAYS: [[&str; 7]; 4] = [
        ["seg", "ter", "qua", "qui", "sex", "sáb", "dom"],
        ["lun", "mar", "mié", "jue", "vie", "sáb", "dom"],
        ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"],
        ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    ];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let of = |names: &[&'static str; 7]| {
        names
            .get(usize::from(day.weekday().to_monday_zero_offset().unsigned_abs()))
            .copied()
            .unwrap_or_default()
    };
    let [portuguese, spanish, german, english] = &WEEKDAYS;
    let (date, month) = (day.day(), day.month());
    match language {
        Language::Portuguese => format!("{}, {date:02}/{month:02}", of(portuguese)),
        Language::Spanish => format!("{}, {date:02}/{month:02}", of(spanish)),
        Language::German => format!("{}, {date:02}.{month:02}.", of(german)),
        Language::English => {
            let month =
                MONTHS.get(usize::from(month.unsigned_abs()).saturating_sub(1)).copied().unwrap_or("");
            format!("{}, {date} {month}", of(english))
        }
    }
}

/// A moment in a row, at most 24 characters: `ter, 17/11 · 10:00`.
pub fn short_moment(language: Language, at: &Zoned) -> String {
    format!("{} · {}", short_day(language, at.date()), time(at))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TITLES: [Title; 19] = [
        Title::Book,
        Title::Mine,
        Title::Person,
        Title::Menu,
        Title::More,
        Title::Anyone,
        Title::OtherDay,
        Title::OtherTime,
        Title::Confirm,
        Title::Move,
        Title::Cancel,
        Title::YesCancel,
        Title::YesMove,
        Title::Keep,
        Title::Morning,
        Title::Afternoon,
        Title::Evening,
        Title::Choose,
        Title::Also,
    ];

    #[test]
    fn titles_fit_on_a_button_and_days_in_a_row() {
        for language in Language::ALL {
            for one in TITLES {
                assert!(title(language, one).encode_utf16().count() <= 20, "{one:?} {language:?}");
            }
            for day in 1..=28 {
                let at = date(2026, 11, day).at(20, 15, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
                assert!(short_moment(language, &at).encode_utf16().count() <= 24);
            }
        }
    }

    #[test]
    fn days_are_short_in_the_customers_way() {
        let day = date(2026, 11, 17);
        let all = Language::ALL.map(|language| short_day(language, day));
        assert_eq!(all, ["ter, 17/11", "mar, 17/11", "Di, 17.11.", "Tue, 17 Nov"]);
    }
}
