//! The commands as people run them: the program itself, files in a folder, and a real terminal for `new`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mcp-operator");

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).current_dir(folder).env_clear().output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a command that must succeed; what it printed and what it said beside it.
fn done(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    (text(&output.stdout), text(&output.stderr))
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

const IMAGE: &str = "--set=SERVER_IMAGE_REPOSITORY=registry.example/mcp-server";

#[test]
fn a_client_is_rendered_without_a_cluster_and_its_secrets_are_not_among_it() {
    let folder = tempfile::tempdir().unwrap();
    let example = repository().join("examples/barbershop.yaml");
    let example = example.to_str().unwrap();
    let (manifests, said) = done(folder.path(), &["render", example, IMAGE]);
    for kind in [
        "Namespace",
        "RoleBinding",
        "ServiceAccount",
        "ConfigMap",
        "PersistentVolumeClaim",
        "Service",
        "Deployment",
    ] {
        assert!(manifests.contains(&format!("\nkind: {kind}\n")), "{kind} is missing");
    }
    assert!(!manifests.contains("kind: Secret"));
    assert!(
        said.contains("not rendered: the Secrets barbearia-do-ze-credentials and barbearia-do-ze-keys"),
        "{said}"
    );
    assert!(refused(folder.path(), &["render", example]).contains("SERVER_IMAGE_REPOSITORY"));
}

#[test]
fn an_incomplete_secret_is_refused_by_its_keys_and_a_complete_one_is_printed_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let example = repository().join("examples/barbershop.yaml");
    let secret = |value: &str| {
        format!(
            "kind: Secret\nmetadata: {{name: barbearia-do-ze-credentials, namespace: agency}}\nstringData:\n  \
             WHATSAPP_API_TOKEN: canary-1\n  WHATSAPP_APP_SECRET: canary-2\n  WHATSAPP_WEBHOOK_VERIFY_TOKEN: canary-3\n  \
             GEMINI_API_KEY: \"{value}\"\n  GOOGLE_CLIENT_EMAIL: robot@example.com\n  GOOGLE_PRIVATE_KEY: canary-4\n"
        )
    };
    fs::write(folder.path().join("secret.yaml"), secret("")).unwrap();
    let files = ["render", example.to_str().unwrap(), "secret.yaml", IMAGE];
    let why = refused(folder.path(), &files);
    assert!(why.contains("lacks GEMINI_API_KEY") && !why.contains("canary"), "{why}");
    fs::write(folder.path().join("secret.yaml"), secret("canary-5")).unwrap();
    let (manifests, said) = done(folder.path(), &files);
    assert!(!manifests.contains("kind: Secret") && !said.contains("canary"));
    let (manifests, _) = done(folder.path(), &[&files[..], &["--with-secrets"]].concat());
    assert!(manifests.contains("kind: Secret"));
}

#[test]
fn each_environment_is_rendered_with_its_own_secrets_and_those_of_its_database() {
    let folder = tempfile::tempdir().unwrap();
    let example = fs::read_to_string(repository().join("examples/barbershop.yaml")).unwrap();
    let database =
        "database: {postgres: {secretRef: {name: ze-database}}}\n      credentialsSecretRef: {name: ze-live}";
    let client = example.replace("database: {sqlite: {size: 1Gi}}", database);
    assert_ne!(client, example);
    fs::write(folder.path().join("client.yaml"), client).unwrap();
    let secret = |name: &str, data: &str| {
        format!("kind: Secret\nmetadata: {{name: {name}, namespace: agency}}\nstringData:\n{data}")
    };
    let keys = |value: &str| {
        let names = ["WHATSAPP_API_TOKEN", "WHATSAPP_APP_SECRET", "WHATSAPP_WEBHOOK_VERIFY_TOKEN"];
        let more = ["GEMINI_API_KEY", "GOOGLE_CLIENT_EMAIL", "GOOGLE_PRIVATE_KEY"];
        let lines: Vec<String> =
            names.iter().chain(&more).map(|name| format!("  {name}: {value}\n")).collect();
        lines.concat()
    };
    // "live" and "postgres://ze:p@db/ze" as they stand in a Secret.
    let (live, url) = ("bGl2ZQ==", "cG9zdGdyZXM6Ly96ZTpwQGRiL3pl");
    let both =
        secret("barbearia-do-ze-credentials", &keys("other")) + "---\n" + &secret("ze-live", &keys("live"));
    fs::write(folder.path().join("secrets.yaml"), &both).unwrap();
    let files = ["render", "client.yaml", "secrets.yaml", IMAGE, "--with-secrets"];
    let (manifests, said) = done(folder.path(), &files);
    assert!(!manifests.contains("kind: Secret"), "half of a Secret starts no pod");
    assert!(said.contains("not checked: the Secret ze-database"), "{said}");
    let wrong = both.clone() + "---\n" + &secret("ze-database", "  DATABASE_HOST: db\n");
    fs::write(folder.path().join("secrets.yaml"), wrong).unwrap();
    let why = refused(folder.path(), &files);
    assert!(why.contains("ze-database lacks DATABASE_URL"), "{why}");
    let whole = both + "---\n" + &secret("ze-database", "  DATABASE_URL: postgres://ze:p@db/ze\n");
    fs::write(folder.path().join("secrets.yaml"), whole).unwrap();
    let (manifests, _) = done(folder.path(), &files);
    assert!(manifests.contains(live) && manifests.contains(&format!("DATABASE_URL: {url}")), "{manifests}");
}

