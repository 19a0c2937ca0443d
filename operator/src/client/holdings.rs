//! Which addresses this process serves, from before a route is made until after it is gone. The annotation of a namespace
//! says the same to the next process; here it is known at once, and of two passes at the same moment only one gets an
//! address.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    client::claims::overlap,
    names::{ClientKey, TenantNamespace},
};

/// Host with path, as in [`crate::client::validate::Route::claim`].
pub type Claims = BTreeSet<String>;

/// The addresses that are served, by namespace.
#[derive(Debug, Default)]
pub struct Holdings(Mutex<HashMap<TenantNamespace, (ClientKey, Claims)>>);

impl Holdings {
    fn lock(&self) -> MutexGuard<'_, HashMap<TenantNamespace, (ClientKey, Claims)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an address beside those the namespace has, which are `before` where this process does not know better.
    /// Returns all it has then, or who has the address, or one above or below it.
    pub fn take(
        &self,
        namespace: &TenantNamespace,
        owner: &ClientKey,
        wanted: Option<&str>,
        before: Claims,
    ) -> Result<Claims, ClientKey> {
        let mut all = self.lock();
        if let Some(wanted) = wanted {
            let holder = all.iter().find(|(other, (_, claims))| {
                *other != namespace && claims.iter().any(|claim| overlap(claim, wanted))
            });
            if let Some((_, (holder, _))) = holder {
                return Err(holder.clone());
            }
        }
        let (_, claims) = all.entry(namespace.clone()).or_insert_with(|| (owner.clone(), before));
        claims.extend(wanted.map(str::to_owned));
        Ok(claims.clone())
    }

    /// Gives up every address but one.
    pub fn keep_only(&self, namespace: &TenantNamespace, wanted: Option<&str>) {
        if let Some((_, claims)) = self.lock().get_mut(namespace) {
            claims.retain(|claim| Some(claim.as_str()) == wanted);
        }
    }

    /// Gives up all of them.
    pub fn release(&self, namespace: &TenantNamespace) {
        self.lock().remove(namespace);
    }
}

#[cfg(test)]
mod tests {
    use mcp_crds::EnvironmentName;

    use super::*;

    fn of(name: &str) -> (ClientKey, TenantNamespace) {
        let key = ClientKey::new("agency", name).unwrap();
        let namespace = key.namespace(EnvironmentName::Production);
        (key, namespace)
    }

    fn claims(list: &[&str]) -> Claims {
        list.iter().map(|&claim| claim.to_owned()).collect()
    }

    #[test]
    fn an_address_that_is_left_stays_taken_until_the_new_one_is_served() {
        let holdings = Holdings::default();
        let ((ana, ana_runs), (rui, rui_runs)) = (of("ana"), of("rui"));
        let taken = holdings.take(&ana_runs, &ana, Some("wa.example/new"), claims(&["wa.example/old"]));
        assert_eq!(taken, Ok(claims(&["wa.example/new", "wa.example/old"])));
        let rui_wants = |address| holdings.take(&rui_runs, &rui, Some(address), Claims::new());
        assert_eq!(rui_wants("wa.example/old"), Err(ana.clone()));
        assert_eq!(rui_wants("wa.example/new/below"), Err(ana.clone()));
        holdings.keep_only(&ana_runs, Some("wa.example/new"));
        assert_eq!(rui_wants("wa.example/old"), Ok(claims(&["wa.example/old"])));
        // What a namespace's annotation says of before is only asked once: it may be late.
        let again = holdings.take(&ana_runs, &ana, Some("wa.example/new"), claims(&["wa.example/old"]));
        assert_eq!(again, Ok(claims(&["wa.example/new"])));
    }

    #[test]
    fn what_is_given_up_is_free() {
        let holdings = Holdings::default();
        let ((ana, ana_runs), (rui, rui_runs)) = (of("ana"), of("rui"));
        holdings.take(&ana_runs, &ana, Some("wa.example/x"), Claims::new()).unwrap();
        holdings.release(&ana_runs);
        assert!(holdings.take(&rui_runs, &rui, Some("wa.example/x"), Claims::new()).is_ok());
    }
}
