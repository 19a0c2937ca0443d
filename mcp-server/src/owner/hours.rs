//! Changing hours, and taking a change back.

use jiff::civil::Date;
use mcp_store::{
    adjustment::{AdjustmentRow, NewAdjustment},
    audit::NewAudit,
    turn::Also,
};
use mcp_tenant::{
    adjustment::{Adjustment, Target},
    slots::Calendar,
};

use super::{Owner, Screen, Step, command::Wanted};
use crate::{
    assistant::Decided,
    booking::FindError,
    words::owner::{Line, Title, change, told},
};

/// Bookings named in one message; the others are counted.
const NAMED: usize = 10;

/// Those that can be read, in the order in which they were made.
pub fn read_rows(rows: &[AdjustmentRow]) -> Vec<Adjustment> {
    rows.iter().filter_map(|row| serde_json::from_value(row.adjustment.content.clone()).ok()).collect()
}

impl Owner<'_> {
    /// A change in words.
    pub(super) fn said(&self, adjustment: &Adjustment) -> String {
        let profile = &self.loaded.profile;
        let who = match &adjustment.target {
            Target::Business => profile.business.name.clone(),
            Target::Staff(id) => profile.staff_member(id).map_or(id.clone(), |staff| staff.name.clone()),
            Target::Resource(id) => id.clone(),
        };
        change(self.language(), &who, &adjustment.change, adjustment.first, adjustment.last)
    }

    fn adjustment(id: &str, wanted: &Wanted) -> Adjustment {
        Adjustment {
            id: id.to_owned(),
            first: wanted.first,
            last: wanted.last,
            target: wanted.target.clone(),
            change: wanted.change.clone(),
            reason: None,
        }
    }

    /// Says what would change and whom it would touch, and asks.
    pub(super) async fn adjust_ask(&self, wanted: Wanted) -> Result<Decided, FindError> {
        let adjustment = Self::adjustment("", &wanted);
        let touched = self.affected(&adjustment).await?.len();
        let warning = if touched > 0 { format!("\n⚠️ {touched}") } else { String::new() };
        let body = format!("{}{warning}", self.said(&adjustment));
        let screen = Screen::new(format!("{body}\n\n{}", self.line(Line::Sure)))
            .button(self, &Step::Adjust(wanted), Title::Yes)
            .button(self, &Step::Nothing, Title::No);
        Ok(screen.shown(self))
    }

    /// Changes hours; the bookings that fall into it are named and stay as they are.
    pub(super) async fn adjust(&self, wanted: Wanted) -> Result<Decided, FindError> {
        let id = self.desk().ids.id();
        let adjustment = Self::adjustment(&id, &wanted);
        let there = read_rows(&self.desk().store.adjustments(wanted.first, wanted.last).await?);
        let same = |other: &&Adjustment| Self::adjustment(&other.id, &wanted) == **other;
        if let Some(other) = there.iter().find(same) {
            let body = format!("{}\n{}", self.line(Line::Already), self.said(other));
            return Ok(self.after(body, other).await?.shown(self));
        }
        let Ok(content) = serde_json::to_value(&adjustment) else {
            return Ok(self.main(Some(Line::Nothing)).shown(self));
        };
        let new = NewAdjustment { id: id.clone(), first: wanted.first, last: wanted.last, content };
        let also = Also::Adjust { adjustment: new, audit: self.audit("hours.adjust", &id) };
        let body = format!("{}\n{}", self.line(Line::Done), self.said(&adjustment));
        Ok(self.after(body, &adjustment).await?.shown(self).beside([also]))
    }

    fn audit(&self, action: &str, id: &str) -> NewAudit {
        NewAudit {
            actor: self.principal.actor(),
            action: action.to_owned(),
            subject: format!("adjustment:{id}"),
            payload: None,
        }
    }

    /// A change in force, with the bookings that fall into it.
    async fn after(&self, body: String, adjustment: &Adjustment) -> Result<Screen, FindError> {
        let rows = self.affected(adjustment).await?;
        let undo = Step::UndoAsk(adjustment.id.clone());
        if rows.is_empty() {
            let body = format!("{body}\n\n{}", self.line(Line::NoneAffected));
            return Ok(Screen::new(body).button(self, &undo, Title::Undo).button(
                self,
                &Step::Main,
                Title::Menu,
            ));
        }
        let list = self.listed(&rows)?;
        Ok(Screen::new(format!("{body}\n\n{}\n{list}", self.line(Line::Affected)))
            .button(self, &Step::Tell(adjustment.id.clone()), Title::Tell)
            .button(self, &undo, Title::Undo)
            .button(self, &Step::Main, Title::Menu))
    }

    /// Bookings, a line each; the first ones.
    pub(super) fn listed(&self, rows: &[mcp_store::booking::BookingRow]) -> Result<String, FindError> {
        let calendar = Calendar::new(&self.loaded.profile)?;
        let mut lines: Vec<String> = rows
            .iter()
            .take(NAMED)
            .map(|row| {
                let day = self.language().date(calendar.local(row.booking.start()).date());
                format!("• {day}, {}", Self::entry(&calendar, row))
            })
            .collect();
        if rows.len() > NAMED {
            lines.push(format!("… +{}", rows.len() - NAMED));
        }
        Ok(lines.join("\n"))
    }

    /// A change in force that covers today or a later day.
    async fn in_force(&self, id: &str) -> Result<Option<Adjustment>, FindError> {
        let rows = read_rows(&self.desk().store.adjustments(self.today()?, Date::MAX).await?);
        Ok(rows.into_iter().find(|adjustment| adjustment.id == id))
    }

    pub(super) async fn undo_last(&self) -> Result<Decided, FindError> {
        let rows = read_rows(&self.desk().store.adjustments(self.today()?, Date::MAX).await?);
        match rows.last() {
            Some(last) => self.undo_ask(&last.id).await,
            None => Ok(self.main(Some(Line::NoChanges)).shown(self)),
        }
    }

    pub(super) async fn undo_ask(&self, id: &str) -> Result<Decided, FindError> {
        let Some(adjustment) = self.in_force(id).await? else {
            return Ok(self.main(Some(Line::Changed)).shown(self));
        };
        let body = format!("{}\n{}", self.line(Line::ReallyUndo), self.said(&adjustment));
        let screen = Screen::new(body).button(self, &Step::Undo(id.to_owned()), Title::Yes).button(
            self,
            &Step::Nothing,
            Title::No,
        );
        Ok(screen.shown(self))
    }

    pub(super) async fn undo(&self, id: &str) -> Result<Decided, FindError> {
        let Some(adjustment) = self.in_force(id).await? else {
            return Ok(self.main(Some(Line::Changed)).shown(self));
        };
        let also = Also::Unadjust { id: id.to_owned(), audit: self.audit("hours.undo", id) };
        let body = format!("{}\n{}", self.line(Line::Undone), self.said(&adjustment));
        Ok(Screen::new(body).button(self, &Step::Main, Title::Menu).shown(self).beside([also]))
    }

    /// Tells the customers whose bookings fall into a change, each once, and says who must be called.
    pub(super) async fn tell(&self, id: &str) -> Result<Decided, FindError> {
        let Some(adjustment) = self.in_force(id).await? else {
            return Ok(self.main(Some(Line::Changed)).shown(self));
        };
        let rows = self.affected(&adjustment).await?;
        let (mut also, mut silent) = (Vec::new(), Vec::new());
        for row in rows {
            match self.affected_notice(&adjustment.id, &row).await? {
                Some(tell) => also.push(tell),
                None => silent.push(row),
            }
        }
        let mut body = told(self.language(), also.len());
        if !silent.is_empty() {
            body = format!("{body}\n\n{}\n{}", self.line(Line::CallThem), self.listed(&silent)?);
        }
        Ok(Screen::new(body).button(self, &Step::Main, Title::Menu).shown(self).beside(also))
    }
}
