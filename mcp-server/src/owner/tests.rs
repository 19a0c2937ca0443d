//! An owner at their phone.

use jiff::SignedDuration;
use mcp_store::booking::{BookingRow, BookingState};

use super::{approvals::ApprovalLoop, proposals::OnWhatsApp};
use crate::{
    booking::{SlotRef, Wish},
    calendar::proposals::{AskOwner, Proposal},
    test_bed::{
        chat::{ANA, Chat},
        local, profile,
    },
};

const OWNER: &str = "5511988880000";

fn owned(more: &str) -> String {
    let contact = "contact: {phone: \"+55 11 3333-4444\"}";
    let owners = format!("{contact}\n  owners: [\"+55 11 98888-0000\"]");
    profile("").replace(contact, &owners).replace("slotStep: 15m", &format!("slotStep: 15m{more}"))
}

async fn booked(chat: &Chat, start: &str) -> BookingRow {
    let ana = chat.bed.writes(ANA, "oi").await;
    let wish = Wish::of_customer(ana, SlotRef::one("corte", "ze", local(start), true), "Ana", start);
    let request = chat.bed.desk.request(wish).await;
    let outcome = chat.bed.store.book(&request, chat.bed.desk.clock.now()).await.unwrap();
    chat.bed.said().await;
    outcome.row().unwrap().clone()
}

async fn now(chat: &Chat, row: &BookingRow) -> BookingRow {
    chat.bed.store.booking(&row.booking.id).await.unwrap().unwrap()
}

async fn owner(profile: &str) -> Chat {
    let mut chat = Chat::new(profile).await.by_other(OWNER);
    chat.words("menu").await;
    chat
}

#[tokio::test]
async fn a_closed_day_is_set_after_a_yes_and_its_customers_are_told_once() {
    let mut chat = owner(&owned("")).await;
    let row = booked(&chat, "2026-11-17T10:00").await;
    chat.claimed().await;
    let ask = chat.words("fechado amanhã").await;
    assert_eq!(ask.titles, ["Sim", "Não"]);
    let day = local("2026-11-17T12:00").to_zoned(jiff::tz::TimeZone::UTC).date();
    assert!(chat.bed.store.adjustments(day, day).await.unwrap().is_empty(), "asked, not done");
    let yes = ask.id("Sim");
    let done = chat.tap_id(&yes).await;
    assert_eq!(chat.bed.store.adjustments(day, day).await.unwrap().len(), 1);
    assert!(done.text.contains("Ana"), "{}", done.text);
    chat.tap_id(&yes).await;
    assert_eq!(chat.bed.store.adjustments(day, day).await.unwrap().len(), 1, "a second tap changes nothing");
    chat.tap("Avisar clientes").await;
    assert_eq!(chat.others.len(), 1);
    assert_eq!((&*chat.others[0].0, &*chat.others[0].1.titles[0]), (ANA, "Remarcar"));
    assert_eq!(now(&chat, &row).await, row, "it stands until the customer chooses");
    chat.words("desfazer").await;
    chat.tap("Sim").await;
    assert!(chat.bed.store.adjustments(day, day).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_request_is_put_to_the_owner_once_and_the_customer_hears_the_decision() {
    let mut chat = owner(&owned(", confirmation: owner-approves")).await;
    let (first, second) = (booked(&chat, "2026-11-17T10:00").await, booked(&chat, "2026-11-18T10:00").await);
    chat.claimed().await;
    let approvals = ApprovalLoop { desk: chat.bed.desk.clone(), wake: std::sync::Arc::default() };
    approvals.round().await.unwrap();
    approvals.round().await.unwrap();
    let asked = chat.read_others().await;
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|(to, _)| to == OWNER));
    let (yes, no) = (asked[0].1.id("Aprovar"), asked[1].1.id("Recusar"));
    chat.tap_id(&yes).await;
    assert_eq!(now(&chat, &first).await.booking.state, BookingState::Confirmed);
    assert!(chat.others[0].1.text.contains("Agendamento confirmado"), "{:?}", chat.others);
    chat.tap_id(&no).await;
    assert_eq!(now(&chat, &second).await.booking.state, BookingState::Cancelled);
    assert!(chat.others[0].1.titles.len() > 2, "other times are offered: {:?}", chat.others);
    chat.tap_id(&yes).await;
    assert!(chat.others.is_empty(), "a second tap tells nobody");
    let mut ana = chat.by_other(ANA);
    ana.tap_id(&no).await;
    ana.tap_id(&yes).await;
    assert_eq!(now(&ana, &first).await.revision, 2, "an owner's button means nothing to a customer");
}

#[tokio::test]
async fn an_event_moved_in_the_calendar_moves_the_booking_when_the_owner_says_so() {
    let mut chat = owner(&owned("")).await;
    let row = booked(&chat, "2026-11-17T10:00").await;
    chat.claimed().await;
    let start = local("2026-11-17T15:00");
    let proposal = Proposal::Moved {
        booking_id: row.booking.id.clone(),
        revision: row.revision,
        start,
        end: start + SignedDuration::from_mins(45),
    };
    let asking = OnWhatsApp { desk: chat.bed.desk.clone(), wake: std::sync::Arc::default() };
    asking.ask(proposal.clone()).await.unwrap();
    asking.ask(proposal).await.unwrap();
    let asked = chat.read_others().await;
    assert_eq!(asked.len(), 1);
    assert_eq!(now(&chat, &row).await, row);
    chat.tap_id(&asked[0].1.id("Remarcar")).await;
    assert_eq!(now(&chat, &row).await.booking.start(), start);
    assert!(chat.others[0].1.text.contains("15:00"));
}

#[tokio::test]
async fn what_is_not_understood_changes_nothing_and_shows_the_menu() {
    let mut chat = owner(&owned("")).await;
    let answer = chat.words("como estão as coisas?").await;
    assert!(answer.text.contains("Não entendi") && answer.titles.len() == 4);
    booked(&chat, "2026-11-17T10:00").await;
    chat.claimed().await;
    let agenda = chat.words("agenda amanhã").await;
    assert!(agenda.text.contains("10:00–10:45 Ana · Corte · Zé"), "{}", agenda.text);
    let mut ana = chat.by_other(ANA);
    assert_eq!(ana.words("agenda amanhã").await.titles.len(), 3, "a customer gets the customers' menu");
}
