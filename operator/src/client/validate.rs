//! The second step: from a spec to types that cannot be wrong. Knows no cluster.

use jiff::Timestamp;
use mcp_crds::{Environment, EnvironmentName, McpClient, McpPlanSpec, environment::Resources};
use mcp_tenant::{Profile, validate::Finding};

use crate::{
    client::{outcome::Verdict, plan},
    names::{ClientKey, NameError, TenantNamespace},
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
    /// Image with its tag.
    pub image: String,
    /// How many servers share the work.
    pub replicas: u8,
    /// Whether no server is to run.
    pub suspended: bool,
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
}

impl Route {
    /// Host and path as they stand in the annotation of a namespace that has them.
    pub fn claim(&self) -> String {
        format!("{}{}", self.host, self.path)
    }
}

/// A valid profile as YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileText(pub String);

/// What is wrong with a profile: every finding, in words for its owner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProfileFault(String);

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

    /// The Secret with the address of the database, where it is not a file.
    pub fn database_secret(&self) -> Option<&str> {
        match &self.database {
            Database::Sqlite { .. } => None,
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
    validate_under(client, settings, None, now)
}

/// Every environment of a client, in the spec's order, with the defaults and limits of its plan.
///
/// Errors when the client's name cannot name its environments. `now` is for warnings alone (closures that are over):
/// what is rendered does not depend on it.
pub fn validate_under(
    client: &McpClient,
    settings: &Settings,
    plan: Option<&McpPlanSpec>,
    now: Timestamp,
) -> Result<Vec<Tenant>, NameError> {
    let meta = &client.metadata;
    let owner = ClientKey::new(
        meta.namespace.as_deref().unwrap_or_default(),
        meta.name.as_deref().unwrap_or_default(),
    )?;
    let (errors, warnings): (Vec<Finding>, Vec<Finding>) =
        mcp_tenant::validate::validate(&client.spec.profile, now).into_iter().partition(Finding::is_error);
    let faults = lines(&errors).map(ProfileFault);
    let warnings = lines(&warnings);
    let tenants = client.spec.environments.iter().map(|spec| {
        let profile = match &faults {
            Some(faults) => Err(faults.clone()),
            None => profile_text(&with_budget(&client.spec.profile, spec, plan)),
        };
        Tenant {
            profile_warnings: warnings.clone(),
            refusal: plan.and_then(|plan| plan::refusal(client, spec, plan)),
            ..tenant(client, &owner, spec, profile, settings, plan)
        }
    });
    Ok(tenants.collect())
}

/// The profile with the budget of the environment, or of the plan where neither it nor the profile has one.
fn with_budget(profile: &Profile, spec: &Environment, plan: Option<&McpPlanSpec>) -> Profile {
    let mut profile = profile.clone();
    let own = spec.model.budget.as_ref().map(|budget| budget.tokens_per_day);
    let most = plan.and_then(|plan| plan.limits.tokens_per_day);
    profile.budgets.tokens_per_day = own.or(profile.budgets.tokens_per_day).or(most);
    profile
}

fn tenant(
    client: &McpClient,
    owner: &ClientKey,
    spec: &Environment,
    profile: Result<ProfileText, ProfileFault>,
    settings: &Settings,
    plan: Option<&McpPlanSpec>,
) -> Tenant {
    let image = spec.image.as_ref().or_else(|| plan?.images.of(spec.name));
    let tag = image.map_or(&settings.server_image_tag, |image| &image.tag);
    let whatsapp = &spec.whatsapp;
    let credentials = spec.credentials_secret_ref.as_ref().unwrap_or(&client.spec.credentials_secret_ref);
    Tenant {
        owner: owner.clone(),
        environment: spec.name,
        namespace: owner.namespace(spec.name),
        image: format!("{}:{tag}", settings.server_image_repository),
        replicas: spec.replicas,
        suspended: spec.suspend,
        resources: spec.resources.clone(),
        phone_number_id: whatsapp.phone_number_id.clone(),
        business_account_id: whatsapp.business_account_id.clone(),
        // What has string keys and plain values can always be written as JSON.
        templates: whatsapp.templates.as_ref().and_then(|templates| serde_json::to_string(templates).ok()),
        messages_per_second: whatsapp.messages_per_second,
        model: spec.model.name.clone(),
        fallback_models: spec.model.fallback.clone(),
        google_calendar: spec.calendar.google.as_ref().map(|google| google.calendar_id.clone()),
        calendar_poll: spec.calendar.google.as_ref().and_then(|google| google.poll_seconds),
        database: database(&spec.database),
        route: spec.route.as_ref().map(|route| Route {
            host: route.host.clone(),
            path: route.path.clone().unwrap_or_else(|| default_path(owner, spec.name)),
            class: route.ingress_class_name.clone(),
            issuer: route.tls.as_ref().map(|tls| tls.cluster_issuer.clone()),
        }),
        credentials_secret: credentials.name.clone(),
        profile,
        profile_warnings: None,
        refusal: None,
    }
}

fn database(spec: &mcp_crds::environment::Database) -> Database {
    match &spec.postgres {
        Some(postgres) => Database::Postgres { secret: postgres.secret_ref.name.clone() },
        // The schema asks for one of the two; this is its default.
        None => Database::Sqlite { size: spec.sqlite.clone().unwrap_or_default().size },
    }
}

/// Findings in one text; none when there are none.
fn lines(findings: &[Finding]) -> Option<String> {
    let mut lines: Vec<String> =
        findings.iter().take(MOST_FINDINGS).map(|finding| format!("spec.profile.{finding}")).collect();
    if findings.len() > MOST_FINDINGS {
        lines.push(format!("and {} more", findings.len() - MOST_FINDINGS));
    }
    (!lines.is_empty()).then(|| lines.join("; "))
}

fn profile_text(profile: &Profile) -> Result<ProfileText, ProfileFault> {
    let text = serde_yaml::to_string(profile)
        .map_err(|error| ProfileFault(format!("spec.profile cannot be written as YAML: {error}")))?;
    if text.len() > Profile::MAX_BYTES {
        return Err(ProfileFault(format!(
            "spec.profile has {} bytes as YAML and at most {} are read: shorten assistant.facts",
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
        client.spec.environments[0].image = Some(mcp_crds::environment::Image { tag: "next".to_owned() });
        assert_eq!(validate(&client, &settings(), NOW).unwrap()[0].image, "registry.example/mcp-server:next");
    }
}
