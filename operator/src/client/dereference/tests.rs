//! What is read while somebody edits it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use http::{Request, Response};
use kube::client::Body;
use serde_json::json;

use super::*;
use crate::{
    client::validate::validate,
    render::tests::{NOW, barbershop, settings},
};

/// An API server whose only Secret is one version older at each reading than `last`, up to it.
fn server(first: u64, last: u64) -> (Client, Arc<AtomicU64>) {
    let reads = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&reads);
    let service = tower::service_fn(move |_: Request<Body>| {
        let version = (first + counted.fetch_add(1, Ordering::Relaxed)).min(last);
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "keys", "uid": "u", "resourceVersion": version.to_string()},
            "data": {"version": ByteString(version.to_string().into_bytes())},
        });
        async move {
            Ok::<_, std::convert::Infallible>(Response::new(Body::from(secret.to_string().into_bytes())))
        }
    });
    (Client::new(service, "default"), reads)
}

#[tokio::test]
async fn keys_that_were_edited_while_they_were_read_are_read_again() {
    let tenant = validate(&barbershop(), &settings(), NOW).unwrap().remove(0);
    let memory = Memory::default();
    let id = ObjectId { kind: "Secret".to_owned(), name: tenant.owner.keys_secret() };
    let version = |number: u64| {
        let meta = kube::api::ObjectMeta {
            uid: Some("u".to_owned()),
            resource_version: Some(number.to_string()),
            ..kube::api::ObjectMeta::default()
        };
        Version::of("Secret", &meta)
    };
    memory.observe(&tenant.namespace, &id, Some(version(7)));
    let (client, reads) = server(6, 7);
    let keys = keys(&client, &tenant, &memory).await.unwrap();
    assert_eq!(keys.0["version"].0, b"7");
    assert_eq!(reads.load(Ordering::Relaxed), 2);
    assert!(memory.observe(&tenant.namespace, &id, Some(version(8))), "what comes later is seen");

    let (client, _) = server(1, 1);
    assert!(matches!(super::keys(&client, &tenant, &memory).await, Err(DereferenceError::Restless(_))));
}
