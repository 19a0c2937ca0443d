//! What a burst asks of code.

use mcp_store::turn::{ClaimedTurn, PendingMessage};

use super::phrase::folded;
use crate::whatsapp::message::Incoming;

/// What a burst asks of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A button or a row, by its id.
    Tap(String),
    /// Words, those of every message.
    Words(String),
    /// Nothing that can be read.
    Nothing,
}

/// What may follow a tap without changing it.
const THANKS: [&str; 36] = [
    "obrigado",
    "obrigada",
    "muito obrigado",
    "muito obrigada",
    "valeu",
    "brigado",
    "brigada",
    "obg",
    "vlw",
    "tchau",
    "ate mais",
    "ate amanha",
    "hasta luego",
    "hasta manana",
    "bis dann",
    "bis morgen",
    "tschuss",
    "bye",
    "see you",
    "see you tomorrow",
    "gracias",
    "muchas gracias",
    "danke",
    "vielen dank",
    "dankeschon",
    "thanks",
    "thank you",
    "thx",
    "ty",
    "ok",
    "okay",
    "certo",
    "vale",
    "alles klar",
    "perfeito",
    "perfecto",
];

/// Reads the messages of a turn. The last tap counts, and words before it are what it answers; words after it are a
/// change of mind for somebody who understands them, except thanks.
pub fn read(turn: &ClaimedTurn) -> Said {
    let mut said = Said::Nothing;
    let revoked = |message: &PendingMessage| match Incoming::read(message) {
        Incoming::Revoke { of } => Some(of),
        _ => None,
    };
    let revoked: Vec<String> = turn.messages.iter().filter_map(revoked).collect();
    for message in turn.messages.iter().filter(|message| !revoked.contains(&message.id)) {
        let words = match Incoming::read(message) {
            Incoming::Tap { id, .. } => {
                said = Said::Tap(id);
                continue;
            }
            incoming if !incoming.wants_answer() => continue,
            // The words, read or heard.
            Incoming::Text(text) => message.text.clone().unwrap_or(text),
            _ => match &message.text {
                Some(text) => text.clone(),
                None => continue,
            },
        };
        said = match said {
            Said::Tap(id) if is_thanks(&words) => Said::Tap(id),
            Said::Words(before) => Said::Words(format!("{before}\n{words}")),
            Said::Tap(_) | Said::Nothing => Said::Words(words),
        };
    }
    said
}

/// Whether words thank, or agree, and say nothing else.
pub fn is_thanks(words: &str) -> bool {
    let folded = folded(words);
    folded.is_empty() || THANKS.contains(&folded.as_str())
}
