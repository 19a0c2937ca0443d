//! The variables of the server: the platform's settings, the spec, and references to the Secrets.

use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, SecretKeySelector};

use crate::{
    client::{
        credentials,
        validate::{Database, Tenant},
    },
    keys::TOKEN_SIGNING_KEY,
    render::{Platform, profile},
};

use super::{DATA_DIRECTORY, INTERNAL_PORT, PROFILE_DIRECTORY, PUBLIC_PORT};

/// Everything `serve` reads.
pub fn all(tenant: &Tenant, platform: &Platform) -> Vec<EnvVar> {
    let mut variables = settings(tenant, platform);
    let credentials = tenant.owner.credentials_secret();
    variables.extend(credentials::keys_of(tenant).map(|(key, optional)| secret(&credentials, key, optional)));
    variables.push(secret(&tenant.owner.keys_secret(), TOKEN_SIGNING_KEY, false));
    variables
}

/// What `migrate` reads: no secret but the address of a PostgreSQL.
pub fn settings(tenant: &Tenant, platform: &Platform) -> Vec<EnvVar> {
    let (name, namespace, settings) = (tenant.owner.name(), &tenant.namespace, &platform.settings);
    let mut variables = vec![plain("PROFILE_PATH", format!("{PROFILE_DIRECTORY}/{}", profile::PROFILE_FILE))];
    variables.extend(database(tenant));
    variables.extend([
        plain("LISTEN_PUBLIC", format!("0.0.0.0:{PUBLIC_PORT}")),
        plain("LISTEN_INTERNAL", format!("0.0.0.0:{INTERNAL_PORT}")),
        plain("BASE_PATH", tenant.base_path()),
        plain("PUBLIC_URL", tenant.url()),
        plain(
            "ALLOWED_HOSTS",
            format!(
                "{}{name}.{namespace}.svc,{name}.{namespace}.svc.cluster.local,{name}.{namespace},{name},localhost,127.0.0.1",
                tenant.route.as_ref().map(|route| format!("{},", route.host)).unwrap_or_default()
            ),
        ),
        plain("CLIENT_NAME", name),
        plain("ENVIRONMENT", tenant.environment.as_str()),
        plain("WHATSAPP_GRAPH_BASE", &settings.whatsapp_graph_base),
        plain("WHATSAPP_PHONE_NUMBER_ID", &tenant.phone_number_id),
        plain("GEMINI_BASE", &settings.gemini_base),
        plain("GEMINI_MODEL", &tenant.model),
    ]);
    let optional = [
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", tenant.business_account_id.clone()),
        ("WHATSAPP_TEMPLATES", tenant.templates.clone()),
        ("WHATSAPP_MESSAGES_PER_SECOND", tenant.messages_per_second.map(|number| number.to_string())),
        (
            "GEMINI_FALLBACK_MODELS",
            (!tenant.fallback_models.is_empty()).then(|| tenant.fallback_models.join(",")),
        ),
    ];
    variables.extend(optional.into_iter().filter_map(|(name, value)| Some(plain(name, value?))));
    if let Some(calendar) = &tenant.google_calendar {
        variables.extend([
            plain("GOOGLE_CALENDAR_BASE", &settings.google_calendar_base),
            plain("GOOGLE_TOKEN_URL", &settings.google_token_url),
            plain("GOOGLE_CALENDAR_ID", calendar),
        ]);
        variables
            .extend(tenant.calendar_poll.map(|seconds| plain("GOOGLE_CALENDAR_POLL", seconds.to_string())));
    }
    if platform.extra_ca.is_some() {
        variables.push(plain("EXTRA_CA_FILE", format!("{PROFILE_DIRECTORY}/{}", profile::EXTRA_CA_FILE)));
    }
    variables
}

/// Where appointments are kept.
fn database(tenant: &Tenant) -> Vec<EnvVar> {
    match &tenant.database {
        Database::Sqlite { .. } => {
            vec![plain("DATABASE_URL", format!("sqlite://{DATA_DIRECTORY}/tenant.db"))]
        }
        // A URL or its parts: which of them there are was judged when they were copied.
        Database::Postgres { .. } | Database::Provisioned => {
            let copy = tenant.owner.credentials_secret();
            credentials::DATABASE_KEYS.iter().map(|key| secret(&copy, key, true)).collect()
        }
    }
}

fn plain(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.into()), ..EnvVar::default() }
}

fn secret(from: &str, key: &str, optional: bool) -> EnvVar {
    EnvVar {
        name: key.to_owned(),
        value_from: Some(EnvVarSource {
            secret_key_ref: Some(SecretKeySelector {
                name: from.to_owned(),
                key: key.to_owned(),
                optional: optional.then_some(true),
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}
