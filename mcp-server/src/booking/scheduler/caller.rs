//! Who asks at a door of programs, and what they may do and see.

use super::Failure;
use crate::{
    booking::Principal,
    token::{Bearer, Scope},
};

/// Who asks with a token that allows what is asked.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who acts.
    pub principal: Principal,
    /// Whether they may see who customers are (`customer:read`).
    customers: bool,
}

impl Caller {
    /// Whoever holds the token, if it has this scope.
    pub fn of(bearer: &Bearer, scope: Scope) -> Result<Self, Failure> {
        if !bearer.scopes.allow(scope) {
            return Err(Failure::lacking(scope));
        }
        let customers = bearer.scopes.allow(Scope::CustomerRead);
        Ok(Self { principal: Principal::of_token(&bearer.subject), customers })
    }

    /// Whether they may see who customers are.
    pub fn sees_customers(&self) -> bool {
        self.customers
    }

    /// Refused to whoever may not see who customers are: a search by a number tells whose it is.
    pub fn seeing_customers(&self) -> Result<(), Failure> {
        if self.customers { Ok(()) } else { Err(Failure::lacking(Scope::CustomerRead)) }
    }
}
