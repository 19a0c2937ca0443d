//! An owner at their phone.

use std::sync::Arc;

use jiff::SignedDuration;
use mcp_store::booking::{BookingRow, BookingState};

use super::{again, approvals::ApprovalLoop, proposals::OnWhatsApp};
use crate::{
    booking::{SlotRef, Wish},
    calendar::proposals::{AskOwner, Proposal},
    test_bed::{
        Outside,
        chat::{ANA, Chat, Shown},
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
    let approvals = approving(&chat);
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

fn approving(chat: &Chat) -> ApprovalLoop {
    ApprovalLoop::new(chat.bed.desk.clone(), Arc::default())
}

#[tokio::test]
async fn a_question_that_did_not_reach_the_owner_is_asked_again_when_they_write() {
    let mut chat = owner(&owned(", confirmation: owner-approves")).await;
    chat.bed.clock.pass(SignedDuration::from_hours(30));
    let row = booked(&chat, "2026-11-24T10:00").await;
    chat.claimed().await;
    approving(&chat).round().await.unwrap();
    assert_eq!(chat.bed.refused().await, 1);
    assert_eq!(again::waiting(&*chat.bed.store).await.unwrap(), 1);
    chat.bed.clock.pass(SignedDuration::from_hours(24));
    let asked = again::round(&chat.bed.desk).await.unwrap();
    assert_eq!((asked, chat.bed.refused().await), (0, 0), "no window is open and no template approved");

    // The channel tells the owner's user id for the first time: they are another row of ours, with buttons of their own.
    chat.user = Some("BR.1".into());
    chat.words("menu").await;
    assert_eq!(again::round(&chat.bed.desk).await.unwrap(), 1);
    assert_eq!(again::round(&chat.bed.desk).await.unwrap(), 0, "it is on its way");
    assert_eq!(again::waiting(&*chat.bed.store).await.unwrap(), 0);
    let asked = chat.read_others().await;
    assert_eq!(asked.len(), 1);
    approving(&chat).round().await.unwrap();
    let twice = chat.read_others().await.iter().any(|(to, _)| to == OWNER);
    assert!(!twice, "the loop that asks first does not ask twice");
    chat.tap_id(&asked[0].1.id("Aprovar")).await;
    assert_eq!(now(&chat, &row).await.booking.state, BookingState::Confirmed);
}

#[tokio::test]
async fn what_fails_while_the_window_is_open_is_said_again_slowly() {
    let mut chat = owner(&owned(", confirmation: owner-approves")).await;
    booked(&chat, "2026-11-24T10:00").await;
    chat.claimed().await;
    chat.bed.clock.pass(SignedDuration::from_mins(1));
    approving(&chat).round().await.unwrap();
    assert_eq!(chat.bed.refused().await, 1);
    for hours in [1, 4] {
        chat.bed.clock.pass(SignedDuration::from_hours(hours));
        assert_eq!(again::round(&chat.bed.desk).await.unwrap(), 0);
    }
    chat.bed.clock.pass(SignedDuration::from_hours(1));
    assert_eq!(again::round(&chat.bed.desk).await.unwrap(), 1);
    assert_eq!(chat.bed.refused().await, 1);
    assert_eq!(again::round(&chat.bed.desk).await.unwrap(), 0);
    chat.words("menu").await;
    assert_eq!(again::round(&chat.bed.desk).await.unwrap(), 1, "a word of the owner is reason enough");
}

#[tokio::test]
async fn what_is_settled_meanwhile_is_not_asked_any_more() {
    let mut chat = owner(&owned(", confirmation: owner-approves")).await;
    chat.bed.clock.pass(SignedDuration::from_hours(30));
    let row = booked(&chat, "2026-11-24T10:00").await;
    chat.claimed().await;
    approving(&chat).round().await.unwrap();
    chat.bed.refused().await;
    let desk = chat.bed.desk.clone();
    let staff = crate::booking::Principal::Staff("ze".into());
    let request = desk.decide(&staff, &row.booking.id, true, "k".into(), None);
    desk.store.change(&request, desk.clock.now()).await.unwrap();
    chat.words("menu").await;
    assert_eq!(again::round(&desk).await.unwrap(), 0);
    assert!(desk.store.dead_letters(0, 9).await.unwrap().is_empty(), "nobody has to look at it");
}

#[tokio::test]
async fn news_for_the_owner_are_said_again_for_a_week() {
    let mut chat = owner(&owned("")).await.by_other(ANA);
    chat.bed.clock.pass(SignedDuration::from_hours(30));
    chat.burst(&[Ok("quero falar com uma pessoa")]).await;
    let told = chat.others.iter().any(|(to, _)| to == OWNER);
    assert!(told, "{:?}", chat.others);
    chat.words("quero falar com uma pessoa").await;
    let desk = chat.bed.desk.clone();
    let conversation = super::first_owner(&desk).await.unwrap().unwrap().conversation.id;
    let message = mcp_store::outbox::NewOutgoing {
        dedupe_key: Some("handover:w".into()),
        kind: mcp_store::outbox::OutgoingKind::Notice,
        ..mcp_store::outbox::NewOutgoing::answer("h1", crate::whatsapp::interactive::text("Ana"))
    };
    desk.store.enqueue(conversation, &message, desk.clock.now()).await.unwrap();
    assert_eq!(chat.bed.refused().await, 1);
    let mut chat = chat.by_other(OWNER);
    for _ in 0..2 {
        chat.bed.clock.pass(SignedDuration::from_hours(80));
        chat.words("menu").await;
        assert_eq!(again::round(&desk).await.unwrap(), 1);
        assert_eq!(chat.bed.refused().await, 1);
    }
    chat.bed.clock.pass(SignedDuration::from_hours(80));
    chat.words("menu").await;
    assert_eq!(again::round(&desk).await.unwrap(), 0, "after ten days it is left to a person");
    assert_eq!(again::waiting(&*desk.store).await.unwrap(), 1);
}

#[tokio::test]
async fn a_customer_whose_request_nobody_answers_is_told_once_and_not_at_night() {
    let mut chat = owner(&owned(", confirmation: owner-approves")).await;
    chat.bed.clock.set(local("2026-11-16T18:00"));
    let row = booked(&chat, "2026-11-24T10:00").await;
    chat.claimed().await;
    let told = async || {
        approving(&chat).round().await.unwrap();
        let all = chat.read_others().await;
        all.into_iter().filter(|(to, _)| to == ANA).map(|(_, shown)| shown).collect::<Vec<_>>()
    };
    assert!(told().await.is_empty());
    chat.bed.clock.set(local("2026-11-16T22:30"));
    assert!(told().await.is_empty(), "it is night");
    chat.bed.clock.set(local("2026-11-17T08:00"));
    let read = told().await;
    assert_eq!(read.len(), 1);
    assert!(read[0].text.contains("não está confirmado"), "{}", read[0].text);
    assert!(read[0].text.contains("+55 11 3333-4444"), "{}", read[0].text);
    assert!(read[0].text.contains("terça-feira, 24/11/2026 às 09:00"), "when it ends: {}", read[0].text);
    assert_eq!(read[0].titles, ["Remarcar", "Cancelar"]);
    chat.bed.clock.set(local("2026-11-18T08:00"));
    assert!(told().await.is_empty());
    assert_eq!(now(&chat, &row).await, row, "the request stands");
}

/// What an owner and Ana read in a round of the approvals.
async fn round(chat: &Chat, approvals: &ApprovalLoop) -> (Vec<Shown>, Vec<Shown>) {
    approvals.round().await.unwrap();
    let all = chat.read_others().await;
    let (owner, ana): (Vec<_>, Vec<_>) = all.into_iter().partition(|(to, _)| to == OWNER);
    let shown = |all: Vec<(String, Shown)>| all.into_iter().map(|(_, shown)| shown).collect();
    (shown(owner), shown(ana))
}

#[tokio::test]
async fn an_owner_who_does_not_decide_is_reminded_once_and_in_the_end_the_request_lapses() {
    let mut chat = owner(&owned(", confirmation: owner-approves")).await;
    let row = booked(&chat, "2026-11-16T18:00").await;
    chat.claimed().await;
    let approvals = approving(&chat);
    let (asked, _) = round(&chat, &approvals).await;
    assert_eq!(asked.len(), 1);
    chat.bed.clock.set(local("2026-11-16T13:30"));
    let (reminded, late) = round(&chat, &approvals).await;
    assert_eq!((reminded.len(), late.len()), (1, 1));
    assert!(reminded[0].text.contains("16/11/2026 às 17:00"), "{}", reminded[0].text);
    assert_eq!(reminded[0].titles, ["Aprovar", "Recusar"]);
    chat.bed.clock.set(local("2026-11-16T16:59"));
    assert_eq!(round(&chat, &approvals).await.0.len(), 0, "once");
    assert_eq!(now(&chat, &row).await, row);

    chat.bed.clock.set(local("2026-11-16T17:00"));
    let (owner_reads, ana_reads) = round(&chat, &approvals).await;
    assert_eq!(now(&chat, &row).await.booking.state, BookingState::Cancelled);
    assert!(owner_reads[0].text.contains("não vale mais"), "{}", owner_reads[0].text);
    assert!(ana_reads[0].text.contains("nada está agendado"), "{}", ana_reads[0].text);
    assert!(ana_reads[0].titles.len() > 2, "other times: {:?}", ana_reads[0].titles);
    let again = [round(&chat, &approvals).await, round(&chat, &approving(&chat)).await];
    assert!(again.iter().all(|(owner, ana)| owner.is_empty() && ana.is_empty()), "told once: {again:?}");

    let bia = chat.bed.writes("5511900000002", "oi").await;
    let slot = SlotRef::one("corte", "ze", local("2026-11-16T18:00"), true);
    let request = chat.bed.desk.request(Wish::of_customer(bia, slot, "Bia", "b")).await;
    let taken = chat.bed.store.book(&request, chat.bed.desk.clock.now()).await.unwrap();
    assert!(taken.row().is_some(), "the time is free: {taken:?}");
    chat.claimed().await;
    let answer = chat.tap_id(&reminded[0].id("Aprovar")).await;
    assert!(answer.text.contains("Nada foi alterado"), "{}", answer.text);
}

#[tokio::test]
async fn what_lapsed_is_told_also_where_the_process_died_before_it_was_said_or_was_away() {
    let chat = owner(&owned(", confirmation: owner-approves")).await;
    let row = booked(&chat, "2026-11-16T11:00").await;
    chat.bed.clock.set(local("2026-11-16T10:30"));
    super::lapse::lapse(&chat.bed.desk, &row, local("2026-11-16T10:30")).await.unwrap().unwrap();
    let (_, told) = round(&chat, &approving(&chat)).await;
    assert!(told[0].text.contains("nada está agendado"), "{told:?}");

    let away = booked(&chat, "2026-11-16T15:00").await;
    chat.bed.clock.set(local("2026-11-16T20:00"));
    let (_, told) = round(&chat, &approving(&chat)).await;
    assert_eq!((told.len(), now(&chat, &away).await.booking.state), (1, BookingState::Cancelled));
}

#[tokio::test]
async fn a_request_made_shortly_before_its_start_leaves_the_owner_half_the_time() {
    let chat =
        owner(&owned(", confirmation: owner-approves").replace("minimumNotice: 1h", "minimumNotice: 0m"))
            .await;
    let row = booked(&chat, "2026-11-16T09:45").await;
    let left = row.booking.start().duration_since(crate::booking::waits::until(&row));
    assert_eq!(left, row.booking.start().duration_since(row.changed_at) / 2);
    let early = booked(&chat, "2026-11-18T10:00").await;
    assert_eq!(crate::booking::waits::until(&early), local("2026-11-18T09:00"));
}

#[tokio::test]
async fn a_hundred_and_fifty_letters_that_are_old_keep_nothing_newer_from_the_owner() {
    let mut chat = owner(&owned(", confirmation: owner-approves")).await;
    let desk = chat.bed.desk.clone();
    let conversation = super::first_owner(&desk).await.unwrap().unwrap().conversation.id;
    for n in 0..150 {
        let message = mcp_store::outbox::NewOutgoing {
            dedupe_key: Some(format!("handover:{n}")),
            kind: mcp_store::outbox::OutgoingKind::Notice,
            ..mcp_store::outbox::NewOutgoing::answer(
                format!("h{n}"),
                crate::whatsapp::interactive::text("Ana"),
            )
        };
        desk.store.enqueue(conversation, &message, desk.clock.now()).await.unwrap();
    }
    assert_eq!(chat.bed.refused().await, 150);
    chat.bed.clock.pass(SignedDuration::from_hours(8 * 24));
    booked(&chat, "2026-11-30T10:00").await;
    chat.claimed().await;
    approving(&chat).round().await.unwrap();
    assert_eq!(chat.bed.refused().await, 1);
    chat.words("menu").await;
    assert_eq!(again::round(&desk).await.unwrap(), 1, "the question, and nothing that is a week old");
    let (asked, _) = round(&chat, &approving(&chat)).await;
    assert_eq!(asked[0].titles, ["Aprovar", "Recusar"]);
}

#[tokio::test]
async fn a_question_that_may_have_arrived_is_said_again_only_to_an_owner_who_writes() {
    let mut chat = owner(&owned(", confirmation: owner-approves")).await;
    booked(&chat, "2026-11-24T10:00").await;
    chat.claimed().await;
    approving(&chat).round().await.unwrap();
    assert_eq!(chat.bed.lost().await, 1);
    for _ in 0..3 {
        chat.bed.clock.pass(SignedDuration::from_hours(7));
        assert_eq!(again::round(&chat.bed.desk).await.unwrap(), 0, "it may lie on their phone");
    }
    chat.words("menu").await;
    assert_eq!(again::round(&chat.bed.desk).await.unwrap(), 1);
    assert_eq!(chat.bed.lost().await, 1);
    assert_eq!(again::round(&chat.bed.desk).await.unwrap(), 0, "once for each word of the owner");
}

#[tokio::test]
async fn who_has_an_owners_number_after_them_is_a_customer_until_the_profile_forgets_the_owner() {
    let mut chat = Chat::new(&owned("")).await.by_other(OWNER);
    chat.user = Some("BR.1".into());
    assert!(chat.words("menu").await.text.contains("fechado amanhã"));
    chat.user = Some("BR.2".into());
    assert!(
        !chat.words("menu").await.text.contains("fechado amanhã"),
        "the number was given to somebody else"
    );
    let told = super::first_owner(&chat.bed.desk).await.unwrap().unwrap();
    let owner = chat.bed.store.customer(told.customer).await.unwrap().unwrap();
    assert_eq!(owner.user_id.as_deref(), Some("BR.1"), "what the owner is told goes to the owner");
    chat.user = Some("BR.1".into());
    assert!(chat.words("menu").await.text.contains("fechado amanhã"));

    let set = |text: &str| {
        let loaded = crate::profile_file::read(text, chat.bed.desk.clock.now()).unwrap();
        chat.bed.profile.send_replace(Arc::new(loaded));
    };
    set(&owned("").replace("98888-0000", "97777-0000"));
    super::first_owner(&chat.bed.desk).await.unwrap();
    set(&owned(""));
    chat.user = Some("BR.2".into());
    assert!(chat.words("menu").await.text.contains("fechado amanhã"), "the number was put back for them");
    chat.user = Some("BR.1".into());
    assert!(!chat.words("menu").await.text.contains("fechado amanhã"));
}

#[tokio::test]
async fn a_move_that_no_calendar_confirmed_is_told_to_both_as_what_it_is() {
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
    let asking = OnWhatsApp { desk: chat.bed.desk.clone(), wake: Arc::default() };
    asking.ask(proposal).await.unwrap();
    let asked = chat.read_others().await;
    chat.bed.beside(Arc::new(Outside { away: true.into() }));
    let owner_reads = chat.tap_id(&asked[0].1.id("Remarcar")).await;
    let after = now(&chat, &row).await;
    assert_eq!((after.booking.start(), after.booking.state), (start, BookingState::Requested));
    assert!(owner_reads.text.contains("ainda não confirmado"), "{}", owner_reads.text);
    let customer_reads = &chat.others[0].1.text;
    assert!(customer_reads.contains("ainda precisa confirmar"), "{customer_reads}");
    assert!(customer_reads.contains("15:00") && !customer_reads.contains("remarcado"), "{customer_reads}");
}

/// A business that confirms by itself, and whose calendar is away.
async fn unread() -> (Chat, Arc<Outside>) {
    let mut chat = owner(&owned("")).await;
    let outside = Arc::new(Outside { away: true.into() });
    chat.bed.beside(outside.clone());
    (chat, outside)
}

#[tokio::test]
async fn a_request_that_no_calendar_confirmed_lapses_and_everybody_is_told_once() {
    let (chat, outside) = unread().await;
    let row = booked(&chat, "2026-11-16T18:00").await;
    assert_eq!(row.booking.state, BookingState::Requested);
    let told = crate::booking::receipt(&chat.bed.desk.profile().profile, &row);
    assert!(told.contains("Sem confirmação até segunda-feira, 16/11/2026 às 17:00"), "{told}");
    let approvals = approving(&chat);
    chat.bed.clock.set(local("2026-11-16T16:59"));
    let (owner_reads, ana_reads) = round(&chat, &approvals).await;
    assert!(owner_reads.is_empty() && ana_reads.is_empty(), "nobody is asked: {owner_reads:?} {ana_reads:?}");
    assert_eq!(now(&chat, &row).await, row);

    chat.bed.clock.set(local("2026-11-16T17:00"));
    let (owner_reads, ana_reads) = round(&chat, &approvals).await;
    assert_eq!(now(&chat, &row).await.booking.state, BookingState::Cancelled);
    assert!(owner_reads[0].text.contains("não pôde ser confirmado"), "{}", owner_reads[0].text);
    assert!(ana_reads[0].text.contains("nada está agendado"), "{}", ana_reads[0].text);
    assert!(ana_reads[0].text.contains("+55 11 3333-4444"), "{}", ana_reads[0].text);
    assert!(ana_reads[0].titles.is_empty(), "nobody knows what is free: {:?}", ana_reads[0].titles);
    let again = [round(&chat, &approvals).await, round(&chat, &approving(&chat)).await];
    assert!(again.iter().all(|(owner, ana)| owner.is_empty() && ana.is_empty()), "told once: {again:?}");

    outside.away.store(false, std::sync::atomic::Ordering::SeqCst);
    let bia = chat.bed.writes("5511900000002", "oi").await;
    let slot = SlotRef::one("corte", "ze", local("2026-11-16T18:00"), true);
    let request = chat.bed.desk.request(Wish::of_customer(bia, slot, "Bia", "b")).await;
    let taken = chat.bed.store.book(&request, chat.bed.desk.clock.now()).await.unwrap();
    assert!(taken.row().is_some(), "the time is free: {taken:?}");
}

#[tokio::test]
async fn who_lost_a_request_to_a_calendar_that_is_back_is_offered_the_nearest_times() {
    let (chat, outside) = unread().await;
    let approvals = approving(&chat);
    round(&chat, &approvals).await;
    let row = booked(&chat, "2026-11-16T15:00").await;
    outside.away.store(false, std::sync::atomic::Ordering::SeqCst);
    chat.bed.clock.set(local("2026-11-16T14:00"));
    // It died between the two.
    super::lapse::lapse(&chat.bed.desk, &row, local("2026-11-16T14:00")).await.unwrap().unwrap();
    let (_, told) = round(&chat, &approving(&chat)).await;
    assert!(told[0].text.contains("nada está agendado"), "{told:?}");
    assert!(told[0].titles.len() > 2, "other times: {:?}", told[0].titles);
}
