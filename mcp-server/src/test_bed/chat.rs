//! A customer at a phone, without a model: words and taps in, what the phone shows out.

use jiff::SignedDuration;
use mcp_store::{
    inbox::{Delivery, IncomingMessage, Sender},
    outbox::ClaimedOutgoing,
    turn::{BurstRule, Effect, TurnResult},
};
use mcp_tenant::words::Language;
use serde_json::{Value, json};

use super::Bed;
use crate::assistant::plain::{self, Context, MenuReason};

/// The customer of most tests.
pub const ANA: &str = "5511900000001";

const RULE: BurstRule = BurstRule {
    quiet: SignedDuration::from_secs(1),
    longest: SignedDuration::from_secs(4),
    lease: SignedDuration::from_secs(60),
    history: 60,
};

/// What the phone shows.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// The text.
    pub text: String,
    /// Titles of buttons or rows, in order.
    pub titles: Vec<String>,
    /// Their ids.
    pub ids: Vec<String>,
}

/// A conversation.
pub struct Chat {
    /// The business.
    pub bed: Bed,
    /// The language spoken.
    pub language: Language,
    /// Turns without an answer.
    pub unanswered: u32,
    /// What was sent to others in the last turn, with their numbers.
    pub others: Vec<(String, Shown)>,
    /// The user id of who writes, where the channel tells it.
    pub user: Option<String>,
    shown: Shown,
    from: String,
    sent: u32,
}

