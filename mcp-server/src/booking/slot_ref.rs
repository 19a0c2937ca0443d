//! Opaque references to offered slots: made by the server, bound to whoever they were offered to, good on any
//! replica and after any restart. A reference is a name, not a reservation.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use jiff::Timestamp;

/// Who acts, known from the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A customer known from the channel.
    Customer(i64),
    /// An agent with a token, by its subject.
    Agent(String),
}

impl Principal {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Customer(id) => format!("customer:{id}").into_bytes(),
            Self::Agent(subject) => format!("agent:{subject}").into_bytes(),
        }
    }
}

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotRef {
    /// Service.
    pub service: String,
    /// Staff member.
    pub staff: String,
    /// Start.
    pub start: Timestamp,
    /// Whether this very staff member was asked for; otherwise somebody else may do it.
    pub pinned: bool,
}

/// Makes and reads references.
pub struct SlotRefs {
    key: hmac::Key,
}

/// Bytes of the tag that travel; 96 bits cannot be guessed online.
const TAG: usize = 12;

impl SlotRefs {
    /// With a key of its own, derived from the tenant's secret.
    pub fn new(secret: &[u8]) -> Self {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"slot reference v1");
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()) }
    }

    /// A reference for a principal.
    pub fn make(&self, principal: &Principal, slot: &SlotRef) -> String {
        let pin = if slot.pinned { "!" } else { "" };
        let payload = format!("{}~{}~{}~{pin}", slot.service, slot.staff, slot.start.as_second() / 60);
        let tag = self.tag(principal, payload.as_bytes());
        BASE64.encode([&tag.as_ref()[..TAG], payload.as_bytes()].concat())
    }

    /// What a reference names; nothing where it was not made for this principal.
    pub fn read(&self, principal: &Principal, text: &str) -> Option<SlotRef> {
        let bytes = BASE64.decode(text.trim()).ok()?;
        let (tag, payload) = bytes.split_at_checked(TAG)?;
        let expected = self.tag(principal, payload);
        aws_lc_rs::constant_time::verify_slices_are_equal(&expected.as_ref()[..TAG], tag).ok()?;
        let mut parts = std::str::from_utf8(payload).ok()?.split('~');
        let (service, staff, minutes) = (parts.next()?, parts.next()?, parts.next()?.parse::<i64>().ok()?);
        let start = Timestamp::from_second(minutes.checked_mul(60)?).ok()?;
        let pinned = parts.next()? == "!";
        Some(SlotRef { service: service.to_owned(), staff: staff.to_owned(), start, pinned })
    }

    fn tag(&self, principal: &Principal, payload: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        let principal = principal.bytes();
        context.update(&(principal.len() as u64).to_be_bytes());
        context.update(&principal);
        context.update(payload);
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_good_for_its_principal_only() {
        let refs = SlotRefs::new(b"secret");
        let slot = SlotRef {
            service: "corte".into(),
            staff: "ze".into(),
            start: Timestamp::from_second(1_800_000_000).unwrap(),
            pinned: true,
        };
        let (ana, agent) = (Principal::Customer(1), Principal::Agent("1".into()));
        let text = refs.make(&ana, &slot);
        assert_eq!(refs.read(&ana, &text), Some(slot));
        assert_eq!(refs.read(&agent, &text), None);
        assert_eq!(refs.read(&Principal::Customer(2), &text), None);
        assert_eq!(SlotRefs::new(b"other").read(&ana, &text), None);
    }

    #[test]
    fn an_altered_reference_is_refused() {
        let refs = SlotRefs::new(b"secret");
        let slot = SlotRef {
            service: "corte".into(),
            staff: "ze".into(),
            start: Timestamp::UNIX_EPOCH,
            pinned: false,
        };
        let text = refs.make(&Principal::Customer(1), &slot);
        for at in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_ne!(refs.read(&Principal::Customer(1), &altered).map(|_| ()), Some(()), "{altered}");
        }
        assert_eq!(refs.read(&Principal::Customer(1), ""), None);
    }
}