#[test]
fn a_mistake_in_a_client_is_named_with_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let example = fs::read_to_string(repository().join("examples/barbershop.yaml")).unwrap();
    fs::write(folder.path().join("client.yaml"), example.replace("displayName:", "displayname:")).unwrap();
    let why = refused(folder.path(), &["render", "client.yaml", IMAGE]);
    assert!(why.contains("there is no field `displayname`: did you mean `displayName`?"), "{why}");
}

#[test]
fn a_plan_among_the_files_gives_and_refuses_as_the_operator_would_and_so_do_the_rules_of_admission() {
    let folder = tempfile::tempdir().unwrap();
    let example = fs::read_to_string(repository().join("examples/barbershop.yaml")).unwrap();
    let planned = example.replace("  deletionPolicy:", "  plan: basic\n  deletionPolicy:");
    let planned = planned.replace("      model: {name: gemini-3.8-flash}\n", "");
    fs::write(folder.path().join("client.yaml"), &planned).unwrap();
    let why = refused(folder.path(), &["render", "client.yaml", IMAGE]);
    assert!(why.contains("names the McpPlan basic, which is not among these files"), "{why}");

    let plan = |spec: &str| {
        let text = format!("kind: McpPlan\nmetadata: {{name: basic}}\nspec: {spec}\n");
        fs::write(folder.path().join("plan.yaml"), text).unwrap();
    };
    let files = ["render", "client.yaml", "plan.yaml", IMAGE];
    plan("{images: {production: {tag: planned}}, defaults: {model: {name: gemini-4}}}");
    let (manifests, said) = done(folder.path(), &files);
    assert!(manifests.contains("registry.example/mcp-server:planned") && manifests.contains("gemini-4"));
    assert!(said.contains("mcp-server:planned (of the plan); models gemini-4 (of the plan)"), "{said}");

    plan("{limits: {memory: 32Mi}}");
    let why = refused(folder.path(), &files);
    assert!(why.contains("the plan basic does not allow resources.limits.memory 64Mi"), "{why}");
    plan("{limits: {memory: much}}");
    let why = refused(folder.path(), &files);
    assert!(
        why.contains("plan.yaml: the McpPlan `basic` would be refused") && why.contains("like 64Mi"),
        "{why}"
    );

    plan("{}");
    let client = planned.replace("      whatsapp:", "      replicas: 2\n      whatsapp:");
    fs::write(folder.path().join("client.yaml"), client).unwrap();
    let why = refused(folder.path(), &files);
    assert!(why.contains("more than one replica needs a PostgreSQL database"), "{why}");
    let client =
        planned.replace("      whatsapp:", "      route: {host: evil-agency.example}\n      whatsapp:");
    fs::write(folder.path().join("client.yaml"), client).unwrap();
    let hosts = "--set=ROUTE_HOSTS=agency=*.agency.example";
    let why = refused(folder.path(), &[&files[..], &[hosts]].concat());
    assert!(why.contains("may not have the host evil-agency.example: use one of *.agency.example"), "{why}");
}

const ENV: &str = "CLIENT_NAME=bella-salon\nENVIRONMENT=production\nGOOGLE_CALENDAR_ID=agenda@bella.example\n\
                   GOOGLE_CLIENT_EMAIL=robot@bella.example\n\
                   GOOGLE_PRIVATE_KEY=\"-----BEGIN PRIVATE KEY-----\\ncanary-key\\n-----END PRIVATE KEY-----\\n\"\n\
                   GEMINI_API_KEY=canary-gemini\nWHATSAPP_API_TOKEN=canary-token\n\
                   WHATSAPP_PHONE_NUMBER_ID=106540352242922\nREDIS_HOST=redis\n";

