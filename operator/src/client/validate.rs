//! The second step: from a spec to types that cannot be wrong. Knows no cluster.

use jiff::Timestamp;
use mcp_crds::{
    Environment, EnvironmentName, McpClient, McpPlanSpec,
    environment::{Egress, GatewayReference, Resources},
    plan::PlanPods,
};
use mcp_tenant::{Profile, validate::Finding};

use crate::{
    client::{
        effective::Effective,
        outcome::{Reason, Verdict},
        plan,
    },
    hosts,
    names::{ClientKey, NameError, TenantNamespace},
    render::Platform,
    rollout::Given,
    settings::Settings,
};

/// What renders one environment; nothing after this step reads the spec.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Whose it is.
    pub owner: ClientKey,
    /// Which of the owner's environments.
    pub environment: EnvironmentName,
    /// Where it lives.
    pub namespace: TenantNamespace,
    /// What the platform gives it.
    pub given: Given,
    /// What holds after the client, the plan and the platform.
    pub effective: Effective,
    /// How its pods run.
    pub pods: PlanPods,
    /// Image with its tag.
    pub image: String,
    /// How many servers share the work.
    pub replicas: u8,
    /// Whether no server is to run.
    pub suspended: bool,
    /// What is to be said to who comes meanwhile, where the whole client hibernates.
    pub hibernation: Option<String>,
    /// What each server may use.
    pub resources: Resources,
    /// Meta's id of the number.
    pub phone_number_id: String,
    /// Meta's id of the business account, if it is to be checked.
    pub business_account_id: Option<String>,
    /// Approved templates as the server reads them: JSON.
    pub templates: Option<String>,
    /// Messages a second the number may send.
    pub messages_per_second: Option<u32>,
    /// The model's name.
    pub model: String,
    /// Models asked in its place.
    pub fallback_models: Vec<String>,
    /// The calendar at Google, if there is one.
    pub google_calendar: Option<String>,
    /// Seconds between two looks at it.
    pub calendar_poll: Option<u32>,
    /// Where appointments are kept.
    pub database: Database,
    /// Where a PostgreSQL is, if the client says it.
    pub database_egress: Option<Egress>,
    /// How the world reaches the server, if it does.
    pub route: Option<Route>,
    /// The Secret a human keeps, in the agency's namespace.
    pub credentials_secret: String,
    /// The profile as the server reads it, or what is wrong with it.
    pub profile: Result<ProfileText, ProfileFault>,
    /// What the owner should know of a profile that can be served: every warning, in words for its owner.
    pub profile_warnings: Option<String>,
    /// Why nothing may be done for this environment, if so: what stands is left as it is.
    pub refusal: Option<Verdict>,
}

/// Where appointments are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// In a file on a volume of this size.
    Sqlite {
        /// Size of the volume.
        size: String,
    },
    /// In a schema of the platform's PostgreSQL, made by the operator.
    Provisioned,
    /// In a PostgreSQL.
    Postgres {
        /// The Secret, in the agency's namespace, that says where.
        secret: String,
    },
}

/// How the world reaches a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Host name.
    pub host: String,
    /// Path, with a slash at its beginning and none at its end.
    pub path: String,
    /// The ingress controller's class; the cluster's default without one.
    pub class: Option<String>,
    /// The `ClusterIssuer` of a certificate of the tenant's own.
    pub issuer: Option<String>,
    /// The Gateway that takes the place of an ingress controller.
    pub gateway: Option<GatewayReference>,
}

/// Where RFC 9728 has a client look for what protects `/mcp`: in front of the tenant's own path.
pub const PROTECTED_RESOURCE: &str = "/.well-known/oauth-protected-resource";

impl Route {
    /// Host and path as they stand in the annotation of a namespace that has them.
    pub fn claim(&self) -> String {
        format!("{}{}", self.host, self.path)
    }

    /// The paths that lead to the server, with all below them.
    pub fn paths(&self) -> [String; 2] {
        [self.path.clone(), format!("{PROTECTED_RESOURCE}{}", self.path)]
    }
}

/// A valid profile as YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileText(pub String);

/// What is wrong with a profile: every finding, in words for its owner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProfileFault(String);

/// Most bytes of all profiles of a client: with its status it has to fit into what the cluster keeps of one object.
const MOST_TOGETHER: usize = 192 * 1024;
/// Most findings a condition lists; its message has an end.
const MOST_FINDINGS: usize = 10;

impl Tenant {
    /// Base of the tenant's addresses without a slash at the end: of its route, or inside the cluster where it has none.
    /// Only the first is https, and only an https address does the server tell to Meta and Google.
    pub fn url(&self) -> String {
        match &self.route {
            Some(route) => format!("https://{}{}", route.host, route.path),
            None => format!("http://{}.{}.svc", self.owner.name(), self.namespace),
        }
    }

