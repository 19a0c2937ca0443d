//! What the tests ask, and what answers in a server's place.

use std::net::{IpAddr, Ipv4Addr};

use mcp_crds::EnvironmentName;
use serde_json::{Value, json};

use super::{
    answer::{Handshake, PROTOCOL, Said, TenantStatus},
    target::{PodAddress, Target},
    token::{SigningKey, tests::secret},
};
use crate::names::ClientKey;

/// The hash of the profile that was delivered.
pub(crate) const HASH: &str = "b0f1e4a7c2d93586";

/// One pod on loopback.
pub(crate) fn target(name: &str) -> Target {
    let owner = ClientKey::new("agency", name).unwrap();
    Target {
        namespace: owner.namespace(EnvironmentName::Production),
        owner,
        environment: EnvironmentName::Production,
        pods: vec![PodAddress { uid: "one".to_owned(), ip: IpAddr::V4(Ipv4Addr::LOCALHOST) }],
        profile: Some(HASH.to_owned()),
        url: format!("https://wa.example/{name}"),
        key: SigningKey::from_secret(&secret()).unwrap(),
        google_calendar: true,
    }
}

/// What a good server says at `/status`.
pub(crate) fn status(name: &str) -> Value {
    let works = || json!({"state": "ok", "reason": "works", "message": null, "next": null});
    json!({
        "client": name, "environment": "production", "version": "0.1.0",
        "profile": {"hash": HASH, "refused": null},
        "dependencies": {"whatsapp": works(), "webhook": works(), "gemini": works(), "calendar": works()},
    })
}

/// What a good server says to `server/discover`.
pub(crate) fn discovered() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "result": {
        "resultType": "complete", "supportedVersions": ["2025-11-25", PROTOCOL], "capabilities": {},
        "ttlMs": 0, "cacheScope": "private",
        "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "mcp-server", "version": "0.1.0"}},
    }})
}

/// All that a server said whose `/status` is this one.
pub(crate) fn said(status: &Value) -> Said {
    Said {
        status: TenantStatus::read(status.to_string().as_bytes()).unwrap(),
        handshake: Handshake::Speaks(Some("0.1.0".to_owned())),
    }
}