#[test]
fn an_old_config_is_imported_told_of_line_by_line_and_can_be_rendered() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("config/secrets")).unwrap();
    fs::write(folder.path().join("config/secrets/bella-salon.env"), ENV).unwrap();
    let config = r#"{
        "path_pattern": "/{client_name}/{environment}",
        "argocd": {"namespace": "argocd"},
        "clients": [{"client_name": "bella-salon", "business_name": "Bella Salon", "business_type": "salão",
            "environments": {"development": false, "staging": true, "production": true},
            "credentials_file": "secrets/bella-salon.env", "resources": {}}]
    }"#;
    fs::write(folder.path().join("config/config.json"), config).unwrap();
    let (said, _) = done(folder.path(), &["import", "config/config.json", "--out", "clients"]);
    for line in [
        "kept      path_pattern:",
        "refused   argocd:",
        "mapped    business_name:",
        "kept      GEMINI_API_KEY:",
        "mapped    WHATSAPP_PHONE_NUMBER_ID:",
        "refused   REDIS_HOST:",
        "refused   resources:",
        "refused   environments.staging:",
        "needed    WHATSAPP_APP_SECRET, WHATSAPP_WEBHOOK_VERIFY_TOKEN:",
        "never commit",
    ] {
        assert!(said.contains(line), "{line} is missing in:\n{said}");
    }
    assert!(!said.contains("canary"), "{said}");
    let secret = folder.path().join("clients/bella-salon-credentials.yaml");
    assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&secret).unwrap().contains("canary-gemini"));
    let client = fs::read_to_string(folder.path().join("clients/bella-salon.yaml")).unwrap();
    assert!(client.contains("displayName: Bella Salon") && !client.contains("canary"), "{client}");
    done(folder.path(), &["render", "clients/bella-salon.yaml", IMAGE]);
    let again = refused(folder.path(), &["import", "config/config.json", "--out", "clients"]);
    assert!(again.contains("is there already"), "{again}");
}

#[test]
fn duplicates_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.env"), ENV).unwrap();
    fs::write(folder.path().join("b.env"), ENV.replace("bella-salon", "other")).unwrap();
    fs::write(folder.path().join("c.env"), format!("{ENV}CLIENT_NAME=twice\n")).unwrap();
    assert!(refused(folder.path(), &["import", "a.env", "a.env"]).contains("twice"));
    assert!(refused(folder.path(), &["import", "a.env", "b.env"]).contains("same phone number id"));
    assert!(refused(folder.path(), &["import", "c.env"]).contains("CLIENT_NAME stands in lines 1 and 10"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn answers_of_a_file_make_a_client_without_a_terminal_and_what_is_open_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bella.env"), ENV).unwrap();
    let answers = "name: bella-salon\ndisplayName: Bella Salon\ntype: salon\nlanguage: pt-BR\n\
                   environments: [{name: production, phoneNumberId: \"106540352242922\"}]\n\
                   credentialsFile: bella.env\npublicUrl: https://wa.agency.example\n";
    fs::write(folder.path().join("answers.yaml"), answers).unwrap();
    let (said, _) = done(folder.path(), &["new", "--answers", "answers.yaml"]);
    assert!(said.contains("https://wa.agency.example/bella-salon/production/webhooks/whatsapp"), "{said}");
    assert!(said.contains("verify token: ") && said.contains("fill in WHATSAPP_APP_SECRET"), "{said}");
    assert!(!said.contains("canary"), "{said}");
    done(folder.path(), &["render", "bella-salon.yaml", IMAGE]);
    assert!(refused(folder.path(), &["new"]).contains("name is not answered"));
    assert!(refused(folder.path(), &["new", "--name", "Bella Salon"]).contains("cannot be used"));
}

#[test]
fn every_shell_gets_its_completions_and_every_command_has_examples() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let (script, _) = done(folder.path(), &["completions", shell]);
        assert!(script.contains("doctor") && script.contains("render"), "{shell}");
    }
    for command in ["render", "doctor", "import", "new", "completions"] {
        let (help, _) = done(folder.path(), &[command, "--help"]);
        assert!(help.contains("Examples:"), "{command}");
    }
}

#[test]
fn without_a_cluster_the_doctor_says_that_it_cannot_tell() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["ready"], "unknown");
    assert!(report["problems"][0]["next"].as_str().unwrap().contains("KUBECONFIG"), "{report}");
}

/// The questions on a pseudo-terminal of Python's, typed as a person types them.
#[test]
fn on_a_terminal_questions_are_asked_again_until_right_and_secrets_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terminal.py");
    let output = Command::new("python3")
        .arg(script)
        .arg(PROGRAM)
        .current_dir(folder.path())
        .output()
        .expect("python3 starts");
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    let secret = fs::read_to_string(folder.path().join("bella-salon-credentials.yaml")).unwrap();
    assert!(secret.contains("canary-token") && secret.contains("canary-key"), "{secret}");
    done(folder.path(), &["render", "bella-salon.yaml", IMAGE]);
}
