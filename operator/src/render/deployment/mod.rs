//! The tenant's server.

pub mod environment;
mod hardening;
mod spread;

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy},
        core::v1::{
            ConfigMapVolumeSource, Container, ContainerPort, EmptyDirVolumeSource, HTTPGetAction,
            LocalObjectReference, PersistentVolumeClaimVolumeSource, PodSpec, PodTemplateSpec, Probe,
            ResourceRequirements, Volume, VolumeMount,
        },
    },
    apimachinery::pkg::{
        api::resource::Quantity,
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};

use crate::{
    client::validate::{Database, Tenant},
    labels,
    render::{Platform, secrets::hex},
};

/// Name of the port customers and agents reach.
pub const PUBLIC_PORT_NAME: &str = "public";
/// Its number.
pub const PUBLIC_PORT: i32 = 8000;
/// Name of the port of probes, metrics and the status.
pub const INTERNAL_PORT_NAME: &str = "internal";
/// Its number.
pub const INTERNAL_PORT: i32 = 9090;
/// Where the profile is mounted: the whole directory, for a single file would never be updated.
const PROFILE_DIRECTORY: &str = "/etc/mcp";
const DATA_DIRECTORY: &str = "/data";

/// The Deployment of a tenant. `secrets_hash` rolls the pod when a Secret changes.
pub fn build(tenant: &Tenant, platform: &Platform, secrets_hash: &str) -> Deployment {
    let selector = labels::selector(&tenant.owner);
    let mut annotations = labels::map([(labels::SECRETS_HASH, secrets_hash)]);
    annotations.extend(platform.extra_ca.as_ref().map(|pem| {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, pem.as_bytes());
        (labels::EXTRA_CA_HASH.to_owned(), hex(digest.as_ref()))
    }));
    let mut metadata = tenant.meta(tenant.owner.name().to_owned());
    // Beside the pods and not in them: what is rendered the same under another name restarts nobody.
    metadata.annotations = Some(labels::map([(labels::REVISION, &tenant.given.revision)]));
    Deployment {
        metadata,
        spec: Some(DeploymentSpec {
            replicas: Some(if tenant.suspended { 0 } else { i32::from(tenant.replicas) }),
            revision_history_limit: Some(3),
            selector: LabelSelector { match_labels: Some(selector), ..LabelSelector::default() },
            strategy: Some(DeploymentStrategy {
                type_: Some(
                    match tenant.database {
                        // Two servers on one SQLite file would each hold a lock the other needs.
                        Database::Sqlite { .. } => "Recreate",
                        // Leases in the database decide who works on what.
                        Database::Postgres { .. } | Database::Provisioned => "RollingUpdate",
                    }
                    .to_owned(),
                ),
                ..DeploymentStrategy::default()
            }),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(labels::common(&tenant.owner, tenant.environment)),
                    annotations: Some(annotations),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod(tenant, platform)),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn pod(tenant: &Tenant, platform: &Platform) -> PodSpec {
    PodSpec {
        service_account_name: Some(tenant.owner.name().to_owned()),
        automount_service_account_token: Some(false),
        // Variables for every Service of the namespace would only tell a tenant what is around it.
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(30),
        topology_spread_constraints: spread::constraints(tenant),
        security_context: Some(hardening::pod()),
        priority_class_name: tenant.pods.priority_class_name.clone(),
        runtime_class_name: tenant.pods.runtime_class_name.clone(),
        image_pull_secrets: tenant
            .pods
            .image_pull_secret
            .is_some()
            .then(|| vec![LocalObjectReference { name: tenant.owner.pull_secret() }]),
        init_containers: Some(vec![Container {
            name: "migrate".to_owned(),
            args: Some(vec!["migrate".to_owned()]),
            env: Some(environment::settings(tenant, platform)),
            ..container(tenant, platform)
        }]),
        containers: vec![Container {
            name: "server".to_owned(),
            args: Some(vec!["serve".to_owned()]),
            env: Some(environment::all(tenant, platform)),
            ports: Some(vec![port(PUBLIC_PORT_NAME, PUBLIC_PORT), port(INTERNAL_PORT_NAME, INTERNAL_PORT)]),
            startup_probe: Some(Probe {
                period_seconds: Some(1),
                failure_threshold: Some(60),
                ..probe("/readyz")
            }),
            readiness_probe: Some(Probe {
                period_seconds: Some(5),
                failure_threshold: Some(2),
                ..probe("/readyz")
            }),
            liveness_probe: Some(Probe {
                period_seconds: Some(10),
                timeout_seconds: Some(5),
                failure_threshold: Some(3),
                ..probe("/healthz")
            }),
            ..container(tenant, platform)
        }],
        volumes: Some(volumes(tenant)),
        ..PodSpec::default()
    }
}

/// What both containers have in common.
fn container(tenant: &Tenant, platform: &Platform) -> Container {
    let quantity = |name: &str, text: &str| (name.to_owned(), Quantity(text.to_owned()));
    let (requests, limits) = (&tenant.resources.requests, &tenant.resources.limits);
    Container {
        image: Some(tenant.image.clone()),
        image_pull_policy: Some(platform.settings.server_image_pull_policy.clone()),
        resources: Some(ResourceRequirements {
            requests: Some([quantity("cpu", &requests.cpu), quantity("memory", &requests.memory)].into()),
            limits: Some([quantity("memory", &limits.memory)].into()),
            ..ResourceRequirements::default()
        }),
        security_context: Some(hardening::container()),
        volume_mounts: Some(mounts(tenant)),
        ..Container::default()
    }
}

fn mounts(tenant: &Tenant) -> Vec<VolumeMount> {
    let profile = VolumeMount { read_only: Some(true), ..mount("profile", PROFILE_DIRECTORY) };
    // SQLite sorts large results in temporary files, and the root file system is read-only.
    let tmp = mount("tmp", "/tmp");
    match tenant.database {
        Database::Sqlite { .. } => vec![profile, mount("data", DATA_DIRECTORY), tmp],
        Database::Postgres { .. } | Database::Provisioned => vec![profile, tmp],
    }
}

fn volumes(tenant: &Tenant) -> Vec<Volume> {
    let volume = |name: &str| Volume { name: name.to_owned(), ..Volume::default() };
    let mut volumes = vec![
        Volume {
            config_map: Some(ConfigMapVolumeSource {
                name: tenant.owner.profile_config_map(),
                ..ConfigMapVolumeSource::default()
            }),
            ..volume("profile")
        },
        Volume {
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: tenant.owner.data_claim(),
                ..PersistentVolumeClaimVolumeSource::default()
            }),
            ..volume("data")
        },
        Volume {
            empty_dir: Some(EmptyDirVolumeSource {
                size_limit: Some(Quantity("64Mi".to_owned())),
                ..EmptyDirVolumeSource::default()
            }),
            ..volume("tmp")
        },
    ];
    if !matches!(tenant.database, Database::Sqlite { .. }) {
        volumes.retain(|volume| volume.name != "data");
    }
    volumes
}

fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount { name: name.to_owned(), mount_path: path.to_owned(), ..VolumeMount::default() }
}

fn port(name: &str, number: i32) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: number,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

fn probe(path: &str) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(INTERNAL_PORT_NAME.to_owned()),
            ..HTTPGetAction::default()
        }),
        timeout_seconds: Some(2),
        ..Probe::default()
    }
}
