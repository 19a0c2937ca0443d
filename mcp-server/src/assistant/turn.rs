//! One turn: from a burst of messages to what is to be committed.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use mcp_store::{
    StoreError,
    booking::BookingRow,
    conversation::SERVICE_WINDOW,
    customer::Sender,
    phone,
    turn::{Also, ClaimedTurn, Effect, PendingMessage},
    usage::Usage,
};
use mcp_tenant::{
    profile::{Budgets, localized},
    slots::Calendar,
    words::Language,
};
use tokio::time::Instant;

pub use super::decided::Decided;
use super::{
    burst::{self, Burst},
    decided,
    dialogue::{Dialogue, DialogueError, Ended, with_words},
    gemini::{Gemini, GeminiError},
    guard,
    meter::Meter,
    owner,
    plain::{self, MenuReason},
    prompt,
    spend::{self, Allowance, Level},
    voice::{ListenError, Listener, Recordings},
};
use crate::{
    booking::{Desk, Principal},
    breaker::{self, Breaker, Pass},
    look, owner as people,
    profile_file::Loaded,
    settings::Settings,
    status::{Dependency, Seen, StatusBoard},
    telemetry,
    whatsapp::{media::Media, message::Incoming},
    words::{self, detect, turn as sentences},
};

/// Why a turn could not be finished now. That the model cannot be asked is no reason: menus answer then.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// The profile's zone is unknown; a profile is checked before it is used.
    #[error("resolve the business's time zone")]
    Zone(#[from] jiff::Error),
    /// The database failed.
    #[error("read what the answer needs")]
    Store(#[from] StoreError),
}

/// A turn's whole time with the model. WhatsApp's typing indicator ends at 25 s, and the customer was quiet for a
/// while before the turn began.
const DEADLINE: Duration = Duration::from_secs(18);
/// A burst older than this is answered by a menu, which says so.
const LATE: SignedDuration = SignedDuration::from_hours(2);

/// What a turn works with.
pub struct Assistant {
    /// What can be booked.
    pub desk: Arc<Desk>,
    /// The models.
    pub gemini: Gemini,
    /// Where voice notes come from; without it they are answered by a request to write.
    pub recordings: Option<Arc<dyn Recordings>>,
    /// Stands before the models: while they fail again and again, menus answer without waiting for them.
    pub breaker: Arc<Breaker>,
    /// What is known of the model.
    pub board: Arc<StatusBoard>,
    /// Reads the profile for the guard.
    pub reader: guard::Reader,
}

/// What stays the same in one turn.
struct Scene<'a> {
    turn: &'a ClaimedTurn,
    loaded: Arc<Loaded>,
    language: Language,
    plain: plain::Context,
}

impl Assistant {
    /// With Google's models, and with recordings from Meta.
    pub fn new(
        desk: Arc<Desk>,
        http: &reqwest::Client,
        settings: &Settings,
        board: Arc<StatusBoard>,
    ) -> Self {
        let breaker = Breaker::new(breaker::Rule::default(), Arc::clone(&desk.clock));
        board.show_breaker(Dependency::Gemini, Arc::clone(&breaker));
        Self {
            desk,
            breaker,
            gemini: Gemini::google(http.clone(), &settings.gemini),
            recordings: Some(Arc::new(Media::new(http.clone(), settings.whatsapp.clone()))),
            board,
            reader: guard::Reader::default(),
        }
    }

    /// Adds to the day's sums. What cannot be counted is told and does not keep the answer back.
    pub async fn spent(&self, customer: i64, usage: &Usage) {
        if *usage == Usage::default() {
            return;
        }
        let loaded = self.desk.profile();
        let Ok(calendar) = Calendar::new(&loaded.profile) else { return };
        let today = calendar.local(self.desk.clock.now()).date();
        if let Err(error) = self.desk.store.add_usage(today, Some(customer), usage).await {
            tracing::warn!(error = telemetry::chain(&error), "what a turn used up could not be counted");
        }
    }

