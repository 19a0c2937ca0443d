use super::*;

const CLIENT: &str = include_str!("../../../examples/barbershop.yaml");
const GOOD: &str = include_str!("../../../tenant/src/testdata/barbershop.yaml");

/// 2026-11-16, before the closures of the examples.
const NOW: Timestamp = Timestamp::constant(1_794_830_400, 0);

fn line_of(text: &str, part: &str) -> u64 {
    u64::try_from(text.lines().position(|line| line.contains(part)).unwrap()).unwrap() + 1
}

#[test]
fn what_the_examples_hold_can_be_served() {
    for text in [CLIENT, GOOD] {
        let report = check(text, NOW);
        assert!(report.ok, "{:?}", report.findings);
    }
}

#[test]
fn an_unknown_field_is_told_with_what_was_probably_meant() {
    let report = check(&GOOD.replace("timeZone:", "timezone:"), NOW);
    assert!(!report.ok);
    let text = lines(Path::new("p.yaml"), &report).join("\n");
    assert!(text.contains("timezone") && text.contains("`timeZone`"), "{text}");
}

#[test]
fn a_mistake_in_a_client_is_told_with_its_path_and_line_in_the_file() {
    let wrong = CLIENT.replace("timeZone: America/Sao_Paulo", "timeZone: Mars/Base");
    let report = check(&wrong, NOW);
    let finding = report.findings.iter().find(|finding| finding.is_error()).unwrap();
    assert_eq!(finding.path, "spec.profile.business.timeZone");
    assert_eq!(finding.place.unwrap().line, line_of(&wrong, "Mars/Base"));
}

#[test]
fn an_environments_own_profile_is_checked_as_well() {
    let own = "    - name: staging\n      profile:\n        schemaVersion: 1\n  profile:";
    let report = check(&CLIENT.replacen("  profile:", own, 1), NOW);
    assert!(!report.ok);
    let paths: Vec<&str> = report.findings.iter().map(|finding| finding.path.as_str()).collect();
    assert!(paths.contains(&"spec.environments[1].profile.business"), "{paths:?}");
}

#[test]
fn a_profile_in_one_line_is_checked_without_places() {
    let report = check("kind: McpClient\nspec: {profile: {schemaVersion: 1}}\n", NOW);
    assert!(!report.ok);
    assert!(report.findings.iter().all(|finding| finding.place.is_none()), "{:?}", report.findings);
}

#[test]
fn a_client_without_profile_and_a_file_of_nothing_are_refused() {
    for text in ["kind: McpClient\nspec: {}\n", "", "a: [", "[]"] {
        assert!(!check(text, NOW).ok, "{text:?}");
    }
}

#[test]
fn a_warning_is_no_failure_and_is_counted() {
    let report = check(GOOD, NOW + jiff::SignedDuration::from_hours(365 * 24));
    assert!(report.ok);
    let last = lines(Path::new("p.yaml"), &report).pop().unwrap();
    assert!(last.ends_with("can be served (errors: 0, warnings: 1)"), "{last}");
}

#[test]
fn a_file_in_another_encoding_says_how_to_save_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.yaml");
    std::fs::write(&file, b"business: {name: Jos\xe9}").unwrap();
    let error = run(&CheckArgs { file, json: false }, NOW).unwrap_err();
    let told = telemetry::chain(&error);
    assert!(told.contains("p.yaml") && told.contains("save it as plain text in UTF-8"), "{told}");
}
