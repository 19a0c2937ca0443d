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
fn a_mistake_in_a_client_is_named_with_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let example = fs::read_to_string(repository().join("examples/barbershop.yaml")).unwrap();
    fs::write(folder.path().join("client.yaml"), example.replace("displayName:", "displayname:")).unwrap();
    let why = refused(folder.path(), &["render", "client.yaml", IMAGE]);
    assert!(why.contains("there is no field `displayname`: did you mean `displayName`?"), "{why}");
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
