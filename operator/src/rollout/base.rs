//! What the platform gives an environment, apart from what its client says: settings, the plan's defaults, and the form
//! of the manifests themselves. It can be kept, so that an environment whose turn has not come is rendered as before.

use std::{collections::BTreeMap, sync::LazyLock};

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use mcp_crds::{
    EnvironmentName, McpClient, McpPlanSpec,
    environment::{Image, Model},
    plan::{PlanDefaults, PlanModel, PlanPods},
};
use serde::{Deserialize, Serialize};

use super::{Given, Turn};
use crate::{
    client::{credentials::Credentials, validate::validate_given},
    installed::Installed,
    manifests::{Confidential, Foundation, Manifests},
    render::{self, Inventory, Platform, secrets::hex},
    settings::{NetworkSettings, Settings},
};

/// Name of a [`Base`]: a hash over it. Two that differ in nothing have the same.
pub type Revision = String;

/// What the platform gives one environment. Fields that are added need a default: older ones are read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Base {
    /// The form of the manifests: see [`renderer`].
    pub renderer: String,
    /// Image of the server, without a tag.
    pub image_repository: String,
    /// Tag of environments that name none.
    pub image_tag: String,
    /// Whether the tag is the plan's.
    #[serde(default)]
    pub tag_of_plan: bool,
    /// Tags that stand for other tags.
    #[serde(default)]
    pub image_channels: BTreeMap<String, String>,
    /// When nodes pull the image.
    pub image_pull_policy: String,
    /// Meta's Graph API.
    pub whatsapp_graph_base: String,
    /// Gemini.
    pub gemini_base: String,
    /// Google Calendar.
    pub google_calendar_base: String,
    /// Where Google's access tokens come from.
    pub google_token_url: String,
    /// Certificate authorities, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra_ca: Option<String>,
    /// Defaults of the plan.
    #[serde(default)]
    pub defaults: PlanDefaults,
    /// How the pods of the plan run.
    #[serde(default)]
    pub pods: PlanPods,
    /// Who is around the tenants. A base from before there were network policies says nothing: then it is who is there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkSettings>,
    /// Processors of a namespace, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_cpu: Option<String>,
    /// Memory of a namespace, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_memory: Option<String>,
}

impl Base {
    /// What an environment of that name gets from these settings and this plan.
    pub fn of(environment: EnvironmentName, platform: &Platform, plan: Option<&McpPlanSpec>) -> Self {
        let Platform { settings, extra_ca } = platform;
        let of_plan = plan.and_then(|plan| plan.images.of(environment));
        let mut defaults = plan.map(|plan| plan.defaults.clone()).unwrap_or_default();
        // A limit is what an environment gets that has no budget of its own.
        defaults.tokens_per_day =
            defaults.tokens_per_day.or_else(|| plan.and_then(|plan| plan.limits.tokens_per_day));
        if defaults.model.is_none()
            && let Some(first) = plan.and_then(|plan| {
                plan.models.first().filter(|_| !plan.models.iter().any(|model| model == Model::DEFAULT))
            })
        {
            // The usual model is not among those a client may name.
            defaults.model = Some(PlanModel { name: first.clone(), fallback: Vec::new() });
        }
        Self {
            renderer: renderer().to_owned(),
            image_repository: settings.server_image_repository.clone(),
            image_tag: of_plan.map_or_else(|| settings.image_tag(environment).to_owned(), Image::reference),
            tag_of_plan: of_plan.is_some(),
            image_channels: settings.image_channels(),
            image_pull_policy: settings.server_image_pull_policy.clone(),
            whatsapp_graph_base: settings.whatsapp_graph_base.clone(),
            gemini_base: settings.gemini_base.clone(),
            google_calendar_base: settings.google_calendar_base.clone(),
            google_token_url: settings.google_token_url.clone(),
            extra_ca: extra_ca.clone(),
            defaults,
            pods: plan.map(|plan| plan.pods.clone()).unwrap_or_default(),
            network: Some(settings.network.clone()),
            namespace_cpu: Some(settings.namespace_cpu.clone()),
            namespace_memory: Some(settings.namespace_memory.clone()),
        }
    }

    /// Its name.
    pub fn revision(&self) -> Revision {
        // What has string keys and plain values can always be written as JSON.
        short_hash([serde_json::to_vec(self).unwrap_or_default()])
    }

