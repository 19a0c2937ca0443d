//! What a long text tells. The business's part of the system instruction is the same from turn to turn, and reading it
//! takes most of a check's time: it is read once.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    dates::{self, SaidDate},
    known::minutes,
    money::{self, SaidPrice},
    text,
};

/// A text, and what stands in it.
#[derive(Debug, Default)]
pub struct Reading {
    text: String,
    /// Minutes of the day.
    pub minutes: Vec<u32>,
    /// Dates, in their order.
    pub dates: Vec<SaidDate>,
    /// The two dates of lines that have two: from one day to another.
    pub spans: Vec<[SaidDate; 2]>,
    /// Prices.
    pub prices: Vec<SaidPrice>,
    /// Percentages.
    pub percents: Vec<u32>,
}

impl Reading {
    /// Reads a text.
    pub fn of(text: &str) -> Self {
        let tokens = text::tokens(text);
        let spans = text.lines().filter_map(|line| dates::dates(&text::tokens(line)).try_into().ok());
        Self {
            text: text.to_owned(),
            minutes: minutes(&tokens, true).collect(),
            dates: dates::dates(&tokens),
            spans: spans.collect(),
            prices: money::prices(&tokens),
            percents: money::percents(&tokens),
        }
    }

    /// The text itself.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Keeps the last reading.
#[derive(Debug, Default)]
pub struct Reader {
    last: Mutex<Arc<Reading>>,
}

impl Reader {
    /// What a text tells; it is read again where it is not the last one.
    pub fn read(&self, text: &str) -> Arc<Reading> {
        let last = Arc::clone(&self.last.lock().unwrap_or_else(PoisonError::into_inner));
        if last.text == text {
            return last;
        }
        let fresh = Arc::new(Reading::of(text));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_once_and_another_one_anew() {
        let reader = Reader::default();
        let first = reader.read("- corte: Corte | 45 min | R$ 80,00\n- mon: 09:00-19:00");
        assert_eq!((first.minutes.as_slice(), first.prices[0].cents), ([540, 1140].as_slice(), 8000));
        assert!(Arc::ptr_eq(&first, &reader.read(first.text())));
        let other = reader.read("- corte: Corte | 45 min | R$ 90,00");
        assert_eq!((other.minutes.as_slice(), other.prices[0].cents), ([].as_slice(), 9000));
        assert!(!Arc::ptr_eq(&first, &reader.read(first.text())));
    }
}
