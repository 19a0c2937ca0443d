//! The cluster the tests run against.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

/// Kubeconfig of an administrator of the cluster.
pub static KUBECONFIG: LazyLock<PathBuf> = LazyLock::new(|| match env::var_os("MCP_TEST_KUBECONFIG") {
    Some(given) => PathBuf::from(given),
    None => start(),
});

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn start() -> PathBuf {
    let testbed = repository().join("testbed/testbed");
    let name = format!("operator-tests-{}", std::process::id());
    let output = Command::new(&testbed)
        .args(["up", "--size", "api", "--name", &name])
        .output()
        .unwrap_or_else(|error| {
            panic!("no cluster: set MCP_TEST_KUBECONFIG; {} did not start: {error}", testbed.display())
        });
    assert!(
        output.status.success(),
        "no cluster: set MCP_TEST_KUBECONFIG; the test bed did not come up: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    // When this process ends, however it ends, the pipe closes and the bed goes.
    Command::new("sh")
        .args(["-c", "cat; exec \"$0\" down --name \"$1\""])
        .arg(&testbed)
        .arg(&name)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(std::mem::forget)
        .expect("the keeper of the test bed starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let path = text.lines().rev().find_map(|line| line.strip_prefix("kubeconfig: ")).map(PathBuf::from);
    path.unwrap_or_else(|| panic!("the test bed did not name its kubeconfig: {text}"))
}

/// A program of the test bed, or of the PATH.
pub fn program(name: &str) -> PathBuf {
    let cache = env::var_os("MCP_CACHE").map_or_else(
        || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache/mcp-platform"),
        PathBuf::from,
    );
    let built = cache.join("testbed/bin").join(name);
    if built.exists() { built } else { PathBuf::from(name) }
}

/// Runs kubectl with a document on its input.
pub fn kubectl(arguments: &[&str], input: &str) -> Result<String, String> {
    let mut child = Command::new(program("kubectl"))
        .arg("--kubeconfig")
        .arg(&*KUBECONFIG)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kubectl starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("kubectl reads");
    let output = child.wait_with_output().expect("kubectl ends");
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The chart's manifests as Helm renders them with these values, or Helm's refusal.
pub fn chart(namespace: &str, values: &[&str]) -> Result<String, String> {
    let output = Command::new(program("helm"))
        .args(["template", "mcp-platform"])
        .arg(repository().join("charts/mcp-platform"))
        .args(["--namespace", namespace])
        .args(values.iter().flat_map(|value| ["--set", value]))
        .output()
        .expect("helm starts");
    let text = |bytes| String::from_utf8(bytes).expect("helm writes UTF-8");
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// The example a newcomer applies.
pub fn example() -> String {
    fs::read_to_string(repository().join("examples/barbershop.yaml")).expect("the example is there")
}