    /// The path below which the server answers, beside the root.
    pub fn base_path(&self) -> String {
        match &self.route {
            Some(route) => route.path.clone(),
            None => default_path(&self.owner, self.environment),
        }
    }

    /// Whether cert-manager makes a certificate in the tenant's namespace.
    pub fn has_own_certificate(&self) -> bool {
        self.route.as_ref().is_some_and(|route| route.issuer.is_some())
    }

    /// The Secret with the address of the database, where it is not a file.
    pub fn database_secret(&self) -> Option<&str> {
        match &self.database {
            Database::Sqlite { .. } | Database::Provisioned => None,
            Database::Postgres { secret } => Some(secret),
        }
    }
}

/// `/{client}/{environment}`.
fn default_path(owner: &ClientKey, environment: EnvironmentName) -> String {
    format!("/{}/{environment}", owner.name())
}

/// Every environment of a client without a plan, in the spec's order: see [`validate_under`].
pub fn validate(client: &McpClient, settings: &Settings, now: Timestamp) -> Result<Vec<Tenant>, NameError> {
    validate_under(client, &Platform { settings: settings.clone(), extra_ca: None }, None, now)
}

/// Every environment of a client, in the spec's order, with what the platform and the plan give at this moment: see
/// [`validate_given`].
pub fn validate_under(
    client: &McpClient,
    platform: &Platform,
    plan: Option<&McpPlanSpec>,
    now: Timestamp,
) -> Result<Vec<Tenant>, NameError> {
    let given = |environment| Given::now(environment, platform, plan);
    validate_given(client, &platform.settings, plan, &given, now)
}

/// Every environment of a client, in the spec's order, each from what it was given. What is allowed is asked of the
/// settings and the plan as they are now.
///
/// Errors when the client's name cannot name its environments. `now` is for warnings alone (closures that are over):
/// what is rendered does not depend on it.
pub fn validate_given(
    client: &McpClient,
    settings: &Settings,
    plan: Option<&McpPlanSpec>,
    given: &dyn Fn(EnvironmentName) -> Given,
    now: Timestamp,
) -> Result<Vec<Tenant>, NameError> {
    let meta = &client.metadata;
    let owner = ClientKey::new(
        meta.namespace.as_deref().unwrap_or_default(),
        meta.name.as_deref().unwrap_or_default(),
    )?;
    let common = Judged::of(&client.spec.profile, "spec.profile", now);
    let mut together = size(&client.spec.profile);
    let tenants = client.spec.environments.iter().map(|spec| {
        let own = spec.profile.as_ref().map(|profile| {
            together += size(profile);
            let path = format!("spec.environments[{}].profile", spec.name);
            Judged::of(profile, &path, now)
        });
        let (judged, profile) = match (&own, &spec.profile) {
            (Some(own), Some(profile)) => (own, profile),
            _ => (&common, &client.spec.profile),
        };
        let given = given(spec.name);
        let effective = Effective::of(profile, spec, &given.base);
        let profile = match &judged.faults {
            Some(faults) => Err(faults.clone()),
            None if own.is_some() && together > MOST_TOGETHER => Err(ProfileFault(format!(
                "the profiles of this client have {together} bytes together and at most {MOST_TOGETHER} are kept: shorten \
                 spec.environments[{}].profile, or leave it out",
                spec.name
            ))),
            None => profile_text(&judged.path, &with_budget(profile, effective.tokens_per_day)),
        };
        Tenant {
            profile_warnings: judged.warnings.clone(),
            refusal: host_refusal(&owner, spec, settings)
                .or_else(|| plan.and_then(|plan| plan::refusal(client, spec, &effective, plan))),
            ..tenant(client, &owner, spec, profile, given, effective)
        }
    });
    Ok(tenants.collect())
}

/// What is to be said of a profile.
struct Judged {
    path: String,
    faults: Option<ProfileFault>,
    warnings: Option<String>,
}

impl Judged {
    fn of(profile: &Profile, path: &str, now: Timestamp) -> Self {
        let (errors, warnings): (Vec<Finding>, Vec<Finding>) =
            mcp_tenant::validate::validate(profile, now).into_iter().partition(Finding::is_error);
        Self {
            path: path.to_owned(),
            faults: lines(path, &errors).map(ProfileFault),
            warnings: lines(path, &warnings),
        }
    }
}

/// Bytes of a profile as they are kept with the client.
fn size(profile: &Profile) -> usize {
    serde_json::to_vec(profile).map_or(usize::MAX / 8, |text| text.len())
}

