//! Turns over a database, with a model that answers what a test wrote.

mod changes;
mod model;
mod overdue;
mod spending;
mod told;
mod voices;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    inbox::{Delivery, IncomingMessage, Sender},
    outbox::{SendEnd, SendRule},
    turn::{BurstRule, ClaimedTurn, TurnEnd},
};
use serde_json::{Value, json};

use super::{
    Assistant, Decided, Meter, Recordings,
    gemini::{Gemini, GeminiError, scripted::Scripted},
    guard,
};
use crate::{
    booking::{Principal, SlotRef},
    breaker::{self, Breaker},
    status::StatusBoard,
    test_bed::{Bed, local, profile},
    whatsapp::{media::MediaError, message::Voice},
};

/// The customer of most tests.
const ANA: &str = "5511900000001";
const OWNER: &str = "+55 11 98888-0000";

type Answer = Result<Value, GeminiError>;

struct World {
    bed: Bed,
    assistant: Assistant,
    model: Arc<Scripted>,
    recordings: Arc<Tape>,
    said: Mutex<u32>,
}

/// Recordings by their id.
#[derive(Default)]
struct Tape(Mutex<Vec<(String, Vec<u8>)>>);

#[async_trait]
impl Recordings for Tape {
    async fn fetch(&self, voice: &Voice) -> Result<Vec<u8>, MediaError> {
        let tape = self.0.lock().unwrap();
        let found = tape.iter().find(|(id, _)| *id == voice.media_id);
        found.map(|(_, bytes)| bytes.clone()).ok_or(MediaError::Gone)
    }
}

impl World {
    async fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(&profile(""), &["best"], Scripted::of(answers)).await
    }

    async fn with(profile: &str, chain: &[&str], model: Scripted) -> Self {
        let bed = Bed::with(profile).await;
        let (model, recordings) = (Arc::new(model), Arc::new(Tape::default()));
        let chain = chain.iter().map(|&name| name.to_owned()).collect();
        let assistant = Assistant {
            desk: Arc::clone(&bed.desk),
            gemini: Gemini::new(model.clone(), chain),
            recordings: Some(recordings.clone()),
            breaker: Breaker::new(breaker::Rule::default(), Arc::clone(&bed.desk.clock)),
            board: Arc::new(StatusBoard::new(crate::test_bed::MONDAY)),
            reader: guard::Reader::default(),
        };
        Self { bed, assistant, model, recordings, said: Mutex::default() }
    }

    fn now(&self) -> Timestamp {
        self.bed.desk.clock.now()
    }

    fn wamid(&self) -> String {
        let mut said = self.said.lock().unwrap();
        *said += 1;
        format!("wamid.{said}")
    }

    /// Messages arrive; `raw` is what Meta's `type` names.
    async fn arrive(&self, from: &str, messages: &[(&str, Value)]) -> Vec<String> {
        let mut ids = Vec::new();
        for (kind, payload) in messages {
            let id = self.wamid();
            let message = IncomingMessage {
                id: id.clone(),
                sender: Sender { user_id: None, wa_id: Some(from.into()), name: Some("Ana".into()) },
                kind: (*kind).to_owned(),
                text: payload["body"].as_str().map(str::to_owned),
                sent_at: self.now(),
                raw: json!({"id": id, "type": kind, *kind: payload}),
            };
            let delivery = Delivery { messages: vec![message], ..Delivery::default() };
            self.bed.store.accept(&[delivery], self.now()).await.unwrap();
            ids.push(id);
        }
        ids
    }

    async fn claim(&self) -> ClaimedTurn {
        self.bed.clock.pass(SignedDuration::from_secs(5));
        let rule = BurstRule {
            quiet: SignedDuration::from_secs(1),
            longest: SignedDuration::from_secs(4),
            lease: SignedDuration::from_secs(60),
            history: 60,
        };
        self.bed.store.claim_turn(&rule, self.now()).await.unwrap().expect("a burst waits")
    }

    async fn decide(&self, turn: &ClaimedTurn) -> Decided {
        let mut meter = Meter::default();
        let decided = self.assistant.decide(turn, &mut meter).await.unwrap();
        self.assistant.spent(turn.conversation.customer_id, &meter.usage).await;
        decided
    }

    async fn commit(&self, turn: &ClaimedTurn, decided: Decided) -> TurnEnd {
        let Decided { result, render } = decided;
        self.bed.store.commit_turn(turn, result, &*render, self.now()).await.unwrap()
    }

    /// One burst of texts from Ana, its turn, and what was sent to whom.
    async fn say(&self, texts: &[&str]) -> Vec<(String, String)> {
        let messages: Vec<(&str, Value)> = texts.iter().map(|text| ("text", json!({"body": text}))).collect();
        self.send(&messages).await
    }

    async fn send(&self, messages: &[(&str, Value)]) -> Vec<(String, String)> {
        self.arrive(ANA, messages).await;
        self.turn().await;
        self.sent().await
    }

    async fn turn(&self) -> TurnEnd {
        let turn = self.claim().await;
        let decided = self.decide(&turn).await;
        self.commit(&turn, decided).await
    }

    /// What the outbox holds, by recipient and text; it is sent by that.
    async fn sent(&self) -> Vec<(String, String)> {
        let rule =
            SendRule { lease: SignedDuration::from_secs(60), unknown_wait: SignedDuration::from_secs(30) };
        let mut sent = Vec::new();
        while let Some(message) = self.bed.store.claim_outgoing(&rule, self.now()).await.unwrap() {
            let text = message.body.pointer("/text/body").or(message.body.pointer("/interactive/body/text"));
            let text = text.and_then(Value::as_str).unwrap_or_default().to_owned();
            sent.push((message.recipient.wa_id.clone().unwrap_or_default(), text));
            let end = SendEnd::Sent { wamid: format!("out.{}", message.id) };
            self.bed.store.sent(&message, end, self.now()).await.unwrap();
        }
        sent
    }

    /// Ana's number in the database; she has written or not.
    async fn ana(&self) -> i64 {
        self.bed.customer(ANA).await
    }

    /// A reference to a slot with Zé as it would be offered to Ana.
    async fn slot(&self, service: &str, start: &str) -> String {
        let who = Principal::Customer(self.ana().await);
        self.bed.desk.refs.make(&who, &SlotRef::one(service, "ze", local(start), true))
    }

    /// The history of Ana's conversation.
    async fn history(&self) -> Vec<Value> {
        let conversation = self.bed.store.conversation_of(self.ana().await).await.unwrap();
        self.bed.store.history(conversation.id, 100).await.unwrap()
    }
}

/// A voice note as it arrives, and puts its recording on the tape.
fn spoken(world: &World, media_id: &str, seconds: u64) -> (&'static str, Value) {
    let mut recording = b"OggS\0\0".to_vec();
    recording.extend((seconds * 48_000).to_le_bytes());
    world.recordings.0.lock().unwrap().push((media_id.to_owned(), recording));
    ("audio", json!({"id": media_id, "mime_type": "audio/ogg; codecs=opus", "voice": true}))
}
