//! What models cost, by `GEMINI_PRICES`. A model without a price costs nobody knows what: that is said, and never taken
//! for nothing.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Tokens;

/// Prices per million tokens, in one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// ISO 4217; empty where there are no prices.
    pub currency: Currency,
    /// By the model's id.
    pub models: BTreeMap<String, Price>,
}

/// Prices of one model, per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Given to the model.
    pub input: Amount,
    /// Given by the model, thoughts included.
    pub output: Amount,
    /// Given to the model and still known to it; as `input` where left out.
    pub cached: Option<Amount>,
    /// Sound given to the model; as `input` where left out.
    pub audio: Option<Amount>,
}

/// Three capital letters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Currency(String);

impl Currency {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Currency {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            Ok(Self(text))
        } else {
            Err("a currency has three capital letters, like USD")
        }
    }
}

/// Money in millionths, exactly as written: `"0.075"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Amount(u64);

impl TryFrom<String> for Amount {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = "a price is a decimal in quotes with at most six places, like \"0.075\"";
        let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > 6 || whole.len() > 9 {
            return Err(wrong);
        }
        let number = |text: &str| text.parse::<u64>().map_err(|_| wrong);
        Ok(Self(number(whole)? * 1_000_000 + number(&format!("{part:0<6}"))?))
    }
}

impl Prices {
    /// What these tokens cost, in billionths of the currency; `None` where the model has no price.
    pub fn nanos(&self, model: &str, tokens: &Tokens) -> Option<u64> {
        let price = self.models.get(model)?;
        let cached = tokens.cached.min(tokens.input);
        let audio = tokens.audio.min(tokens.input - cached);
        let parts = [
            (tokens.input - cached - audio, price.input),
            (cached, price.cached.unwrap_or(price.input)),
            (audio, price.audio.unwrap_or(price.input)),
            (tokens.output, price.output),
        ];
        // A millionth of the currency for a million tokens is a thousandth of a billionth for one.
        let sum: u128 = parts.iter().map(|(count, amount)| u128::from(*count) * u128::from(amount.0)).sum();
        Some(u64::try_from(sum.div_ceil(1000)).unwrap_or(u64::MAX))
    }
}

/// Billionths of a currency as people write them, to the millionth.
pub fn decimal(nanos: u64) -> String {
    let micros = nanos.div_ceil(1000);
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prices() -> Prices {
        serde_json::from_value(json!({"currency": "USD", "models": {
            "m": {"input": "0.75", "output": "3.75", "cached": "0.075", "audio": "1.5"},
            "plain": {"input": "1", "output": "2"},
        }}))
        .unwrap()
    }

    #[test]
    fn each_kind_of_token_has_its_price_and_what_is_left_out_costs_as_input() {
        let tokens = Tokens { input: 1_000_000, output: 100_000, cached: 400_000, audio: 100_000 };
        // 0.5 × 0.75 + 0.4 × 0.075 + 0.1 × 1.5 + 0.1 × 3.75
        assert_eq!(prices().nanos("m", &tokens), Some(930_000_000));
        assert_eq!(prices().nanos("plain", &tokens), Some(1_200_000_000));
        assert_eq!(decimal(930_000_000), "0.930000");
        let one = Tokens { input: 1, ..Tokens::default() };
        assert_eq!(prices().nanos("m", &one), Some(750), "exact for one token");
        assert_eq!(decimal(750), "0.000001", "never less than it was");
    }

    #[test]
    fn more_cached_than_given_is_not_counted_twice() {
        let odd = Tokens { input: 10, cached: 99, audio: 99, ..Tokens::default() };
        assert_eq!(prices().nanos("plain", &odd), Some(10_000));
    }

    #[test]
    fn a_model_without_a_price_costs_nobody_knows_what() {
        assert_eq!(prices().nanos("another", &Tokens { input: 1, ..Tokens::default() }), None);
        assert_eq!(Prices::default().nanos("m", &Tokens::default()), None);
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for wrong in ["", "-1", "1.", ".5", "1,5", "1e3", "0.0000001", "NaN", "12345678901"] {
            assert!(Amount::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        for wrong in ["usd", "US", "USDT", ""] {
            assert!(Currency::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
