//! What a server says, read leniently: fields that are not known are ignored, and what is missing is not there.
//! `docs/status.md` describes `/status`; `server/discover` is of MCP 2026-07-28.

use serde::Deserialize;
use serde_json::Value;

/// The revision of MCP whose handshake is asked for.
pub const PROTOCOL: &str = "2026-07-28";

/// One round with all servers of a tenant.
#[derive(Clone, Debug)]
pub enum Answer {
    /// At least one gave no usable answer, and why.
    Silent(String),
    /// Each said this.
    Said(Vec<Said>),
}

/// What one server said.
#[derive(Clone, Debug)]
pub struct Said {
    /// At `/status` of the internal listener.
    pub status: TenantStatus,
    /// At `/mcp` of the public one.
    pub handshake: Handshake,
}

/// How the handshake of MCP ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// It speaks the revision; its version, where it names one.
    Speaks(Option<String>),
    /// It has no room for one more program now, and says so.
    Busy,
    /// It does not accept a token made with the tenant's key.
    TokenRefused,
    /// It answers, and not as this operator expects.
    Foreign,
}

/// What is read of `/status`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TenantStatus {
    /// The client's name.
    pub client: String,
    /// The environment's name.
    pub environment: String,
    /// The program's version.
    pub version: String,
    /// The profile in use.
    pub profile: ProfileInUse,
    /// What the server depends on.
    pub dependencies: Dependencies,
}

/// Which profile a server has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProfileInUse {
    /// Its hash.
    pub hash: String,
    /// Why the file as it is now is not in use.
    pub refused: Option<String>,
}

/// What a server depends on; none where it says nothing about it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Dependencies {
    /// The channel.
    pub whatsapp: Option<Dependency>,
    /// Where the channel delivers to.
    pub webhook: Option<Dependency>,
    /// The model.
    pub gemini: Option<Dependency>,
    /// The calendar at Google.
    pub calendar: Option<Dependency>,
}

/// What a server knows of one dependency.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Dependency {
    /// How it is; none where the server is older than this field.
    pub state: Option<State>,
    /// Why, as a stable code.
    pub reason: String,
    /// What was seen.
    pub message: Option<String>,
    /// What a person does about it.
    pub next: Option<String>,
}

/// How a dependency is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It works.
    Ok,
    /// It does not.
    Failing,
    /// The tenant does without it.
    Unused,
    /// Nothing is known yet.
    #[serde(other)]
    Unknown,
}

impl TenantStatus {
    /// None where it is no such document.
    pub fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }
}

impl Handshake {
    /// From the body of an answer with status 200.
    pub fn read(body: &[u8]) -> Self {
        let Ok(answer) = serde_json::from_slice::<Value>(body) else { return Self::Foreign };
        let result = &answer["result"];
        let mut versions = result["supportedVersions"].as_array().into_iter().flatten();
        if !versions.any(|version| version == PROTOCOL) {
            return Self::Foreign;
        }
        let version = &result["_meta"]["io.modelcontextprotocol/serverInfo"]["version"];
        Self::Speaks(version.as_str().map(str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_server_that_says_less_or_more_than_is_asked_is_still_read() {
        let said =
            json!({"client": "ze", "new": [1], "dependencies": {"gemini": {"state": "dreaming"}, "x": 1}});
        let status = TenantStatus::read(said.to_string().as_bytes()).unwrap();
        assert_eq!((status.client.as_str(), status.environment.as_str()), ("ze", ""));
        assert_eq!(status.dependencies.gemini.unwrap().state, Some(State::Unknown));
        for foreign in ["", "[", "\"x\"", "{\"client\": 3}", "{\"dependencies\": 1}"] {
            assert!(TenantStatus::read(foreign.as_bytes()).is_none(), "{foreign}");
        }
    }

    #[test]
    fn only_the_revision_that_was_asked_for_is_a_handshake() {
        let said =
            |versions: Value| json!({"jsonrpc": "2.0", "id": 1, "result": {"supportedVersions": versions}});
        let read = |answer: Value| Handshake::read(answer.to_string().as_bytes());
        assert_eq!(read(said(json!(["2025-11-25", PROTOCOL]))), Handshake::Speaks(None));
        assert_eq!(read(said(json!(["2025-11-25"]))), Handshake::Foreign);
        assert_eq!(read(json!({"error": {"code": -32601}})), Handshake::Foreign);
        assert_eq!(Handshake::read(b"<html>"), Handshake::Foreign);
    }
}
