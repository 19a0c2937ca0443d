//! Who a sender is.

use mcp_store::{
    StoreError,
    booking::{BookedFor, BookingStore},
    customer::CustomerStore,
    inbox::Sender,
};

use crate::support::{book, by_phone, choice, fixture, minute, who};

const PHONE: &str = "5511988887777";

#[tokio::test]
async fn both_forms_of_a_number_and_a_known_user_id_lead_to_one_customer() {
    let f = fixture().await;
    let ana = f.store.identify(&who(Some("BR.1"), Some("551188887777")), minute(0)).await.unwrap();
    assert_eq!((ana.phone.as_deref(), ana.wa_id.as_deref()), (Some("+5511988887777"), Some("551188887777")));
    for sender in [who(Some("BR.1"), None), by_phone(PHONE), who(Some("BR.1"), Some(PHONE))] {
        assert_eq!(f.store.identify(&sender, minute(1)).await.unwrap().id, ana.id, "{sender:?}");
    }
    let now = f.store.customer_by_phone("+55 (11) 98888-7777").await.unwrap().unwrap();
    assert_eq!(now.wa_id.as_deref(), Some(PHONE), "verbatim, as seen last");
    assert!(matches!(f.store.identify(&Sender::default(), minute(1)).await, Err(StoreError::Invalid(_))));
}

#[tokio::test]
async fn a_match_by_the_phone_alone_shows_nothing_earlier() {
    let f = fixture().await;
    let before = f.store.identify(&by_phone(PHONE), minute(0)).await.unwrap();
    let mut wish = choice("1", "ze", 60, 45);
    wish.booking.booked_for = BookedFor::Customer(before.id);
    book(&f.store, wish, 0).await;
    let after = f.store.identify(&who(Some("BR.1"), Some(PHONE)), minute(1)).await.unwrap();
    assert_ne!(after.id, before.id);
    assert!(f.store.open_of(after.id, minute(1)).await.unwrap().is_empty());
    let before = f.store.customer(before.id).await.unwrap().unwrap();
    assert_eq!(
        (before.phone, before.wa_id.as_deref(), before.merged_into),
        (None, Some(PHONE), Some(after.id))
    );
    assert_eq!(f.store.customer_by_phone(PHONE).await.unwrap().unwrap().id, after.id);

    // A person of the business knows that it is one customer.
    let merged = f.store.merge(before.id, after.id).await.unwrap();
    assert_eq!(f.store.open_of(merged.id, minute(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_number_that_goes_to_another_user_id_is_another_person() {
    let f = fixture().await;
    let ana = f.store.identify(&who(Some("BR.1"), Some(PHONE)), minute(0)).await.unwrap();
    let bia = f.store.identify(&who(Some("BR.2"), Some(PHONE)), minute(1)).await.unwrap();
    let ana = f.store.customer(ana.id).await.unwrap().unwrap();
    assert_eq!((ana.phone, ana.wa_id, ana.merged_into), (None, None, None));
    assert_eq!(f.store.identify(&by_phone(PHONE), minute(2)).await.unwrap().id, bia.id);
    assert!(matches!(f.store.merge(ana.id, bia.id).await, Err(StoreError::Conflict(_))));
    assert!(matches!(f.store.merge(ana.id, 99).await, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn a_known_user_id_takes_over_the_phone_it_is_seen_with() {
    let f = fixture().await;
    let by_id = f.store.identify(&who(Some("BR.1"), None), minute(0)).await.unwrap();
    let by_number = f.store.identify(&by_phone(PHONE), minute(0)).await.unwrap();
    let seen = f.store.identify(&who(Some("BR.1"), Some(PHONE)), minute(1)).await.unwrap();
    assert_eq!((seen.id, seen.phone.as_deref()), (by_id.id, Some("+5511988887777")));
    assert_eq!(f.store.customer(by_number.id).await.unwrap().unwrap().merged_into, Some(by_id.id));
}

#[tokio::test]
async fn the_channel_says_that_a_customer_has_new_ids() {
    let f = fixture().await;
    let ana = f.store.identify(&who(Some("BR.1"), Some(PHONE)), minute(0)).await.unwrap();
    let is = who(Some("BR.9"), Some("5511977776666"));
    let changed = f.store.ids_changed(&who(Some("BR.1"), None), &is).await.unwrap();
    assert_eq!((changed.id, changed.user_id.as_deref()), (ana.id, Some("BR.9")));
    assert_eq!(f.store.identify(&by_phone("5511977776666"), minute(1)).await.unwrap().id, ana.id);
    assert_ne!(f.store.identify(&by_phone(PHONE), minute(1)).await.unwrap().id, ana.id);
    let unknown = f.store.ids_changed(&who(Some("BR.77"), None), &is).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))), "{unknown:?}");
}