    /// The settings as they are in this revision. What concerns the operator itself is as it is now.
    pub fn platform(&self, now: &Settings) -> Platform {
        let settings = Settings {
            server_image_repository: self.image_repository.clone(),
            server_image_pull_policy: self.image_pull_policy.clone(),
            whatsapp_graph_base: self.whatsapp_graph_base.clone(),
            gemini_base: self.gemini_base.clone(),
            google_calendar_base: self.google_calendar_base.clone(),
            google_token_url: self.google_token_url.clone(),
            network: self.network.as_ref().unwrap_or(&now.network).clone(),
            namespace_cpu: self.namespace_cpu.as_ref().unwrap_or(&now.namespace_cpu).clone(),
            namespace_memory: self.namespace_memory.as_ref().unwrap_or(&now.namespace_memory).clone(),
            ..now.clone()
        };
        Platform { settings, extra_ca: self.extra_ca.clone() }
    }

    /// The image of a client that asks for this tag, or for none.
    pub fn image(&self, tag: Option<&str>) -> String {
        let tag = tag.unwrap_or(&self.image_tag);
        let tag = self.image_channels.get(tag).map_or(tag, String::as_str);
        format!("{}:{tag}", self.image_repository)
    }
}

/// A short hash over texts, for names.
pub fn short_hash(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&part.as_ref().len().to_le_bytes());
        context.update(part.as_ref());
    }
    let mut text = hex(context.finish().as_ref());
    text.truncate(12);
    // A letter first: twelve digits alone would be a number to a reader of YAML.
    format!("r{text}")
}

/// The form of the manifests: a hash over everything that is rendered for a client that uses everything there is. It
/// changes with an operator that renders anything else, and with nothing else.
pub fn renderer() -> &'static str {
    static FORM: LazyLock<String> = LazyLock::new(|| {
        // Without the sample the version has to do; a test sees to it that it can be read.
        // Through a value: a reader of YAML for every type in it would be as large as all the rest of the commands.
        let sample = serde_yaml::from_str::<serde_json::Value>(SAMPLE).ok();
        sample
            .and_then(|sample| serde_json::from_value(sample).ok())
            .and_then(|sample| rendered(&sample))
            .unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned())
    });
    &FORM
}

/// A client that uses everything there is.
const SAMPLE: &str = include_str!("sample.yaml");