/// Why an environment may not have its host, if so.
fn host_refusal(owner: &ClientKey, spec: &Environment, settings: &Settings) -> Option<Verdict> {
    let route = spec.route.as_ref()?;
    let message = hosts::refusal(&settings.route_hosts, owner.agency(), &route.host)?;
    Some(Verdict::no(Reason::HostNotAllowed, format!("{message}; nothing was changed")))
}

/// The profile with the budget that holds.
fn with_budget(profile: &Profile, tokens_per_day: Option<u64>) -> Profile {
    let mut profile = profile.clone();
    profile.budgets.tokens_per_day = tokens_per_day;
    profile
}

fn tenant(
    client: &McpClient,
    owner: &ClientKey,
    spec: &Environment,
    profile: Result<ProfileText, ProfileFault>,
    given: Given,
    effective: Effective,
) -> Tenant {
    let whatsapp = &spec.whatsapp;
    let credentials = spec.credentials_secret_ref.as_ref().unwrap_or(&client.spec.credentials_secret_ref);
    Tenant {
        owner: owner.clone(),
        environment: spec.name,
        namespace: owner.namespace(spec.name),
        pods: given.base.pods.clone(),
        given,
        image: effective.image.clone(),
        replicas: spec.replicas,
        suspended: spec.suspend || client.spec.hibernate.is_some(),
        hibernation: client.spec.hibernate.as_ref().map(|hibernation| hibernation.reason.clone()),
        resources: effective.resources.clone(),
        phone_number_id: whatsapp.phone_number_id.clone(),
        business_account_id: whatsapp.business_account_id.clone(),
        // What has string keys and plain values can always be written as JSON.
        templates: whatsapp.templates.as_ref().and_then(|templates| serde_json::to_string(templates).ok()),
        messages_per_second: whatsapp.messages_per_second,
        model: effective.models.first().cloned().unwrap_or_default(),
        fallback_models: effective.models.iter().skip(1).cloned().collect(),
        effective,
        google_calendar: spec.calendar.google.as_ref().map(|google| google.calendar_id.clone()),
        calendar_poll: spec.calendar.google.as_ref().and_then(|google| google.poll_seconds),
        database: database(&spec.database),
        database_egress: spec.database.postgres.as_ref().and_then(|postgres| postgres.egress.clone()),
        route: spec.route.as_ref().map(|route| Route {
            host: route.host.clone(),
            path: route.path.clone().unwrap_or_else(|| default_path(owner, spec.name)),
            class: route.ingress_class_name.clone(),
            issuer: route.tls.as_ref().map(|tls| tls.cluster_issuer.clone()),
            gateway: route.gateway.clone(),
        }),
        credentials_secret: credentials.name.clone(),
        profile,
        profile_warnings: None,
        refusal: None,
    }
}

fn database(spec: &mcp_crds::environment::Database) -> Database {
    match &spec.postgres {
        Some(postgres) => match &postgres.secret_ref {
            Some(secret) => Database::Postgres { secret: secret.name.clone() },
            None => Database::Provisioned,
        },
        // The schema asks for one of the two; this is its default.
        None => Database::Sqlite { size: spec.sqlite.clone().unwrap_or_default().size },
    }
}

/// Findings in one text; none when there are none.
fn lines(path: &str, findings: &[Finding]) -> Option<String> {
    let mut lines: Vec<String> =
        findings.iter().take(MOST_FINDINGS).map(|finding| format!("{path}.{finding}")).collect();
    if findings.len() > MOST_FINDINGS {
        lines.push(format!("and {} more", findings.len() - MOST_FINDINGS));
    }
    (!lines.is_empty()).then(|| lines.join("; "))
}

