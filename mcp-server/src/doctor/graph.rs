//! WhatsApp: the machine's clock beside Meta's, the token, the number, and where its deliveries go. One request,
//! `GET /{phone_number_id}`.

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{Response, StatusCode, header};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{Finding, PATIENCE, said, unreachable};
use crate::{clock::Clock, settings::Settings};

const CLOCK: &str = "clock";
const NUMBER: &str = "whatsapp";
const WEBHOOK: &str = "webhook";
const FIELDS: &str = "id,display_phone_number,verified_name,quality_rating,webhook_configuration";

/// Seconds a clock may differ without anybody noticing.
const EXACT: i64 = 10;
/// Seconds at which Google refuses the signatures of a service account.
const USELESS: i64 = 60;

pub(super) async fn look(http: &reqwest::Client, settings: &Settings, clock: &dyn Clock) -> Vec<Finding> {
    let whatsapp = &settings.whatsapp;
    let answer = http
        .get(format!("{}/{}", whatsapp.graph_base, whatsapp.phone_number_id))
        .query(&[("fields", FIELDS)])
        .bearer_auth(whatsapp.api_token.expose_secret())
        .timeout(PATIENCE)
        .send()
        .await;
    match answer {
        Err(error) => vec![Finding::failed(
            NUMBER,
            format!("the Graph API: {}", unreachable(&error)),
            "check WHATSAPP_GRAPH_BASE, and whether the network lets port 443 out",
        )],
        Ok(response) => {
            let skew = skew(date(&response), clock.now());
            let status = response.status();
            let body = said(response).await;
            let number = number(status, &body);
            let known = status.is_success();
            let webhook = known.then(|| webhook(&body["webhook_configuration"], &settings.public_url));
            [skew, number].into_iter().chain(webhook).collect()
        }
    }
}

fn date(response: &Response) -> Option<Timestamp> {
    let date = response.headers().get(header::DATE)?.to_str().ok()?;
    rfc2822::DateTimeParser::new().parse_timestamp(date).ok()
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

fn number(status: StatusCode, body: &Value) -> Finding {
    if status.is_success() {
        let field = |name: &str| body[name].as_str().unwrap_or("?").to_owned();
        let seen = format!("{} \"{}\"", field("display_phone_number"), field("verified_name"));
        return match body["quality_rating"].as_str() {
            Some(quality @ ("RED" | "YELLOW")) => Finding::warning(
                NUMBER,
                format!("the token reads {seen}; its quality is {quality}"),
                "send fewer messages nobody asked for; see the WhatsApp Manager's insights",
            ),
            _ => Finding::ok(NUMBER, format!("the token reads {seen}")),
        };
    }
    let (code, subcode) = (body["error"]["code"].as_i64(), body["error"]["error_subcode"].as_i64());
    let seen = match code {
        Some(code) => format!("the Graph API answers error {code}"),
        None => format!("the Graph API answers status {}", status.as_u16()),
    };
    let next = match (code, subcode) {
        (Some(190 | 102 | 104 | 0 | 3), _) => {
            "WHATSAPP_API_TOKEN is refused: make a permanent token of a system user and set it"
        }
        (Some(100 | 33), _) => {
            "check WHATSAPP_PHONE_NUMBER_ID (the id, not the number), and that the system user may use its account"
        }
        (Some(10 | 200..=299), _) => {
            "give the system user whatsapp_business_messaging and whatsapp_business_management"
        }
        (Some(4 | 80_007 | 130_429), _) => "Meta limits the rate: try again in a few minutes",
        (Some(368 | 131_031), _) => "the account is restricted: see the WhatsApp Manager",
        _ if status.is_server_error() => "Meta has trouble: try again later",
        _ => "look the error up in Meta's list of Cloud API error codes",
    };
    Finding::failed(NUMBER, seen, next)
}

/// Which of the three addresses Meta uses: the number's, then the account's, then the app's.
fn webhook(set: &Value, public_url: &str) -> Finding {
    let wanted = format!("{public_url}/webhooks/whatsapp");
    let old = format!("{public_url}/api/v1/webhooks/whatsapp");
    let address = |level: &str| set[level].as_str().filter(|address| !address.is_empty());
    let used = address("phone_number")
        .or_else(|| address("override_callback_uri"))
        .map(|used| ("the number's own", used))
        .or_else(|| address("whatsapp_business_account").map(|used| ("the business account's", used)))
        .or_else(|| address("application").map(|used| ("the app's", used)));
    let next = format!("enter {wanted} and WHATSAPP_WEBHOOK_VERIFY_TOKEN as the number's webhook override");
    match used {
        Some((whose, used)) if used == wanted || used == old => {
            Finding::ok(WEBHOOK, format!("deliveries come to this tenant ({whose} address)"))
        }
        Some((whose, used)) => Finding::failed(
            WEBHOOK,
            format!("deliveries go to {used} ({whose} address), not to this tenant: customers are not heard"),
            next,
        ),
        None => Finding::failed(WEBHOOK, "no address is set: customers are not heard", next),
    }
}
