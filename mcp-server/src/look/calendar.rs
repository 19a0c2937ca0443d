//! Google Calendar: whether the service account gets a token, sees the business's calendar, and may write into it.

use super::PATIENCE;
use crate::{
    calendar::{CalendarError, google::GoogleCalendar},
    status::{Reason, Seen},
};

/// What is said where there is no outside calendar.
pub fn none() -> Seen {
    Seen::new(Reason::NotConfigured, "none outside is set; the built-in one is used")
}

/// Asks for one event, and with it for the account's role.
pub async fn look(google: &GoogleCalendar, calendar: &str, account: &str) -> Seen {
    let asked = tokio::time::timeout(PATIENCE, google.role(calendar)).await;
    let role = match asked.unwrap_or_else(|_| Err(CalendarError::NotNow("no answer in time".into()))) {
        Ok(role) => role,
        Err(error) => return of_error(&error, calendar, account),
    };
    match role.as_deref() {
        None | Some("owner" | "writer") => {
            Seen::new(Reason::Works, "the service account may read and write the calendar")
        }
        Some(role) => Seen::new(
            Reason::NotPermitted,
            format!("the service account is only {role} of the calendar {calendar}"),
        )
        .next(share(account)),
    }
}

fn share(account: &str) -> String {
    format!("share the calendar with {account}, with the right to make changes to events")
}

/// What an error of a calendar says about it, of a look or of a use.
pub fn of_error(error: &CalendarError, calendar: &str, account: &str) -> Seen {
    let (reason, next) = match error {
        CalendarError::Account(_) => (
            Reason::CredentialRefused,
            "check GOOGLE_CLIENT_EMAIL, GOOGLE_PRIVATE_KEY and the clock, and that the Google Calendar API is enabled \
             in the account's project"
                .to_owned(),
        ),
        CalendarError::NotThere(_) => {
            (Reason::NotFound, format!("check GOOGLE_CALENDAR_ID, or the staff member's, and {}", share(account)))
        }
        CalendarError::Forbidden(_) => (
            Reason::NotPermitted,
            format!("enable the Google Calendar API in the account's project, and {}", share(account)),
        ),
        CalendarError::NotNow(_) => (
            Reason::Unreachable,
            "it is tried again by itself; where it lasts, check GOOGLE_CALENDAR_BASE, GOOGLE_TOKEN_URL, and whether \
             the network lets port 443 out"
                .to_owned(),
        ),
        CalendarError::Foreign => {
            (Reason::RequestRefused, "look for an event with the booking's id in the calendar".to_owned())
        }
        CalendarError::Store(_) => (Reason::Unreachable, "look after the database".to_owned()),
    };
    Seen::new(reason, format!("{error} (calendar {calendar})")).next(next)
}
