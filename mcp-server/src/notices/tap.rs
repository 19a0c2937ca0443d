//! What a customer means who taps a button under a notice.

use crate::booking::{Principal, SlotRefs};

/// A button under a notice. Its id is opaque and good for its customer only, under any title and as the payload of a
/// template's quick reply too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeTap {
    /// Comes to this booking.
    Confirm(String),
    /// Wants this booking at another time.
    Move(String),
    /// Does not want this booking any more.
    Cancel(String),
    /// Takes what this entry of the waitlist was offered.
    Accept(String),
    /// Does not take it.
    Refuse(String),
}

impl NoticeTap {
    /// The id of the button for a customer: less than 80 characters.
    pub fn id(&self, refs: &SlotRefs, customer: i64) -> String {
        let (word, id) = match self {
            Self::Confirm(id) => ("confirm", id),
            Self::Move(id) => ("move", id),
            Self::Cancel(id) => ("cancel", id),
            Self::Accept(id) => ("accept", id),
            Self::Refuse(id) => ("refuse", id),
        };
        refs.make_tap(&Principal::Customer(customer), &format!("{word}~{id}"))
    }

    /// What a tap of a customer means; nothing where the button was not made for this customer.
    pub fn read(refs: &SlotRefs, customer: i64, text: &str) -> Option<Self> {
        let meaning = refs.read_tap(&Principal::Customer(customer), text)?;
        let (word, id) = meaning.split_once('~')?;
        let id = id.to_owned();
        match word {
            "confirm" => Some(Self::Confirm(id)),
            "move" => Some(Self::Move(id)),
            "cancel" => Some(Self::Cancel(id)),
            "accept" => Some(Self::Accept(id)),
            "refuse" => Some(Self::Refuse(id)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_means_the_same_to_its_customer_and_nothing_to_anybody_else() {
        let refs = SlotRefs::new(b"secret");
        let booking = "0123456789abcdef0123456789abcdef".to_owned();
        for tap in [
            NoticeTap::Confirm(booking.clone()),
            NoticeTap::Move(booking.clone()),
            NoticeTap::Cancel(booking.clone()),
            NoticeTap::Accept(booking.clone()),
            NoticeTap::Refuse(booking.clone()),
        ] {
            let id = tap.id(&refs, 1);
            assert!(id.len() < 80);
            assert_eq!(NoticeTap::read(&refs, 1, &id), Some(tap));
            assert_eq!(NoticeTap::read(&refs, 2, &id), None);
        }
    }
}
