//! What was used up on one local day.

use std::sync::Arc;

use jiff::civil::date;
use mcp_store::usage::{Priced, Usage, UsageKind};

use crate::{
    Bed,
    make::{self, AT_ONCE},
};

pub async fn amounts_add_up_per_day(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (monday, tuesday) = (date(2026, 11, 23), date(2026, 11, 24));
    assert_eq!(store.usage(monday).await.unwrap(), Usage::default());
    let costs = [("USD".to_owned(), Priced { nanos: 1_200_000, tokens: 1280 })].into();
    let turn = Usage { tokens_in: 1200, tokens_out: 80, messages: 1, costs, ..Usage::default() };
    assert_eq!(store.add_usage(monday, None, &turn).await.unwrap(), turn);
    let voice = Usage { audio_seconds: 14, ..Usage::default() };
    let sum = Usage { audio_seconds: 14, ..turn.clone() };
    assert_eq!(store.add_usage(monday, None, &voice).await.unwrap(), sum);
    assert_eq!(store.usage(monday).await.unwrap(), sum);
    assert_eq!(store.usage(tuesday).await.unwrap(), Usage::default());
}

pub async fn what_was_paid_in_two_currencies_is_two_sums(bed: Arc<Bed>) {
    let (store, day) = (&*bed.store, date(2026, 11, 23));
    let customer = make::customer(store, "5511999990001").await.0.id;
    let paid = |currency: &str, nanos, tokens| {
        let costs = [(currency.to_owned(), Priced { nanos, tokens })].into();
        Usage { tokens_in: tokens, costs, ..Usage::default() }
    };
    for amounts in [paid("USD", 700, 10), paid("BRL", 4_000, 20), paid("USD", 300, 5)] {
        store.add_usage(day, Some(customer), &amounts).await.unwrap();
    }
    let most = paid("BRL", u64::MAX, 0);
    let sums = store.add_usage(day, None, &most).await.unwrap();
    let of = |usage: &Usage, currency: &str| usage.costs[currency];
    assert_eq!(of(&sums, "USD"), Priced { nanos: 1_000, tokens: 15 });
    let full = u64::try_from(i64::MAX).unwrap();
    assert_eq!(of(&sums, "BRL"), Priced { nanos: full, tokens: 20 });
    assert_eq!(store.usage(day).await.unwrap(), sums);
    let own = store.usage_of(customer, day).await.unwrap();
    assert_eq!(of(&own, "BRL"), Priced { nanos: 4_000, tokens: 20 });
    assert_eq!((own.tokens_in, own.tokens_unpriced()), (35, 0));
}

pub async fn sums_stay_within_what_the_database_can_keep(bed: Arc<Bed>) {
    let day = date(2026, 11, 23);
    let most = u64::try_from(i64::MAX).unwrap();
    let huge = Usage { tokens_in: u64::MAX, tokens_out: most - 1, ..Usage::default() };
    let sums = bed.store.add_usage(day, None, &huge).await.unwrap();
    assert_eq!((sums.tokens_in, sums.tokens_out), (most, most - 1));
    let more = Usage { tokens_in: 1, tokens_out: 2, ..Usage::default() };
    let sums = bed.store.add_usage(day, None, &more).await.unwrap();
    assert_eq!((sums.tokens_in, sums.tokens_out), (most, most));
}

pub async fn adding_at_once_is_exact(bed: Arc<Bed>) {
    let day = date(2026, 11, 23);
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let store = bed.open().await;
        racing.spawn(async move {
            for _ in 0..20 {
                let one = Usage { tokens_in: 3, messages: 1, ..Usage::default() };
                store.add_usage(day, None, &one).await.unwrap();
            }
        });
    }
    racing.join_all().await;
    let sums = bed.store.usage(day).await.unwrap();
    assert_eq!((sums.tokens_in, sums.messages), (180, 60));
}

pub async fn a_budget_is_never_passed_even_when_several_ask_at_once(bed: Arc<Bed>) {
    let day = date(2026, 11, 23);
    let store = &*bed.store;
    assert!(!store.spend(day, UsageKind::Messages, 11, 10).await.unwrap());
    assert!(store.spend(day, UsageKind::Messages, 10, 10).await.unwrap(), "up to the limit itself");
    assert!(!store.spend(day, UsageKind::Messages, 1, 10).await.unwrap());
    assert!(store.spend(day, UsageKind::TokensIn, 1, 10).await.unwrap(), "each kind has its own");
    let day = day.tomorrow().unwrap();
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let store = Arc::clone(&bed.store);
        racing.spawn(async move {
            let mut got = 0;
            for _ in 0..6 {
                got += u32::from(store.spend(day, UsageKind::Messages, 2, 21).await.unwrap());
            }
            got
        });
    }
    let got: u32 = racing.join_all().await.into_iter().sum();
    assert_eq!(got, 10);
    assert_eq!(store.usage(day).await.unwrap().messages, 20);
}
