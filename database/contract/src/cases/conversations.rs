//! Conversations: who answers, until when anything may be sent, which language.

use std::sync::Arc;

use jiff::SignedDuration;
use mcp_store::{
    StoreError,
    conversation::{Owner, SERVICE_WINDOW},
};

use crate::{
    Bed,
    make::{at, by_phone, customer, delivery, message, receive},
};

pub async fn a_customer_has_one_conversation_made_when_it_is_asked_for(bed: Arc<Bed>) {
    let (customer, conversation) = customer(&*bed.store, "4915111111111").await;
    assert_eq!(conversation.customer_id, customer.id);
    assert_eq!(
        (conversation.owner, conversation.window_until, conversation.language.clone()),
        (Owner::Bot, None, None)
    );
    assert_eq!(bed.store.conversation_of(customer.id).await.unwrap(), conversation);
    assert_eq!(bed.store.conversation(conversation.id).await.unwrap(), Some(conversation.clone()));
    assert_eq!(bed.store.conversation(conversation.id + 1000).await.unwrap(), None);
    let nobody = bed.store.conversation_of(customer.id + 1000).await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))), "{nobody:?}");
}

pub async fn a_takeover_is_kept_as_written_until_its_release(bed: Arc<Bed>) {
    let (_, conversation) = customer(&*bed.store, "4915111111111").await;
    let human = Owner::Human { until: at(60_000) };
    assert_eq!(bed.store.set_owner(conversation.id, human).await.unwrap().owner, human);
    let read = bed.store.conversation(conversation.id).await.unwrap().unwrap();
    assert_eq!(read.owner, human);
    assert!(read.owner.is_human_at(at(59_999)) && !read.owner.is_human_at(at(60_000)));
    assert_eq!(bed.store.set_owner(conversation.id, Owner::Bot).await.unwrap().owner, Owner::Bot);
    let nobody = bed.store.set_owner(999, Owner::Bot).await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))), "{nobody:?}");
}

pub async fn the_language_is_kept(bed: Arc<Bed>) {
    let (_, conversation) = customer(&*bed.store, "4915111111111").await;
    let row = bed.store.set_language(conversation.id, "pt-BR").await.unwrap();
    assert_eq!(row.language.as_deref(), Some("pt-BR"));
    assert_eq!(bed.store.conversation(conversation.id).await.unwrap(), Some(row));
    let nobody = bed.store.set_language(999, "de").await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))), "{nobody:?}");
}

pub async fn the_window_follows_the_newest_message_and_never_goes_back(bed: Arc<Bed>) {
    let store = &*bed.store;
    receive(store, "w1", by_phone("4915111111111"), at(100_000)).await;
    // An older one arrives late.
    let mut late = message("w2", by_phone("4915111111111"));
    late.sent_at = at(40_000);
    store.accept(&[delivery(vec![late])], at(101_000)).await.unwrap();
    store.route(at(101_000)).await.unwrap();
    let customer = store.customer_by_phone("4915111111111").await.unwrap().unwrap();
    let conversation = store.conversation_of(customer.id).await.unwrap();
    assert_eq!(conversation.window_until, Some(at(100_000) + SERVICE_WINDOW));
    receive(store, "w3", by_phone("4915111111111"), at(200_000)).await;
    store.route(at(200_000)).await.unwrap();
    let conversation = store.conversation_of(customer.id).await.unwrap();
    assert_eq!(conversation.window_until, Some(at(200_000) + SignedDuration::from_hours(24)));
}
