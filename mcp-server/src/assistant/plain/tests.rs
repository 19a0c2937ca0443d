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

#[tokio::test]
async fn a_visit_of_two_services_is_booked_moved_and_cancelled_by_menus() {
    let mut chat = Chat::new(&profile("")).await;
    chat.words("menu").await;
    chat.tap("Agendar").await;
    let staff = chat.tap("Corte").await;
    assert_eq!(staff.titles, ["Tanto faz", "Zé", "Rui", "+ outro serviço", "Falar com alguém"]);
    let others = chat.tap("+ outro serviço").await;
    assert_eq!(others.titles, ["Barba", "Falar com alguém"], "what is chosen is not offered again");
    let staff = chat.tap("Barba").await;
    assert!(staff.text.contains("Corte + Barba"), "{}", staff.text);
    assert!(!staff.titles.contains(&"+ outro serviço".to_owned()), "there is nothing more");
    chat.tap("Zé").await;
    chat.tap("qua, 18/11").await;
    chat.tap("Manhã").await;
    let held = chat.tap("10:00").await;
    assert!(held.text.contains("Corte + Barba") && held.text.contains("R$ 120,00"), "{}", held.text);
    chat.tap("Confirmar").await;
    let row = mine(&chat).await.remove(0);
    let items: Vec<_> = row.booking.items.iter().map(|item| (&*item.service_id, &*item.staff_id)).collect();
    assert_eq!(items, [("corte", "ze"), ("barba", "ze")]);
    assert_eq!(row.booking.items[1].start, local("2026-11-18T11:00"), "after the haircut and its buffer");

    chat.words("menu").await;
    chat.tap("Meus agendamentos").await;
    chat.tap("Remarcar").await;
    chat.tap("qui, 19/11").await;
    chat.tap("Tarde").await;
    chat.tap("14:00").await;
    chat.tap("Sim, remarcar").await;
    let moved = mine(&chat).await.remove(0);
    assert_eq!((moved.booking.id, moved.booking.items[1].start), (row.booking.id, local("2026-11-19T15:00")));
    chat.words("menu").await;
    chat.tap("Meus agendamentos").await;
    chat.tap("Cancelar").await;
    chat.tap("Sim, cancelar").await;
    assert!(mine(&chat).await.is_empty());
}

#[tokio::test]
async fn a_visit_by_anyone_is_held_and_confirmed_with_the_same_people_and_a_late_tap_books_it_too() {
    for late in [false, true] {
        let mut chat = Chat::new(&profile("")).await;
        let answer = chat.words("corte e barba amanhã").await;
        assert!(answer.text.contains("Corte + Barba"), "{}", answer.text);
        chat.tap("Manhã").await;
        let held = chat.tap("10:00").await;
        assert!(held.text.contains("Zé"), "Rui begins at one: {}", held.text);
        if late {
            chat.bed.clock.pass(SignedDuration::from_mins(20));
        }
        let confirm = held.id("Confirmar");
        for _ in 0..2 {
            chat.tap_id(&confirm).await;
        }
        let rows = mine(&chat).await;
        assert_eq!((rows.len(), rows[0].booking.items.len()), (1, 2), "late: {late}");
    }
    let mut chat = Chat::new(&profile("")).await;
    let answer = chat.words("corte ou barba amanhã?").await;
    assert_eq!(answer.titles, ["Corte", "Barba", "Falar com alguém"], "one of both: {}", answer.text);
}

#[tokio::test]
async fn a_visit_whose_time_is_taken_is_offered_whole_at_other_times() {
    let mut chat = Chat::new(&profile("")).await;
    chat.words("corte e barba com o Zé amanhã").await;
    chat.tap("Manhã").await;
    let confirm = chat.tap("10:00").await.id("Confirmar");
    chat.bed.clock.pass(SignedDuration::from_mins(20));
    let bia = chat.bed.customer("5511900000002").await;
    let slot = SlotRef::one("corte", "ze", local("2026-11-17T10:45"), true);
    let taken = chat.bed.desk.request(Wish::of_customer(bia, slot, "Bia", "b")).await;
    assert!(chat.bed.store.book(&taken, chat.bed.desk.clock.now()).await.unwrap().row().is_some());
    let refused = chat.tap_id(&confirm).await;
    assert!(refused.text.contains("Nada foi agendado"), "{}", refused.text);
    chat.tap(&refused.titles[0].clone()).await;
    chat.tap("Confirmar").await;
    let row = mine(&chat).await.remove(0);
    assert_eq!(row.booking.service_names(), "Corte + Barba");
    assert_eq!(row.booking.staff_names(), "Zé");
}

