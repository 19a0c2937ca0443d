//! What needs knowledge of the world: versions, zones, currencies, telephone numbers.

use jiff::tz::{self, TimeZone};

use super::{Code, Findings, currency, suggest, text::short};
use crate::{Profile, scalar::Money};

pub(super) fn check(findings: &mut Findings, profile: &Profile) {
    if profile.schema_version != 1 {
        let message = format!(
            "this program reads schemaVersion 1 and the profile says {}: write 1, or use a newer program",
            profile.schema_version
        );
        findings.add("schemaVersion", Code::UnsupportedVersion, message);
    }
    zone(findings, &profile.business.time_zone);
    let code = &profile.business.currency;
    if let Some(decimals) = currency::decimals(code) {
        prices(findings, profile, decimals);
    } else {
        let message =
            format!("`{}` is not a currency in use: write its ISO 4217 code, like BRL or EUR", short(code));
        findings.add("business.currency", Code::UnknownCurrency, message);
    }
    if let Some(phone) = &profile.business.contact.phone {
        self::phone(findings, phone);
    }
}

fn zone(findings: &mut Findings, written: &str) {
    let known = TimeZone::get(written).ok();
    // The lookup does not mind case; other programs that read the same name do.
    let exact = known.as_ref().and_then(TimeZone::iana_name);
    if exact == Some(written) {
        return;
    }
    let names: Vec<String> = match exact {
        Some(name) => vec![name.to_owned()],
        None => tz::db().available().map(|name| name.to_string()).collect(),
    };
    let hint = match suggest::closest(names.iter().map(String::as_str), written) {
        Some(name) => format!("did you mean {name}?"),
        None => "write its IANA name, like America/Sao_Paulo or Europe/Berlin".to_owned(),
    };
    let message = format!("`{}` is not a time zone: {hint}", short(written));
    findings.add("business.timeZone", Code::UnknownZone, message);
}

fn prices(findings: &mut Findings, profile: &Profile, decimals: u32) {
    // Amounts have two places: only currencies with fewer can be written wrongly.
    let smallest = 10_u64.pow(2_u32.saturating_sub(decimals));
    for (at, service) in profile.services.iter().enumerate() {
        if service.price.cents() % smallest != 0 {
            let message =
                format!("{} has no cents: write {}", profile.business.currency, whole(service.price));
            findings.add(format!("services[{at}].price"), Code::MoneyDecimals, message);
        }
    }
}

fn whole(price: Money) -> u64 {
    price.cents().div_ceil(100)
}

/// Between what the shortest national numbers have with their country code and what E.164 allows.
fn phone(findings: &mut Findings, written: &str) {
    let digits: Vec<char> = written.chars().filter(char::is_ascii_digit).collect();
    let fault = match digits.as_slice() {
        ['0', ..] => "no country code begins with 0",
        digits if digits.len() < 8 => "it is too short",
        digits if digits.len() > 15 => "it is too long",
        _ => return,
    };
    let message = format!(
        "`{}` is hardly a telephone number, {fault}: write it with its country code, like +55 11 3333-4444",
        short(written)
    );
    findings.add("business.contact.phone", Code::UnlikelyPhone, message);
}
