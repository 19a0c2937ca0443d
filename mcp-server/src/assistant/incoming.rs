//! What a received message asks of a turn.

use mcp_store::turn::PendingMessage;

use crate::{
    whatsapp::message::{Incoming, Voice},
    words::turn::Unreadable,
};

/// What a received message asks of a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Asks {
    /// Words: a text, the title of what was tapped, what stands under a picture.
    Words(String),
    /// To be listened to.
    Voice(Voice),
    /// Something without words.
    Unreadable(Unreadable),
    /// To note the customer's own number, which was asked for.
    Phone(String),
    /// To forget an earlier message.
    Revoke {
        /// Meta's id of it.
        of: String,
    },
    /// To take an earlier message as it is now.
    Edit {
        /// Meta's id of it.
        of: String,
        /// Its words now.
        text: Option<String>,
    },
    /// Nothing: a reaction, a note of the channel.
    Nothing,
}

/// Reads a message.
pub fn read(message: &PendingMessage) -> Asks {
    let captioned = |caption: Option<String>, what| caption.map_or(Asks::Unreadable(what), Asks::Words);
    match Incoming::read(message) {
        Incoming::Text(text) => Asks::Words(text),
        Incoming::Tap { title, id } => Asks::Words(if title.is_empty() { id } else { title }),
        Incoming::Voice(voice) => match &message.text {
            // Listened to in an earlier turn.
            Some(heard) => Asks::Words(heard.clone()),
            None => Asks::Voice(voice),
        },
        Incoming::Image { caption } => captioned(caption, Unreadable::Image),
        Incoming::Video { caption } => captioned(caption, Unreadable::Video),
        Incoming::Document { caption, .. } => captioned(caption, Unreadable::Document),
        Incoming::Sticker => Asks::Unreadable(Unreadable::Sticker),
        Incoming::Location { .. } => Asks::Unreadable(Unreadable::Location),
        Incoming::Contacts { mut phones, requested } if requested && !phones.is_empty() => {
            Asks::Phone(phones.swap_remove(0))
        }
        Incoming::Contacts { .. } => Asks::Unreadable(Unreadable::Contact),
        Incoming::Order { .. } => Asks::Unreadable(Unreadable::Order),
        Incoming::Revoke { of } => Asks::Revoke { of },
        Incoming::Edit { of, text } => Asks::Edit { of, text },
        Incoming::Reaction { .. } | Incoming::System => Asks::Nothing,
        Incoming::Unsupported { .. } => Asks::Unreadable(Unreadable::Other),
    }
}