#[tokio::test]
async fn without_the_model_a_part_of_a_name_or_a_day_leads_to_services_and_thanks_are_welcome() {
    let women = "{id: mulher, name: {pt-BR: Penteado de noiva}, duration: 30m, price: \"40\"}\n  - {id: festa, name: {pt-BR: Penteado de festa}, duration: 30m, price: \"40\"}";
    let more = profile("").replace("  - id: barba\n", &format!("  - {women}\n  - id: barba\n"));
    let mut chat = Chat::new(&more).await;
    let answer = chat.words("tem penteado?").await;
    assert_eq!(answer.titles[..2], ["Penteado de noiva", "Penteado de festa"], "{}", answer.text);
    let answer = chat.words("penteado de noiva").await;
    assert!(answer.text.contains("Penteado de noiva\nCom quem?"), "{}", answer.text);
    let answer = chat.words("barba e penteado amnha").await;
    assert_eq!(answer.titles[..3], ["Barba", "Penteado de noiva", "Penteado de festa"]);
    let answer = chat.words("tem vaga amanhã?").await;
    assert_eq!(answer.titles[0], "Corte", "{}", answer.text);
    let answer = chat.words("obrigada!!").await;
    assert!(answer.text.starts_with("Por nada"), "{}", answer.text);
    assert_eq!(answer.titles[0], "Agendar");
}

#[tokio::test]
async fn who_is_named_and_does_not_do_it_is_said_and_the_customer_chooses() {
    let mut chat = Chat::new(&profile("").replace("price: \"40\"", "price: \"40\"\n    staff: [ze]")).await;
    let answer = chat.words("corte e barba com o Rui amanhã").await;
    assert!(answer.text.contains("Rui não faz: Barba."), "{}", answer.text);
    assert_eq!(answer.titles, ["Rui", "Zé", "Tanto faz", "Falar com alguém"]);
    let answer = chat.tap("Rui").await;
    assert!(answer.text.contains("Corte · Rui") && answer.text.contains("17/11/2026"), "{}", answer.text);
    let answer = chat.words("barba com o Rui").await;
    assert!(answer.text.contains("Rui não faz: Barba."), "{}", answer.text);
    assert_eq!(answer.titles, ["Zé", "Tanto faz", "Falar com alguém"]);
    let answer = chat.words("quero com o Rui amanhã").await;
    assert_eq!(answer.titles, ["Corte", "Falar com alguém"], "what Rui does: {}", answer.text);
    let answer = chat.tap("Corte").await;
    assert!(answer.text.contains("Corte · Rui"), "{}", answer.text);
    chat.words("menu").await;
    chat.tap("Agendar").await;
    let answer = chat.tap("Barba").await;
    assert!(answer.text.contains("Barba · Zé"), "nobody else does it: {}", answer.text);
}

#[tokio::test]
async fn a_person_without_a_free_day_is_not_replaced_without_a_choice() {
    let away = profile("").replace("{tue: [\"13:00-19:00\"], sat: [\"09:00-17:00\"]}", "{tue: []}");
    let away =
        away.replace("name: Rui\n    hours: {tue: []}", "name: Rui\n    hours: {sun: [\"09:00-09:15\"]}");
    let mut chat = Chat::new(&away).await;
    let answer = chat.words("corte com o Rui").await;
    assert!(answer.text.contains("Corte · Rui\nNão há dia livre"), "{}", answer.text);
    assert_eq!(answer.titles[0], "Tanto faz");
    let answer = chat.tap("Tanto faz").await;
    assert!(answer.titles.len() > 3, "{:?}", answer.titles);
}
