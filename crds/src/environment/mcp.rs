//! Who may use the business's MCP server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The business's MCP server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.auth)",
    "message": "mcp.auth is not carried out yet: remove it; agents come in with tokens of `mcp-server token`",
    "fieldPath": ".auth",
}]))]
pub struct Mcp {
    /// Whose tokens are accepted besides the tenant's own. Refused for now: only the tenant's own are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<McpAuth>,
}

/// Whose tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpAuth {
    /// Issuers, as `https://` addresses.
    #[schemars(
        length(min = 1, max = 4),
        inner(length(min = 9, max = 200), regex(pattern = r"^https://[^ ]+$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub issuers: Vec<String>,
    /// Audience their tokens must name. The tenant's address when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 9, max = 300), regex(pattern = r"^https://[^ ]+$"))]
    pub audience: Option<String>,
}
