//! Sentences of a turn that code writes in the assistant's place.

use mcp_tenant::words::Language;

use Language::{English, German, Portuguese, Spanish};

/// What a message was that the assistant cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unreadable {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A file.
    Document,
    /// A sticker.
    Sticker,
    /// A place.
    Location,
    /// Somebody's contact.
    Contact,
    /// An order from a catalogue.
    Order,
    /// A voice note without words, or one that cannot be listened to now.
    Voice,
    /// A voice note that is too long.
    LongVoice,
    /// Something the channel itself does not hand on.
    Other,
}

/// Said to what cannot be read: what it was, and what to do instead. `formal`: as among strangers.
pub fn unreadable(language: Language, formal: bool, what: Unreadable) -> String {
    let what = match (language, what) {
        (Portuguese, Unreadable::Image) => "Recebi a sua imagem, mas não consigo ver fotos.",
        (Portuguese, Unreadable::Video) => "Recebi o seu vídeo, mas não consigo assistir a vídeos.",
        (Portuguese, Unreadable::Document) => "Recebi o seu arquivo, mas não consigo abrir arquivos.",
        (Portuguese, Unreadable::Sticker) => "Figurinha recebida 😊",
        (Portuguese, Unreadable::Location) => "Recebi a sua localização, mas não preciso dela por aqui.",
        (Portuguese, Unreadable::Contact) => "Recebi o contato, mas não consigo usá-lo por aqui.",
        (Portuguese, Unreadable::Order) => "Não recebo pedidos do catálogo por aqui; eu cuido da agenda.",
        (Portuguese, Unreadable::Voice) => "Desculpe, não consegui entender o seu áudio.",
        (Portuguese, Unreadable::LongVoice) => "Desculpe, o seu áudio é longo demais para mim.",
        (Portuguese, Unreadable::Other) => "Recebi a sua mensagem, mas não consigo ler esse formato.",
        (Spanish, Unreadable::Image) => "Recibí la imagen, pero no puedo ver fotos.",
        (Spanish, Unreadable::Video) => "Recibí el video, pero no puedo ver videos.",
        (Spanish, Unreadable::Document) => "Recibí el archivo, pero no puedo abrir archivos.",
        (Spanish, Unreadable::Sticker) => "¡Sticker recibido! 😊",
        (Spanish, Unreadable::Location) => "Recibí la ubicación, pero aquí no la necesito.",
        (Spanish, Unreadable::Contact) => "Recibí el contacto, pero aquí no puedo usarlo.",
        (Spanish, Unreadable::Order) => "Por aquí no recibo pedidos del catálogo; me ocupo de las citas.",
        (Spanish, Unreadable::Voice) => "Perdón, no pude entender el audio.",
        (Spanish, Unreadable::LongVoice) => "Perdón, el audio es demasiado largo para mí.",
        (Spanish, Unreadable::Other) => "Recibí el mensaje, pero no puedo leer ese formato.",
        (German, Unreadable::Image) => "Danke für das Bild, ich kann aber leider keine Fotos ansehen.",
        (German, Unreadable::Video) => "Danke für das Video, ich kann aber leider keine Videos ansehen.",
        (German, Unreadable::Document) => "Danke für die Datei, ich kann aber leider keine Dateien öffnen.",
        (German, Unreadable::Sticker) => "Netter Sticker 😊",
        (German, Unreadable::Location) => "Danke für den Standort, den brauche ich hier aber nicht.",
        (German, Unreadable::Contact) => "Danke für den Kontakt, damit kann ich hier aber nichts anfangen.",
        (German, Unreadable::Order) => {
            "Bestellungen aus dem Katalog nehme ich hier nicht an; ich kümmere mich um Termine."
        }
        (German, Unreadable::Voice) => "Entschuldigung, die Sprachnachricht konnte ich nicht verstehen.",
        (German, Unreadable::LongVoice) => "Entschuldigung, die Sprachnachricht ist für mich zu lang.",
        (German, Unreadable::Other) => {
            "Die Nachricht ist angekommen, aber dieses Format kann ich nicht lesen."
        }
        (English, Unreadable::Image) => "I got your picture, but I can't look at photos.",
        (English, Unreadable::Video) => "I got your video, but I can't watch videos.",
        (English, Unreadable::Document) => "I got your file, but I can't open files.",
        (English, Unreadable::Sticker) => "Nice sticker 😊",
        (English, Unreadable::Location) => "I got your location, but I don't need it here.",
        (English, Unreadable::Contact) => "I got the contact, but I can't use it here.",
        (English, Unreadable::Order) => "I can't take catalogue orders here; I look after appointments.",
        (English, Unreadable::Voice) => "Sorry, I couldn't understand your voice message.",
        (English, Unreadable::LongVoice) => "Sorry, your voice message is too long for me.",
        (English, Unreadable::Other) => "I got your message, but I can't read this kind of message.",
    };
    let instead = match language {
        Spanish if formal => "¿Me escribe en un texto lo que necesita?",
        Portuguese => "Pode me escrever em texto o que você precisa?",
        Spanish => "¿Me escribes en un texto lo que necesitas?",
        German => "Worum geht es? Eine kurze Textnachricht genügt.",
        English => "Could you write to me what you need?",
    };
    format!("{what} {instead}")
}

/// The longest part of a voice note that an answer repeats, in characters.
const REPEATED: usize = 160;

/// What an answer to a voice note begins with: the words that were understood.
pub fn heard(words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = words.chars().take(REPEATED).collect();
    let cut = if shown.len() < words.len() { "…" } else { "" };
    format!("🎙️ “{}{cut}”", shown.trim_end())
}