    /// Decides a turn. Nothing is written; what it uses up is on the meter, whatever comes of it.
    pub async fn decide(&self, turn: &ClaimedTurn, meter: &mut Meter) -> Result<Decided, TurnError> {
        let now = self.desk.clock.now();
        let mut burst = Burst::of(turn);
        let mut scene = self.scene(turn, &burst.text());
        let retracted = burst.retracted.clone();
        let age = burst::age(turn, now);
        if burst.is_quiet() {
            return Ok(Decided::plain(Effect::Silence, Vec::new()).beside(retracted));
        }
        if age > SERVICE_WINDOW {
            let reason = "the messages are older than a day: only a template may answer them".to_owned();
            let told = self.tell_unanswered(&scene).await?;
            let given_up = Decided::plain(Effect::GiveUp { answer: None, reason }, Vec::new());
            return Ok(given_up.beside(told).beside(retracted).beside(plain::wanted_notices(turn)));
        }
        if let Some(phone) = &burst.phone {
            self.own_phone(turn, phone).await?;
        }
        if age > LATE {
            meter.menu(MenuReason::Late);
            // What the owner decided by a tap is decided, however late it comes: it names what it was about.
            let decided = if people::who(&scene.plain, turn).await?.is_some() {
                plain::first(&scene.plain, turn).await
            } else {
                None
            };
            let decided = match decided {
                Some(decided) => decided,
                None => plain::menu(&scene.plain, turn, MenuReason::Late).await,
            };
            let opened = self.opened(with_words(decided, &burst), &scene, None);
            return Ok(opened.beside(retracted).beside(plain::wanted_notices(turn)));
        }
        let allowance = self.allowance(&scene).await?;
        let deadline = Instant::now() + DEADLINE;
        let mut also = retracted;
        also.extend(self.warning(&scene, &allowance).await?);
        let heard = self.listen(&mut burst, &allowance, deadline, meter).await?;
        let decided = match heard {
            Ok(kept) => {
                if !kept.is_empty() {
                    scene = self.scene(turn, &burst.text());
                }
                also.extend(kept);
                self.with_words(&scene, &burst, &allowance, deadline, meter).await?
            }
            // A tap needs no model, whatever was said beside it.
            Err(error) => match plain::first(&scene.plain, turn).await {
                Some(decided) => self.beside_unheard(with_words(decided, &burst), &scene, &burst),
                None => self.menu(&scene, turn, &burst, &error, meter).await,
            },
        };
        Ok(self.opened(decided, &scene, burst.heard()).beside(also))
    }

