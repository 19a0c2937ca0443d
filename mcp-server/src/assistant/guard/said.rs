//! What a clause says, held against what may be said.

use jiff::civil::Date;

use super::{
    Lie, dates, known,
    known::Known,
    text::{self, Token, has, is, word},
    times,
    vocabulary::{HOURS, NEGATIVE, OFFER},
};

/// What a clause says.
pub struct Said {
    /// Times of day.
    pub times: Vec<times::SaidTime>,
    /// Dates.
    pub dates: Vec<dates::SaidDate>,
    /// Days by name.
    pub days: Vec<dates::SaidDay>,
    /// What kind of thing.
    pub says: Says,
    /// Its sentence ends with a question mark.
    pub asks: bool,
}

/// What kind of thing a clause says, by single words.
#[derive(Clone, Copy)]
pub struct Says {
    /// What is not.
    pub negative: bool,
    /// What there is.
    pub offers: bool,
    /// When the business is open.
    pub hours: bool,
}

impl Said {
    /// Reads a clause.
    pub fn of(clause: &[Token], asks: bool) -> Self {
        let dates = dates::dates(clause);
        // What is a date is no time: `dia 24`, `24. November`.
        let in_date = |at: usize| dates.iter().any(|date| (date.at..date.end).contains(&at));
        let times = times::times(clause, false).into_iter().filter(|time| !in_date(time.at)).collect();
        Self {
            times,
            days: dates::days(clause),
            dates,
            says: Says {
                negative: has(clause, &NEGATIVE),
                offers: has(clause, &OFFER),
                hours: has(clause, &HOURS),
            },
            asks,
        }
    }

    /// Nothing is offered: what the customer named may be repeated.
    pub fn harmless(&self) -> bool {
        self.says.negative || (self.asks && !self.says.offers)
    }

    /// Whether it names a time or a day.
    pub fn timed(&self) -> bool {
        !self.times.is_empty() || !self.dates.is_empty() || !self.days.is_empty()
    }

    /// Whether all that is said is said of the standing appointments.
    pub fn of_standing(&self, known: &Known) -> bool {
        let times = !self.times.is_empty()
            && self
                .times
                .iter()
                .all(|time| time.minutes.iter().any(|m| known.standing.iter().any(|at| at.minute == *m)));
        let on = |day: Date| known.standing.iter().any(|at| at.date == day);
        let dates = self.dates.iter().all(|date| known.standing.iter().any(|at| known::same(date, at.date)));
        let days =
            self.days.iter().all(|day| match known.today.and_then(|today| dates::resolve(day.day, today)) {
                Some(date) => on(date),
                None => known.standing.iter().any(|at| dates::falls_on(at.date, day.day, None)),
            });
        // Without its time only its day, by date or name, tells which one is meant.
        let told = times || (self.times.is_empty() && !(self.dates.is_empty() && self.days.is_empty()));
        told && dates && days && !known.standing.is_empty()
    }

    /// Whether its times are known: offered ones from results, others also from the profile.
    pub fn times_hold(&self, clause: &[Token], known: &Known) -> Result<(), Lie> {
        let of_hours = !self.says.offers || self.says.hours;
        for time in &self.times {
            let any = |list: &std::collections::BTreeSet<u32>| {
                time.minutes.iter().any(|minute| list.contains(minute))
            };
            let holds = any(&known.free)
                || (of_hours && any(&known.told))
                || ((self.harmless() || bound(clause, time.at)) && (any(&known.asked) || any(&known.told)));
            if !holds {
                let minute = time.minutes.first().copied().unwrap_or(0);
                return Err(Lie::Time(format!("{:02}:{:02}", minute / 60, minute % 60)));
            }
        }
        self.pairs_hold(clause, known)
    }

    /// A time is free on the days it is free, and on no other.
    fn pairs_hold(&self, clause: &[Token], known: &Known) -> Result<(), Lie> {
        let named = !(self.days.is_empty() && self.dates.is_empty());
        if !named
            || known.slots.is_empty() && known.standing.is_empty()
            || self.says.negative
            || (self.says.hours && !self.says.offers)
        {
            return Ok(());
        }
        if self.asks
            && !self.says.offers
            && self.times.iter().all(|time| time.minutes.iter().any(|m| known.asked.contains(m)))
        {
            return Ok(());
        }
        let on_named_day = |date: Date| {
            self.dates.iter().any(|said| known::same(said, date))
                || self.days.iter().any(|said| dates::falls_on(date, said.day, known.today))
        };
        let all = || known.slots.iter().chain(&known.standing);
        for time in &self.times {
            let here = |at: &&known::Moment| time.minutes.contains(&at.minute);
            if all().any(|at| here(&at)) && !all().any(|at| here(&at) && on_named_day(at.date)) {
                let at = self.days.first().map_or(0, |day| day.at);
                return Err(Lie::Date(format!("of {} at that time", word(clause, at))));
            }
        }
        // `Na sexta tenho vaga`: on a day that no result names.
        let vacancy = has(
            clause,
            &["vaga*", "hueco*", "frei", "free", "livre*", "libre*", "available", "disponive*", "verfugbar"],
        );
        if self.times.is_empty()
            && vacancy
            && !self.asks
            && !known.slots.is_empty()
            && !all().any(|at| on_named_day(at.date))
        {
            return Err(Lie::Date("of that offer".to_owned()));
        }
        Ok(())
    }

    /// Whether its dates are known, and fall on the weekdays beside them.
    pub fn dates_hold(&self, clause: &[Token], known: &Known) -> Result<(), Lie> {
        for date in &self.dates {
            if !(known.dates.iter().any(|at| known::same(date, *at))
                || self.harmless() && known.asked_dates.iter().any(|at| known::overlap(date, at)))
            {
                return Err(Lie::Date(shown(date)));
            }
        }
        for (day, date) in dates::pairs(clause, &self.days, &self.dates) {
            let wrong = known.date_of(&date).is_some_and(|at| !dates::falls_on(at, day.day, known.today));
            if wrong {
                return Err(Lie::Date(format!("{} on that weekday", shown(&date))));
            }
        }
        Ok(())
    }
}

/// `depois das 17h`, `after 5 pm`: a bound is no offer.
fn bound(clause: &[Token], at: usize) -> bool {
    let back = |n: usize| text::before(clause, at, n);
    is(back(1), &["after", "before", "nach", "vor", "ab"])
        || is(back(1), &["das", "las"])
            && (2..=3).any(|n| is(back(n), &["depois", "antes", "partir", "despues"]))
}

fn shown(date: &dates::SaidDate) -> String {
    date.month.map_or_else(|| format!("{:02}", date.day), |month| format!("{:02}/{month:02}", date.day))
}
