//! The model's part of a turn: calls and their results until there is a text that may be sent, or a staged effect.

use jiff::civil::Date;
use mcp_store::{
    StoreError,
    turn::{ClaimedTurn, Effect},
};
use mcp_tenant::words::Language;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    burst::Burst,
    decided::{self, Decided},
    gemini::{Ask, Call, Gemini, GeminiError, Rank, Reply},
    guard, history,
    meter::Meter,
    plain::MenuReason,
    prompt::System,
    staged::{Answers, Stage},
    tools::{self, Ran, Staged, Tools},
};
use crate::{
    booking::{Desk, Principal},
    traces::ToolCall,
};

/// Calls of the model in one turn.
const MOST_STEPS: usize = 6;
/// Functions called at once that are run; a model that calls more is confused.
const MOST_CALLS: usize = 8;
/// A turn with so many answers that cannot be sent goes to the menus.
const STRIKES: usize = 2;

/// One turn with the model.
pub struct Dialogue<'a> {
    /// What can be booked.
    pub desk: &'a Desk,
    /// The models.
    pub gemini: &'a Gemini,
    /// The turn.
    pub turn: &'a ClaimedTurn,
    /// What the customer said.
    pub burst: &'a Burst,
    /// The customer.
    pub principal: &'a Principal,
    /// The language of the conversation.
    pub language: Language,
    /// The system instruction.
    pub system: &'a System,
    /// Of it, what is the profile, as the guard reads it.
    pub told: &'a guard::Reading,
    /// The customer's committed appointments, one per line.
    pub standing: &'a str,
    /// Today at the business.
    pub today: Date,
    /// When the turn must be over.
    pub deadline: Instant,
}

/// How the model's part ended.
pub enum Ended {
    /// With something to commit.
    Decided(Box<Decided>),
    /// Without: menus answer.
    Menu(MenuReason),
}

