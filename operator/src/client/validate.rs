//! The second step: from a spec to types that cannot be wrong. Knows no cluster.

use jiff::Timestamp;
use mcp_crds::{Environment, EnvironmentName, McpClient, environment::Resources};
use mcp_tenant::{Profile, validate::Finding};

use crate::{
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
    /// What the server may use.
    pub resources: Resources,
    /// Meta's id of the number.
    pub phone_number_id: String,
    /// The model's name.
    pub model: String,
    /// The calendar at Google, if there is one.
    pub google_calendar: Option<String>,
    /// Size of the volume.
    pub volume_size: String,
    /// The profile as the server reads it, or what is wrong with it.
    pub profile: Result<ProfileText, ProfileFault>,
    /// What the owner should know of a profile that can be served: every warning, in words for its owner.
    pub profile_warnings: Option<String>,
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
    /// Base of the tenant's addresses inside the cluster, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}.{}.svc", self.owner.name(), self.namespace)
    }
}

/// Every environment of a client, in the spec's order.
///
/// Errors when the client's name cannot name its environments. `now` is for warnings alone (closures that are over):
/// what is rendered does not depend on it.
pub fn validate(client: &McpClient, settings: &Settings, now: Timestamp) -> Result<Vec<Tenant>, NameError> {
    let meta = &client.metadata;
    let owner = ClientKey::new(
        meta.namespace.as_deref().unwrap_or_default(),
        meta.name.as_deref().unwrap_or_default(),
    )?;
    let (errors, warnings): (Vec<Finding>, Vec<Finding>) =
        mcp_tenant::validate::validate(&client.spec.profile, now).into_iter().partition(Finding::is_error);
    let profile = match lines(&errors) {
        Some(errors) => Err(ProfileFault(errors)),
        None => profile_text(&client.spec.profile),
    };
    let warnings = lines(&warnings);
    let tenants = client.spec.environments.iter().map(|spec| Tenant {
        profile_warnings: warnings.clone(),
        ..tenant(&owner, spec, &profile, settings)
    });
    Ok(tenants.collect())
}

fn tenant(
    owner: &ClientKey,
    spec: &Environment,
    profile: &Result<ProfileText, ProfileFault>,
    settings: &Settings,
) -> Tenant {
    let tag = spec.image.as_ref().map_or(&settings.server_image_tag, |image| &image.tag);
    Tenant {
        owner: owner.clone(),
        environment: spec.name,
        namespace: owner.namespace(spec.name),
        image: format!("{}:{tag}", settings.server_image_repository),
        resources: spec.resources.clone(),
        phone_number_id: spec.whatsapp.phone_number_id.clone(),
        model: spec.model.name.clone(),
        google_calendar: spec.calendar.google.as_ref().map(|google| google.calendar_id.clone()),
        volume_size: spec.database.sqlite.size.clone(),
        profile: profile.clone(),
        profile_warnings: None,
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
