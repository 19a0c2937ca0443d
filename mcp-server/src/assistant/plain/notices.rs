//! Buttons under notices: reminders, offers of the waitlist, what the business changed.

use mcp_store::{booking::BookingOutcome, turn::Effect};

use super::{Decided, Menu, Screen, Step, screen::effect};
use crate::{
    booking::FindError,
    notices::{NoticeTap, waitlist},
    words::menu::{Line, Title},
};

impl Menu<'_> {
    /// What a tap under a notice does. These buttons do not age: what stands at the tap decides.
    pub(super) async fn noticed(&self, tap: NoticeTap) -> Result<Decided, FindError> {
        let customer = self.turn.conversation.customer_id;
        match tap {
            NoticeTap::Confirm(booking) => self.one(&booking, Some(Line::Coming)).await,
            NoticeTap::Move(booking) => self.move_days(&booking, None, Line::MoveDay).await,
            NoticeTap::Cancel(booking) => self.cancel_ask(&booking).await,
            NoticeTap::Accept(wait) => {
                let desk = &self.ctx.desk;
                let taken = waitlist::accept(desk, customer, &wait, &self.name(), self.key("accept")).await?;
                let Some((request, slot, end)) = taken else {
                    return Ok(self.main(Some(Line::OfferOver)).shown(self));
                };
                let book = Effect::Book(Box::new(request));
                let decided = effect(self, book, move |menu, outcome| match outcome {
                    BookingOutcome::Booked(row) | BookingOutcome::Changed(row) => menu.booked(row),
                    BookingOutcome::Refused(refused) => menu.refused(&slot, refused),
                });
                Ok(decided.beside([end]))
            }
            NoticeTap::Refuse(wait) => {
                let end = waitlist::refuse(&self.ctx.desk, customer, &wait).await?;
                let line = if end.is_some() { Line::OfferLeft } else { Line::OfferOver };
                let screen = Screen::new(self.line(line)).button(self, &Step::Main, Title::Menu).person(self);
                Ok(screen.shown(self).beside(end))
            }
        }
    }
}
