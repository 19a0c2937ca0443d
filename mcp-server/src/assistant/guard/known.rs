//! What may be said: read from what the model was given.

use std::collections::BTreeSet;

use jiff::{ToSpan, civil::Date};
use serde_json::Value;

use super::{
    Given, dates,
    dates::SaidDate,
    money::{self, SaidPrice},
    reading::Reading,
    text::{self, Kind, Token},
    times,
};

/// A start that was named with its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Day.
    pub date: Date,
    /// Minute of the day.
    pub minute: u32,
}

/// What may be said.
#[derive(Debug, Default)]
pub struct Known {
    /// Starts in this turn's results.
    pub slots: Vec<Moment>,
    /// Starts of the customer's standing appointments.
    pub standing: Vec<Moment>,
    /// Every standing appointment is confirmed.
    pub confirmed: bool,
    /// Minutes of the day that may be offered: of results and standing appointments.
    pub free: BTreeSet<u32>,
    /// Minutes of the day that may be said without offering them: opening hours, answers.
    pub told: BTreeSet<u32>,
    /// Minutes of the day the customer named.
    pub asked: BTreeSet<u32>,
    /// Dates.
    pub dates: BTreeSet<Date>,
    /// Dates the customer named.
    pub asked_dates: Vec<SaidDate>,
    /// Prices.
    pub prices: Vec<SaidPrice>,
    /// Prices the customer named.
    pub asked_prices: Vec<SaidPrice>,
    /// Percentages.
    pub percents: Vec<u32>,
    /// Today at the business.
    pub today: Option<Date>,
}

/// Longest closure whose days count as told.
const LONGEST_CLOSURE: i32 = 92;

impl Known {
    /// Reads what was given.
    pub fn read(given: &Given<'_>) -> Self {
        let mut known = Self { today: given.today, confirmed: true, ..Self::default() };
        known.dates.extend(given.today);
        let present = Reading::of(given.present);
        let told = [given.profile, Some(&present)].into_iter().flatten();
        for reading in told.clone() {
            known.told.extend(&reading.minutes);
        }
        for result in given.results {
            known.result(result);
        }
        for line in given.standing.lines() {
            known.standing(line);
        }
        for reading in told {
            known.take_dates(&reading.dates);
            known.closures(&reading.spans);
            known.prices.extend(reading.prices.iter().cloned());
            known.percents.extend(&reading.percents);
        }
        let asked = text::tokens(given.asked);
        known.asked.extend(minutes(&asked, false));
        known.asked.extend(bare_hours(&asked));
        known.asked_dates = dates::dates(&asked);
        known.asked_prices = asked_amounts(&asked);
        known
    }

    fn result(&mut self, result: &str) {
        let tokens = text::tokens(result);
        self.prices.extend(money::prices(&tokens));
        self.percents.extend(money::percents(&tokens));
        self.take_dates(&dates::dates(&tokens));
        match serde_json::from_str::<Value>(result) {
            Ok(value) => self.slots_of(&value, 0),
            Err(_) => self.told.extend(minutes(&tokens, true)),
        }
        self.free.extend(self.slots.iter().map(|at| at.minute));
    }

    /// Objects with `date` and `time`, or with `start`. Other times in strings (opening hours) may be told.
    fn slots_of(&mut self, value: &Value, depth: usize) {
        const DEEPEST: usize = 16;
        if depth > DEEPEST {
            return;
        }
        match value {
            Value::Array(all) => all.iter().for_each(|one| self.slots_of(one, depth + 1)),
            Value::Object(fields) => {
                let text = |name: &str| fields.get(name).and_then(Value::as_str);
                let start = text("start").or_else(|| text("start_time"));
                let slot = match (text("date"), text("time"), start) {
                    (Some(date), Some(time), _) => moment(date, time),
                    (_, _, Some(start)) => start.split_once('T').and_then(|(date, time)| moment(date, time)),
                    _ => None,
                };
                self.slots.extend(slot);
                for (name, field) in fields {
                    if !(slot.is_some()
                        && matches!(name.as_str(), "date" | "time" | "start" | "end" | "slot"))
                    {
                        self.slots_of(field, depth + 1);
                    }
                }
            }
            Value::String(text) => self.told.extend(minutes(&text::tokens(text), true)),
            _ => {}
        }
    }