fn profile_text(path: &str, profile: &Profile) -> Result<ProfileText, ProfileFault> {
    let text = serde_yaml::to_string(profile)
        .map_err(|error| ProfileFault(format!("{path} cannot be written as YAML: {error}")))?;
    if text.len() > Profile::MAX_BYTES {
        return Err(ProfileFault(format!(
            "{path} has {} bytes as YAML and at most {} are read: shorten assistant.facts",
            text.len(),
            Profile::MAX_BYTES
        )));
    }
    Ok(ProfileText(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::{NOW, barbershop, settings};

    #[test]
    fn the_rendered_profile_is_read_back_as_it_was() {
        let client = barbershop();
        let tenants = validate(&client, &settings(), NOW).unwrap();
        let text = &tenants[0].profile.as_ref().unwrap().0;
        assert_eq!(Profile::from_yaml(text).unwrap(), client.spec.profile);
    }

    #[test]
    fn a_reference_to_nobody_is_named_with_its_path() {
        let mut client = barbershop();
        client.spec.profile.services[0].staff = vec!["nobody".to_owned()];
        let tenants = validate(&client, &settings(), NOW).unwrap();
        let fault = tenants[0].profile.as_ref().unwrap_err().to_string();
        assert!(fault.contains("spec.profile.services[0].staff") && fault.contains("nobody"), "{fault}");
    }

    #[test]
    fn what_is_only_worth_a_look_is_told_and_rendered_all_the_same() {
        let mut client = barbershop();
        client.spec.profile.closures[0].from = "2025-12-24".parse().unwrap();
        client.spec.profile.closures[0].to = "2025-12-26".parse().unwrap();
        let tenant = validate(&client, &settings(), NOW).unwrap().remove(0);
        assert!(tenant.profile.is_ok());
        let warnings = tenant.profile_warnings.unwrap();
        assert_eq!(warnings, "spec.profile.closures[0]: ended on 2025-12-26: remove it");
    }

    #[test]
    fn the_tag_of_an_environment_wins_over_the_platforms() {
        let mut client = barbershop();
        assert_eq!(
            validate(&client, &settings(), NOW).unwrap()[0].image,
            "registry.example/mcp-server:stable"
        );
        client.spec.environments[0].image =
            Some(mcp_crds::environment::Image { tag: "next".to_owned(), digest: None });
        assert_eq!(validate(&client, &settings(), NOW).unwrap()[0].image, "registry.example/mcp-server:next");
    }

    #[test]
    fn a_digest_pins_the_build_that_was_tried() {
        let mut client = barbershop();
        let digest = format!("sha256:{}", "a".repeat(64));
        client.spec.environments[0].image =
            Some(mcp_crds::environment::Image { tag: "next".to_owned(), digest: Some(digest.clone()) });
        let image = &validate(&client, &settings(), NOW).unwrap()[0].image;
        assert_eq!(*image, format!("registry.example/mcp-server:next@{digest}"));
    }

    #[test]
    fn a_profile_of_its_own_takes_the_place_of_the_clients_in_that_environment_alone() {
        let mut client = barbershop();
        let mut staging = client.spec.environments[0].clone();
        staging.name = EnvironmentName::Staging;
        let mut tried = client.spec.profile.clone();
        tried.services[0].price = "95.00".parse().unwrap();
        staging.profile = Some(tried.clone());
        client.spec.environments.push(staging);
        let read = |tenant: &Tenant| Profile::from_yaml(&tenant.profile.as_ref().unwrap().0).unwrap();
        let tenants = validate(&client, &settings(), NOW).unwrap();
        assert_eq!((read(&tenants[0]), read(&tenants[1])), (client.spec.profile.clone(), tried));
        // A fault in one says where it is and leaves the other alone.
        client.spec.environments[1].profile.as_mut().unwrap().services[0].staff = vec!["nobody".to_owned()];
        let tenants = validate(&client, &settings(), NOW).unwrap();
        assert!(tenants[0].profile.is_ok());
        let fault = tenants[1].profile.as_ref().unwrap_err().to_string();
        assert!(fault.starts_with("spec.environments[staging].profile.services[0].staff"), "{fault}");
        // And the other way round: a fault of the client's is none of an environment that has its own.
        let good = client.spec.profile.clone();
        client.spec.environments[1].profile = Some(good);
        client.spec.profile.services[0].staff = vec!["nobody".to_owned()];
        let tenants = validate(&client, &settings(), NOW).unwrap();
        assert!(tenants[0].profile.is_err() && tenants[1].profile.is_ok());
    }

    #[test]
    fn profiles_that_are_too_much_together_are_refused_where_they_are_added() {
        let mut client = barbershop();
        let mut fact = client.spec.profile.assistant.facts[0].clone();
        fact.answer = "a".repeat(750);
        client.spec.profile.assistant.facts = vec![fact; 100];
        let profile = client.spec.profile.clone();
        for name in [EnvironmentName::Staging, EnvironmentName::Development] {
            let mut environment = client.spec.environments[0].clone();
            environment.name = name;
            environment.profile = Some(profile.clone());
            client.spec.environments.push(environment);
        }
        let tenants = validate(&client, &settings(), NOW).unwrap();
        let told =
            |tenant: &Tenant| tenant.profile.as_ref().err().map(ToString::to_string).unwrap_or_default();
        assert!(!told(&tenants[0]).contains("together") && !told(&tenants[1]).contains("together"));
        assert!(
            told(&tenants[2]).contains("shorten spec.environments[development].profile"),
            "{}",
            told(&tenants[2])
        );
    }
}
