//! The spend guard: what a turn may still cost, asked before the model is.
//!
//! The day's budgets are the business's, and a tenth of each is one customer's, so that nobody uses up the day of all
//! others. From 80 % the owner is told once, from 90 % the cheapest model answers, from 100 % menus do.

use mcp_store::usage::Usage;
use mcp_tenant::profile::Budgets;

/// How the turn may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// By the preferred model.
    Free,
    /// By the cheapest model.
    Cheap,
    /// By menus only.
    Menus,
}

/// What a turn may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How it may be answered.
    pub level: Level,
    /// Seconds of voice notes that may still be listened to; `None` without a limit.
    pub audio_left: Option<u64>,
    /// Percent of the business's scarcest budget that is used, once it is time to tell the owner.
    pub tell_owner: Option<u64>,
}

/// A customer's part of a budget, and the least that a customer has of each unless the whole budget is less: enough for
/// one booking with second thoughts.
const PART: u64 = 10;
const LEAST_TOKENS: u64 = 60_000;
const LEAST_MESSAGES: u64 = 20;
const LEAST_SECONDS: u64 = 120;

const TELL: u64 = 80;
const CHEAP: u64 = 90;
const USED_UP: u64 = 100;

/// What may be spent, given what the day has cost so far.
pub fn allowance(budgets: &Budgets, business: &Usage, customer: &Usage) -> Allowance {
    let budget = |limit: Option<u64>, least: u64, used: &dyn Fn(&Usage) -> u64| {
        limit.map(|limit| {
            let own = (limit / PART).max(least).min(limit);
            Budget { limit, used: used(business), own, own_used: used(customer) }
        })
    };
    let tokens = budget(budgets.tokens_per_day, LEAST_TOKENS, &Usage::tokens);
    let messages = budget(budgets.messages_per_day.map(u64::from), LEAST_MESSAGES, &|u| u.messages);
    let audio = budget(budgets.audio_seconds_per_day.map(u64::from), LEAST_SECONDS, &|u| u.audio_seconds);

    let scarcest = [&tokens, &messages].into_iter().flatten().map(Budget::percent).max().unwrap_or(0);
    let level = match scarcest {
        USED_UP.. => Level::Menus,
        CHEAP.. => Level::Cheap,
        _ => Level::Free,
    };
    let of_business = [&tokens, &messages, &audio].into_iter().flatten().map(Budget::percent_of_business);
    Allowance {
        level,
        audio_left: audio.as_ref().map(Budget::left),
        tell_owner: of_business.max().filter(|percent| *percent >= TELL).map(|percent| percent.min(USED_UP)),
    }
}

struct Budget {
    limit: u64,
    used: u64,
    own: u64,
    own_used: u64,
}

impl Budget {
    fn percent_of_business(&self) -> u64 {
        self.used.saturating_mul(100) / self.limit.max(1)
    }

    fn percent(&self) -> u64 {
        self.percent_of_business().max(self.own_used.saturating_mul(100) / self.own.max(1))
    }

    fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used).min(self.own.saturating_sub(self.own_used))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGETS: Budgets = Budgets {
        tokens_per_day: Some(1_000_000),
        messages_per_day: Some(1000),
        audio_seconds_per_day: Some(3600),
    };

    fn tokens(tokens_in: u64) -> Usage {
        Usage { tokens_in, ..Usage::default() }
    }

    fn level(business: u64, customer: u64) -> Level {
        allowance(&BUDGETS, &tokens(business), &tokens(customer)).level
    }

    #[test]
    fn a_business_without_budgets_has_no_limits() {
        let used = Usage {
            tokens_in: u64::MAX,
            tokens_out: u64::MAX,
            messages: 1 << 40,
            audio_seconds: 1 << 40,
            ..Usage::default()
        };
        assert_eq!(
            allowance(&Budgets::default(), &used, &used),
            Allowance { level: Level::Free, audio_left: None, tell_owner: None }
        );
    }

    #[test]
    fn the_model_gets_cheaper_before_menus_take_over() {
        assert_eq!(level(899_999, 0), Level::Free);
        assert_eq!(level(900_000, 0), Level::Cheap);
        assert_eq!(level(1_000_000, 0), Level::Menus);
        let messages = Usage { messages: 1000, ..Usage::default() };
        assert_eq!(allowance(&BUDGETS, &messages, &Usage::default()).level, Level::Menus);
    }

    #[test]
    fn one_customer_cannot_use_up_the_day_of_the_others() {
        assert_eq!(level(100_000, 89_999), Level::Free);
        assert_eq!(level(100_000, 90_000), Level::Cheap);
        assert_eq!(level(100_000, 100_000), Level::Menus);
        let small = Budgets { tokens_per_day: Some(50_000), ..Budgets::default() };
        let spent = |tokens_used| allowance(&small, &tokens(tokens_used), &tokens(tokens_used)).level;
        assert_eq!(spent(44_000), Level::Free, "a small budget may go to one customer");
        assert_eq!(spent(50_000), Level::Menus);
    }

    #[test]
    fn the_owner_is_told_of_the_business_and_not_of_one_customer() {
        let told = |business, customer| allowance(&BUDGETS, &tokens(business), &tokens(customer)).tell_owner;
        assert_eq!(told(100_000, 100_000), None);
        assert_eq!(told(799_999, 0), None);
        assert_eq!(told(800_000, 0), Some(80));
        assert_eq!(told(3_000_000, 0), Some(100));
    }

    #[test]
    fn voice_notes_have_what_is_left_of_the_day_and_of_the_customer() {
        let heard = |audio_seconds| Usage { audio_seconds, ..Usage::default() };
        let left = |business, customer| allowance(&BUDGETS, &heard(business), &heard(customer)).audio_left;
        assert_eq!(left(0, 0), Some(360));
        assert_eq!(left(3500, 0), Some(100));
        assert_eq!(left(1000, 350), Some(10));
        assert_eq!(left(5000, 0), Some(0));
        let level = allowance(&BUDGETS, &heard(5000), &heard(0)).level;
        assert_eq!(level, Level::Free, "a text is answered all the same");
    }
}
