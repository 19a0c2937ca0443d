//! Menus over a database: taps and words in, rows and messages out.

use jiff::SignedDuration;
use mcp_store::{
    booking::{BookingRow, BookingState},
    conversation::Owner as Answers,
};

use super::*;
use crate::{
    booking::{SlotRef, Wish},
    test_bed::{
        chat::{ANA, Chat},
        local, profile,
    },
    words::menu::title,
};

const OWNED: &str = "contact: {phone: \"+55 11 3333-4444\"}\n  owners: [\"+55 11 98888-0000\"]";

fn owned() -> String {
    profile("").replace("contact: {phone: \"+55 11 3333-4444\"}", OWNED)
}

async fn mine(chat: &Chat) -> Vec<BookingRow> {
    let ana = chat.bed.customer(ANA).await;
    chat.bed.desk.mine(ana).await.unwrap()
}

#[tokio::test]
async fn a_booking_is_made_moved_and_cancelled_by_buttons_alone_in_each_language() {
    for language in Language::ALL {
        let mut chat = Chat::new(&profile("")).await;
        chat.language = language;
        let words = |which| title(language, which);
        let main = chat.words("menu").await;
        assert_eq!(main.titles, [words(Title::Book), words(Title::Mine), words(Title::Person)]);
        let services = chat.tap(words(Title::Book)).await;
        assert!(services.titles.contains(&words(Title::Person).to_owned()), "a person is always there");
        let staff = chat.tap(&services.titles[0].clone()).await;
        assert_eq!(staff.titles[..3], [words(Title::Anyone), "Zé", "Rui"]);
        let days = chat.tap("Zé").await;
        assert_eq!(days.titles.len(), 10);
        let times = chat.tap(&days.titles[1].clone()).await;
        assert_eq!(times.titles[..2], [words(Title::Morning), words(Title::Afternoon)]);
        chat.tap(words(Title::Morning)).await;
        assert!(mine(&chat).await.is_empty());
        let held = chat.tap("10:00").await;
        assert!(mine(&chat).await.is_empty(), "a hold is no booking");
        assert_eq!(held.titles[0], words(Title::Confirm));
        let receipt = chat.tap(words(Title::Confirm)).await;
        let row = mine(&chat).await.remove(0);
        assert_eq!(
            (row.booking.start(), row.booking.state),
            (local("2026-11-17T10:00"), BookingState::Confirmed)
        );
        assert!(receipt.text.contains(&row.booking.reference), "{}", receipt.text);

        chat.words("menu").await;
        chat.tap(words(Title::Mine)).await;
        let days = chat.tap(words(Title::Move)).await;
        chat.tap(&days.titles[2].clone()).await;
        chat.tap(words(Title::Afternoon)).await;
        chat.tap(words(Title::More)).await;
        let ask = chat.tap("15:00").await;
        assert_eq!(mine(&chat).await[0].booking.start(), local("2026-11-17T10:00"), "asked, not moved");
        assert_eq!(ask.titles[..2], [words(Title::YesMove), words(Title::Keep)]);
        chat.tap(words(Title::YesMove)).await;
        assert_eq!(mine(&chat).await[0].booking.start(), local("2026-11-18T15:00"));

        chat.words("menu").await;
        chat.tap(words(Title::Mine)).await;
        chat.tap(words(Title::Cancel)).await;
        assert_eq!(mine(&chat).await.len(), 1);
        chat.tap(words(Title::YesCancel)).await;
        assert!(mine(&chat).await.is_empty());
        assert_eq!(chat.unanswered, 0);
    }
}

#[tokio::test]
async fn a_second_tap_on_confirm_books_nothing_again() {
    let mut chat = Chat::new(&profile("")).await;
    let confirm = chat.until_held("Tanto faz").await;
    for _ in 0..3 {
        chat.tap_id(&confirm).await;
    }
    let rows = mine(&chat).await;
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    chat.words("menu").await;
    chat.tap("Meus agendamentos").await;
    chat.tap("Cancelar").await;
    chat.tap("Sim, cancelar").await;
    let late = chat.tap_id(&confirm).await;
    assert!(mine(&chat).await.is_empty(), "what was cancelled is not booked again by an old button");
    assert!(!late.text.contains("confirmado"), "{}", late.text);
    assert_eq!(chat.bed.store.booking(&row.booking.id).await.unwrap().unwrap().revision, 2 + 1);
}