/// Said when a person of the business was told and will answer here.
pub fn handed_over(language: Language) -> &'static str {
    match language {
        Portuguese => "Avisei a equipe: uma pessoa vai responder por aqui assim que puder.",
        Spanish => "He avisado al equipo: una persona responderá por aquí en cuanto pueda.",
        German => "Das Team weiß Bescheid: Hier antwortet ein Mensch, sobald es geht.",
        English => "I've told the team: a person will answer here as soon as they can.",
    }
}

/// Said when the owner cannot be reached now: the message waits for them, and the assistant goes on. `contact` is the way
/// to a person.
pub fn message_left(language: Language, contact: &str) -> String {
    let left = match language {
        Portuguese => "Deixei o seu recado para a equipe, mas não consigo avisá-la neste momento.",
        Spanish => "He dejado el recado para el equipo, pero ahora mismo no puedo avisarle.",
        German => "Die Nachricht für das Team liegt bereit, im Moment ist dort aber niemand zu erreichen.",
        English => "I've left your message for the team, but I can't reach them right now.",
    };
    let on = match language {
        Portuguese => "Enquanto isso, continuo por aqui.",
        Spanish => "Mientras tanto, sigo por aquí.",
        German => "Bis dahin geht es hier mit mir weiter.",
        English => "Meanwhile, I'm still here.",
    };
    format!("{left} {contact} {on}")
}

/// What the owner reads of a customer who asked for a person while the owner could not be reached.
pub fn wanted_a_person(language: Language, who: &str, why: Option<&str>) -> String {
    let why = why.map(|why| format!("\n“{why}”")).unwrap_or_default();
    match language {
        Portuguese => format!("🙋 {who} pediu para falar com uma pessoa.{why}\nPor favor, entre em contato."),
        Spanish => format!("🙋 {who} pidió hablar con una persona.{why}\nPor favor, ponte en contacto."),
        German => format!("🙋 {who} wollte mit einem Menschen sprechen.{why}\nBitte melden."),
        English => format!("🙋 {who} asked to talk to a person.{why}\nPlease get in touch."),
    }
}

/// What the owner reads when a customer asks for a person.
pub fn wants_a_person(language: Language, who: &str, why: Option<&str>) -> String {
    let why = why.map(|why| format!("\n“{why}”")).unwrap_or_default();
    match language {
        Portuguese => {
            format!("🙋 {who} quer falar com uma pessoa.{why}\nO assistente fica em silêncio nessa conversa.")
        }
        Spanish => {
            format!(
                "🙋 {who} quiere hablar con una persona.{why}\nEl asistente guarda silencio en esa conversación."
            )
        }
        German => {
            format!(
                "🙋 {who} möchte mit einem Menschen sprechen.{why}\nDer Assistent schweigt in diesem Gespräch."
            )
        }
        English => {
            format!("🙋 {who} would like to talk to a person.{why}\nThe assistant is silent in that chat.")
        }
    }
}

/// What the owner reads when a customer's message could not be answered within the channel's 24 hours.
pub fn went_unanswered(language: Language, who: &str) -> String {
    match language {
        Portuguese => format!(
            "⚠️ Uma mensagem de {who} chegou com mais de um dia de atraso e não pôde ser respondida. Por favor, entre em contato."
        ),
        Spanish => format!(
            "⚠️ Un mensaje de {who} llegó con más de un día de retraso y no se pudo responder. Por favor, ponte en contacto."
        ),
        German => format!(
            "⚠️ Eine Nachricht von {who} kam über einen Tag zu spät an und konnte nicht beantwortet werden. Bitte melden."
        ),
        English => format!(
            "⚠️ A message from {who} arrived more than a day late and could not be answered. Please get in touch."
        ),
    }
}

/// What the owner reads once on a day whose budget is nearly used up.
pub fn budget_nearly_used(language: Language, percent: u64) -> String {
    match language {
        Portuguese => format!(
            "📊 {percent}% do orçamento de hoje do assistente já foi usado. Quando acabar, ele atende por menus até amanhã."
        ),
        Spanish => format!(
            "📊 Ya se usó el {percent}% del presupuesto de hoy del asistente. Cuando se acabe, atenderá con menús hasta mañana."
        ),
        German => format!(
            "📊 {percent} % des heutigen Budgets des Assistenten sind verbraucht. Danach antwortet er bis morgen mit Menüs."
        ),
        English => format!(
            "📊 {percent}% of today's budget of the assistant is used. When it is used up, menus answer until tomorrow."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_that_cannot_be_read_gets_a_sentence_in_every_language() {
        let all = [
            Unreadable::Image,
            Unreadable::Video,
            Unreadable::Document,
            Unreadable::Sticker,
            Unreadable::Location,
            Unreadable::Contact,
            Unreadable::Order,
            Unreadable::Voice,
            Unreadable::LongVoice,
            Unreadable::Other,
        ];
        let mut seen = std::collections::BTreeSet::new();
        for language in Language::ALL {
            for what in all {
                assert!(
                    seen.insert(unreadable(language, false, what)),
                    "{language:?} {what:?} repeats another"
                );
            }
        }
    }

    #[test]
    fn a_long_voice_note_is_repeated_in_part() {
        assert_eq!(heard(" quero \n um corte "), "🎙️ “quero um corte”");
        let long = heard(&"ã".repeat(500));
        assert!(long.ends_with("…”") && long.chars().count() < 180, "{long}");
    }
}
