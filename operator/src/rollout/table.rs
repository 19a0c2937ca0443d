//! Which revision every environment may have, while this process lives.
//!
//! The namespaces' annotations and the kept states say it to the next process; here it is exact: what was granted a
//! moment ago is known although no watch has shown it yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use mcp_crds::{EnvironmentName, McpPlanSpec};

use super::{
    Base, Given, Policy, Revision, Turn,
    base::renderer,
    decide::{self, Decision},
    seen::{Place, Standing},
    state::{Kept, Targets, release_of},
};
use crate::{names::TenantNamespace, render::Platform};

/// Name of a domain: of the plan, or empty for clients without one.
pub type Domain = String;

/// What an environment may have.
#[derive(Clone, Debug)]
struct Grant {
    domain: Domain,
    /// None where it cannot be told.
    revision: Option<Revision>,
    /// Its client changed while it waited: it is delivered.
    own_change: bool,
}

#[derive(Debug, Default)]
struct Inner {
    domains: BTreeMap<Domain, Kept>,
    /// Domains that begin, and of which nothing is kept yet.
    begun: BTreeSet<Domain>,
    grants: BTreeMap<String, Grant>,
}

/// Which revision every environment may have.
#[derive(Debug)]
pub struct Rollouts {
    platform: Platform,
    began: Timestamp,
    inner: Mutex<Inner>,
}

/// What a tick changes in a domain.
#[derive(Debug)]
pub struct Change {
    /// What is to be kept, before anything else.
    pub kept: Kept,
    /// Whether it differs from what was kept.
    pub differs: bool,
    /// Who gets which revision.
    pub grants: BTreeMap<String, Revision>,
    /// Environments with their target, and all.
    pub rolled: (usize, usize),
}

