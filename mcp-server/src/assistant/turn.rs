//! One turn: from a burst of messages to what is to be committed.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    StoreError,
    booking::{BookedFor, BookingOutcome, BookingRow},
    outbox::NewOutgoing,
    turn::{ClaimedTurn, Effect, TurnResult},
};
use mcp_tenant::{Profile, slots::Calendar};
use serde_json::{Value, json};

use super::{
    gemini::{Ask, Call, Gemini, GeminiError, Reply},
    guard, history, prompt, tools,
};
use crate::{
    booking::{self, Desk, Principal, Wish},
    status::{Dependency, StatusBoard},
    words::Language,
};

/// Why a turn could not be finished now.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// The model cannot be asked.
    #[error(transparent)]
    Model(#[from] GeminiError),
    /// The model took too long.
    #[error("finish the turn within {} seconds", DEADLINE.as_secs())]
    TooLong,
    /// The profile's zone is unknown; a profile is checked before it is used.
    #[error("resolve the business's time zone")]
    Zone(#[from] jiff::Error),
    /// The database failed.
    #[error("read the customer's bookings")]
    Store(#[from] StoreError),
}

/// A turn's whole time with the model; WhatsApp's typing indicator ends at 25 s.
const DEADLINE: Duration = Duration::from_secs(20);
/// Calls of the model in one turn.
const MOST_CALLS: usize = 6;
/// Longest text the assistant reads of one burst, in characters.
const LONGEST_BURST: usize = 4000;
/// Longest text that is sent; Meta allows 4096.
const LONGEST_ANSWER: usize = 4000;
/// A burst older than this is answered by code, which says so.
const LATE: SignedDuration = SignedDuration::from_hours(2);
/// The customer service window: after it only templates may be sent.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// What a turn works with.
pub struct Assistant {
    /// What can be booked.
    pub desk: Arc<Desk>,
    /// The model.
    pub gemini: Gemini,
    /// What is known of the model.
    pub board: Arc<StatusBoard>,
}

/// Renders what a customer reads, and what joins the history, from what came of a staged booking.
pub type Render = Box<dyn Fn(&BookingOutcome) -> (NewOutgoing, Vec<Value>) + Send + Sync>;

/// A turn ready to be committed, with what renders its outcome.
pub struct Decided {
    /// To commit.
    pub result: TurnResult,
    /// Renders the outcome of a staged booking.
    pub render: Render,
}

impl Assistant {
    /// Decides a turn. Nothing is written.
    pub async fn decide(&self, turn: &ClaimedTurn) -> Result<Decided, TurnError> {
        let loaded = self.desk.profile();
        let profile = &loaded.profile;
        let now = self.desk.clock.now();
        let language = Language::of(profile);
        let newest = newest(turn);
        if age(newest, now) > WINDOW {
            let reason = "the messages are older than a day: only a template may answer them".to_owned();
            return Ok(plain(Effect::GiveUp { answer: None, reason }, Vec::new()));
        }
        let burst = burst(turn);
        if burst.is_empty() {
            return Ok(self.without_text(turn, language));
        }
        if age(newest, now) > LATE {
            return Ok(self.by_code(&burst, &language.late_answer(&language.person(profile))));
        }
        let decided = tokio::time::timeout(DEADLINE, self.with_model(turn, profile, now, &burst)).await;
        let decided = decided.unwrap_or(Err(TurnError::TooLong));
        let outcome = match &decided {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        };
        self.board.report(Dependency::Gemini, self.desk.clock.now(), outcome);
        decided
    }

    /// The last resort for a burst whose turns failed: an honest text with the way to a person.
    pub fn give_up(&self, turn: &ClaimedTurn, reason: &str) -> Decided {
        let loaded = self.desk.profile();
        let language = Language::of(&loaded.profile);
        let text = language.cannot_answer(&language.person(&loaded.profile));
        let burst = burst(turn);
        // Gemini refuses an empty text in a history.
        let contents =
            if burst.is_empty() { Vec::new() } else { vec![history::user(&burst), history::model(&text)] };
        let in_window = age(newest(turn), self.desk.clock.now()) <= WINDOW;
        let answer = in_window.then(|| self.message(&text));
        plain(Effect::GiveUp { answer, reason: reason.to_owned() }, contents)
    }

    /// A person answers: the assistant does not.
    pub fn stay_silent(&self) -> Decided {
        plain(Effect::Silence, Vec::new())
    }

    fn without_text(&self, turn: &ClaimedTurn, language: Language) -> Decided {
        const SILENT: [&str; 4] = ["reaction", "system", "revoke", "edit"];
        if turn.messages.iter().all(|m| SILENT.contains(&m.kind.as_str())) {
            return plain(Effect::Silence, Vec::new());
        }
        plain(Effect::Answer(self.message(language.only_text())), Vec::new())
    }

    fn by_code(&self, burst: &str, text: &str) -> Decided {
        plain(Effect::Answer(self.message(text)), vec![history::user(burst), history::model(text)])
    }

    fn message(&self, text: &str) -> NewOutgoing {
        let body: String = text.chars().take(LONGEST_ANSWER).collect();
        NewOutgoing::answer(self.desk.ids.id(), json!({"type": "text", "text": {"body": body}}))
    }

    async fn with_model(
        &self,
        turn: &ClaimedTurn,
        profile: &Profile,
        now: Timestamp,
        burst: &str,
    ) -> Result<Decided, TurnError> {
        let principal = Principal::Customer(turn.conversation.customer_id);
        let local = Calendar::new(profile)?.local(now);
        let standing = self.standing(turn, profile, now).await?;
        let system = prompt::system(profile, &standing, &local);
        let mut fresh = vec![history::user(burst)];
        let mut ask = Ask {
            contents: history::whole(turn.history.clone()),
            tools: tools::declarations(profile),
            may_call: true,
            system,
        };
        let mut past = ask.contents.len();
        ask.contents.extend(fresh.clone());
        let mut results: Vec<String> = Vec::new();
        let mut strikes = 0;
        for round in 1..=MOST_CALLS {
            ask.may_call = round < MOST_CALLS;
            let reply = match self.gemini.ask(&ask).await {
                // Thought signatures of another model or key are refused for ever: better to forget than to be silent.
                Err(GeminiError::Refused(why)) if past > 0 => {
                    tracing::warn!(why, "the model refuses the history; the turn goes on without it");
                    ask.contents.drain(..past);
                    past = 0;
                    self.gemini.ask(&ask).await?
                }
                other => other?,
            };
            match reply {
                Reply::Calls { calls, content } => {
                    let (answers, staged) = self.run(&principal, &calls).await;
                    ask.contents.push(content.clone());
                    fresh.push(content);
                    if let Some(staged) = staged {
                        return Ok(self.staged(turn, fresh, answers, staged).await);
                    }
                    let answers: Vec<(Call, Value)> =
                        answers.into_iter().filter_map(|(c, v)| Some((c, v?))).collect();
                    results.extend(answers.iter().map(|(_, value)| value.to_string()));
                    let response = history::results(&answers);
                    ask.contents.push(response.clone());
                    fresh.push(response);
                }
                Reply::Text { text, content } => {
                    let mut given: Vec<&str> = results.iter().map(String::as_str).collect();
                    given.push(&ask.system);
                    let given = guard::Given { sources: &given, asked: burst, standing: &standing };
                    match guard::check(&text, &given) {
                        Ok(()) => {
                            fresh.push(content);
                            return Ok(plain(Effect::Answer(self.message(&text)), fresh));
                        }
                        Err(lie) => {
                            tracing::warn!(lie = %lie, strikes, "the model's text is not sent");
                            ask.contents.push(content);
                            ask.contents.push(history::user(&format!(
                                "[system] This text was not sent: {lie}. Answer again using only results of this turn; to book, call the function."
                            )));
                            strikes += 1;
                        }
                    }
                }
                Reply::Nothing(reason) => {
                    tracing::warn!(reason, strikes, "the model answered nothing usable");
                    strikes += 1;
                }
            }
            if strikes >= 2 {
                break;
            }
        }
        let language = Language::of(profile);
        let text = language.cannot_answer(&language.person(profile));
        fresh.push(history::model(&text));
        Ok(plain(Effect::Answer(self.message(&text)), close(fresh)))
    }

    /// The customer's committed appointments, one per line, empty where there is none.
    async fn standing(
        &self,
        turn: &ClaimedTurn,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<String, TurnError> {
        let calendar = Calendar::new(profile)?;
        let language = Language::of(profile);
        let rows = self.desk.store.open_of(turn.conversation.customer_id, now).await?;
        let line = |row: &BookingRow| {
            let b = &row.booking;
            let at = language.moment(&calendar.local(b.start()));
            let (services, staff) = (b.service_names(), b.staff_names());
            format!("- {services} / {staff}: {at} ({}, {})", b.state.as_str(), b.reference)
        };
        Ok(rows.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// Runs reading calls; the first writing call is staged and has no result yet.
    async fn run(
        &self,
        principal: &Principal,
        calls: &[Call],
    ) -> (Vec<(Call, Option<Value>)>, Option<tools::Staged>) {
        let mut staged = None;
        let mut answers = Vec::with_capacity(calls.len());
        for call in calls {
            let result = if call.name != tools::BOOK {
                Some(tools::read(&self.desk, principal, &call.name, &call.args).await)
            } else if staged.is_some() {
                Some(tools::error("conflict", "one booking at a time: book the next one in the next turn"))
            } else {
                match tools::stage(&self.desk, principal, &call.args) {
                    Ok(effect) => {
                        staged = Some(effect);
                        None
                    }
                    Err(refusal) => Some(refusal),
                }
            };
            answers.push((call.clone(), result));
        }
        (answers, staged)
    }

    async fn staged(
        &self,
        turn: &ClaimedTurn,
        fresh: Vec<Value>,
        answers: Vec<(Call, Option<Value>)>,
        staged: tools::Staged,
    ) -> Decided {
        let sender = &turn.sender;
        let name =
            staged.name.or_else(|| sender.name.clone()).or_else(|| sender.wa_id.clone()).unwrap_or_default();
        let key = turn.messages.first().map_or_else(String::new, |message| format!("turn:{}", message.id));
        let request = self
            .desk
            .request(Wish {
                slot: staged.slot,
                booked_for: BookedFor::Customer(turn.conversation.customer_id),
                customer_name: name,
                idempotency_key: key,
            })
            .await;
        let loaded = self.desk.profile();
        let id = self.desk.ids.id();
        let render = move |outcome: &BookingOutcome| {
            let (text, result) = match outcome {
                BookingOutcome::Booked(row) | BookingOutcome::Changed(row) => {
                    let output = json!({"output": {"booked": true, "reference": row.booking.reference}});
                    (booking::receipt(&loaded.profile, row), output)
                }
                BookingOutcome::Refused(refused) => (
                    booking::refusal(&loaded.profile, refused),
                    tools::error(&refused.code, &refused.message),
                ),
            };
            let answers: Vec<(Call, Value)> = answers
                .iter()
                .map(|(call, value)| (call.clone(), value.clone().unwrap_or_else(|| result.clone())))
                .collect();
            let message = NewOutgoing::answer(id.clone(), json!({"type": "text", "text": {"body": text}}));
            (message, vec![history::results(&answers), history::model(&text)])
        };
        Decided {
            result: TurnResult { history: fresh, language: None, effect: Effect::Book(Box::new(request)) },
            render: Box::new(render),
        }
    }
}

fn plain(effect: Effect, history: Vec<Value>) -> Decided {
    // Only a staged booking has an outcome to render; should a store ask anyway, it is told the truth.
    let render = |_: &BookingOutcome| {
        let message = NewOutgoing::answer(String::new(), json!({"type": "text", "text": {"body": "-"}}));
        (message, Vec::new())
    };
    Decided { result: TurnResult { history, language: None, effect }, render: Box::new(render) }
}

/// What is kept of a turn that ended with a text by code: the customer's words and that text. Calls whose results
/// are missing would break the next request.
fn close(fresh: Vec<Value>) -> Vec<Value> {
    let last = fresh.last().cloned();
    fresh.into_iter().take(1).chain(last).collect()
}

fn newest(turn: &ClaimedTurn) -> Timestamp {
    turn.messages.iter().map(|message| message.sent_at).max().unwrap_or(Timestamp::MIN)
}

fn age(sent: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_since(sent)
}

fn burst(turn: &ClaimedTurn) -> String {
    let texts: Vec<&str> = turn.messages.iter().filter_map(|m| m.text.as_deref()).collect();
    texts.join("\n").chars().take(LONGEST_BURST).collect()
}
