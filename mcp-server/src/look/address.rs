//! Where Meta delivers to: the number's own address overrides those of the account and of the app, and without it a
//! number of a shared app is silent while all looks healthy (Meta, "Webhook overrides").

use serde_json::Value;

use crate::status::{Reason, Seen};

/// Meta takes no longer address.
const LONGEST: usize = 200;

/// The tenant's own address; else why it has none that Meta could use.
pub fn own(public_url: &str) -> Result<String, Seen> {
    if !public_url.starts_with("https://") {
        return Err(Seen::new(
            Reason::NotConfigured,
            "PUBLIC_URL is not https: Meta cannot deliver there, and the number's webhook address is neither set nor \
             compared",
        ));
    }
    let url = format!("{public_url}/webhooks/whatsapp");
    if url.len() > LONGEST {
        return Err(Seen::new(
            Reason::RequestRefused,
            format!("Meta takes no webhook address longer than {LONGEST} characters"),
        )
        .next("shorten the route's path"));
    }
    Ok(url)
}

/// The number's own address in Meta's answer.
pub fn of_the_number(set: &Value) -> Option<&str> {
    ["phone_number", "override_callback_uri"].into_iter().find_map(|level| address(set, level))
}

fn address<'a>(set: &'a Value, level: &str) -> Option<&'a str> {
    set[level].as_str().filter(|address| !address.is_empty())
}

/// Which of the three addresses Meta uses, and whether it is the tenant's own.
pub fn judge(set: &Value, own: &Result<String, Seen>) -> Seen {
    let wanted = match own {
        Ok(wanted) => wanted,
        Err(seen) => return seen.clone(),
    };
    let old = wanted.replace("/webhooks/whatsapp", "/api/v1/webhooks/whatsapp");
    let used = of_the_number(set)
        .map(|used| ("the number's own", used))
        .or_else(|| address(set, "whatsapp_business_account").map(|used| ("the business account's", used)))
        .or_else(|| address(set, "application").map(|used| ("the app's", used)));
    let next = format!(
        "give the token's system user whatsapp_business_management, or enter {wanted} and \
         WHATSAPP_WEBHOOK_VERIFY_TOKEN as the number's webhook override"
    );
    match used {
        Some((whose, used)) if used == *wanted || used == old => {
            Seen::new(Reason::Works, format!("deliveries come to this tenant ({whose} address)"))
        }
        Some((whose, used)) => Seen::new(
            Reason::DeliveredElsewhere,
            format!("deliveries go to {used} ({whose} address), not to this tenant: customers are not heard"),
        )
        .next(next),
        None => {
            Seen::new(Reason::DeliveredElsewhere, "no address is set: customers are not heard").next(next)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const URL: &str = "https://t.example/bella/production";

    #[test]
    fn the_numbers_own_address_goes_before_the_accounts_and_the_apps() {
        let mine = format!("{URL}/webhooks/whatsapp");
        for (set, reason) in [
            (json!({"phone_number": mine, "application": "https://hub.example/"}), Reason::Works),
            (json!({"application": mine}), Reason::Works),
            (
                json!({"phone_number": "https://hub.example/", "application": mine}),
                Reason::DeliveredElsewhere,
            ),
            (json!({"phone_number": "", "application": ""}), Reason::DeliveredElsewhere),
            (json!({}), Reason::DeliveredElsewhere),
            (Value::Null, Reason::DeliveredElsewhere),
        ] {
            assert_eq!(judge(&set, &own(URL)).reason, reason, "{set}");
        }
    }

    #[test]
    fn without_tls_there_is_nothing_to_compare_and_a_long_address_is_no_address() {
        let set = json!({"application": "https://hub.example/"});
        assert_eq!(judge(&set, &own("http://bella.ns.svc")).reason, Reason::NotConfigured);
        let long = judge(&set, &own(&format!("https://x.example/{}", "a".repeat(200))));
        assert!(long.reason == Reason::RequestRefused && long.message.unwrap().contains("200 characters"));
    }
}
