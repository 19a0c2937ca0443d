//! From a staged effect to a turn to commit. What the customer reads of it is rendered from what came of it.

use mcp_store::{
    StoreError,
    booking::BookingOutcome,
    turn::{Also, ClaimedTurn, Effect, TurnResult},
};
use mcp_tenant::words::Language;
use serde_json::{Value, json};

use super::{
    decided::{self, Decided, Render},
    gemini::Call,
    handover::hand_over,
    history,
    tools::{self, Staged},
};
use crate::{
    booking::{Desk, Principal, SlotRef, Wish},
    words::{
        receipt::{moved, receipt, waitlisted},
        refusal::{Tried, refusal, refusal_of},
    },
};

/// The calls of the model's last content, with the results of those that have one already. The staged one has its
/// result when it has happened.
pub type Answers = Vec<(Call, Option<Value>)>;

/// Who acts, in which turn and language.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    /// What can be booked.
    pub desk: &'a Desk,
    /// The turn.
    pub turn: &'a ClaimedTurn,
    /// The customer.
    pub principal: &'a Principal,
    /// The language of what the customer reads.
    pub language: Language,
}

impl Stage<'_> {
    /// The turn that commits a staged effect. `fresh` are the contents that join the history before its result.
    pub async fn decide(
        &self,
        staged: Staged,
        fresh: Vec<Value>,
        answers: Answers,
    ) -> Result<Decided, StoreError> {
        let desk = self.desk;
        let asked = match &staged {
            Staged::Book { slot, .. } => Some(slot.clone()),
            _ => None,
        };
        let (effect, tried) = match staged {
            Staged::Book { slot, name } => {
                let sender = &self.turn.sender;
                let name = name.or_else(|| sender.name.clone()).or_else(|| sender.wa_id.clone());
                let (customer, name) = (self.turn.conversation.customer_id, name.unwrap_or_default());
                let wish = Wish::of_customer(customer, slot, name, self.key("book"));
                (Effect::Book(Box::new(desk.request(wish).await)), Tried::Book)
            }
            Staged::Move { booking_id, slot } => {
                let request = desk.relocate(self.principal, &booking_id, slot, self.key("move")).await;
                (Effect::Change(Box::new(request)), Tried::Move)
            }
            Staged::Cancel { booking_id, reason } => {
                let request = desk.cancel(self.principal, &booking_id, self.key("cancel"), reason);
                (Effect::Change(Box::new(request)), Tried::Cancel)
            }
            Staged::Wait(waiting) => {
                let loaded = desk.profile();
                let text = waitlisted(&loaded.profile, self.language, &waiting.service, &waiting.span);
                let output = json!({"output": {"waiting": true}});
                return Ok(self.said(&text, fresh, &answers, &output).beside([Also::Wait(waiting.wait)]));
            }
            Staged::HandOver { reason } => {
                let handed = hand_over(desk, self.turn, self.language, reason.as_deref()).await?;
                let output = json!({"output": {"handed_over": handed.is_taken_over()}});
                return Ok(self.said(&handed.text, fresh, &answers, &output).beside(handed.also));
            }
        };
        Ok(Decided {
            result: TurnResult { history: fresh, ..TurnResult::of(effect) },
            render: self.render(answers, tried, asked),
        })
    }

    /// One effect of a turn has one key: a repeat of the turn gets the first one's outcome.
    fn key(&self, what: &str) -> String {
        let first = self.turn.messages.first().map_or("", |message| message.id.as_str());
        format!("turn:{first}:{what}")
    }

    /// A text by code about something that is committed with it.
    fn said(&self, text: &str, mut fresh: Vec<Value>, answers: &Answers, output: &Value) -> Decided {
        fresh.extend(closing(answers, output, text));
        Decided::plain(Effect::Answer(decided::text(self.desk.ids.id(), text)), fresh)
    }

    fn render(&self, answers: Answers, tried: Tried, asked: Option<SlotRef>) -> Render {
        let loaded = self.desk.profile();
        let (id, language) = (self.desk.ids.id(), self.language);
        Box::new(move |outcome: &BookingOutcome| {
            let (text, result) = match outcome {
                BookingOutcome::Booked(row) | BookingOutcome::Changed(row) => {
                    let (state, code) = (row.booking.state.as_str(), &row.booking.reference);
                    let output = json!({"output": {"done": true, "state": state, "code": code}});
                    let tell = if tried == Tried::Move { moved } else { receipt };
                    (tell(&loaded.profile, language, row), output)
                }
                BookingOutcome::Refused(refused) => (
                    match &asked {
                        Some(slot) => refusal_of(&loaded.profile, language, slot, refused),
                        None => refusal(&loaded.profile, language, tried, refused),
                    },
                    tools::error(&refused.code, &refused.message),
                ),
            };
            (decided::text(id.clone(), &text), closing(&answers, &result, &text))
        })
    }
}

/// The results of all calls, the staged one's among them, and what the customer read.
fn closing(answers: &Answers, staged: &Value, text: &str) -> Vec<Value> {
    let results: Vec<(Call, Value)> = answers
        .iter()
        .map(|(call, value)| (call.clone(), value.clone().unwrap_or_else(|| staged.clone())))
        .collect();
    vec![history::results(&results), history::model(text)]
}
