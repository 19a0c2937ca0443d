//! Ingress and `HTTPRoute`, each answered through a real Traefik.

use k8s_openapi::api::networking::v1::Ingress;
use kube::api::{Patch, PatchParams};
use mcp_operator::external::HTTPRoute;
use serde_json::json;

use crate::{
    traefik::{self, Traefik},
    world::{World, eventually},
};

const HOST: &str = "wa.agency.example";
const NAMESPACE: &str = "porter-production";
const BASE: &str = "/porter/production";

/// What belongs to the tenant arrives with its whole path, and nothing else does.
async fn the_tenant_answers(traefik: &Traefik, by: &str) {
    let well_known = format!("/.well-known/oauth-protected-resource{BASE}");
    for path in [
        BASE.to_owned(),
        format!("{BASE}/webhooks/whatsapp"),
        well_known.clone(),
        format!("{well_known}/mcp"),
    ] {
        eventually(&format!("{by}: {path} is answered"), async || {
            let answer = traefik.get(HOST, &path).await?;
            if answer == (200, path.clone()) { Ok(()) } else { Err(format!("{answer:?}")) }
        })
        .await;
    }
    for (host, path) in [
        (HOST, "/".to_owned()),
        (HOST, "/other/production".to_owned()),
        (HOST, "/.well-known/oauth-protected-resource".to_owned()),
        ("other.example", BASE.to_owned()),
    ] {
        assert_eq!(traefik.get(host, &path).await.unwrap().0, 404, "{by}: {host}{path}");
    }
}

#[tokio::test]
async fn a_tenant_is_reached_through_an_ingress_and_then_through_a_gateway() {
    let world = World::enter("doors").await;
    let traefik = Traefik::start().await;
    world.credentials("porter", &[]).await;
    let mut client = world.example("porter", "58900001");
    client.spec.environments[0].route =
        serde_json::from_value(json!({"host": HOST, "ingressClassName": "traefik"})).unwrap();
    world.create(&client).await;
    world.pretend_pods_run(NAMESPACE).await;
    world.reason("porter", "Ready").await;
    traefik::stand_in(NAMESPACE, "porter", traefik::echo().await);
    the_tenant_answers(&traefik, "Ingress").await;

    let gateway = json!({"name": "public", "namespace": "gateways", "sectionName": "web"});
    let mut environments = client.spec.environments.clone();
    environments[0].route = serde_json::from_value(json!({"host": HOST, "gateway": gateway})).unwrap();
    world.patch("porter", json!({"spec": {"environments": environments}})).await;
    world.found::<HTTPRoute>(NAMESPACE, "porter").await;
    eventually("the Ingress is gone", async || {
        if world.is_absent::<Ingress>(NAMESPACE, "porter").await {
            Ok(())
        } else {
            Err("it is there".to_owned())
        }
    })
    .await;
    world.reason("porter", "Ready").await;
    // Traefik's Ingress takes a longer word for the same path, its HTTPRoute does not: the Ingress is forgotten.
    eventually("a longer word is another path", async || {
        let answer = traefik.get(HOST, &format!("{BASE}x")).await?;
        if answer.0 == 404 { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
    the_tenant_answers(&traefik, "HTTPRoute").await;

    let stolen = json!({"spec": {"hostnames": ["stolen.example"]}});
    let routes = world.inside::<HTTPRoute>(NAMESPACE);
    routes.patch("porter", &PatchParams::default(), &Patch::Merge(stolen)).await.unwrap();
    eventually("an edit of the HTTPRoute is put right", async || {
        let hosts = routes.get("porter").await.map_err(|error| error.to_string())?.spec.hostnames;
        if hosts == [HOST] { Ok(()) } else { Err(format!("{hosts:?}")) }
    })
    .await;

    environments[0].route = None;
    world.patch("porter", json!({"spec": {"environments": environments}})).await;
    eventually("the HTTPRoute is gone", async || {
        if world.is_absent::<HTTPRoute>(NAMESPACE, "porter").await {
            Ok(())
        } else {
            Err("it is there".to_owned())
        }
    })
    .await;
    world.clear("porter").await;
}
