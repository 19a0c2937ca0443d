//! Who may take the next revision, and who goes back. Knows no cluster; says the same for the same.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use jiff::{SignedDuration, Timestamp};
use mcp_crds::EnvironmentName;

use super::{
    Policy, Revision,
    state::{Halt, Member, State, Targets, Wave, release_of},
};

/// One environment as a decision sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its namespace.
    pub namespace: String,
    /// Which kind it is.
    pub environment: EnvironmentName,
    /// Whether its client is to be changed before others.
    pub canary: bool,
    /// The generation of its client: what a client changes itself is not held against a roll-out.
    pub generation: Option<i64>,
    /// The revision it may have; none where that cannot be told.
    pub has: Option<Revision>,
    /// The revision its server was seen with.
    pub shows: Option<Revision>,
    /// The conditions that hold.
    pub holds: BTreeSet<String>,
    /// Since when its server runs, where it does.
    pub ready_since: Option<Timestamp>,
    /// What is the matter, where something is.
    pub trouble: String,
}

impl Seen {
    /// Where it stands in line: canaries, then by kind. Who does not run comes last: it cannot show that a change is good.
    fn rank(&self) -> (bool, Reverse<bool>, EnvironmentName) {
        (self.ready_since.is_none(), Reverse(self.canary), self.environment)
    }
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The state from now on. It is kept before any grant is acted on.
    pub state: State,
    /// Who gets which revision now, by namespace.
    pub grants: BTreeMap<String, Revision>,
}

/// Decides. `began` is when this process did: a deadline that passed while nobody looked begins anew.
pub fn decide(
    before: &State,
    seen: &[Seen],
    targets: &Targets,
    policy: &Policy,
    now: Timestamp,
    began: Timestamp,
) -> Decision {
    let mut state = before.clone();
    let mut grants = BTreeMap::new();
    let release = release_of(targets);
    if state.release != release {
        // What was halted is no longer asked for.
        state =
            State { release: release.clone(), stable: state.stable, wave: state.wave, ..State::default() };
        aim(&mut state, seen, targets, now);
    }
    if state.halt.is_some() && policy.resume.is_some() && policy.resume == state.resume_token() {
        state.halt = None;
    }
    if let Some(wave) = &mut state.wave {
        let by_name: BTreeMap<&str, &Seen> = seen.iter().map(|one| (one.namespace.as_str(), one)).collect();
        wave.members.retain(|namespace, _| by_name.contains_key(namespace.as_str()));
        for (namespace, member) in &mut wave.members {
            if by_name[namespace.as_str()].generation != member.generation {
                member.owed.clear();
            }
        }
        let deadline =
            wave.since.max(began).saturating_add(signed(policy.deadline)).unwrap_or(Timestamp::MAX);
        let late: BTreeMap<String, String> = wave
            .members
            .iter()
            .filter_map(|(namespace, member)| {
                let one = by_name[namespace.as_str()];
                (!is_back(one, member)).then(|| (namespace.clone(), one.trouble.clone()))
            })
            .collect();
        if late.is_empty() {
            let settled = wave.members.iter().all(|(namespace, member)| {
                member.owed.is_empty() || has_settled(by_name[namespace.as_str()], policy, now)
            });
            if settled {
                state.wave = None;
            }
        } else if now >= deadline {
            let members = std::mem::take(&mut wave.members);
            state.wave = None;
            state.halts += 1;
            let back: BTreeMap<String, Revision> = members
                .into_iter()
                .filter_map(|(namespace, member)| Some((namespace, member.from?)))
                .collect();
            state.halt = Some(Halt { since: now, failed: late, back: back.keys().cloned().collect() });
            grants.extend(back);
        }
    }
    let at_once = policy.skip.as_ref() == Some(&release);
    if at_once {
        state.halt = None;
        state.wave.take_if(|wave| wave.members.values().any(|member| !member.owed.is_empty()));
    }
    if state.wave.is_none() && state.halt.is_none() {
        let pending: Vec<&Seen> =
            seen.iter().filter(|one| one.has.as_ref() != targets.get(&one.environment)).collect();
        if pending.is_empty() {
            state.stable.clone_from(targets);
            state.waves = 0;
        } else if at_once || !policy.paused {
            let size = if at_once { pending.len() } else { policy.size.of(seen.len()) };
            state.wave = Some(Wave { since: now, members: members(pending, size, at_once, targets) });
            state.waves += 1;
        }
    }
    if let Some(wave) = &state.wave {
        for one in seen {
            if let Some(member) = wave.members.get(&one.namespace)
                && one.has.as_ref() != Some(&member.to)
            {
                grants.insert(one.namespace.clone(), member.to.clone());
            }
        }
    }
    Decision { state, grants }
}

/// A wave that is under way when something else is asked for goes there from where it is: nothing is left with what
/// nobody wants any more, and no second wave begins beside it.
fn aim(state: &mut State, seen: &[Seen], targets: &Targets, now: Timestamp) {
    let Some(wave) = &mut state.wave else { return };
    wave.since = now;
    let kinds: BTreeMap<&str, EnvironmentName> =
        seen.iter().map(|one| (one.namespace.as_str(), one.environment)).collect();
    for (namespace, member) in &mut wave.members {
        if let Some(to) = kinds.get(namespace.as_str()).and_then(|kind| targets.get(kind)) {
            member.to.clone_from(to);
        }
    }
}

/// The first of those that wait, all of one rank.
fn members(
    mut pending: Vec<&Seen>,
    size: usize,
    at_once: bool,
    targets: &Targets,
) -> BTreeMap<String, Member> {
    pending.sort_by_key(|one| (one.rank(), one.namespace.as_str()));
    let rank = pending.first().map(|one| one.rank());
    pending
        .into_iter()
        .filter(|one| at_once || Some(one.rank()) == rank)
        .take(size)
        .filter_map(|one| {
            let waits_for_it = !at_once && one.ready_since.is_some();
            let member = Member {
                generation: one.generation,
                from: one.has.clone(),
                to: targets.get(&one.environment)?.clone(),
                owed: if waits_for_it { one.holds.clone() } else { BTreeSet::new() },
            };
            Some((one.namespace.clone(), member))
        })
        .collect()
}

/// Whether an environment has what it was given, and is as ready as before.
fn is_back(one: &Seen, member: &Member) -> bool {
    member.owed.is_empty()
        || (one.shows.as_ref() == Some(&member.to)
            && one.ready_since.is_some()
            && member.owed.is_subset(&one.holds))
}

fn has_settled(one: &Seen, policy: &Policy, now: Timestamp) -> bool {
    one.ready_since.is_some_and(|since| now.duration_since(since) >= signed(policy.settle))
}

fn signed(duration: std::time::Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests;
