//! Plays one dialogue.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use mcp_server::clock::Clock as _;
use mcp_simulator::{Fault, Manner, Say, SentMessage};
use mcp_store::{
    booking::{BookedFor, Booking, BookingItem, BookingOutcome, BookingRequest, BookingState, Choice},
    customer::Sender,
    lanes::Occupation,
};
use mcp_tenant::profile::localized;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::{
    Kind,
    judge::{self, Foreign},
    script::{Model, Of, Script, Standing, Step},
    tenant::{ME, NUMBER, OTHER, Person, Tenant},
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long is waited for a message that must not come: a burst's longest wait and some more.
const SILENCE: Duration = Duration::from_secs(3);

/// Plays a dialogue; how many messages the customer read, or what was not as written.
pub async fn play(script: &Script, kind: Kind) -> Result<usize, String> {
    let tenant = Tenant::start(script, kind).await;
    let ended = steps(script, &tenant).await;
    tenant.stop().await;
    ended
}

async fn steps(script: &Script, tenant: &Tenant) -> Result<usize, String> {
    let dialogue = &script.dialogue;
    model(tenant, dialogue.model);
    tenant.sim.script(dialogue.replies.clone());
    let mut foreign = Foreign::of(OTHER);
    for (n, standing) in dialogue.before.iter().enumerate() {
        let reference = place(tenant, standing, n).await;
        if standing.of == Of::Other {
            foreign.references.push(reference);
        }
    }
    let today = tenant.clock.now().to_zoned(tenant.zone.clone()).date();
    for (n, step) in dialogue.steps.iter().enumerate() {
        one(tenant, step)
            .await
            .map_err(|why| format!("step {}: {why}\n{}", n.saturating_add(1), transcript(tenant)))?;
    }
    // Time for a message that nobody asked for.
    tokio::time::sleep(Duration::from_millis(800)).await;
    judge::whole(tenant, dialogue, &foreign, today)
        .await
        .map_err(|why| format!("{why}\n{}", transcript(tenant)))?;
    Ok(tenant.read_by(ME.phone).len())
}

fn model(tenant: &Tenant, model: Model) {
    let always = |fault: Value| {
        tenant.sim.fail(serde_json::from_value::<Fault>(fault).unwrap());
    };
    match model {
        Model::Honest => {}
        Model::Down => always(json!({"vendor": "gemini", "status": 503, "times": 100_000})),
        Model::Slow => always(json!({"vendor": "gemini", "delay_ms": 30_000, "times": 100_000})),
        Model::Lying => tenant.sim.behave(Manner::Lying, None),
        Model::WrongTimes => tenant.sim.behave(Manner::WrongTimes, None),
        Model::Weak => tenant.sim.behave(Manner::Weak, None),
        Model::Obedient => tenant.sim.behave(Manner::Obedient, None),
        Model::Empty => tenant.sim.behave(Manner::Empty, None),
        Model::Safety => tenant.sim.behave(Manner::Safety, None),
        Model::Malformed => tenant.sim.behave(Manner::Malformed, None),
    }
}

/// A booking that stands already; its reference.
async fn place(tenant: &Tenant, standing: &Standing, n: usize) -> String {
    let who = match standing.of {
        Of::Me => ME,
        Of::Other => OTHER,
    };
    let sender = Sender {
        user_id: Some(tenant.sim.user_id(NUMBER, who.phone).unwrap()),
        wa_id: Some(who.phone.to_owned()),
        name: Some(who.name.to_owned()),
    };
    let now = tenant.clock.now();
    let customer = tenant.store.identify(&sender, now).await.unwrap();
    let service = tenant.profile.services.iter().find(|service| service.id == standing.service).unwrap();
    let staff = tenant.profile.staff.iter().find(|staff| staff.id == standing.staff).unwrap();
    let start = tenant.instant(&standing.at);
    let end = start + SignedDuration::from_mins(service.duration.as_minutes().into());
    let reference = format!("QX{n:04}");
    let booking = Booking {
        id: format!("{n:032x}"),
        reference: reference.clone(),
        booked_for: BookedFor::Customer(customer.id),
        customer_name: who.name.to_owned(),
        items: vec![BookingItem {
            service_id: service.id.clone(),
            service_name: localized(&service.name, tenant.profile.language()).to_owned(),
            staff_id: staff.id.clone(),
            staff_name: staff.name.clone(),
            start,
            end,
            price_cents: service.price.cents(),
        }],
        currency: tenant.profile.business.currency.clone(),
        state: BookingState::Confirmed,
        hold_until: None,
    };
    let occupation =
        Occupation { lane: format!("staff:{}", staff.id), from: start, to: end, pinned: true, share: None };
    let choice = Choice { booking, occupations: vec![occupation], moves: Vec::new(), reminders: Vec::new() };
    let request = BookingRequest {
        idempotency_key: format!("before:{n}"),
        digest: String::new(),
        holder: None,
        confirm: None,
        limit: None,
        near: None,
        around: (start, end),
        choose: Arc::new(move |_| Ok(choice.clone())),
        audit: None,
    };
    match tenant.store.book(&request, now).await.unwrap() {
        BookingOutcome::Booked(_) => reference,
        other => panic!("what stands before cannot be booked: {other:?}"),
    }
}

async fn one(tenant: &Tenant, step: &Step) -> Result<(), String> {
    if let Some(fault) = &step.fault {
        let fault: Fault =
            serde_json::from_value(fault.clone()).map_err(|error| format!("fault: {error}"))?;
        tenant.sim.fail(fault);
    }
    if let Some(span) = &step.wait {
        let span: jiff::SignedDuration = span.parse().map_err(|error| format!("wait: {error}"))?;
        tenant.clock.forward(span);
    }
    let owner = step.owner.is_some() || step.owner_taps.is_some();
    let owner_phone = if owner { tenant.owner() } else { String::new() };
    // Where both are at it, what the customer reads is looked at.
    let reader = if owner && step.say.is_none() { owner_phone.as_str() } else { ME.phone };
    let before = tenant.read_by(reader).len();
    let spoke = speak(tenant, step, owner.then_some(owner_phone.as_str())).await?;
    let expected = step.answers.unwrap_or(usize::from(spoke || !step.reads.is_empty()));
    let fresh = wait(tenant, reader, before, expected).await?;
    let text = fresh.iter().map(whole_text).collect::<Vec<_>>().join("\n");
    let lower = text.to_lowercase();
    for fragment in &step.reads {
        if !lower.contains(&fragment.to_lowercase()) {
            return Err(format!("`{fragment}` is not in what was read:\n{text}"));
        }
    }
    for fragment in &step.unheard {
        let heard = tenant.sim.state().gemini.last().map(|call| call.request.to_string()).unwrap_or_default();
        if heard.to_lowercase().contains(&fragment.to_lowercase()) {
            return Err(format!("`{fragment}` is in what the model was asked:\n{heard}"));
        }
    }
    for fragment in &step.not {
        if lower.contains(&fragment.to_lowercase()) {
            return Err(format!("`{fragment}` is in what was read:\n{text}"));
        }
    }
    Ok(())
}

/// Says what the step says; whether anything was said.
async fn speak(tenant: &Tenant, step: &Step, owner: Option<&str>) -> Result<bool, String> {
    if let Some(texts) = &step.say {
        for (n, text) in texts.all().iter().enumerate() {
            if n > 0 {
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            tenant.post(ME, text, None).await;
        }
    }
    if let Some(title) = &step.tap {
        tenant.post(ME, "", Some(tapped(tenant, ME.phone, title)?)).await;
    }
    if let Some(words) = &step.voice {
        let media = tenant.sim.put_media("audio/ogg; codecs=opus", mcp_simulator::voice(words, 3));
        tenant.post(ME, "", Say::voice(NUMBER, ME.phone, ME.name, &media).message).await;
    }
    if let Some(message) = &step.sends {
        tenant.post(ME, "", Some(message.clone())).await;
    }
    if let Some(text) = &step.edits {
        let message = json!({"type": "text", "text": {"body": text}});
        let edit = json!({"original_message_id": newest(tenant)?, "message": message});
        tenant.post(ME, "", json!({"type": "edit", "edit": edit}).as_object().cloned()).await;
    }
    if step.revokes {
        let revoke = json!({"type": "revoke", "revoke": {"original_message_id": newest(tenant)?}});
        tenant.post(ME, "", revoke.as_object().cloned()).await;
    }
    if let Some(phone) = owner {
        let phone: &'static str = Box::leak(phone.to_owned().into_boxed_str());
        let person = Person { phone, name: "Chefe" };
        if let Some(text) = &step.owner {
            tenant.post(person, text, None).await;
        }
        if let Some(title) = &step.owner_taps {
            tenant.post(person, "", Some(tapped(tenant, phone, title)?)).await;
        }
    }
    Ok(step.say.is_some()
        || step.tap.is_some()
        || step.voice.is_some()
        || step.sends.is_some()
        || owner.is_some())
}

/// The id of the customer's newest text.
fn newest(tenant: &Tenant) -> Result<String, String> {
    let said = tenant.sim.state().said;
    let text = said.iter().rev().find(|said| said.from == ME.phone && said.message.is_none());
    text.map(|text| text.wamid.clone()).ok_or_else(|| "the customer has written nothing yet".to_owned())
}

/// The newest messages of a reader, once as many as expected have come and no more.
async fn wait(
    tenant: &Tenant,
    phone: &str,
    before: usize,
    expected: usize,
) -> Result<Vec<SentMessage>, String> {
    let began = Instant::now();
    loop {
        let all = tenant.read_by(phone);
        let fresh = all.len().saturating_sub(before);
        if fresh >= expected && (expected > 0 || began.elapsed() > SILENCE) {
            tokio::time::sleep(Duration::from_millis(150)).await;
            let all = tenant.read_by(phone);
            let fresh: Vec<SentMessage> = all.into_iter().skip(before).collect();
            if fresh.len() == expected {
                return Ok(fresh);
            }
            return Err(format!("{} messages were read, not {expected}", fresh.len()));
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("{fresh} messages were read, not {expected}"));
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// All that a person sees of a message: its text, and the titles of what can be tapped.
pub fn whole_text(sent: &SentMessage) -> String {
    let mut lines = vec![sent.text().to_owned()];
    lines.extend(options(sent).into_iter().map(|(_, title)| format!("[{title}]")));
    if sent.kind == "template" {
        lines.push(sent.body["template"].to_string());
    }
    lines.join("\n")
}

/// Ids and titles of what can be tapped, in order. A row's description is part of what it is found by.
fn options(sent: &SentMessage) -> Vec<(String, String)> {
    let action = &sent.body["interactive"]["action"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let buttons = action["buttons"].as_array().into_iter().flatten();
    let mut all: Vec<(String, String)> =
        buttons.map(|button| (text(&button["reply"]["id"]), text(&button["reply"]["title"]))).collect();
    for section in action["sections"].as_array().into_iter().flatten() {
        for row in section["rows"].as_array().into_iter().flatten() {
            let title = format!("{} {}", text(&row["title"]), text(&row["description"]));
            all.push((text(&row["id"]), title.trim().to_owned()));
        }
    }
    all
}

/// The newest message with something to tap that has this title.
fn tapped(tenant: &Tenant, phone: &str, title: &str) -> Result<Map<String, Value>, String> {
    let wanted = title.to_lowercase();
    let messages = tenant.read_by(phone);
    let with_options = messages.iter().rev().find(|sent| !options(sent).is_empty());
    let Some(sent) = with_options else { return Err(format!("there is nothing to tap, least `{title}`")) };
    let all = options(sent);
    let Some((id, found)) = all.iter().find(|(_, title)| title.to_lowercase().contains(&wanted)) else {
        return Err(format!(
            "there is no `{title}` to tap, only {:?}",
            all.iter().map(|(_, t)| t).collect::<Vec<_>>()
        ));
    };
    let kind = if sent.body["interactive"]["type"] == "list" { "list_reply" } else { "button_reply" };
    let tap = json!({
        "type": "interactive",
        "context": {"from": sent.phone_number_id, "id": sent.wamid},
        "interactive": {"type": kind, kind: {"id": id, "title": found}},
    });
    Ok(tap.as_object().cloned().unwrap_or_default())
}

/// What everybody read and which rows there are, for a person who looks for the fault.
fn transcript(tenant: &Tenant) -> String {
    let state = tenant.sim.state();
    let lines = state.messages.iter().map(|sent| {
        format!("  → {}: {}", sent.to.as_deref().unwrap_or("?"), whole_text(sent).replace('\n', "\n      "))
    });
    let mut text = lines.collect::<Vec<_>>().join("\n");
    let calls = state.gemini.iter().map(|call| {
        let parts = &call.response["candidates"][0]["content"]["parts"];
        format!("  model: {}", parts.to_string().chars().take(300).collect::<String>())
    });
    text.extend(calls.map(|line| format!("\n{line}")));
    text
}

/// The furthest a dialogue looks for rows.
pub fn everything() -> (Timestamp, Timestamp) {
    (Timestamp::from_second(0).unwrap(), Timestamp::from_second(4_000_000_000).unwrap())
}
