//! Opaque references to offered slots and to bookings: made by the server, bound to whoever they were given to, good on
//! any replica and after any restart.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use jiff::Timestamp;

use super::{Principal, SlotRef};

/// Makes and reads references.
pub struct SlotRefs {
    slots: hmac::Key,
    bookings: hmac::Key,
    taps: hmac::Key,
}

/// Bytes of the tag that travel; 96 bits cannot be guessed online.
const TAG: usize = 12;

impl SlotRefs {
    /// With keys of its own, derived from the tenant's secret.
    pub fn new(secret: &[u8]) -> Self {
        let derive = |purpose: &[u8]| {
            let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), purpose);
            hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
        };
        Self {
            slots: derive(b"slot reference v2"),
            bookings: derive(b"booking reference v1"),
            taps: derive(b"notice tap v1"),
        }
    }

    /// A reference to a slot for a principal.
    pub fn make(&self, principal: &Principal, slot: &SlotRef) -> String {
        seal(&self.slots, principal, &slot.text())
    }

    /// The slot a reference names; nothing where it was not made for this principal.
    pub fn read(&self, principal: &Principal, text: &str) -> Option<SlotRef> {
        SlotRef::read(&open(&self.slots, principal, text)?)
    }

    /// A reference to a booking for a principal.
    pub fn make_booking(&self, principal: &Principal, booking_id: &str) -> String {
        seal(&self.bookings, principal, booking_id)
    }

    /// The id of the booking a reference names; nothing where it was not made for this principal.
    pub fn read_booking(&self, principal: &Principal, text: &str) -> Option<String> {
        open(&self.bookings, principal, text)
    }

    /// The id of a button under a notice to a principal.
    pub fn make_tap(&self, principal: &Principal, meaning: &str) -> String {
        seal(&self.taps, principal, meaning)
    }

    /// The id of a button that may grow old: `kind` says whose menu it is in, one letter.
    pub fn make_dated_tap(&self, principal: &Principal, kind: char, meaning: &str, now: Timestamp) -> String {
        self.make_tap(principal, &format!("{kind}~{}~{meaning}", now.as_second() / 60))
    }

    /// What a button that may grow old means, and in which minute it was made; nothing where it was not made for this
    /// principal, or is in another menu.
    pub fn read_dated_tap(
        &self,
        principal: &Principal,
        kind: char,
        text: &str,
    ) -> Option<(Timestamp, String)> {
        let tap = self.read_tap(principal, text)?;
        let (made, meaning) = tap.strip_prefix(kind)?.strip_prefix('~')?.split_once('~')?;
        let made = Timestamp::from_second(made.parse::<i64>().ok()?.checked_mul(60)?).ok()?;
        Some((made, meaning.to_owned()))
    }

    /// What a button under a notice means; nothing where it was not made for this principal.
    pub fn read_tap(&self, principal: &Principal, text: &str) -> Option<String> {
        open(&self.taps, principal, text)
    }
}

fn seal(key: &hmac::Key, principal: &Principal, payload: &str) -> String {
    let tag = tag(key, principal, payload.as_bytes());
    BASE64.encode([&tag.as_ref()[..TAG], payload.as_bytes()].concat())
}

fn open(key: &hmac::Key, principal: &Principal, text: &str) -> Option<String> {
    let bytes = BASE64.decode(text.trim()).ok()?;
    let (sent, payload) = bytes.split_at_checked(TAG)?;
    let expected = tag(key, principal, payload);
    aws_lc_rs::constant_time::verify_slices_are_equal(&expected.as_ref()[..TAG], sent).ok()?;
    String::from_utf8(payload.to_vec()).ok()
}

fn tag(key: &hmac::Key, principal: &Principal, payload: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    let actor = principal.actor();
    context.update(&(actor.len() as u64).to_be_bytes());
    context.update(actor.as_bytes());
    context.update(payload);
    context.sign()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::booking::SlotPart;

    fn slot() -> SlotRef {
        let part = |service: &str, pinned| SlotPart { service: service.into(), staff: "ze".into(), pinned };
        SlotRef {
            start: Timestamp::from_second(1_800_000_000).unwrap(),
            parts: vec![part("corte", true), part("barba", false)],
        }
    }

    #[test]
    fn a_reference_is_good_for_its_principal_only() {
        let refs = SlotRefs::new(b"secret");
        let (ana, agent) = (Principal::Customer(1), Principal::Agent("1".into()));
        let text = refs.make(&ana, &slot());
        assert_eq!(refs.read(&ana, &text), Some(slot()));
        for other in [agent, Principal::Customer(2), Principal::Staff("1".into())] {
            assert_eq!(refs.read(&other, &text), None);
        }
        assert_eq!(SlotRefs::new(b"other").read(&ana, &text), None);
    }

    #[test]
    fn a_booking_is_named_to_whom_it_was_shown_and_a_slot_is_no_booking() {
        let refs = SlotRefs::new(b"secret");
        let ana = Principal::Customer(1);
        let text = refs.make_booking(&ana, "0123456789abcdef0123456789abcdef");
        assert!(text.len() <= 64, "it fits into the id of a button beside other things");
        assert_eq!(refs.read_booking(&ana, &text).as_deref(), Some("0123456789abcdef0123456789abcdef"));
        assert_eq!(refs.read_booking(&Principal::Customer(2), &text), None);
        assert_eq!(refs.read_booking(&ana, &refs.make(&ana, &slot())), None);
        assert_eq!(refs.read(&ana, &text), None);
    }

    #[test]
    fn an_altered_reference_is_refused() {
        let refs = SlotRefs::new(b"secret");
        let text = refs.make(&Principal::Customer(1), &slot());
        for at in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(refs.read(&Principal::Customer(1), &altered), None, "{altered}");
        }
        assert_eq!(refs.read(&Principal::Customer(1), ""), None);
    }
}
