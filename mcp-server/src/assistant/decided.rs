//! A turn ready to be committed.

use mcp_store::{
    booking::BookingOutcome,
    outbox::NewOutgoing,
    turn::{Also, Effect, TurnResult},
};
use serde_json::Value;

use crate::whatsapp::interactive::{self, LONGEST_BODY, LONGEST_TEXT};

/// Renders what a customer reads, and what joins the history, from what came of a staged booking.
pub type Render = Box<dyn Fn(&BookingOutcome) -> (NewOutgoing, Vec<Value>) + Send + Sync>;

/// A turn ready to be committed, with what renders its outcome.
pub struct Decided {
    /// To commit.
    pub result: TurnResult,
    /// Renders the outcome of a staged booking.
    pub render: Render,
}

/// A text message of the channel, cut to the length it allows.
pub fn text(id: String, text: &str) -> NewOutgoing {
    NewOutgoing::answer(id, interactive::text(text))
}

impl Decided {
    /// An effect without a booking.
    pub fn plain(effect: Effect, history: Vec<Value>) -> Self {
        // Only a staged booking has an outcome to render; should a store ask anyway, it is told the truth.
        let render = |_: &BookingOutcome| (text(String::new(), "-"), Vec::new());
        Self { result: TurnResult { history, ..TurnResult::of(effect) }, render: Box::new(render) }
    }

    /// With more to do in the same transaction, before what it does already.
    #[must_use]
    pub fn beside(mut self, also: impl IntoIterator<Item = Also>) -> Self {
        self.result.also.splice(0..0, also);
        self
    }

    /// With words before the answer, whatever the answer is. Where the message has no room for them they are sent as a
    /// message of their own, under this id.
    #[must_use]
    pub fn opening(mut self, words: String, id: String) -> Self {
        match &mut self.result.effect {
            Effect::Answer(message) | Effect::GiveUp { answer: Some(message), .. } => {
                if !prepend(&mut message.body, &words) {
                    self.result.also.push(Also::Say(text(id, &words)));
                }
            }
            Effect::Book(_) | Effect::Change(_) => {
                let render = self.render;
                self.render = Box::new(move |outcome| {
                    let (mut message, history) = render(outcome);
                    prepend(&mut message.body, &words);
                    (message, history)
                });
            }
            Effect::Silence | Effect::GiveUp { answer: None, .. } => {}
        }
        self
    }

    /// Whether the customer gets something to read.
    pub fn speaks(&self) -> bool {
        !matches!(self.result.effect, Effect::Silence | Effect::GiveUp { answer: None, .. })
    }

    /// Whether a person takes over with it.
    pub fn hands_over(&self) -> bool {
        self.result.also.iter().any(|also| matches!(also, Also::Takeover { .. }))
    }

    /// Messages the commit writes for this conversation.
    pub fn messages(&self) -> u64 {
        let said = self.result.also.iter().filter(|also| matches!(also, Also::Say(_))).count();
        u64::from(self.speaks()) + said as u64
    }
}

/// Puts words before the text of a message; says whether there was room.
fn prepend(body: &mut Value, words: &str) -> bool {
    let (pointer, most) = match body["type"].as_str() {
        Some("text") => ("/text/body", LONGEST_TEXT),
        Some("interactive") => ("/interactive/body/text", LONGEST_BODY),
        _ => return false,
    };
    let Some(field) = body.pointer_mut(pointer) else { return false };
    let joined = format!("{words}\n\n{}", field.as_str().unwrap_or_default());
    let room = joined.encode_utf16().count() <= most;
    if room {
        *field = Value::String(joined);
    }
    room
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(body: Value) -> Decided {
        Decided::plain(Effect::Answer(NewOutgoing::answer("1", body)), Vec::new())
    }

    fn body(decided: &Decided) -> &Value {
        match &decided.result.effect {
            Effect::Answer(message) => &message.body,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn words_before_an_answer_join_it_where_there_is_room() {
        let list =
            |length| json!({"type": "interactive", "interactive": {"body": {"text": "x".repeat(length)}}});
        let joined = answer(list(100)).opening("Aviso".into(), "2".into());
        assert!(body(&joined)["interactive"]["body"]["text"].as_str().unwrap().starts_with("Aviso\n\nx"));
        assert_eq!(joined.messages(), 1);
        let apart = answer(list(1020)).opening("Aviso".into(), "2".into());
        assert_eq!(body(&apart)["interactive"]["body"]["text"].as_str().unwrap().len(), 1020);
        assert_eq!((apart.messages(), apart.result.also.len()), (2, 1));
        let silent = Decided::plain(Effect::Silence, Vec::new()).opening("Aviso".into(), "2".into());
        assert_eq!(silent.messages(), 0);
    }
}
