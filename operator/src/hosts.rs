//! Which hosts an agency's clients may have. Where nothing is said for an agency its clients have no routes: a host is a
//! name others trust, and who writes a client is not who owns the name.

use std::{fmt, str::FromStr};

/// One name, or all names directly below a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    /// Normalized, without `*.`.
    name: String,
    below: bool,
}

/// Why a host or a pattern is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// It has letters a host name on the wire cannot have.
    #[error("`{0}` has letters that are not ASCII: write it as browsers send it, beginning with xn--")]
    NotAscii(String),
    /// It is no host name.
    #[error(
        "`{0}` is no host name: write one like wa.agency.example, or *.agency.example for all directly below"
    )]
    Malformed(String),
}

/// A host as it is compared: in small letters, and without the point at the end that means the root.
pub fn normalized(host: &str) -> Result<String, HostError> {
    let malformed = || HostError::Malformed(host.to_owned());
    if !host.is_ascii() {
        return Err(HostError::NotAscii(host.to_owned()));
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let well_formed = name.len() <= 253 && name.contains('.') && name.split('.').all(label);
    if well_formed { Ok(name) } else { Err(malformed()) }
}

impl HostPattern {
    /// Whether a host is the name, or directly below the domain: a certificate for `*.domain` covers no more either.
    pub fn allows(&self, host: &str) -> bool {
        let Ok(host) = normalized(host) else { return false };
        if self.below {
            host.split_once('.').is_some_and(|(_, rest)| rest == self.name)
        } else {
            host == self.name
        }
    }
}

impl FromStr for HostPattern {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let (name, below) = match text.strip_prefix("*.") {
            Some(domain) => (domain, true),
            None => (text, false),
        };
        // All below a top-level domain is nobody's to give: `normalized` asks for a point.
        Ok(Self { name: normalized(name)?, below })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.below { "*." } else { "" })?;
        f.write_str(&self.name)
    }
}

/// A host an agency's clients may have: `agency=wa.agency.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgencyHost {
    /// The agency's namespace.
    pub agency: String,
    /// Which hosts.
    pub pattern: HostPattern,
}

impl FromStr for AgencyHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (agency, pattern) = text
            .split_once('=')
            .filter(|(agency, _)| !agency.is_empty())
            .ok_or_else(|| format!("`{text}` names no agency: write NAMESPACE=HOST"))?;
        let pattern = pattern.parse().map_err(|error: HostError| error.to_string())?;
        Ok(Self { agency: agency.to_owned(), pattern })
    }
}

/// Why an agency's client may not have a host, with what it may have; none where it may.
pub fn refusal(hosts: &[AgencyHost], agency: &str, host: &str) -> Option<String> {
    let mine: Vec<&HostPattern> =
        hosts.iter().filter(|entry| entry.agency == agency).map(|entry| &entry.pattern).collect();
    if mine.iter().any(|pattern| pattern.allows(host)) {
        return None;
    }
    Some(if mine.is_empty() {
        format!(
            "clients in the namespace {agency} may have no route: remove route, or have the platform's administrators add \
             hosts for {agency} to `routes.hosts` of the mcp-platform chart"
        )
    } else {
        let list = mine.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        format!("clients in the namespace {agency} may not have the host {host}: use one of {list}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(pattern: &str, host: &str) -> bool {
        pattern.parse::<HostPattern>().unwrap().allows(host)
    }

    #[test]
    fn a_name_is_itself_and_nothing_that_ends_or_begins_with_it() {
        assert!(allows("example.com", "example.com"));
        for host in
            ["evil-example.com", "evilexample.com", "www.example.com", "example.com.evil.net", "com", ""]
        {
            assert!(!allows("example.com", host), "{host}");
        }
    }

    #[test]
    fn a_star_is_exactly_one_label_below_the_domain() {
        assert!(allows("*.example.com", "wa.example.com"));
        for host in
            ["example.com", "a.b.example.com", "evil-example.com", "wa.evil-example.com", ".example.com"]
        {
            assert!(!allows("*.example.com", host), "{host}");
        }
    }

    #[test]
    fn letters_case_and_the_roots_point_make_no_difference() {
        assert!(allows("WA.Example.com.", "wa.example.com"));
        assert!(allows("*.example.com", "WA.EXAMPLE.COM."));
        assert!(!allows("wa.example.com", "wa.example.com.."));
    }

    #[test]
    fn a_name_that_only_looks_alike_is_another_and_letters_beyond_ascii_are_asked_for_as_sent() {
        assert!(!allows("example.com", "ехample.com"), "the first letters are Cyrillic");
        assert!(!allows("example.com", "xn--xample-9uf.com"));
        assert!(allows("*.xn--mnchen-3ya.example", "wa.xn--mnchen-3ya.example"));
        let error = "münchen.example".parse::<HostPattern>().unwrap_err();
        assert!(error.to_string().contains("beginning with xn--"), "{error}");
        for text in [
            "*",
            "*.",
            "*.com",
            "localhost",
            "a..b",
            "-a.example",
            "a_b.example",
            "a.example/x",
            "*.*.example.com",
        ] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_agency_without_an_entry_has_no_routes_and_anothers_entry_is_not_its_own() {
        let hosts = ["north=*.north.example", "north=wa.example"].map(|text| text.parse().unwrap());
        assert_eq!(refusal(&hosts, "north", "a.north.example"), None);
        assert_eq!(refusal(&hosts, "north", "wa.example"), None);
        let said = refusal(&hosts, "north", "evil.example").unwrap();
        assert!(said.ends_with("use one of *.north.example, wa.example"), "{said}");
        let said = refusal(&hosts, "south", "wa.example").unwrap();
        assert!(said.contains("may have no route") && said.contains("`routes.hosts`"), "{said}");
        assert!("=wa.example".parse::<AgencyHost>().is_err() && "wa.example".parse::<AgencyHost>().is_err());
    }
}
