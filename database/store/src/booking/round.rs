//! Several requests in one transaction, decided one after the other.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{Agenda, BookingOutcome, BookingRequest, Choice, Refused};
use crate::{StoreError, lanes::Occupation};

/// A request with the instant it was made at.
pub type Asked = (BookingRequest, Timestamp);

/// What a transaction read for one request.
#[derive(Debug)]
pub struct Found {
    /// The outcome of the first request with its key.
    pub first: Result<Option<BookingOutcome>, StoreError>,
    /// Whether its holder holds something.
    pub holds: bool,
    /// Open bookings of the customer whose number it limits.
    pub open: u64,
    /// The agenda of what is near, or of all around where the request does not say what that is.
    pub agenda: Agenda,
}

/// What is to be done about a request.
#[derive(Debug)]
pub enum Decision {
    /// Nothing is written.
    Done(Result<BookingOutcome, StoreError>),
    /// This is written.
    Write(Box<Choice>),
    /// It needs a transaction of its own, after this one. Never said of one request alone.
    Alone,
}

/// Requests that share a transaction, decided one after the other over what the transaction read for each of them: each
/// sees what those before it chose as if it had been written. What would make that more than an addition (holds that give
/// way or are confirmed, lanes that change, a second request with a key or a holder, a lane another one has just taken)
/// is left for a transaction of its own.
///
/// Those that what is near does not settle come last, over what is read of all around them.
#[derive(Debug)]
pub struct Round<'a> {
    asked: &'a [Asked],
    check: Check,
    /// None where it is not settled.
    decisions: Vec<Option<Decision>>,
    /// Open bookings of the limited customers, as they were found.
    open: Vec<u64>,
}

/// Holds a choice against the rules and cuts it to what is kept.
pub type Check = fn(Choice) -> Result<Choice, StoreError>;

impl<'a> Round<'a> {
    /// Decides what can be decided over what was found.
    pub fn new(asked: &'a [Asked], found: Vec<Found>, check: Check) -> Self {
        let mut round = Self { asked, check, decisions: Vec::new(), open: Vec::new() };
        let mut names = HashSet::new();
        for ((request, now), found) in asked.iter().zip(found) {
            let new_key = names.insert(("key", request.idempotency_key.as_str()));
            let holder = request.holder.as_deref();
            let new_holder = holder.is_none_or(|holder| names.insert(("holder", holder)));
            let decision = match found.first {
                _ if !(new_key && new_holder) => Some(Decision::Alone),
                Err(error) => Some(Decision::Done(Err(error))),
                Ok(Some(first)) => Some(Decision::Done(Ok(first))),
                Ok(None) if round.together() && (request.confirm.is_some() || found.holds) => {
                    Some(Decision::Alone)
                }
                Ok(None) => round.choose((request, *now), request.near, (found.open, found.agenda)),
            };
            round.decisions.push(decision);
            round.open.push(found.open);
        }
        round
    }

    /// The spans of those that are not settled, in order.
    pub fn unsettled(&self) -> Vec<(Timestamp, Timestamp)> {
        let each = self.asked.iter().zip(&self.decisions);
        each.filter(|(_, decision)| decision.is_none()).map(|((request, _), _)| request.around).collect()
    }

    /// What is to be done about each, given the agendas of [`Self::unsettled`] in the same order.
    pub fn decide(mut self, around: Vec<Agenda>) -> Vec<Decision> {
        let mut around = around.into_iter();
        for (n, ((request, now), open)) in self.asked.iter().zip(std::mem::take(&mut self.open)).enumerate() {
            if self.decisions.get(n).is_some_and(Option::is_none)
                && let Some(agenda) = around.next()
                && let Some(settled) = self.choose((request, *now), None, (open, agenda))
                && let Some(decision) = self.decisions.get_mut(n)
            {
                *decision = Some(settled);
            }
        }
        self.decisions.into_iter().map(|decision| decision.unwrap_or(Decision::Alone)).collect()
    }

    fn together(&self) -> bool {
        self.asked.len() > 1
    }

    /// Asks over an agenda: of what is near, or of all around. None where what is near does not settle it.
    fn choose(
        &self,
        (request, now): (&BookingRequest, Timestamp),
        near: Option<(Timestamp, Timestamp)>,
        (open, mut agenda): (u64, Agenda),
    ) -> Option<Decision> {
        let earlier = || self.decisions.iter().flatten().filter_map(Decision::choice);
        if let Some(limit) = request.limit {
            let fresh = earlier().map(|choice| &choice.booking);
            let fresh = fresh.filter(|b| b.customer_id() == Some(limit.customer_id) && b.end() > now).count();
            let open = open.saturating_add(u64::try_from(fresh).unwrap_or(u64::MAX));
            if open >= u64::from(limit.most) {
                return Some(Decision::Done(Ok(BookingOutcome::Refused(Refused::limit_reached(open)))));
            }
        }
        let span = near.unwrap_or(request.around);
        if earlier().next().is_some() {
            earlier().for_each(|choice| agenda.put(span, choice));
            agenda.sort();
        }
        if near.is_some() {
            agenda.standing.clear();
        }
        let decision = match (request.choose)(&agenda).map(self.check) {
            Err(_) if near.is_some() => return None,
            Err(refused) => Decision::Done(Ok(BookingOutcome::Refused(refused))),
            Ok(Err(error)) => Decision::Done(Err(error)),
            Ok(Ok(choice)) if near.is_some() && !choice.moves.is_empty() => return None,
            Ok(Ok(choice)) if self.together() && !choice.moves.is_empty() => Decision::Alone,
            Ok(Ok(choice)) if earlier().any(|other| collide(other, &choice)) => Decision::Alone,
            Ok(Ok(choice)) => Decision::Write(Box::new(choice)),
        };
        Some(decision)
    }
}

