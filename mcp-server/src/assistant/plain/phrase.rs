//! Words that need no model: to stop, to start again, for a person, for the menu. Four languages at once, whatever the
//! conversation's language is: who writes STOP means it.

/// What a whole message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// No notices any more.
    Stop,
    /// Notices again.
    Start,
    /// A person, please.
    Person,
    /// The menu.
    Menu,
}

const STOP: [&str; 26] = [
    "stop",
    "stopp",
    "stop all",
    "unsubscribe",
    "opt out",
    "optout",
    "parar",
    "pare",
    "pára",
    "para",
    "para de mandar",
    "sair",
    "sair da lista",
    "descadastrar",
    "remover",
    "baja",
    "darme de baja",
    "dar de baja",
    "alto",
    "salir",
    "no mas avisos",
    "abmelden",
    "abbestellen",
    "austragen",
    "keine erinnerungen",
    "quit",
];
/// A part of a message of few words: more of them say something else besides.
const NO_MORE: [&str; 33] = [
    "parar de receber",
    "parar de mandar",
    "para de mandar",
    "para de me mandar",
    "parem de mandar",
    "parem de me mandar",
    "nao me mande mais",
    "nao me mandem mais",
    "nao mande mais",
    "nao mandem mais",
    "nao quero mais receber",
    "nao quero receber mais",
    "nao quero receber mensagens",
    "no me escriban mas",
    "no me escribas mas",
    "no me manden mas",
    "no me mandes mas",
    "dejen de escribirme",
    "deja de escribirme",
    "dejen de mandar",
    "no quiero recibir mas",
    "schreibt mir nicht mehr",
    "schreib mir nicht mehr",
    "schreiben sie mir nicht mehr",
    "keine nachrichten mehr",
    "hort auf mir zu schreiben",
    "stop texting me",
    "stop messaging me",
    "stop sending",
    "stop writing me",
    "dont text me",
    "dont message me",
    "no more messages",
];
/// So few.
const FEW: usize = 7;
const START: [&str; 12] = [
    "start",
    "unstop",
    "subscribe",
    "comecar",
    "voltar a receber",
    "quero receber",
    "empezar",
    "alta",
    "darme de alta",
    "anmelden",
    "wieder anmelden",
    "starten",
];
const MENU: [&str; 10] = [
    "menu",
    "o menu",
    "el menu",
    "das menu",
    "menue",
    "menu please",
    "opcoes",
    "opciones",
    "optionen",
    "options",
];
/// The whole message.
const PERSON: [&str; 24] = [
    "atendente",
    "humano",
    "pessoa",
    "uma pessoa",
    "um atendente",
    "persona",
    "una persona",
    "un humano",
    "agente",
    "recepcionista",
    "mensch",
    "ein mensch",
    "mitarbeiter",
    "mitarbeiterin",
    "echter mensch",
    "einen menschen",
    "human",
    "a human",
    "agent",
    "person",
    "a person",
    "real person",
    "operator",
    "representative",
];
/// A part of a short message.
const FOR_A_PERSON: [&str; 74] = [
    "falar com uma pessoa",
    "falar com alguem",
    "falar com um humano",
    "falar com atendente",
    "falar com um atendente",
    "falar com uma atendente",
    "falar com a recepcao",
    "falar com o dono",
    "falar com a dona",
    "falar com o gerente",
    "falar com a gerente",
    "falar com o responsavel",
    "falar com a responsavel",
    "fala com alguem",
    "fala c alguem",
    "falar c alguem",
    "fala com uma pessoa",
    "falar c uma pessoa",
    "falar com gente",
    "atendimento humano",
    "pessoa de verdade",
    "quero um atendente",
    "chama um atendente",
    "com um ser humano",
    "hablar con una persona",
    "hablar con alguien",
    "hablar con un humano",
    "hablar con un agente",
    "hablar con el dueno",
    "hablar con la duena",
    "hablar con el encargado",
    "hablar con la encargada",
    "hablar con el gerente",
    "hablar con la gerente",
    "hablar con el jefe",
    "persona real",
    "persona de verdad",
    "atencion humana",
    "con un ser humano",
    "mit einem menschen",
    "mit jemandem sprechen",
    "mit einer person",
    "mit einem mitarbeiter",
    "mit einer mitarbeiterin",
    "mit dem chef sprechen",
    "den chef sprechen",
    "die chefin sprechen",
    "mit der chefin sprechen",
    "mit nem menschen",
    "echten menschen",
    "richtigen menschen",
    "menschen sprechen",
    "mit jemandem reden",
    "a person please",
    "a human please",
    "speak to a person",
    "talk to a person",
    "speak with a person",
    "talk with a person",
    "speak to a human",
    "talk to a human",
    "speak to someone",
    "talk to someone",
    "speak with someone",
    "speak to the manager",
    "talk to the manager",
    "speak to a manager",
    "talk to a manager",
    "get me the manager",
    "speak to the owner",
    "talk to the owner",
    "real person",
    "actual human",
    "human being",
];
/// What turns a wish into its opposite; such a message is for the model.
const NOT: [&str; 12] = [
    "nao",
    "no quiero",
    "sin",
    "nicht",
    "kein",
    "keinen",
    "keine",
    "dont",
    "do not",
    "not",
    "without",
    "nunca",
];
/// Longest message in which a part counts, in words.
const SHORT: usize = 12;