    fn standing(&mut self, line: &str) {
        let tokens = text::tokens(line);
        let dates: Vec<Date> = dates::dates(&tokens).iter().filter_map(|said| self.date_of(said)).collect();
        let minutes: Vec<u32> = minutes(&tokens, true).collect();
        for date in &dates {
            self.standing.extend(minutes.iter().map(|minute| Moment { date: *date, minute: *minute }));
        }
        if !dates.is_empty() {
            self.confirmed &= line.contains("confirmed");
        }
        self.free.extend(minutes);
        self.dates.extend(dates);
    }

    fn take_dates(&mut self, said: &[SaidDate]) {
        for said in said {
            let date = self.date_of(said);
            self.dates.extend(date);
        }
    }

    /// Days from one date to another of the same line.
    fn closures(&mut self, spans: &[[SaidDate; 2]]) {
        for [from, to] in spans {
            let (Some(from), Some(to)) = (self.date_of(from), self.date_of(to)) else { continue };
            let days = from.until(to).map_or(0, |span| span.get_days());
            for day in 0..=days.clamp(0, LONGEST_CLOSURE) {
                self.dates.extend(from.checked_add(day.days()).ok());
            }
        }
    }

    /// The date that is meant: with its year, else the known one of that day and month, else the coming one.
    pub fn date_of(&self, said: &SaidDate) -> Option<Date> {
        let month = said.month?;
        if let Some(year) = said.year {
            return dates::date(year, month, said.day);
        }
        let known = self.dates.iter().find(|date| same(said, **date)).copied();
        known.or_else(|| {
            let today = self.today?;
            let year = u32::try_from(today.year()).ok()?;
            let this = dates::date(year, month, said.day);
            this.filter(|date| *date >= today).or_else(|| dates::date(year + 1, month, said.day))
        })
    }
}

/// Whether a date that is said is this one.
pub fn same(said: &SaidDate, date: Date) -> bool {
    i8::try_from(said.day) == Ok(date.day())
        && said.month.is_none_or(|month| i8::try_from(month) == Ok(date.month()))
        && said.year.is_none_or(|year| i16::try_from(year) == Ok(date.year()))
}

/// Whether two dates that are said can be one.
pub fn overlap(one: &SaidDate, other: &SaidDate) -> bool {
    one.day == other.day && (one.month.is_none() || other.month.is_none() || one.month == other.month)
}

fn moment(date: &str, time: &str) -> Option<Moment> {
    let date = date.get(..10)?.parse().ok()?;
    let (hour, minute) = (time.get(..2)?.parse::<u32>().ok()?, time.get(3..5)?.parse::<u32>().ok()?);
    (hour < 25 && minute < 60).then_some(Moment { date, minute: hour % 24 * 60 + minute })
}

/// Minutes of the day that are said.
pub fn minutes(tokens: &[Token], given: bool) -> impl Iterator<Item = u32> {
    times::times(tokens, given).into_iter().flat_map(|time| time.minutes)
}

/// What customers write shortly: `14h`, `às 3`, `9`.
fn bare_hours(tokens: &[Token]) -> impl Iterator<Item = u32> {
    tokens
        .iter()
        .filter(|token| token.kind == Kind::Number && token.raw.len() <= 2)
        .filter_map(Token::value)
        .filter(|hour| *hour <= 24)
        .flat_map(|hour| [hour % 24 * 60, (hour + if hour < 12 { 12 } else { 0 }) % 24 * 60])
}

fn asked_amounts(tokens: &[Token]) -> Vec<SaidPrice> {
    let bare = (0..tokens.len()).filter_map(|at| super::numbers::amount(tokens, at));
    bare.map(|(cents, _)| SaidPrice { cents, currency: money::Currency::Any }).collect()
}