fn rendered(sample: &McpClient) -> Option<String> {
    let base = Base {
        renderer: String::new(),
        image_repository: "image".to_owned(),
        image_tag: "tag".to_owned(),
        tag_of_plan: false,
        image_channels: BTreeMap::new(),
        image_pull_policy: "policy".to_owned(),
        whatsapp_graph_base: "meta".to_owned(),
        gemini_base: "gemini".to_owned(),
        google_calendar_base: "calendar".to_owned(),
        // At an address, which has an opening of its own.
        google_token_url: "http://192.0.2.1:81/token".to_owned(),
        extra_ca: Some("ca".to_owned()),
        defaults: PlanDefaults::default(),
        pods: PlanPods {
            priority_class_name: Some("priority".to_owned()),
            runtime_class_name: Some("runtime".to_owned()),
            image_pull_secret: Some("pull".to_owned()),
        },
        network: None,
        namespace_cpu: None,
        namespace_memory: None,
    };
    let credentials = Credentials(Confidential(BTreeMap::new()));
    let inventory = Inventory {
        secrets_hash: Some("hash".to_owned()),
        has_profile: true,
        installed: Installed { http_route: true, pod_monitor: true },
    };
    let platform = base.platform(&Settings::for_sample());
    let given = |_| Given::new("revision".to_owned(), base.clone(), &platform.settings, Turn::Taken);
    let tenants = validate_given(sample, &platform.settings, None, &given, Timestamp::UNIX_EPOCH);
    let mut parts = Vec::new();
    for tenant in tenants.ok()? {
        let Foundation { namespace, role_binding } = render::foundation(&tenant, &platform);
        let Manifests {
            openings,
            default_deny,
            limit_range,
            quota,
            service_account,
            credentials,
            pull_secret,
            profile,
            data,
            route,
            http_route,
            service,
            asleep,
            deployment,
            disruption_budget,
            pod_monitor,
        } = render::manifests(&tenant, &platform, Some(&credentials), None, &inventory);
        parts.extend([
            serde_json::to_vec(&namespace).ok()?,
            serde_json::to_vec(&role_binding).ok()?,
            serde_json::to_vec(&openings).ok()?,
            serde_json::to_vec(&default_deny).ok()?,
            serde_json::to_vec(&limit_range).ok()?,
            serde_json::to_vec(&quota).ok()?,
            serde_json::to_vec(&service_account).ok()?,
            serde_json::to_vec(&credentials).ok()?,
            serde_json::to_vec(&pull_secret).ok()?,
            serde_json::to_vec(&profile).ok()?,
            serde_json::to_vec(&data).ok()?,
            serde_json::to_vec(&route).ok()?,
            serde_json::to_vec(&http_route).ok()?,
            serde_json::to_vec(&service).ok()?,
            serde_json::to_vec(&asleep).ok()?,
            serde_json::to_vec(&deployment).ok()?,
            serde_json::to_vec(&disruption_budget).ok()?,
            serde_json::to_vec(&pod_monitor).ok()?,
        ]);
    }
    Some(short_hash(parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::settings;

    fn platform() -> Platform {
        Platform { settings: settings(), extra_ca: None }
    }

    #[test]
    fn an_older_base_gives_the_settings_of_its_time() {
        let before = Base::of(EnvironmentName::Production, &platform(), None);
        let mut now = platform();
        now.settings.server_image_tag = "next".to_owned();
        now.settings.gemini_base = "https://elsewhere.example".to_owned();
        let after = Base::of(EnvironmentName::Production, &now, None);
        assert_ne!(before.revision(), after.revision());
        assert_eq!(before.platform(&now.settings).settings.gemini_base, settings().gemini_base);
        assert_eq!(before.image(None), "registry.example/mcp-server:stable");
        assert_eq!(after.image(None), "registry.example/mcp-server:next");
        assert_eq!(after.image(Some("v7")), "registry.example/mcp-server:v7");
        let kept: Base = serde_json::from_str(&serde_json::to_string(&before).unwrap()).unwrap();
        assert_eq!(kept.revision(), before.revision());
    }

    #[test]
    fn who_is_around_the_tenants_changes_in_waves_and_a_base_of_before_has_who_is_there_now() {
        let before = Base::of(EnvironmentName::Production, &platform(), None);
        let mut now = platform();
        now.settings.network.closed_ranges = vec!["203.0.113.0/24".parse().unwrap()];
        now.settings.namespace_memory = "8Gi".to_owned();
        let after = Base::of(EnvironmentName::Production, &now, None);
        assert_ne!(before.revision(), after.revision());
        let kept: Base = serde_json::from_str(&serde_json::to_string(&before).unwrap()).unwrap();
        let given = kept.platform(&now.settings).settings;
        assert_eq!(given.network, platform().settings.network);
        assert_eq!(given.namespace_memory, platform().settings.namespace_memory);

        let mut older = serde_json::to_value(&before).unwrap();
        for field in ["network", "namespaceCpu", "namespaceMemory"] {
            assert!(older.as_object_mut().unwrap().remove(field).is_some());
        }
        let older: Base = serde_json::from_value(older).unwrap();
        let given = older.platform(&now.settings).settings;
        assert_eq!((&given.network, given.namespace_memory.as_str()), (&now.settings.network, "8Gi"));
    }

    #[test]
    fn a_tag_of_one_environment_is_a_new_revision_of_that_environment_alone() {
        let mut plan = McpPlanSpec::default();
        let revisions = |plan: &McpPlanSpec| {
            EnvironmentName::ALL.map(|name| Base::of(name, &platform(), Some(plan)).revision())
        };
        let before = revisions(&plan);
        plan.images.staging = Some(Image { tag: "next".to_owned(), digest: None });
        let after = revisions(&plan);
        assert_eq!((&before[0], &before[2]), (&after[0], &after[2]));
        assert_ne!(before[1], after[1]);
    }

    #[test]
    fn limits_lists_and_the_way_of_rolling_out_are_no_part_of_what_is_rolled_out() {
        let base = |plan: &McpPlanSpec| Base::of(EnvironmentName::Production, &platform(), Some(plan));
        let plan = McpPlanSpec {
            models: vec!["gemini-4".to_owned(), Model::DEFAULT.to_owned()],
            hosts: vec!["*.agency.example".to_owned()],
            ..McpPlanSpec::default()
        };
        assert_eq!(base(&plan), base(&McpPlanSpec::default()));
    }

    #[test]
    fn a_channel_stands_for_a_tag_and_any_other_tag_for_itself() {
        let mut now = platform();
        now.settings.server_image_channels = vec!["stable=1.4.2".parse().unwrap()];
        let base = Base::of(EnvironmentName::Production, &now, None);
        assert_eq!(base.image(None), "registry.example/mcp-server:1.4.2");
        assert_eq!(base.image(Some("next")), "registry.example/mcp-server:next");
    }

    #[test]
    fn the_sample_is_read_and_what_it_renders_is_the_form() {
        let mut sample: McpClient = serde_yaml::from_str(SAMPLE).unwrap();
        assert_eq!(rendered(&sample).as_deref(), Some(renderer()));
        let databases =
            sample.spec.environments.iter().filter(|environment| environment.database.postgres.is_some());
        assert_eq!(databases.count(), 2, "one of somebody's own and one of the platform's");
        assert!(sample.spec.environments.iter().any(|environment| environment.route.is_some()));
        sample.spec.environments[0].suspend = true;
        assert_ne!(rendered(&sample).as_deref(), Some(renderer()));
    }
}
