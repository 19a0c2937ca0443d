//! Puts the parts of the calendar together.

use std::sync::{Arc, Mutex};

use axum::Router;
use mcp_store::Store;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    OutsideCalendar,
    api::Api,
    calendars::Calendars,
    confirm::Confirmer,
    google::GoogleCalendar,
    poll::PollLoop,
    proposals::{AskOwner, Reoffer},
    push::{self, Channels, Tokens},
    sync::Sync,
    token::{KeyError, TokenSource},
};
use crate::{
    clock::SharedClock,
    ids::SharedIds,
    profile_file::ProfileWatch,
    settings::{GoogleSettings, Settings},
    status::{Dependency, StatusBoard},
    wake::Wake,
};

/// What the calendar works with.
pub struct Parts<'a> {
    /// HTTP.
    pub http: reqwest::Client,
    /// Key material of the tenant.
    pub secret: &'a [u8],
    /// The tenant's database.
    pub store: Arc<dyn Store>,
    /// The business.
    pub profile: ProfileWatch,
    /// Time.
    pub clock: SharedClock,
    /// Ids.
    pub ids: SharedIds,
    /// Bells.
    pub wake: Arc<Wake>,
    /// What is known of dependencies.
    pub board: Arc<StatusBoard>,
    /// Asks the owner.
    pub owner: Arc<dyn AskOwner>,
    /// Tells customers whose time is taken.
    pub reoffer: Arc<dyn Reoffer>,
}

/// The calendar's loops and its door.
pub struct CalendarService {
    /// The calendars.
    pub calendars: Arc<Calendars>,
    poll: PollLoop,
    channels: Option<Channels>,
    tokens: Tokens,
    wake: Arc<Wake>,
}

impl CalendarService {
    /// The calendar of these settings, where they name one.
    pub fn of<'a>(settings: &Settings, parts: impl FnOnce() -> Parts<'a>) -> Result<Option<Self>, KeyError> {
        settings.google.as_ref().map(|google| Self::new(google, &settings.public_url, parts())).transpose()
    }

    /// Ready to run. With a public URL over https Google is asked to push.
    pub fn new(settings: &GoogleSettings, public_url: &str, parts: Parts<'_>) -> Result<Self, KeyError> {
        let Parts { http, secret, store, profile, clock, ids, wake, board, owner, reoffer } = parts;
        let tokens = TokenSource::new(http.clone(), settings.clone(), Arc::clone(&clock))?;
        let google = Arc::new(GoogleCalendar::new(Api::new(http, settings, tokens, Arc::clone(&clock))));
        board.show_breaker(Dependency::Calendar, google.breaker());
        let calendars = Arc::new(Calendars {
            sync: Sync::new(Arc::clone(&google), Arc::clone(&store), Arc::clone(&clock), owner),
            google,
            store: Arc::clone(&store),
            profile: profile.clone(),
            business: settings.calendar_id.clone(),
            account: settings.client_email.clone(),
            clock: Arc::clone(&clock),
            board,
            failing: Mutex::default(),
        });
        let confirmer = Confirmer {
            store,
            calendars: Arc::clone(&calendars),
            profile,
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            wake: Arc::clone(&wake),
            reoffer,
            told: Mutex::default(),
        };
        let poll = PollLoop {
            calendars: Arc::clone(&calendars),
            confirmer,
            wake: Arc::clone(&wake),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            every: settings.poll,
        };
        let tokens = Tokens::new(secret);
        let channels = push::address(public_url).map(|address| Channels {
            calendars: Arc::clone(&calendars),
            address,
            tokens: tokens.clone(),
            clock,
            ids,
        });
        Ok(Self { calendars, poll, channels, tokens, wake })
    }

    /// The calendars as bookings see them.
    pub fn outside(&self) -> Arc<dyn OutsideCalendar> {
        Arc::clone(&self.calendars) as Arc<dyn OutsideCalendar>
    }

    /// The route for Google's notifications.
    pub fn router(&self) -> Router {
        push::router(self.tokens.clone(), Arc::clone(&self.wake))
    }

    /// Runs until stopped.
    pub fn spawn(self, tasks: &TaskTracker, stop: &CancellationToken) {
        tasks.spawn(self.poll.run(stop.clone()));
        if let Some(channels) = self.channels {
            tasks.spawn(channels.run(stop.clone()));
        }
    }
}
