//! Third parties: the looks that `/status` is made of, taken once.

use std::sync::Arc;

use jiff::Timestamp;

use super::Finding;
use crate::{
    assistant::gemini::Google,
    calendar::{api::Api, google::GoogleCalendar, token::TokenSource},
    clock::{Clock, SharedClock},
    look,
    settings::{GeminiSettings, GoogleSettings, Settings},
    whatsapp::graph::Graph,
};

const CLOCK: &str = "clock";
const CALENDAR: &str = "calendar";

/// Seconds a clock may differ without anybody noticing.
const EXACT: i64 = 10;
/// Seconds at which Google refuses the signatures of a service account.
const USELESS: i64 = 60;

/// The machine's clock beside Meta's, the token and the number, and where its deliveries go.
pub(super) async fn number(http: &reqwest::Client, settings: &Settings, clock: &dyn Clock) -> Vec<Finding> {
    let seen = look::number::look(&Graph::new(http.clone(), settings.whatsapp.clone())).await;
    let own = look::address::own(&settings.public_url);
    let addresses = seen.addresses.as_ref().map(|set| look::address::judge(set, &own));
    let mut findings = Vec::new();
    if seen.date.is_some() || addresses.is_some() {
        findings.push(skew(seen.date, clock.now()));
    }
    findings.push(Finding::of("whatsapp", seen.number));
    findings.extend(addresses.map(|seen| Finding::of("webhook", seen)));
    findings
}

fn skew(theirs: Option<Timestamp>, ours: Timestamp) -> Finding {
    let Some(theirs) = theirs else {
        return Finding::warning(CLOCK, "Meta's answer has no date", "compare the clock by hand: `date -u`");
    };
    let seconds = ours.duration_since(theirs).as_secs();
    let message = match seconds {
        0 => "as Meta's".to_owned(),
        1.. => format!("{seconds} s ahead of Meta's"),
        _ => format!("{} s behind Meta's", -seconds),
    };
    let next = "set the machine's clock by NTP";
    if seconds.abs() <= EXACT {
        Finding::ok(CLOCK, message)
    } else if seconds.abs() < USELESS {
        Finding::warning(CLOCK, message, next)
    } else {
        Finding::failed(CLOCK, message, next)
    }
}

/// The key and the models.
pub(super) async fn model(http: &reqwest::Client, settings: &GeminiSettings) -> Finding {
    let google = Google::new(http.clone(), settings.base.clone(), settings.api_key.clone());
    Finding::of("gemini", look::model::look(&google, &settings.chain()).await)
}

/// The service account and the business's calendar.
pub(super) async fn calendar(
    http: &reqwest::Client,
    settings: Option<&GoogleSettings>,
    clock: &SharedClock,
) -> Finding {
    let Some(settings) = settings else { return Finding::of(CALENDAR, look::calendar::none()) };
    let tokens = match TokenSource::new(http.clone(), settings.clone(), Arc::clone(clock)) {
        Ok(tokens) => tokens,
        Err(error) => return Finding::failed(CALENDAR, error.to_string(), "set GOOGLE_PRIVATE_KEY again"),
    };
    let google = GoogleCalendar::new(Api::new(http.clone(), settings, tokens, Arc::clone(clock)));
    let seen = look::calendar::look(&google, &settings.calendar_id, &settings.client_email).await;
    Finding::of(CALENDAR, seen)
}