    /// In the language the customer writes, as far as the business speaks it.
    fn scene<'a>(&self, turn: &'a ClaimedTurn, said: &str) -> Scene<'a> {
        let loaded = self.desk.profile();
        let known = turn.conversation.language.as_deref().map(Language::of);
        let language = detect::conversation(said, known, &words::spoken(&loaded.profile));
        let plain = plain::Context { desk: Arc::clone(&self.desk), language };
        Scene { turn, loaded, language, plain }
    }

    /// The answer to what was said, written or heard.
    async fn with_words(
        &self,
        scene: &Scene<'_>,
        burst: &Burst,
        allowance: &Allowance,
        deadline: Instant,
        meter: &mut Meter,
    ) -> Result<Decided, TurnError> {
        let turn = burst.spelled_out(scene.turn);
        if let Some(decided) = plain::first(&scene.plain, &turn).await {
            return Ok(self.beside_unheard(with_words(decided, burst), scene, burst));
        }
        if burst.content().is_none() {
            let what = burst.unreadable.iter().min().copied().unwrap_or(sentences::Unreadable::Other);
            let text = sentences::unreadable(scene.language, words::formal(&scene.loaded.profile), what);
            return Ok(Decided::plain(Effect::Answer(decided::text(self.desk.ids.id(), &text)), Vec::new()));
        }
        if allowance.level == Level::Menus {
            return Ok(menus(scene, &turn, burst, MenuReason::OverBudget, meter).await);
        }
        let Some(pass) = self.breaker.admit() else {
            return Ok(menus(scene, &turn, burst, MenuReason::ModelDown, meter).await);
        };
        let ended = self.with_model(scene, burst, allowance, deadline, meter).await;
        tell(pass, matches!(&ended, Err(DialogueError::Model(error)) if error.is_of_the_service()));
        match ended {
            Ok(Ended::Decided(decided)) => {
                self.report(None);
                Ok(*decided)
            }
            Ok(Ended::Menu(why)) => {
                self.report(None);
                Ok(menus(scene, &turn, burst, why, meter).await)
            }
            Err(DialogueError::Model(error)) => Ok(self.menu(scene, &turn, burst, &error, meter).await),
            Err(DialogueError::Store(error)) => Err(error.into()),
        }
    }

    /// What answers a tap, or a word that needs no model, says so where a voice note beside it was not understood.
    fn beside_unheard(&self, decided: Decided, scene: &Scene<'_>, burst: &Burst) -> Decided {
        use sentences::Unreadable::{LongVoice, Voice};
        let kept = (!burst.voices.is_empty()).then_some(Voice);
        let Some(what) = [Voice, LongVoice].into_iter().find(|one| burst.unreadable.contains(one)).or(kept)
        else {
            return decided;
        };
        let text = sentences::unreadable(scene.language, words::formal(&scene.loaded.profile), what);
        decided.opening(text, self.desk.ids.id())
    }

    async fn with_model(
        &self,
        scene: &Scene<'_>,
        burst: &Burst,
        allowance: &Allowance,
        deadline: Instant,
        meter: &mut Meter,
    ) -> Result<Ended, DialogueError> {
        let now = self.desk.clock.now();
        let profile = &scene.loaded.profile;
        let principal = Principal::Customer(scene.turn.conversation.customer_id);
        // Profiles are checked before they are used.
        let Ok(calendar) = Calendar::new(profile) else { return Ok(Ended::Menu(MenuReason::ModelDown)) };
        let rows = self.desk.store.open_of(scene.turn.conversation.customer_id, now).await?;
        let standing = standing(&rows, &calendar, scene.language);
        let system = prompt::system(
            profile,
            &prompt::Present {
                language: scene.language,
                standing: &standing,
                first_contact: scene.turn.history.is_empty(),
                now: &calendar.local(now),
            },
        );
        let dialogue = Dialogue {
            desk: &self.desk,
            gemini: &self.gemini,
            turn: scene.turn,
            burst,
            principal: &principal,
            language: scene.language,
            system: &system,
            told: &self.reader.read(&system.stable),
            standing: &standing,
            today: calendar.local(now).date(),
            deadline,
        };
        let rank = if allowance.level == Level::Cheap { self.gemini.cheapest() } else { 0 };
        dialogue.run(rank, meter).await
    }

    async fn listen(
        &self,
        burst: &mut Burst,
        allowance: &Allowance,
        deadline: Instant,
        meter: &mut Meter,
    ) -> Result<Result<Vec<Also>, GeminiError>, TurnError> {
        if burst.voices.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        if allowance.level == Level::Menus {
            burst.voices.clear();
            burst.unreadable.push(sentences::Unreadable::Voice);
            return Ok(Ok(Vec::new()));
        }
        let listener = Listener {
            desk: &self.desk,
            gemini: &self.gemini,
            rank: if allowance.level == Level::Cheap { self.gemini.cheapest() } else { 0 },
            recordings: self.recordings.as_deref(),
            allowance: *allowance,
            deadline,
        };
        let Some(pass) = self.breaker.admit() else {
            return Ok(Err(GeminiError::not_now("it failed again and again and is left alone for a while")));
        };
        let heard = listener.listen(burst, meter).await;
        tell(pass, matches!(&heard, Err(ListenError::Model(error)) if error.is_of_the_service()));
        match heard {
            Ok(kept) => Ok(Ok(kept)),
            Err(ListenError::Model(error)) => Ok(Err(error)),
            Err(ListenError::Store(error)) => Err(error.into()),
        }
    }

    /// The menu in the place of a model that cannot be asked.
    async fn menu(
        &self,
        scene: &Scene<'_>,
        turn: &ClaimedTurn,
        burst: &Burst,
        error: &GeminiError,
        meter: &mut Meter,
    ) -> Decided {
        self.report(Some(error));
        let why = if *error == GeminiError::Slow { MenuReason::ModelSlow } else { MenuReason::ModelDown };
        menus(scene, turn, burst, why, meter).await
    }

    fn report(&self, error: Option<&GeminiError>) {
        let seen = error.map_or_else(Seen::works, look::model::of_error);
        self.board.used(Dependency::Gemini, self.desk.clock.now(), seen);
    }

    /// The language is kept; the privacy notice, until it was in a message, and what was understood of a voice note stand before the answer.
    fn opened(&self, mut decided: Decided, scene: &Scene<'_>, heard: Option<String>) -> Decided {
        let id = || self.desk.ids.id();
        if scene.turn.conversation.language.as_deref() != Some(scene.language.tag()) {
            decided.result.language.get_or_insert_with(|| scene.language.tag().to_owned());
        }
        let decided = match heard {
            Some(heard) => decided.opening(sentences::heard(&heard), id()),
            None => decided,
        };
        let notice = localized(&scene.loaded.profile.assistant.privacy_notice, scene.language.tag());
        if notice.is_empty() || scene.turn.conversation.informed_at.is_some() || !decided.speaks() {
            return decided;
        }
        decided.opening(notice.to_owned(), id()).beside([Also::Informed(notice.to_owned())])
    }

    async fn allowance(&self, scene: &Scene<'_>) -> Result<Allowance, TurnError> {
        let budgets = &scene.loaded.profile.budgets;
        if *budgets == Budgets::default() {
            return Ok(spend::allowance(budgets, &Usage::default(), &Usage::default()));
        }
        let today = Calendar::new(&scene.loaded.profile)?.local(self.desk.clock.now()).date();
        let (business, customer) = (
            self.desk.store.usage(today).await?,
            self.desk.store.usage_of(scene.turn.conversation.customer_id, today).await?,
        );
        Ok(spend::allowance(budgets, &business, &customer))
    }

    /// The owner is told once a day that its budget is nearly used up.
    async fn warning(&self, scene: &Scene<'_>, allowance: &Allowance) -> Result<Option<Also>, TurnError> {
        let Some(percent) = allowance.tell_owner else { return Ok(None) };
        let profile = &scene.loaded.profile;
        let today = Calendar::new(profile)?.local(self.desk.clock.now()).date();
        let text = sentences::budget_nearly_used(words::language(profile), percent);
        Ok(owner::tell(&self.desk, scene.turn, format!("budget:{today}"), &text).await?)
    }

    async fn tell_unanswered(&self, scene: &Scene<'_>) -> Result<Option<Also>, TurnError> {
        let language = words::language(&scene.loaded.profile);
        let text = sentences::went_unanswered(language, &owner::who(scene.turn));
        let burst = scene.turn.messages.first().map_or("", |message| message.id.as_str());
        Ok(owner::tell(&self.desk, scene.turn, format!("unanswered:{burst}"), &text).await?)
    }

    /// The channel vouches for a number that was shared because it was asked for; a customer known by a user id alone
    /// gets it.
    async fn own_phone(&self, turn: &ClaimedTurn, phone: &str) -> Result<(), TurnError> {
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        if turn.sender.user_id.is_none() || turn.sender.wa_id.is_some() || digits.is_empty() {
            return Ok(());
        }
        // Nobody becomes somebody else by a card: not an owner, and not a customer who has the number already.
        let owners = &self.desk.profile().profile.business.owners;
        let is_owners = owners.iter().any(|owner| phone::key(owner) == phone::key(&digits));
        if is_owners || self.desk.store.customer_by_phone(&digits).await?.is_some() {
            return Ok(());
        }
        let sender = Sender { wa_id: Some(digits), ..turn.sender.clone() };
        self.desk.store.identify(&sender, self.desk.clock.now()).await?;
        Ok(())
    }

    /// The last resort for a burst whose turns failed: the menu, and a person of the business looks into it. Nothing is
    /// looked up for it: that may be what failed.
    pub fn give_up(&self, turn: &ClaimedTurn, reason: &str) -> Decided {
        let burst = Burst::of(turn);
        let scene = self.scene(turn, &burst.text());
        let menu = plain::last(&scene.plain, turn);
        let mut decided = with_words(menu, &burst).beside(burst.retracted.clone());
        let in_window = burst::age(turn, self.desk.clock.now()) <= SERVICE_WINDOW;
        let answer = match decided.result.effect {
            Effect::Answer(message) => Some(message).filter(|_| in_window),
            _ => None,
        };
        if answer.is_none() {
            decided.result.history.clear();
        }
        decided.result.effect = Effect::GiveUp { answer, reason: reason.to_owned() };
        decided
    }

    /// An owner who taps twice in a burst has decided twice: the turn ends at the first tap, and what comes after it
    /// waits for the next one.
    pub async fn one_decision(&self, turn: &mut ClaimedTurn) {
        let is_tap = |message: &PendingMessage| matches!(Incoming::read(message), Incoming::Tap { .. });
        let Some(first) = turn.messages.iter().position(is_tap) else { return };
        if first.saturating_add(1) >= turn.messages.len() {
            return;
        }
        let scene = self.scene(turn, "");
        if matches!(people::who(&scene.plain, turn).await, Ok(Some(_))) {
            turn.messages.truncate(first.saturating_add(1));
            // What comes after the tap is no reason to do this turn again.
            turn.redone = true;
        }
    }

    /// A person answers: the assistant does not. What the customer said joins the history, so that the assistant knows
    /// it when it answers again.
    pub fn stay_silent(turn: &ClaimedTurn) -> Decided {
        let burst = Burst::of(turn);
        let history = burst.content().into_iter().collect();
        Decided::plain(Effect::Silence, history).beside(burst.retracted).beside(plain::wanted_notices(turn))
    }
}

/// Menus in the place of the model; what was said joins the history all the same.
async fn menus(
    scene: &Scene<'_>,
    turn: &ClaimedTurn,
    burst: &Burst,
    why: MenuReason,
    meter: &mut Meter,
) -> Decided {
    meter.menu(why);
    with_words(plain::menu(&scene.plain, turn, why).await, burst)
}

/// Tells the breaker how a use of the model ended.
fn tell(pass: Pass, failed: bool) {
    if failed { pass.failed() } else { pass.succeeded() }
}

/// The customer's committed appointments, one per line, empty where there is none.
fn standing(rows: &[BookingRow], calendar: &Calendar<'_>, language: Language) -> String {
    let line = |row: &BookingRow| {
        let b = &row.booking;
        let at = language.moment(&calendar.local(b.start()));
        let (services, staff) = (b.service_names(), b.staff_names());
        format!("- {services} / {staff}: {at} ({}, {})", b.state.as_str(), b.reference)
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
