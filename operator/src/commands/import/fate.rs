//! What became of a setting, a line each.

use std::fmt;

/// What became of one setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is what it was.
    Kept,
    /// It is said elsewhere.
    Mapped,
    /// It is not taken over.
    Refused,
}

/// Every setting with what became of it. No value of a secret is ever in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger(Vec<(String, Fate, String)>);

impl Ledger {
    /// Notes what became of a setting, and why or where.
    pub fn note(&mut self, setting: impl Into<String>, fate: Fate, why: impl Into<String>) {
        self.0.push((setting.into(), fate, why.into()));
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What became of a setting.
    pub fn of(&self, setting: &str) -> Option<Fate> {
        self.0.iter().find(|(name, ..)| name == setting).map(|(_, fate, _)| *fate)
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (setting, fate, why) in &self.0 {
            let fate = match fate {
                Fate::Kept => "kept",
                Fate::Mapped => "mapped",
                Fate::Refused => "refused",
            };
            writeln!(f, "  {fate:<8}  {setting}: {why}")?;
        }
        Ok(())
    }
}
