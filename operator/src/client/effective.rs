//! What holds for an environment: what its client says, else what its plan gives, else what the platform does. The one
//! place where the three meet. Knows no cluster.

use mcp_crds::{
    Environment,
    environment::{Image, Model, Resources},
};
use mcp_tenant::Profile;

use crate::rollout::Base;

/// What holds for an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Image with its tag.
    pub image: String,
    /// The model, and those asked in its place.
    pub models: Vec<String>,
    /// What each server may use.
    pub resources: Resources,
    /// Tokens of the model in a day.
    pub tokens_per_day: Option<u64>,
    /// What of this the plan gave.
    pub from_plan: Vec<&'static str>,
}

impl Effective {
    /// Of an environment of a client with this profile.
    pub fn of(profile: &Profile, spec: &Environment, base: &Base) -> Self {
        let mut from_plan = Vec::new();
        let mut given = |what: &'static str, plan: bool| {
            if plan {
                from_plan.push(what);
            }
        };
        let defaults = &base.defaults;
        let own_image = spec.image.as_ref().map(Image::reference);
        given("image", own_image.is_none() && base.tag_of_plan);
        let models = match (&spec.model.name, &defaults.model) {
            (Some(name), _) => chain(name, &spec.model.fallback),
            (None, Some(plan)) => {
                given("models", true);
                let own = &spec.model.fallback;
                chain(&plan.name, if own.is_empty() { &plan.fallback } else { own })
            }
            (None, None) => chain(Model::DEFAULT, &spec.model.fallback),
        };
        given("resources", spec.resources.is_none() && defaults.resources.is_some());
        let own_budget = spec.model.budget.as_ref().map(|budget| budget.tokens_per_day);
        let own_budget = own_budget.or(profile.budgets.tokens_per_day);
        given("tokensPerDay", own_budget.is_none() && defaults.tokens_per_day.is_some());
        Self {
            image: base.image(own_image.as_deref()),
            models,
            resources: spec.resources.clone().or_else(|| defaults.resources.clone()).unwrap_or_default(),
            tokens_per_day: own_budget.or(defaults.tokens_per_day),
            from_plan,
        }
    }

    /// As it stands in a status.
    pub fn status(&self) -> mcp_crds::Effective {
        let Resources { requests, limits } = &self.resources;
        mcp_crds::Effective {
            image: self.image.clone(),
            models: self.models.clone(),
            resources: format!("{}, {}, {}", requests.cpu, requests.memory, limits.memory),
            tokens_per_day: self.tokens_per_day,
            from_plan: self.from_plan.iter().map(|what| (*what).to_owned()).collect(),
        }
    }

    /// As a sentence for a person who renders.
    pub fn sentence(&self) -> String {
        let Resources { requests, limits } = &self.resources;
        let mark = |what: &str| if self.from_plan.contains(&what) { " (of the plan)" } else { "" };
        let budget = self
            .tokens_per_day
            .map_or_else(|| "no limit of tokens".to_owned(), |n| format!("{n} tokens a day"));
        format!(
            "image {}{}; models {}{}; {} and {} set aside, at most {} of memory{}; {budget}{}",
            self.image,
            mark("image"),
            self.models.join(", "),
            mark("models"),
            requests.cpu,
            requests.memory,
            limits.memory,
            mark("resources"),
            mark("tokensPerDay"),
        )
    }
}

fn chain(first: &str, rest: &[String]) -> Vec<String> {
    // A model that is asked already is not asked again in its own place.
    std::iter::once(first.to_owned()).chain(rest.iter().filter(|model| *model != first).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use mcp_crds::{
        EnvironmentName, McpPlanSpec,
        environment::{Limits, ModelBudget},
        plan::{PlanDefaults, PlanImages, PlanLimits, PlanModel},
    };

    use super::*;
    use crate::render::{
        Platform,
        tests::{barbershop, settings},
    };

    fn plan() -> McpPlanSpec {
        McpPlanSpec {
            images: PlanImages {
                production: Some(Image { tag: "of-plan".to_owned(), digest: None }),
                ..PlanImages::default()
            },
            defaults: PlanDefaults {
                resources: Some(Resources {
                    limits: Limits { memory: "96Mi".to_owned() },
                    ..Resources::default()
                }),
                model: Some(PlanModel {
                    name: "gemini-4".to_owned(),
                    fallback: vec!["gemini-4-lite".to_owned()],
                }),
                tokens_per_day: Some(1000),
            },
            limits: PlanLimits { tokens_per_day: Some(5000), ..PlanLimits::default() },
            ..McpPlanSpec::default()
        }
    }

    fn of(plan: Option<&McpPlanSpec>, change: impl FnOnce(&mut Environment)) -> Effective {
        let mut client = barbershop();
        let environment = &mut client.spec.environments[0];
        environment.model = Model::default();
        change(environment);
        let platform = Platform { settings: settings(), extra_ca: None };
        let base = Base::of(EnvironmentName::Production, &platform, plan);
        Effective::of(&client.spec.profile, &client.spec.environments[0], &base)
    }

    #[test]
    fn where_neither_client_nor_plan_says_anything_the_platform_does() {
        let found = of(None, |_| {});
        assert_eq!(found.image, "registry.example/mcp-server:stable");
        assert_eq!(found.models, [Model::DEFAULT]);
        assert_eq!((found.resources, found.tokens_per_day), (Resources::default(), None));
        assert!(found.from_plan.is_empty());
    }

    #[test]
    fn a_plan_gives_what_its_client_leaves_out() {
        let found = of(Some(&plan()), |_| {});
        assert_eq!(found.image, "registry.example/mcp-server:of-plan");
        assert_eq!(found.models, ["gemini-4", "gemini-4-lite"]);
        assert_eq!(found.resources.limits.memory, "96Mi");
        assert_eq!(found.tokens_per_day, Some(1000));
        assert_eq!(found.from_plan, ["image", "models", "resources", "tokensPerDay"]);
    }

    #[test]
    fn a_client_wins_over_its_plan_field_by_field() {
        let found = of(Some(&plan()), |environment| {
            environment.image = Some(Image { tag: "own".to_owned(), digest: None });
            environment.model.name = Some("gemini-5".to_owned());
            environment.model.budget = Some(ModelBudget { tokens_per_day: 7 });
            environment.resources = Some(Resources::default());
        });
        assert_eq!(found.image, "registry.example/mcp-server:own");
        assert_eq!(found.models, ["gemini-5"], "the plan's fallbacks belong to the plan's model");
        assert_eq!((found.resources, found.tokens_per_day), (Resources::default(), Some(7)));
        assert!(found.from_plan.is_empty());
        let found = of(Some(&plan()), |environment| {
            environment.model.fallback = vec!["gemini-4".to_owned(), "x".to_owned()];
        });
        assert_eq!(found.models, ["gemini-4", "x"]);
    }

    #[test]
    fn a_limit_is_a_budget_too_and_the_first_model_of_a_list_is_the_default_where_the_usual_one_is_not_in_it()
    {
        let mut plan = McpPlanSpec { defaults: PlanDefaults::default(), ..plan() };
        plan.models = vec!["gemini-4".to_owned(), "gemini-5".to_owned()];
        let found = of(Some(&plan), |_| {});
        assert_eq!((found.models, found.tokens_per_day), (vec!["gemini-4".to_owned()], Some(5000)));
        plan.models.push(Model::DEFAULT.to_owned());
        assert_eq!(of(Some(&plan), |_| {}).models, [Model::DEFAULT]);
    }
}
