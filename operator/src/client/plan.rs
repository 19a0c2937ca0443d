//! What a plan allows. Knows no cluster.

use mcp_crds::{Environment, McpClient, McpPlanSpec, plan::Feature};

use crate::{
    client::{
        effective::Effective,
        outcome::{Reason, Verdict},
    },
    hosts::HostPattern,
};

/// Why an environment may not be brought to what its spec asks for under this plan: every limit it is beyond, with what
/// to do.
pub fn refusal(
    client: &McpClient,
    environment: &Environment,
    effective: &Effective,
    plan: &McpPlanSpec,
) -> Option<Verdict> {
    let mut beyond = Vec::new();
    let limits = &plan.limits;
    let asked = client.spec.environments.len();
    if let Some(most) = limits.environments.filter(|most| asked > *most as usize) {
        beyond.push(format!("{asked} environments where {most} are allowed: remove one"));
    }
    if let Some(most) = limits.replicas.filter(|most| environment.replicas > *most) {
        beyond.push(format!("replicas {} where {most} are allowed: lower it", environment.replicas));
    }
    let memory = &effective.resources.limits.memory;
    if let Some(most) = limits.memory.as_ref().filter(|most| bytes(memory) > bytes(most)) {
        beyond.push(format!("resources.limits.memory {memory} where {most} is allowed: lower it"));
    }
    let volume = environment.database.sqlite.as_ref().map(|sqlite| &sqlite.size);
    if let (Some(size), Some(most)) = (volume, &limits.volume)
        && bytes(size) > bytes(most)
    {
        beyond.push(format!(
            "database.sqlite.size {size} where {most} is allowed: make the client anew with less"
        ));
    }
    if let (Some(tokens), Some(most)) = (effective.tokens_per_day, limits.tokens_per_day)
        && tokens > most
    {
        beyond.push(format!("a budget of {tokens} tokens a day where {most} are allowed: lower it"));
    }
    for model in
        effective.models.iter().filter(|model| !plan.models.is_empty() && !plan.models.contains(model))
    {
        beyond.push(format!("the model {model}: use one of {}", plan.models.join(", ")));
    }
    for (feature, used, remedy) in [
        (Feature::GoogleCalendar, environment.calendar.google.is_some(), "calendar.google: remove it"),
        (Feature::Postgres, environment.database.postgres.is_some(), "database.postgres: use sqlite"),
        (Feature::Route, environment.route.is_some(), "route: remove it"),
    ] {
        if used && plan.features.as_ref().is_some_and(|allowed| !allowed.contains(&feature)) {
            beyond.push(remedy.to_owned());
        }
    }
    if let Some(route) = environment.route.as_ref().filter(|route| !is_allowed(&route.host, &plan.hosts)) {
        beyond.push(format!("the host {}: use one of {}", route.host, plan.hosts.join(", ")));
    }
    if beyond.is_empty() {
        return None;
    }
    let name = client.spec.plan.as_deref().unwrap_or_default();
    Some(Verdict::no(
        Reason::PlanExceeded,
        format!("the plan {name} does not allow {}; nothing was changed", beyond.join("; nor ")),
    ))
}

/// A plan narrows the hosts of an agency; it gives none. An empty list narrows nothing.
fn is_allowed(host: &str, allowed: &[String]) -> bool {
    let allows = |text: &String| text.parse::<HostPattern>().is_ok_and(|pattern| pattern.allows(host));
    allowed.is_empty() || allowed.iter().any(allows)
}

/// Bytes of a quantity in one of the units the schema allows; none of another.
fn bytes(quantity: &str) -> Option<u64> {
    let units = [("Ki", 1_u64 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30)];
    units.iter().find_map(|(unit, factor)| {
        let number: u64 = quantity.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(*factor)
    })
}

#[cfg(test)]
mod tests {
    use mcp_crds::{environment::Route, plan::PlanLimits};

    use super::*;
    use crate::{
        render::{
            Platform,
            tests::{barbershop, settings},
        },
        rollout::Base,
    };

    fn judged(change: impl Fn(&mut McpClient), plan: &McpPlanSpec) -> Option<String> {
        let mut client = barbershop();
        client.spec.plan = Some("basic".to_owned());
        change(&mut client);
        let environment = &client.spec.environments[0];
        let platform = Platform { settings: settings(), extra_ca: None };
        let base = Base::of(environment.name, &platform, Some(plan));
        let effective = Effective::of(&client.spec.profile, environment, &base);
        refusal(&client, environment, &effective, plan).map(|verdict| verdict.message)
    }

    fn route(host: &str) -> Route {
        Route { host: host.to_owned(), path: None, tls: None, ingress_class_name: None, gateway: None }
    }

    #[test]
    fn a_plan_without_limits_allows_everything() {
        assert_eq!(
            judged(
                |client| client.spec.environments[0].route = Some(route("x.example")),
                &McpPlanSpec::default()
            ),
            None
        );
    }

    #[test]
    fn what_is_beyond_a_limit_is_named_with_what_is_allowed() {
        let limits = PlanLimits {
            memory: Some("64Mi".to_owned()),
            volume: Some("512Mi".to_owned()),
            tokens_per_day: Some(1000),
            ..PlanLimits::default()
        };
        let plan = McpPlanSpec { limits, models: vec!["gemini-4".to_owned()], ..McpPlanSpec::default() };
        let message = judged(
            |client| {
                client.spec.environments[0].resources.get_or_insert_default().limits.memory =
                    "65537Ki".to_owned();
                client.spec.profile.budgets.tokens_per_day = Some(1001);
            },
            &plan,
        )
        .unwrap();
        for part in [
            "the plan basic does not allow",
            "memory 65537Ki where 64Mi is allowed",
            "size 1Gi where 512Mi",
            "1001 tokens a day where 1000",
            "the model gemini-3.8-flash: use one of gemini-4",
        ] {
            assert!(message.contains(part), "{part} is not in {message}");
        }
    }

    #[test]
    fn features_and_hosts_are_those_of_the_plan() {
        let hosts = vec!["*.agency.example".to_owned(), "wa.example".to_owned()];
        let plan = McpPlanSpec {
            features: Some(vec![Feature::GoogleCalendar, Feature::Route]),
            hosts,
            ..McpPlanSpec::default()
        };
        let with = |host: &str| judged(|client| client.spec.environments[0].route = Some(route(host)), &plan);
        assert_eq!(with("wa.agency.example"), None);
        assert_eq!(with("wa.example"), None);
        assert!(with("agency.example").is_some() && with("a.b.agency.example").is_some());
        let none = McpPlanSpec { features: Some(vec![]), ..McpPlanSpec::default() };
        assert!(judged(|_| (), &none).unwrap().contains("calendar.google: remove it"));
    }
}
