//! In place of a kubelet: every pod of a tenant runs at once, at the address where `servers` answer.

use std::pin::pin;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams},
    runtime::{WatchStreamExt, watcher},
};
use serde_json::json;

use crate::{proxy::RUNTIME, running, servers};

/// Starts it; it ends with the process.
pub fn start() {
    RUNTIME.spawn(async {
        let client = Client::try_from(running::admin().await).unwrap();
        let config = watcher::Config::default().labels("app.kubernetes.io/name=mcp-server");
        let pods = watcher(Api::<Pod>::all(client.clone()), config).default_backoff().applied_objects();
        let mut pods = pin!(pods);
        while let Some(pod) = pods.next().await {
            let Ok(pod) = pod else { continue };
            let runs = pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Running"));
            if runs || pod.metadata.deletion_timestamp.is_some() {
                continue;
            }
            let address = servers::ADDRESS.to_string();
            let status = json!({"status": {
                "phase": "Running",
                "podIP": address, "podIPs": [{"ip": address}],
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-20T10:00:00Z"}],
            }});
            let pods = Api::<Pod>::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
            // One that goes meanwhile needs none.
            let _ = pods.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Merge(&status)).await;
        }
    });
}