#[tokio::test]
async fn a_late_tap_still_books_and_a_taken_slot_offers_the_nearest() {
    let mut chat = Chat::new(&profile("")).await;
    let confirm = chat.until_held("Zé").await;
    chat.bed.clock.pass(SignedDuration::from_mins(20));
    chat.tap_id(&confirm).await;
    assert_eq!(mine(&chat).await.len(), 1);

    let mut chat = Chat::new(&profile("")).await;
    let confirm = chat.until_held("Zé").await;
    chat.bed.clock.pass(SignedDuration::from_mins(20));
    let bia = chat.bed.customer("5511900000002").await;
    let slot = SlotRef::one("corte", "ze", local("2026-11-17T10:00"), true);
    let taken = chat.bed.desk.request(Wish::of_customer(bia, slot, "Bia", "b")).await;
    assert!(chat.bed.store.book(&taken, chat.bed.desk.clock.now()).await.unwrap().row().is_some());
    let refused = chat.tap_id(&confirm).await;
    assert!(mine(&chat).await.is_empty());
    assert!(refused.text.contains("Nada foi agendado"), "{}", refused.text);
    assert!(refused.titles[0].starts_with("ter, 17/11 · "), "{:?}", refused.titles);
    let held = chat.tap(&refused.titles[0].clone()).await;
    assert_eq!(held.titles[0], "Confirmar");
    chat.tap("Confirmar").await;
    assert_eq!(mine(&chat).await.len(), 1);
}

#[tokio::test]
async fn forged_and_foreign_ids_do_nothing_and_old_ones_get_a_fresh_menu() {
    let mut chat = Chat::new(&profile("")).await;
    let confirm = chat.until_held("Zé").await;
    let mut bia = chat.by_other("5511900000002");
    let answer = bia.tap_id(&confirm).await;
    assert!(answer.text.contains("Nada foi alterado") && answer.titles.len() == 3, "{}", answer.text);
    for forged in ["main", "c~1~corte~ze~1~29912340", "", "🙂"] {
        bia.tap_id(forged).await;
    }
    let bia_id = bia.bed.customer("5511900000002").await;
    assert!(bia.bed.desk.mine(bia_id).await.unwrap().is_empty());
    let mut chat = bia.by_other(ANA);
    chat.bed.clock.pass(SignedDuration::from_hours(24));
    let answer = chat.tap_id(&confirm).await;
    assert!(answer.text.contains("antigo"), "{}", answer.text);
    assert!(mine(&chat).await.is_empty());
}

#[tokio::test]
async fn a_booking_of_somebody_else_is_never_shown_or_touched() {
    let mut chat = Chat::new(&profile("")).await;
    let confirm = chat.until_held("Zé").await;
    chat.tap_id(&confirm).await;
    let row = mine(&chat).await.remove(0);
    let bia = chat.bed.customer("5511900000002").await;
    // Even with an id signed for herself.
    let (refs, now) = (&chat.bed.desk.refs, chat.bed.desk.clock.now());
    let own = |step: Step| step.id(refs, &Principal::Customer(bia), now);
    let id = || row.booking.id.clone();
    let steps = [
        own(Step::One(id())),
        own(Step::CancelAsk(id())),
        own(Step::Cancel(id(), row.revision)),
        own(Step::Move(id(), row.revision, local("2026-11-18T15:00"))),
        NoticeTap::Cancel(id()).id(refs, bia),
    ];
    let mut other = chat.by_other("5511900000002");
    for step in steps {
        let answer = other.tap_id(&step).await;
        assert!(!answer.text.contains(&row.booking.reference), "{}", answer.text);
    }
    assert_eq!(other.bed.store.booking(&id()).await.unwrap().unwrap(), row);
}

#[tokio::test]
async fn a_change_by_somebody_else_makes_an_older_question_void() {
    let mut chat = Chat::new(&profile("")).await;
    let confirm = chat.until_held("Zé").await;
    chat.tap_id(&confirm).await;
    let row = mine(&chat).await.remove(0);
    chat.words("menu").await;
    chat.tap("Meus agendamentos").await;
    chat.tap("Cancelar").await;
    let staff = Principal::Staff("ze".into());
    let slot = slot_at(&row, local("2026-11-19T15:00"));
    let moved = chat.bed.desk.relocate(&staff, &row.booking.id, slot, "m".into()).await;
    chat.bed.store.change(&moved, chat.bed.desk.clock.now()).await.unwrap();
    let answer = chat.tap("Sim, cancelar").await;
    assert!(answer.text.contains("mudou"), "{}", answer.text);
    assert_eq!(mine(&chat).await.len(), 1);
}