impl Decision {
    /// What is written.
    pub fn choice(&self) -> Option<&Choice> {
        match self {
            Self::Write(choice) => Some(choice),
            Self::Done(_) | Self::Alone => None,
        }
    }
}

/// Whether the database would refuse the second of two choices for the first.
fn collide(one: &Choice, other: &Choice) -> bool {
    let share = |o: &Occupation, of: &Choice| o.share.clone().unwrap_or_else(|| of.booking.id.clone());
    one.occupations.iter().any(|a| {
        other
            .occupations
            .iter()
            .any(|b| a.lane == b.lane && a.from < b.to && b.from < a.to && share(a, one) != share(b, other))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        booking::{BookedFor, Booking, BookingItem, BookingState, ConfirmHold, OpenLimit},
        lanes::LaneMove,
    };

    fn hour(n: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + n * 3600).unwrap()
    }

    /// An hour of a lane for customer 7.
    fn choice(id: &str, lane: &str, start: i64) -> Choice {
        let item = BookingItem {
            service_id: "cut".into(),
            service_name: "Cut".into(),
            staff_id: "ana".into(),
            staff_name: "Ana".into(),
            start: hour(start),
            end: hour(start + 1),
            price_cents: 0,
        };
        let booking = Booking {
            id: id.into(),
            reference: id.to_uppercase(),
            booked_for: BookedFor::Customer(7),
            customer_name: String::new(),
            items: vec![item],
            currency: "EUR".into(),
            state: BookingState::Confirmed,
            hold_until: None,
        };
        let (from, to) = (hour(start), hour(start + 1));
        let occupations = vec![Occupation { lane: lane.into(), share: None, from, to, pinned: true }];
        Choice { booking, occupations, moves: Vec::new(), reminders: Vec::new() }
    }

    /// A request of the day that takes its choice where its lane is free at that hour.
    fn request(choice: Choice) -> BookingRequest {
        BookingRequest {
            idempotency_key: choice.booking.id.clone(),
            digest: String::new(),
            holder: None,
            confirm: None,
            limit: None,
            near: None,
            around: (hour(0), hour(24)),
            choose: Arc::new(move |agenda| {
                let wanted = &choice.occupations[0];
                let taken = agenda.occupied.iter().any(|o| o.lane == wanted.lane && o.from == wanted.from);
                if taken { Err(Refused::slot_taken()) } else { Ok(choice.clone()) }
            }),
            audit: None,
        }
    }

    fn nothing() -> Found {
        Found { first: Ok(None), holds: false, open: 0, agenda: Agenda::default() }
    }

    /// What comes of requests that found nothing: `write`, `alone`, or the code of a refusal.
    fn decided(requests: Vec<BookingRequest>) -> Vec<String> {
        let found = requests.iter().map(|_| nothing()).collect();
        words(requests, found)
    }

    fn words(requests: Vec<BookingRequest>, found: Vec<Found>) -> Vec<String> {
        let asked: Vec<Asked> = requests.into_iter().map(|request| (request, hour(0))).collect();
        let word = |decision: Decision| match decision {
            Decision::Write(_) => "write".to_owned(),
            Decision::Alone => "alone".to_owned(),
            Decision::Done(Ok(BookingOutcome::Refused(refused))) => refused.code,
            Decision::Done(other) => format!("{other:?}"),
        };
        Round::new(&asked, found, Ok).decide(Vec::new()).into_iter().map(word).collect()
    }

    #[test]
    fn each_sees_what_those_before_it_chose_where_it_looks() {
        let mut elsewhere = request(choice("d", "x", 9));
        elsewhere.around = (hour(12), hour(24));
        let requests = vec![
            request(choice("a", "x", 9)),
            request(choice("b", "x", 9)),
            request(choice("c", "y", 9)),
            elsewhere,
        ];
        // The last one looks past it; the database would refuse it, so it does not spoil the others.
        assert_eq!(decided(requests), ["write", "slot_taken", "write", "alone"]);
    }

    #[test]
    fn a_limit_counts_what_those_before_it_chose() {
        let limited = |id: &str, lane: &str, customer_id| {
            let mut request = request(choice(id, lane, 9));
            request.limit = Some(OpenLimit { customer_id, most: 2 });
            request
        };
        let requests =
            vec![limited("a", "x", 7), limited("b", "y", 7), limited("c", "z", 7), limited("d", "q", 8)];
        assert_eq!(decided(requests), ["write", "write", "limit_reached", "write"]);
    }

    #[test]
    fn a_second_request_with_a_key_or_a_holder_waits_for_the_first() {
        let held = |id: &str| BookingRequest { holder: Some("h".into()), ..request(choice(id, id, 9)) };
        let again = request(choice("a", "x", 9));
        let requests = vec![again.clone(), again, held("b"), held("c")];
        assert_eq!(decided(requests), ["write", "alone", "write", "alone"]);
    }

    #[test]
    fn what_is_more_than_an_addition_is_alone_unless_it_is_the_only_one() {
        let confirm =
            ConfirmHold { booking_id: "h".into(), state: BookingState::Confirmed, customer_name: None };
        let confirming = BookingRequest { confirm: Some(confirm), ..request(choice("a", "x", 9)) };
        let mut moving = choice("b", "y", 9);
        let (booking_id, lane, to_lane) = ("o".into(), "y".into(), "z".into());
        moving.moves = vec![LaneMove { booking_id, lane, from: hour(9), to_lane }];
        let moving = request(moving);
        let holding = request(choice("c", "z", 9));
        let holds = || Found { holds: true, ..nothing() };
        let together = vec![confirming.clone(), moving.clone(), holding.clone()];
        assert_eq!(words(together, vec![nothing(), nothing(), holds()]), ["alone", "alone", "alone"]);
        assert_eq!(decided(vec![confirming]), ["write"]);
        assert_eq!(decided(vec![moving]), ["write"]);
        assert_eq!(words(vec![holding], vec![holds()]), ["write"]);
    }

    /// A request of the day that looks near its hour first.
    fn near(id: &str, lane: &str, start: i64) -> BookingRequest {
        BookingRequest { near: Some((hour(start), hour(start + 1))), ..request(choice(id, lane, start)) }
    }

    #[test]
    fn what_is_near_settles_what_is_free_and_nothing_else_is_read() {
        let asked: Vec<Asked> = [near("a", "x", 9), near("b", "x", 9), near("c", "x", 10)]
            .map(|request| (request, hour(0)))
            .into();
        let round = Round::new(&asked, asked.iter().map(|_| nothing()).collect(), Ok);
        assert_eq!(round.unsettled(), [asked[1].0.around], "its lane went to the one before it");
        let decisions = round.decide(vec![Agenda::default()]);
        let written: Vec<_> = decisions.iter().map(|decision| decision.choice().is_some()).collect();
        assert_eq!(written, [true, false, true]);
        assert!(matches!(&decisions[1], Decision::Done(Ok(BookingOutcome::Refused(r))) if r.is_slot_taken()));
    }

    #[test]
    fn who_would_have_to_move_is_looked_for_all_around() {
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let keep = Arc::clone(&seen);
        let mut moving = near("b", "y", 9);
        moving.choose = Arc::new(move |agenda| {
            keep.lock().unwrap().push((agenda.occupied.len(), agenda.standing.len()));
            let mut choice = choice("b", "y", 9);
            let (booking_id, lane, to_lane) = ("o".into(), "y".into(), "z".into());
            choice.moves = vec![LaneMove { booking_id, lane, from: hour(9), to_lane }];
            Ok(choice)
        });
        let mut there = Agenda::default();
        there.put((hour(0), hour(24)), &choice("o", "y", 9));
        let asked = [(moving, hour(0))];
        let round = Round::new(&asked, vec![Found { agenda: there.clone(), ..nothing() }], Ok);
        assert_eq!(round.unsettled(), [asked[0].0.around]);
        there.put((hour(0), hour(24)), &choice("p", "q", 12));
        let decisions = round.decide(vec![there]);
        assert_eq!(decisions[0].choice().map(|choice| choice.moves.len()), Some(1));
        assert_eq!(*seen.lock().unwrap(), [(1, 0), (2, 2)], "near only lanes count");
    }

    #[test]
    fn a_limit_counts_those_that_were_settled_before_what_is_read_again() {
        let limited =
            |request| BookingRequest { limit: Some(OpenLimit { customer_id: 7, most: 2 }), ..request };
        let requests = [near("a", "x", 9), near("b", "x", 9), near("c", "y", 9)].map(limited);
        let asked: Vec<Asked> = requests.into_iter().map(|request| (request, hour(0))).collect();
        let round = Round::new(&asked, asked.iter().map(|_| nothing()).collect(), Ok);
        let decisions = round.decide(vec![Agenda::default()]);
        let Decision::Done(Ok(BookingOutcome::Refused(refused))) = &decisions[1] else { panic!() };
        assert_eq!(refused.code, "limit_reached");
    }
}
