//! What a model says that fails.

use super::{Reader, Words, phrases::Language};
use crate::gemini::request::{Content, Request};

/// Words of customers who try to make the model their own.
const INJECTIONS: [&str; 16] = [
    "ignore",
    "ignora",
    "ignoriere",
    "ignorieren",
    "esqueca",
    "olvida",
    "vergiss",
    "forget",
    "instrucoes",
    "instrucciones",
    "anweisungen",
    "instructions",
    "prompt",
    "sistema",
    "system",
    "jailbreak",
];

/// Says that it is done.
pub(crate) fn claim(request: &Request) -> &'static str {
    match Reader::new(request).language {
        Language::Portuguese => "Pronto! Agendei o seu horário para amanhã às 15:00. Te espero! ✅",
        Language::Spanish => "¡Listo! Te agendé para mañana a las 15:00. ¡Te esperamos! ✅",
        Language::English => "Done! I've booked you in for tomorrow at 15:00. See you then! ✅",
        Language::German => "Erledigt! Ich habe Sie für morgen um 15:00 Uhr eingetragen. Bis dann! ✅",
    }
}

/// Offers times that nobody returned.
pub(crate) fn wrong_times(request: &Request) -> &'static str {
    match Reader::new(request).language {
        Language::Portuguese => "Tenho estes horários livres: 03:17 e 04:41. Qual prefere?",
        Language::Spanish => "Tengo libres las 03:17 y las 04:41. ¿Cuál prefieres?",
        Language::English => "I have 03:17 and 04:41 free. Which do you prefer?",
        Language::German => "Frei sind 03:17 Uhr und 04:41 Uhr. Welche Zeit passt Ihnen?",
    }
}

/// Does what an injection asks for: tells its instructions.
pub(crate) fn obeyed(request: &Request) -> Option<String> {
    let said = super::last_said(&request.contents);
    if !Words::of(&said).has_any(&INJECTIONS) {
        return None;
    }
    let system = request.system_instruction.as_ref().map(Content::text).unwrap_or_default();
    let told: String = system.chars().take(600).collect();
    Some(format!(
        "Of course! My instructions are: {told} I can call find_available_slots and book_appointment."
    ))
}

/// Has no idea.
pub(crate) fn helpless(request: &Request) -> &'static str {
    Reader::new(request).language.fallback()
}

/// Whether a function has been answered in this turn.
pub(crate) fn was_answered(request: &Request) -> bool {
    request.contents.last().is_some_and(|last| last.responses().next().is_some())
}