#[tokio::test]
async fn stop_words_end_notices_and_start_words_begin_them_again() {
    let mut chat = Chat::new(&profile("")).await;
    for (word, wanted) in [("PARAR", false), ("Começar", true), ("abmelden", false)] {
        let answer = chat.words(word).await;
        assert!(!answer.text.is_empty());
        let ana = chat.bed.customer(ANA).await;
        assert_eq!(chat.bed.store.conversation_of(ana).await.unwrap().notices, Some(wanted));
    }
}

#[tokio::test]
async fn who_asks_for_a_person_gets_one_and_the_assistant_is_silent() {
    let mut owner = Chat::new(&owned()).await.by_other("5511988880000");
    owner.words("menu").await;
    let mut chat = owner.by_other(ANA);
    let answer = chat.words("quero falar com uma pessoa").await;
    assert!(!answer.text.is_empty());
    let ana = chat.bed.customer(ANA).await;
    let conversation = chat.bed.store.conversation_of(ana).await.unwrap();
    assert!(conversation.owner.is_human_at(chat.bed.desk.clock.now()));
    assert_eq!(chat.others.len(), 1, "the owner was told");
    assert!(chat.silent("e agora?").await);
    chat.bed.store.set_owner(conversation.id, Answers::Bot).await.unwrap();
    assert!(!chat.silent("menu").await);
}

#[tokio::test]
async fn reminders_are_answered_by_their_buttons() {
    let mut chat = Chat::new(&profile("")).await;
    let confirm = chat.until_held("Zé").await;
    chat.tap_id(&confirm).await;
    let row = mine(&chat).await.remove(0);
    let ana = chat.bed.customer(ANA).await;
    let id = |tap: NoticeTap| tap.id(&chat.bed.desk.refs, ana);
    let booking = || row.booking.id.clone();
    let (come, other, not) =
        (id(NoticeTap::Confirm(booking())), id(NoticeTap::Move(booking())), id(NoticeTap::Cancel(booking())));
    assert!(chat.quick_reply(&come).await.text.contains("esperamos"));
    assert!(chat.quick_reply(&other).await.titles.iter().any(|title| title.starts_with("qua")));
    assert_eq!(chat.quick_reply(&not).await.titles[0], "Sim, cancelar");
    chat.tap("Sim, cancelar").await;
    assert!(mine(&chat).await.is_empty());
    assert!(chat.quick_reply(&come).await.text.contains("não está mais em aberto"));
}

#[tokio::test]
async fn without_the_model_words_lead_to_the_menu_that_is_nearest() {
    let mut chat = Chat::new(&profile("")).await;
    let answer = chat.words("tem corte com o Zé amanhã?").await;
    assert!(answer.text.contains("Corte · Zé") && answer.text.contains("17/11/2026"), "{}", answer.text);
    assert_eq!(answer.titles[0], "Manhã");
    let answer = chat.words("preciso desmarcar").await;
    assert!(answer.text.contains("não tem agendamentos"), "{}", answer.text);
    let answer = chat.words("bom dia").await;
    assert_eq!(answer.titles, ["Agendar", "Meus agendamentos", "Falar com alguém"]);
}

#[tokio::test]
async fn a_tap_followed_by_other_words_is_not_done_and_thanks_are_no_other_words() {
    let mut chat = Chat::new(&profile("")).await;
    let confirm = chat.until_held("Zé").await;
    chat.burst(&[Err(&confirm), Ok("não, espera, quero às 16h")]).await;
    assert!(mine(&chat).await.is_empty());
    chat.burst(&[Err(&confirm), Ok("obrigada!")]).await;
    assert_eq!(mine(&chat).await.len(), 1);
}

#[tokio::test]
async fn every_time_of_a_long_day_can_be_reached() {
    let mut chat = Chat::new(&profile("")).await;
    chat.until_day("Zé").await;
    let mut page = chat.tap("Tarde").await;
    let mut times = Vec::new();
    loop {
        assert!(page.titles.len() <= 10);
        times.extend(page.titles.iter().filter(|title| title.contains(':')).cloned());
        if !page.titles.contains(&"Ver mais".to_owned()) {
            break;
        }
        page = chat.tap("Ver mais").await;
    }
    let all: Vec<String> = (13 * 4..18 * 4).map(|n| format!("{:02}:{:02}", n / 4, n % 4 * 15)).collect();
    assert_eq!(times, all, "the last start of the afternoon's part");
}