impl Shown {
    fn of(body: &Value) -> Self {
        let interactive = &body["interactive"];
        let text = body.pointer("/text/body").or(body.pointer("/interactive/body/text"));
        let buttons = interactive["action"]["buttons"].as_array().into_iter().flatten().map(|b| &b["reply"]);
        let rows = interactive["action"]["sections"][0]["rows"].as_array().into_iter().flatten();
        let choices: Vec<&Value> = buttons.chain(rows).collect();
        let all = |name: &str| {
            choices.iter().map(|one| one[name].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        Self {
            text: text.and_then(Value::as_str).unwrap_or_default().to_owned(),
            titles: all("title"),
            ids: all("id"),
        }
    }

    /// The id under a title.
    pub fn id(&self, title: &str) -> String {
        let at = self.titles.iter().position(|shown| shown == title);
        self.ids[at.unwrap_or_else(|| panic!("no `{title}` under {self:?}"))].clone()
    }
}

impl Chat {
    /// Of Ana, in Portuguese.
    pub async fn new(profile: &str) -> Self {
        Self {
            bed: Bed::with(profile).await,
            language: Language::Portuguese,
            unanswered: 0,
            others: Vec::new(),
            user: None,
            shown: Shown::default(),
            from: ANA.into(),
            sent: 0,
        }
    }

    /// Somebody else at their phone.
    pub fn by_other(self, from: &str) -> Self {
        Self { from: from.into(), user: None, shown: Shown::default(), ..self }
    }

    /// Writes.
    pub async fn words(&mut self, text: &str) -> Shown {
        self.burst(&[Ok(text)]).await
    }

    /// Whether nothing is answered to this.
    pub async fn silent(&mut self, text: &str) -> bool {
        let before = self.unanswered;
        self.words(text).await;
        self.unanswered > before
    }

    /// Taps what is shown under a title.
    pub async fn tap(&mut self, title: &str) -> Shown {
        let id = self.shown.id(title);
        self.tap_id(&id).await
    }

    /// Taps something with an id.
    pub async fn tap_id(&mut self, id: &str) -> Shown {
        self.burst(&[Err(id)]).await
    }

    /// Taps a quick reply of a template.
    pub async fn quick_reply(&mut self, payload: &str) -> Shown {
        self.arrive("button", None, json!({"payload": payload, "text": "x"})).await;
        self.turn().await
    }

    /// Words (`Ok`) and taps (`Err`) in one burst.
    pub async fn burst(&mut self, messages: &[Result<&str, &str>]) -> Shown {
        for message in messages {
            match message {
                Ok(text) => self.arrive("text", Some(text), json!({"body": text})).await,
                Err(id) => {
                    let reply = json!({"type": "list_reply", "list_reply": {"id": id, "title": "?"}});
                    self.arrive("interactive", None, reply).await;
                }
            }
        }
        self.turn().await
    }

    /// To the times of tomorrow for a haircut.
    pub async fn until_day(&mut self, staff: &str) -> Shown {
        self.words("menu").await;
        self.tap("Agendar").await;
        self.tap("Corte").await;
        self.tap(staff).await;
        self.tap("ter, 17/11").await
    }

    /// To the hold of tomorrow at ten; returns the id of its confirmation.
    pub async fn until_held(&mut self, staff: &str) -> String {
        self.until_day(staff).await;
        self.tap("Manhã").await;
        self.tap("10:00").await.id("Confirmar")
    }

    /// Turns of others that wait are answered by nobody.
    pub async fn claimed(&mut self) {
        self.bed.clock.pass(SignedDuration::from_secs(5));
        let now = self.bed.desk.clock.now();
        while let Some(turn) = self.bed.store.claim_turn(&RULE, now).await.unwrap() {
            let silence = TurnResult::of(Effect::Silence);
            let render = |_: &_| unreachable!("nothing is booked");
            self.bed.store.commit_turn(&turn, silence, &render, now).await.unwrap();
        }
    }

    /// What was sent outside of turns, with the numbers.
    pub async fn read_others(&self) -> Vec<(String, Shown)> {
        let number = |message: &ClaimedOutgoing| message.recipient.wa_id.clone().unwrap_or_default();
        self.bed.said().await.iter().map(|message| (number(message), Shown::of(&message.body))).collect()
    }

    async fn arrive(&mut self, kind: &str, text: Option<&str>, payload: Value) {
        self.sent += 1;
        let (id, now) = (format!("wamid.{}", self.sent), self.bed.desk.clock.now());
        let message = IncomingMessage {
            id: id.clone(),
            sender: Sender {
                user_id: self.user.clone(),
                wa_id: Some(self.from.clone()),
                name: Some("Ana".into()),
            },
            kind: kind.to_owned(),
            text: text.map(str::to_owned),
            sent_at: now,
            raw: json!({"id": id, "type": kind, kind: payload}),
        };
        let delivery = Delivery { messages: vec![message], ..Delivery::default() };
        self.bed.store.accept(&[delivery], now).await.unwrap();
    }

    async fn turn(&mut self) -> Shown {
        self.bed.clock.pass(SignedDuration::from_secs(5));
        let now = self.bed.desk.clock.now();
        let turn = self.bed.store.claim_turn(&RULE, now).await.unwrap().expect("a burst waits");
        let ctx = Context { desk: self.bed.desk.clone(), language: self.language };
        let decided = match plain::first(&ctx, &turn).await {
            Some(decided) => decided,
            None => plain::menu(&ctx, &turn, MenuReason::ModelDown).await,
        };
        if matches!(decided.result.effect, Effect::Silence) {
            self.unanswered += 1;
        }
        self.bed.store.commit_turn(&turn, decided.result, &*decided.render, now).await.unwrap();
        let mine = |message: &ClaimedOutgoing| message.recipient.wa_id.as_deref() == Some(&*self.from);
        let (own, others): (Vec<_>, Vec<_>) = self.bed.said().await.into_iter().partition(mine);
        assert!(own.len() <= 1, "one message per turn: {own:?}");
        let number = |message: &ClaimedOutgoing| message.recipient.wa_id.clone().unwrap_or_default();
        self.others = others.iter().map(|message| (number(message), Shown::of(&message.body))).collect();
        if let Some(message) = own.first() {
            self.shown = Shown::of(&message.body);
        }
        self.shown.clone()
    }
}
