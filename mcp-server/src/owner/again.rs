//! What did not reach the owner is said again: when their window opens, which is when they write anything, and else
//! slowly, where a template can carry it. What is settled meanwhile is not asked any more.

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    Store, StoreError,
    conversation::SERVICE_WINDOW,
    outbox::{NewOutgoing, OutgoingKind, OutgoingState, Unsaid},
};
use serde_json::{Value, json};

use super::{Principal, Step, Tapped, first_owner, person::FirstOwner, principal};
use crate::{booking::Desk, whatsapp::template::FOR_TEMPLATE};

/// With which words the keys of questions to an owner begin: they wait until they are settled.
const QUESTIONS: [&str; 2] = ["approve", "proposal"];
/// Those of news, which grow old.
const TOLD: [&str; 3] = ["handover", "unanswered", "budget"];
/// Both.
const WORDS: [&str; 5] = ["approve", "proposal", "handover", "unanswered", "budget"];
/// Between two tries without a word of the owner.
const SLOWLY: SignedDuration = SignedDuration::from_hours(6);
/// The owner's word has the time of Meta's clock, a failure that of ours.
const CLOCKS: SignedDuration = SignedDuration::from_secs(10);
/// After that long, what asks nothing is left to whoever looks at the dead letters.
const NEWS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// That a day's budget is used up is old the next day.
const TODAY: SignedDuration = SignedDuration::from_hours(24);
/// Messages read at once.
const PAGE: u32 = 100;
/// More are not told apart.
const MANY: u32 = 1000;
/// Beside what a template takes: since when it is tried to say this.
const SINCE: &str = "since";

/// How many messages did not reach the owner, and wait until they do or somebody discards them.
pub async fn waiting(store: &dyn Store) -> Result<u64, StoreError> {
    Ok(store.unsaid(&WORDS, Timestamp::UNIX_EPOCH, 0, MANY).await?.len() as u64)
}

/// Says again what can be said now; returns how many messages. What has grown old is not even read: however much of it
/// lies among the dead letters, it keeps nothing newer from being said.
pub async fn round(desk: &Desk) -> Result<usize, StoreError> {
    let now = desk.clock.now();
    let week = now.saturating_sub(NEWS).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut owner: Option<FirstOwner> = None;
    let mut said = 0;
    for (words, since) in [(QUESTIONS.as_slice(), Timestamp::UNIX_EPOCH), (TOLD.as_slice(), week)] {
        let mut after = 0;
        loop {
            let page = desk.store.unsaid(words, since, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.dead_letter;
            if owner.is_none() {
                owner = first_owner(desk).await?;
            }
            let Some(owner) = &owner else { return Ok(said) };
            for one in &page {
                said += usize::from(say(desk, owner, one).await?);
            }
        }
    }
    Ok(said)
}

async fn say(desk: &Desk, owner: &FirstOwner, one: &Unsaid) -> Result<bool, StoreError> {
    let now = desk.clock.now();
    let Some(was) = desk.store.conversation(one.conversation_id).await? else { return Ok(false) };
    let steps = steps(desk, &principal(was.customer_id), &one.body, now);
    if is_settled(desk, &steps, now).await? {
        match desk.store.discard(one.dead_letter).await {
            Ok(_) | Err(StoreError::NotFound(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    let since = since(one);
    let news = if one.dedupe_key.starts_with("budget:") { TODAY } else { NEWS };
    let over = steps.is_empty() && now.duration_since(since) > news;
    if over || !is_due(owner, one, now) || !owner.is_reached_by(desk, &one.body) {
        return Ok(false);
    }
    let message = NewOutgoing {
        id: desk.ids.id(),
        kind: OutgoingKind::Notice,
        dedupe_key: Some(one.dedupe_key.clone()),
        body: body(desk, owner, one, &steps, since),
    };
    desk.store.say_again(&one.id, owner.conversation.id, &message, now).await
}

/// Once the owner has written since it failed, else slowly; what may have arrived is not said again by the time alone.
fn is_due(owner: &FirstOwner, one: &Unsaid, now: Timestamp) -> bool {
    let wrote = owner.window(now).and_then(|until| until.saturating_sub(SERVICE_WINDOW).ok());
    wrote.is_some_and(|wrote| one.failed_at.duration_since(wrote) <= CLOCKS)
        || (one.state == OutgoingState::Failed && now.duration_since(one.failed_at) >= SLOWLY)
}

fn since(one: &Unsaid) -> Timestamp {
    let kept = one.body[FOR_TEMPLATE][SINCE].as_str();
    kept.and_then(|text| text.parse().ok()).unwrap_or(one.failed_at)
}

/// What the buttons mean, in order.
fn steps(desk: &Desk, who: &Principal, body: &Value, now: Timestamp) -> Vec<Step> {
    let buttons = body["interactive"]["action"]["buttons"].as_array().into_iter().flatten();
    let ids = buttons.filter_map(|button| button["reply"]["id"].as_str());
    ids.filter_map(|id| match Step::read(&desk.refs, who, id, now)? {
        Tapped::Step(step) => Some(step),
        Tapped::Old => None,
    })
    .collect()
}

/// Whether a question is about a booking that is another one by now, or over.
async fn is_settled(desk: &Desk, steps: &[Step], now: Timestamp) -> Result<bool, StoreError> {
    let about = steps.iter().find_map(|step| match step {
        Step::Decide(booking, revision, _)
        | Step::Move(booking, revision, _)
        | Step::Cancel(booking, revision) => Some((booking, *revision)),
        _ => None,
    });
    let Some((booking, revision)) = about else { return Ok(false) };
    let row = desk.store.booking(booking).await?;
    let stands = row
        .is_some_and(|row| row.revision == revision && row.booking.state.stands() && row.booking.end() > now);
    Ok(!stands)
}

/// The same words, with buttons that are the present owner's.
fn body(desk: &Desk, owner: &FirstOwner, one: &Unsaid, steps: &[Step], since: Timestamp) -> Value {
    let (mut body, now) = (one.body.clone(), desk.clock.now());
    let buttons = body.pointer_mut("/interactive/action/buttons").and_then(Value::as_array_mut);
    for (button, step) in buttons.into_iter().flatten().zip(steps) {
        button["reply"]["id"] = json!(step.id(&desk.refs, &owner.principal, now));
    }
    body[FOR_TEMPLATE][SINCE] = json!(since.to_string());
    body
}