/// Why it could not be ended.
#[derive(Debug, thiserror::Error)]
pub enum DialogueError {
    /// No model of the chain can be asked.
    #[error(transparent)]
    Model(#[from] GeminiError),
    /// The database failed.
    #[error("read what the answer needs")]
    Store(#[from] StoreError),
}

impl Dialogue<'_> {
    /// Asks the model of this rank; where it cannot be asked, the next ones of the chain from the beginning.
    pub async fn run(&self, mut rank: Rank, meter: &mut Meter) -> Result<Ended, DialogueError> {
        loop {
            match self.with(rank, meter).await {
                Err(DialogueError::Model(error)) if error.is_of_this_model() => {
                    let Some(next) = self.gemini.after(rank) else { return Err(error.into()) };
                    tracing::warn!(%error, "the next model of the chain is asked");
                    rank = next;
                }
                ended => return ended,
            }
        }
    }

    async fn with(&self, rank: Rank, meter: &mut Meter) -> Result<Ended, DialogueError> {
        let Some(said) = self.burst.content() else { return Ok(Ended::Menu(MenuReason::Blocked)) };
        let past = history::whole(self.turn.history.clone());
        // Signatures in the history are those of the preferred model.
        let past = if rank == 0 { past } else { history::portable(&past) };
        let mut talk = Talk { past, fresh: vec![said], asides: Vec::new(), results: Vec::new(), rank };
        let mut strikes = 0;
        for step in 1..=MOST_STEPS {
            match self.ask(&mut talk, step < MOST_STEPS, meter).await? {
                Reply::Calls { calls, content } => {
                    let (answers, staged) = self.run_all(&calls, &talk, meter).await;
                    talk.fresh.push(content);
                    if let Some(staged) = staged {
                        let stage = Stage {
                            desk: self.desk,
                            turn: self.turn,
                            principal: self.principal,
                            language: self.language,
                        };
                        let mut decided = stage.decide(staged, talk.fresh, answers).await?;
                        keep_portable(&mut decided, rank);
                        return Ok(Ended::Decided(Box::new(decided)));
                    }
                    let answers: Vec<(Call, Value)> =
                        answers.into_iter().filter_map(|(call, value)| Some((call, value?))).collect();
                    talk.results.extend(answers.iter().map(|(_, value)| value.to_string()));
                    talk.fresh.push(history::results(&answers));
                    talk.asides.clear();
                }
                Reply::Text { text, content } => match self.check(&text, &talk.results) {
                    Ok(()) => {
                        meter.answer("sent");
                        talk.fresh.push(content);
                        let answer = Effect::Answer(decided::text(self.desk.ids.id(), &text));
                        let mut decided = Decided::plain(answer, talk.fresh);
                        keep_portable(&mut decided, rank);
                        return Ok(Ended::Decided(Box::new(decided)));
                    }
                    Err(lie) => {
                        tracing::warn!(lie = lie.kind(), strikes, "the model's text is not sent");
                        meter.answer("lie");
                        strikes += 1;
                        talk.asides.push(content);
                        talk.asides.push(history::note(&format!(
                            "[system] This text was not sent: {lie}. Answer again using only results of this turn; to book, move or cancel, call the function."
                        )));
                    }
                },
                Reply::Nothing(nothing) => {
                    tracing::warn!(reason = nothing.reason, strikes, "the model answered nothing usable");
                    meter.answer(if nothing.blocked { "blocked" } else { "unusable" });
                    strikes += 1;
                    // What was refused may stand in the past and not in the question.
                    if nothing.blocked {
                        talk.past.clear();
                    }
                }
            }
            if strikes >= STRIKES {
                break;
            }
        }
        Ok(Ended::Menu(MenuReason::Blocked))
    }

    /// One request. A history that is refused (signatures of another model or key are, for ever) is given again in
    /// words alone, then not at all: better to forget than to be silent.
    async fn ask(&self, talk: &mut Talk, may_call: bool, meter: &mut Meter) -> Result<Reply, DialogueError> {
        loop {
            let ask = Ask {
                system: self.system.text(),
                contents: [talk.past.as_slice(), &talk.fresh, &talk.asides].concat(),
                tools: tools::declarations(&self.desk.profile().profile),
                may_call,
            };
            match self.gemini.ask(talk.rank, &ask, self.deadline).await {
                Ok((reply, spent)) => {
                    meter.add(spent);
                    return Ok(reply);
                }
                Err(GeminiError::Refused(why)) if !talk.past.is_empty() => {
                    tracing::warn!(why, "the model refuses the history; the turn goes on with less of it");
                    let words = history::portable(&talk.past);
                    talk.past = if words == talk.past { Vec::new() } else { words };
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Runs all calls of one content, for all of them are answered together. The first writing one is staged.
    async fn run_all(&self, calls: &[Call], talk: &Talk, meter: &mut Meter) -> (Answers, Option<Staged>) {
        let tools = Tools {
            desk: self.desk,
            principal: self.principal,
            customer: self.turn.conversation.customer_id,
            language: self.language,
        };
        let mut staged = None;
        let mut answers = Vec::with_capacity(calls.len());
        for (at, call) in calls.iter().enumerate() {
            let began = self.desk.clock.now();
            let result = if at >= MOST_CALLS {
                Some(tools::error("rate_limited", "too many calls at once: call what is needed first"))
            } else {
                match tools.run(call).await {
                    Ran::Result(result) => Some(result),
                    Ran::Staged(_) if staged.is_some() => Some(tools::error(
                        "conflict",
                        "one change at a time: do the next one in the next turn",
                    )),
                    Ran::Staged(effect) => match self.held_to(effect, calls, talk) {
                        Err(why) => Some(tools::error("conflict", &why)),
                        Ok(effect) => {
                            staged = Some(effect);
                            None
                        }
                    },
                }
            };
            let outcome = match &result {
                None => "staged",
                Some(result) if result.get("error").is_some() => "refused",
                Some(_) => "done",
            };
            let tool = tools::known(&call.name);
            meter.tool(ToolCall { tool, outcome, began, ended: self.desk.clock.now() });
            answers.push((call.clone(), result));
        }
        (answers, staged)
    }

    /// A booking with the person who was looked for; refused where it is by another one of whom the customer has not heard.
    fn held_to(&self, effect: Staged, calls: &[Call], talk: &Talk) -> Result<Staged, String> {
        let Staged::Book { slot, name } = effect else { return Ok(effect) };
        let now = calls.iter().filter(|call| call.name == tools::FIND).map(history::call);
        let contents: Vec<Value> = talk.past.iter().chain(&talk.fresh).cloned().chain(now).collect();
        let slot = tools::held_to(&contents, &self.desk.profile().profile, &slot)?;
        Ok(Staged::Book { slot, name })
    }

    fn check(&self, text: &str, results: &[String]) -> Result<(), guard::Lie> {
        let results: Vec<&str> = results.iter().map(String::as_str).collect();
        let given = guard::Given {
            results: &results,
            profile: Some(self.told),
            present: &self.system.changing,
            asked: &self.burst.text(),
            standing: self.standing,
            today: Some(self.today),
        };
        guard::check(text, &given)
    }
}

/// The contents of one run.
struct Talk {
    /// Of earlier turns.
    past: Vec<Value>,
    /// Of this turn; they join the history.
    fresh: Vec<Value>,
    /// What the model wrote and nobody read, and why; forgotten with the turn.
    asides: Vec<Value>,
    /// Results of this turn, as text.
    results: Vec<String>,
    rank: Rank,
}

/// Another model than the preferred one leaves only words in the history, so that its signatures are never given to
/// the preferred one.
fn keep_portable(decided: &mut Decided, rank: Rank) {
    if rank == 0 {
        return;
    }
    decided.result.history = history::portable(&decided.result.history);
    let render =
        std::mem::replace(&mut decided.render, Box::new(|_| (decided::text(String::new(), "-"), Vec::new())));
    decided.render = Box::new(move |outcome| {
        let (message, contents) = render(outcome);
        (message, history::portable(&contents))
    });
}

/// What is kept of a turn that menus answered: the customer's words before those of the menu.
pub fn with_words(mut decided: Decided, burst: &Burst) -> Decided {
    let history = &mut decided.result.history;
    let begins = history.first().is_some_and(|first| first["role"] == json!("user"));
    if let Some(said) = burst.content().filter(|_| !begins) {
        history.insert(0, said);
    }
    decided
}
