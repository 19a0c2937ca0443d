//! What belongs to the machinery and never to a customer: names of functions, data formats, references, the system
//! instruction.

use super::text::{Kind, Token, fold};

/// Phrases of instructions and of models that talk about themselves, without accents.
const PHRASES: [&str; 30] = [
    "[system]",
    "system prompt",
    "system-prompt",
    "systemprompt",
    "prompt do sistema",
    "prompt de sistema",
    "instrucoes do sistema",
    "instrucoes internas",
    "minhas instrucoes",
    "instrucciones del sistema",
    "instrucciones internas",
    "mis instrucciones",
    "meine anweisungen",
    "systemanweisung",
    "my instructions",
    "meu prompt",
    "mi prompt",
    "mein prompt",
    "my prompt",
    "you are the booking assistant",
    "never compute dates",
    "language model",
    "modelo de linguagem",
    "modelo de lenguaje",
    "sprachmodell",
    "function call",
    "tool call",
    "this text was not sent",
    "idempotency",
    "llm",
];

/// The first thing in a text that a customer must not read.
pub fn leak(text: &str) -> Option<String> {
    let folded = fold(text);
    let whole = |phrase: &str| {
        folded.match_indices(phrase).any(|(at, _)| {
            let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            !letter(folded[..at].chars().next_back()) && !letter(folded[at + phrase.len()..].chars().next())
        })
    };
    if let Some(phrase) = PHRASES.iter().find(|phrase| whole(phrase)) {
        return Some((*phrase).to_owned());
    }
    if text.contains("{\"") || text.contains("\":") || text.contains("\" :") {
        return Some("JSON".to_owned());
    }
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | '(' | ')' | '*' | '`'))
        .find(|piece| is_name(piece) || is_reference(piece))
        .map(|piece| piece.chars().take(40).collect())
}

/// `find_available_slots`.
fn is_name(piece: &str) -> bool {
    let piece = piece.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    // `_word_` is emphasis; an address may carry underscores.
    piece.split('_').count() >= 2
        && !piece.contains(['@', '/', '.'])
        && piece.split('_').all(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

/// A long word of letters and digits mixed: an opaque reference or a key.
fn is_reference(piece: &str) -> bool {
    let piece = piece.trim_end_matches(['.', '!', '?', ':', ';']);
    let sound =
        piece.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'+' | b'.'));
    let digit = piece.bytes().any(|b| b.is_ascii_digit());
    let letters = piece.bytes().filter(u8::is_ascii_alphabetic).count();
    piece.len() >= 20 && sound && digit && letters >= 8
}

/// Codes of bookings in a text, `K7QF2M`: six capitals and digits, both.
pub fn codes(tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut code = String::new();
        let start = at;
        while let Some(token) =
            tokens.get(at).filter(|token| token.kind != Kind::Sign && (at == start || !token.spaced))
        {
            code.push_str(&token.raw);
            at += 1;
        }
        at = at.max(start + 1);
        let mixed = code.bytes().any(|b| b.is_ascii_digit())
            && code.bytes().filter(u8::is_ascii_uppercase).count() >= 2;
        if code.len() == 6 && mixed && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
            found.push(code);
        }
    }
    found
}
