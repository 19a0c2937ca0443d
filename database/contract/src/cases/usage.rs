//! What was used up on one local day.

use std::sync::Arc;

use jiff::civil::date;
use mcp_store::usage::{Usage, UsageKind};

use crate::{Bed, make::AT_ONCE};

pub async fn amounts_add_up_per_day(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (monday, tuesday) = (date(2026, 11, 23), date(2026, 11, 24));
    assert_eq!(store.usage(monday).await.unwrap(), Usage::default());
    let turn =
        Usage { tokens_in: 1200, tokens_out: 80, messages: 1, cost_nanos: 1_200_000, ..Usage::default() };
    assert_eq!(store.add_usage(monday, None, &turn).await.unwrap(), turn);
    let voice = Usage { audio_seconds: 14, ..Usage::default() };
    let sum = Usage { audio_seconds: 14, ..turn };
    assert_eq!(store.add_usage(monday, None, &voice).await.unwrap(), sum);
    assert_eq!(store.usage(monday).await.unwrap(), sum);
    assert_eq!(store.usage(tuesday).await.unwrap(), Usage::default());
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