impl Rollouts {
    /// From what was kept of each domain.
    pub fn new(platform: Platform, kept: BTreeMap<Domain, Kept>, began: Timestamp) -> Self {
        Self { platform, began, inner: Mutex::new(Inner { domains: kept, ..Inner::default() }) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The settings of this moment.
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// Every domain something is kept of.
    pub fn domains(&self) -> BTreeSet<Domain> {
        self.lock().domains.keys().cloned().collect()
    }

    fn targets(&self, plan: Option<&McpPlanSpec>) -> BTreeMap<EnvironmentName, (Revision, Base)> {
        let base = |environment| {
            let base = Base::of(environment, &self.platform, plan);
            (environment, (base.revision(), base))
        };
        EnvironmentName::ALL.into_iter().map(base).collect()
    }

    /// What an environment is rendered from.
    pub fn given(
        &self,
        namespace: &TenantNamespace,
        environment: EnvironmentName,
        plan: Option<(&str, &McpPlanSpec)>,
        standing: &Standing,
    ) -> Given {
        let targets = self.targets(plan.map(|(_, spec)| spec));
        let domain = plan.map(|(name, _)| name).unwrap_or_default();
        let mut inner = self.lock();
        let grant = inner.grant(domain, namespace, environment, standing, &targets);
        let kept = inner.domains.get(domain);
        let known = grant.revision.as_ref().and_then(|revision| {
            let target = targets.values().find(|(name, _)| name == revision).map(|(_, base)| base);
            target.or_else(|| kept?.bases.get(revision)).map(|base| (revision.clone(), base.clone()))
        });
        let settings = &self.platform.settings;
        match (known, targets.get(&environment)) {
            (Some((revision, base)), _) => {
                let turn =
                    if base.renderer == renderer() || grant.own_change { Turn::Taken } else { Turn::Waits };
                Given::new(revision, base, settings, turn)
            }
            (None, Some((revision, base))) => {
                Given::new(revision.clone(), base.clone(), settings, Turn::Waits)
            }
            (None, None) => Given::now(environment, &self.platform, plan.map(|(_, spec)| spec)),
        }
    }

    /// The client of an environment that waits was changed: it is delivered now, with the revision it was given.
    pub fn take(&self, namespace: &str, revision: &str) {
        if let Some(grant) = self.lock().grants.get_mut(namespace) {
            grant.own_change = true;
            grant.revision = Some(revision.to_owned());
        }
    }

    /// What follows for a domain; nothing is changed by asking.
    pub fn decide(
        &self,
        domain: &str,
        plan: Option<&McpPlanSpec>,
        policy: &Policy,
        places: &[Place],
        now: Timestamp,
    ) -> Change {
        let bases = self.targets(plan);
        let targets: Targets = bases.iter().map(|(name, (revision, _))| (*name, revision.clone())).collect();
        let mut inner = self.lock();
        let seen: Vec<_> = places
            .iter()
            .map(|place| {
                let Place { namespace, environment, standing, .. } = place;
                place.seen(inner.grant(domain, namespace, *environment, standing, &bases).revision)
            })
            .collect();
        let before = inner.domain(domain, &bases).clone();
        let begins = inner.begun.contains(domain) && !seen.is_empty();
        drop(inner);
        let Decision { mut state, grants } =
            decide::decide(&before.state, &seen, &targets, policy, now, self.began);
        for member in state.wave.iter_mut().flat_map(|wave| wave.members.values_mut()) {
            // Where nobody knows any more what it was there is no way back to it.
            member.from.take_if(|from| !before.bases.contains_key(from));
        }
        let has = |one: &decide::Seen| grants.get(&one.namespace).or(one.has.as_ref()).cloned();
        let in_use: BTreeSet<Revision> = seen
            .iter()
            .flat_map(|one| [one.has.clone(), has(one)])
            .flatten()
            .chain(targets.values().cloned())
            .chain(state.stable.values().cloned())
            .chain(
                state
                    .wave
                    .iter()
                    .flat_map(|wave| wave.members.values().filter_map(|member| member.from.clone())),
            )
            .collect();
        let mut all = before.bases.clone();
        all.extend(bases.into_values());
        all.retain(|revision, _| in_use.contains(revision));
        let rolled = seen.iter().filter(|one| has(one).as_ref() == targets.get(&one.environment)).count();
        let kept = Kept { state, bases: all };
        let differs = begins || kept != before;
        Change { differs, kept, grants, rolled: (rolled, seen.len()) }
    }

    /// Acts on a change that was kept.
    pub fn commit(&self, domain: &str, change: &Change) {
        let mut inner = self.lock();
        inner.domains.insert(domain.to_owned(), change.kept.clone());
        inner.begun.remove(domain);
        for (namespace, revision) in &change.grants {
            let grant =
                Grant { domain: domain.to_owned(), revision: Some(revision.clone()), own_change: false };
            inner.grants.insert(namespace.clone(), grant);
        }
    }

    /// Forgets a domain that is no more.
    pub fn forget(&self, domain: &str) {
        self.lock().domains.remove(domain);
    }

    /// Forgets every environment that is not among these.
    pub fn retain(&self, namespaces: &BTreeSet<String>) {
        self.lock().grants.retain(|namespace, _| namespaces.contains(namespace));
    }
}

/// A domain nothing was kept of: what is asked for now is all there is.
fn fresh(targets: &BTreeMap<EnvironmentName, (Revision, Base)>) -> Kept {
    let mut kept = Kept::default();
    kept.state.stable = targets.iter().map(|(name, (revision, _))| (*name, revision.clone())).collect();
    kept.state.release = release_of(&kept.state.stable);
    kept.bases = targets.values().cloned().collect();
    kept
}

impl Inner {
    fn domain(&mut self, domain: &str, targets: &BTreeMap<EnvironmentName, (Revision, Base)>) -> &Kept {
        let Self { domains, begun, .. } = self;
        domains.entry(domain.to_owned()).or_insert_with(|| {
            begun.insert(domain.to_owned());
            fresh(targets)
        })
    }

    fn grant(
        &mut self,
        domain: &str,
        namespace: &TenantNamespace,
        environment: EnvironmentName,
        standing: &Standing,
        targets: &BTreeMap<EnvironmentName, (Revision, Base)>,
    ) -> Grant {
        let namespace = namespace.as_str();
        let known = self.grants.get(namespace);
        if let Some(grant) = known.filter(|grant| grant.domain == domain) {
            return grant.clone();
        }
        // A client that names another plan does so itself, and does not wait for it.
        let moved = known.is_some();
        let kept = self.domain(domain, targets);
        let stable = || kept.state.stable.get(&environment).cloned();
        let member = kept.state.wave.as_ref().and_then(|wave| wave.members.get(namespace));
        let revision = match (member, standing) {
            // It was granted, and the process ended before it was delivered.
            (Some(member), _) => Some(member.to.clone()),
            (None, Standing::Absent) => stable(),
            (None, Standing::There(Some(revision))) if !moved || kept.bases.contains_key(revision) => {
                Some(revision.clone())
            }
            (None, Standing::There(_)) if moved => stable(),
            (None, Standing::There(_)) => None,
        };
        let grant = Grant { domain: domain.to_owned(), revision, own_change: false };
        self.grants.insert(namespace.to_owned(), grant.clone());
        grant
    }
}

#[cfg(test)]
mod tests;
