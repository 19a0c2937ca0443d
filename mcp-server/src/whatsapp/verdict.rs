//! What an answer of the Graph API says about the channel as a whole.

use super::answer::{Answer, Class, Trouble};
use crate::status::{Reason, Seen};

/// What a send has shown; `None` where it is only about one customer or one message.
pub(super) fn of_send(answer: &Answer) -> Option<Seen> {
    let trouble = match answer {
        Answer::Sent(_) => return Some(Seen::works()),
        Answer::Refused(trouble) | Answer::Unknown(trouble) => trouble,
    };
    let seen = match trouble.class {
        Class::Pair | Class::Window | Class::Recipient | Class::Request => return None,
        Class::Spam => Seen::new(Reason::QualityLow, "customers complained; reminders and other news wait")
            .next("send fewer messages nobody asked for; see the WhatsApp Manager's insights"),
        Class::Throttled => {
            Seen::new(Reason::Slowed, "too many messages for this number; they are sent more slowly")
        }
        Class::Token | Class::Account => {
            let seen = of_trouble(trouble);
            Seen { message: Some(format!("{}: nothing is sent", answers(trouble))), ..seen }
        }
        Class::Transient => of_trouble(trouble),
    };
    Some(seen)
}

/// What a refused look at the number has shown. Meta's own words are left out: they may repeat what was sent.
pub fn of_trouble(trouble: &Trouble) -> Seen {
    let (reason, next) = match (trouble.class, trouble.code) {
        (_, Some(10 | 200..=299 | 131_005)) => (
            Reason::NotPermitted,
            "give the system user whatsapp_business_messaging and whatsapp_business_management",
        ),
        (_, Some(33 | 100)) => (
            Reason::NotFound,
            "check WHATSAPP_PHONE_NUMBER_ID (the id, not the number), and that the system user may use its account",
        ),
        (Class::Token, _) => (
            Reason::CredentialRefused,
            "WHATSAPP_API_TOKEN is refused: make a permanent token of a system user and put it into the credentials \
             Secret; messages wait until then",
        ),
        (Class::Account, _) => (
            Reason::AccountBlocked,
            "open WhatsApp Manager and clear what is wrong with the account or its payment; messages wait until then",
        ),
        (Class::Throttled | Class::Pair | Class::Spam, _) => {
            (Reason::RateLimited, "nothing: Meta limits the rate, and it is tried again later by itself")
        }
        (Class::Transient, _) => (
            Reason::Unreachable,
            "Meta has trouble or cannot be reached: it is tried again later by itself; where it lasts, check \
             WHATSAPP_GRAPH_BASE, and whether the network lets port 443 out",
        ),
        (Class::Window | Class::Recipient | Class::Request, _) => {
            (Reason::RequestRefused, "look the error up in Meta's list of Cloud API error codes")
        }
    };
    Seen::new(reason, answers(trouble)).next(next)
}

fn answers(trouble: &Trouble) -> String {
    match trouble.code {
        Some(code) => format!("the Graph API answers error {code}"),
        None if trouble.class == Class::Transient => format!("the Graph API: {}", trouble.why),
        None => format!("the Graph API answers {}", trouble.why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(class: Class, code: Option<i64>) -> Trouble {
        Trouble { class, code, why: "status 401 without an error code".into(), retry_after: None }
    }

    #[test]
    fn what_concerns_one_customer_says_nothing_about_the_channel() {
        for class in [Class::Pair, Class::Window, Class::Recipient, Class::Request] {
            assert_eq!(of_send(&Answer::Refused(refused(class, Some(131_026)))), None, "{class:?}");
        }
        for (class, reason) in [
            (Class::Token, Reason::CredentialRefused),
            (Class::Account, Reason::AccountBlocked),
            (Class::Spam, Reason::QualityLow),
            (Class::Throttled, Reason::Slowed),
            (Class::Transient, Reason::Unreachable),
        ] {
            let seen = of_send(&Answer::Refused(refused(class, None))).unwrap();
            assert_eq!(seen.reason, reason);
        }
    }

    #[test]
    fn a_right_that_is_missing_is_not_a_refused_token() {
        let reason = |code| of_trouble(&refused(Class::Token, Some(code))).reason;
        assert_eq!(
            (reason(190), reason(200), reason(10)),
            (Reason::CredentialRefused, Reason::NotPermitted, Reason::NotPermitted)
        );
        assert_eq!(of_trouble(&refused(Class::Request, Some(100))).reason, Reason::NotFound);
    }
}
