//! What is said where the assistant cannot answer as it should. `person` is the way to a person
//! ([`super::person::person`]).

use super::Language;

/// Said when a message cannot be answered by the assistant now.
pub fn cannot_answer(language: Language, person: &str) -> String {
    match language {
        Language::Portuguese => format!("Desculpe, não consigo responder agora. {person}"),
        Language::Spanish => format!("Lo siento, ahora mismo no puedo responder. {person}"),
        Language::German => format!("Entschuldigung, ich kann gerade nicht antworten. {person}"),
        Language::English => format!("Sorry, I cannot answer right now. {person}"),
    }
}

/// Said when a message waited for long.
pub fn late_answer(language: Language, person: &str) -> String {
    match language {
        Language::Portuguese => {
            format!("Desculpe a demora: sua mensagem só chegou agora. Ainda posso ajudar? {person}")
        }
        Language::Spanish => {
            format!("Perdón por la demora: el mensaje nos acaba de llegar. ¿Todavía puedo ayudar? {person}")
        }
        Language::German => format!(
            "Entschuldigung für die späte Antwort: Die Nachricht hat uns erst jetzt erreicht. Kann ich noch helfen? {person}"
        ),
        Language::English => {
            format!("Sorry for the delay: your message only reached us now. Can I still help? {person}")
        }
    }
}

/// Said to what is not text.
pub fn only_text(language: Language, formal: bool) -> &'static str {
    match (language, formal) {
        (Language::Portuguese, _) => {
            "Por enquanto só consigo ler mensagens de texto. Pode escrever, por favor?"
        }
        (Language::Spanish, false) => {
            "Por ahora solo puedo leer mensajes de texto. ¿Me lo escribes, por favor?"
        }
        (Language::Spanish, true) => {
            "Por ahora solo puedo leer mensajes de texto. ¿Me lo escribe, por favor?"
        }
        (Language::German, false) => {
            "Im Moment kann ich nur Textnachrichten lesen. Schreibst du es mir bitte?"
        }
        (Language::German, true) => {
            "Im Moment kann ich nur Textnachrichten lesen. Schreiben Sie es mir bitte?"
        }
        (Language::English, _) => "I can only read text messages for now. Could you write it, please?",
    }
}