/// A text as it is compared: lower case, without accents, marks and double spaces.
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' => folded.push('a'),
            'é' | 'è' | 'ê' | 'ë' => folded.push('e'),
            'í' | 'ì' | 'î' | 'ï' => folded.push('i'),
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => folded.push('o'),
            'ú' | 'ù' | 'û' | 'ü' => folded.push('u'),
            'ç' => folded.push('c'),
            'ñ' => folded.push('n'),
            'ß' => folded.push_str("ss"),
            // "don't" and "what's" stay one word.
            '\'' | '’' | '\u{300}'..='\u{36f}' => {}
            c if c.is_alphanumeric() || matches!(c, ':' | '/' | '.' | '-') => folded.push(c),
            _ => folded.push(' '),
        }
    }
    let words =
        folded.split_whitespace().map(|word| word.trim_matches(|c| matches!(c, '.' | ':' | '-' | '/')));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether a folded text has these words in this order, as words.
pub fn has(folded: &str, words: &str) -> bool {
    format!(" {folded} ").contains(&format!(" {words} "))
}

/// What a message says, if it says one of these things and nothing else.
pub fn read(text: &str) -> Option<Phrase> {
    let folded = folded(text);
    let bare = folded.trim_end_matches(" por favor").trim_end_matches(" bitte").trim_end_matches(" please");
    let is = |words: &[&str]| words.iter().any(|word| *word == bare || *word == folded);
    let words = folded.split(' ').count();
    if is(&STOP) || (words <= FEW && NO_MORE.iter().any(|words| has(&folded, words))) {
        return Some(Phrase::Stop);
    }
    if is(&START) {
        return Some(Phrase::Start);
    }
    if is(&MENU) {
        return Some(Phrase::Menu);
    }
    let asks = || FOR_A_PERSON.iter().any(|words| has(&folded, words));
    let short = words <= SHORT;
    let denied = NOT.iter().any(|word| has(&folded, word));
    (is(&PERSON) || (short && !denied && asks())).then_some(Phrase::Person)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_four_languages_are_known_in_any_spelling() {
        for text in [
            "STOP",
            "stop.",
            "Parar",
            "PARE!",
            "baja",
            "Abmelden",
            "Darme de baja, por favor",
            " Stopp ",
            "quero parar de receber mensagem",
            "não me mande mais nada",
            "Sair",
            "no me escriban más",
            "Schreibt mir nicht mehr!",
            "stop texting me",
            "Don't message me",
        ] {
            assert_eq!(read(text), Some(Phrase::Stop), "{text}");
        }
        for text in ["START", "Começar", "empezar", "Anmelden"] {
            assert_eq!(read(text), Some(Phrase::Start), "{text}");
        }
        for text in ["menu", "Menú", "MENÜ", "Opções"] {
            assert_eq!(read(text), Some(Phrase::Menu), "{text}");
        }
        for text in [
            "Quero falar com uma pessoa, por favor",
            "atendente",
            "¿Puedo hablar con una persona?",
            "Kann ich bitte mit einem Menschen sprechen?",
            "a person please",
            "I'd like to talk to a human",
            "Mitarbeiter bitte",
            "quero falar com o gerente seus idiotas",
            "quero fala c alguem",
            "quiero hablar con el encargado",
            "ich will den CHEF sprechen",
            "mit nem menschen reden",
            "get me the manager",
        ] {
            assert_eq!(read(text), Some(Phrase::Person), "{text}");
        }
    }

    #[test]
    fn ordinary_sentences_are_the_models() {
        for text in [
            "quero parar de perder tempo, tem horário amanhã?",
            "can I stop by at 3?",
            "para duas pessoas",
            "quero parar de receber mensagem e cancelar meu horário de amanhã",
            "I can't stop sending people to you, any time tomorrow?",
            "para amanhã",
            "salir temprano",
            "a haircut for one person please",
            "cancelar",
            "cancel",
            "não quero falar com um atendente, só marcar",
            "I don't want to talk to a person",
            "quiero empezar el lunes",
            "Termin für eine Person",
            "baja el precio",
            "",
            "🙂",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
