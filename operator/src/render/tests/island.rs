//! What makes a namespace an island. Who reaches whom under the rendered policies is judged by another program:
//! `operator/tests/island.rs`.

use mcp_crds::environment::{GatewayReference, Route};
use serde_json::{Value, json};

use super::{changed, inventory, platform};
use crate::{
    client::validate::Tenant,
    installed::Installed,
    manifests::{Manifests, Prepared},
    render::{Inventory, manifests, network_policies},
};

fn postgres(change: impl Fn(&mut mcp_crds::Environment)) -> Tenant {
    changed(|environment| {
        environment.database =
            serde_json::from_value(json!({"postgres": {"secretRef": {"name": "pg"}}})).unwrap();
        change(environment);
    })
}

fn json_of(tenant: &Tenant, pick: impl Fn(Manifests<Prepared>) -> Value) -> Value {
    pick(manifests(tenant, &platform(), None, None, &inventory("hash")))
}

fn egress(tenant: &Tenant) -> Vec<Value> {
    let policy = serde_json::to_value(network_policies::openings(tenant, &platform())).unwrap();
    policy["spec"]["egress"].as_array().unwrap().clone()
}

#[test]
fn a_rule_without_peers_is_no_rule_for_it_would_let_everybody_in() {
    let mut nobody = platform();
    let network = &mut nobody.settings.network;
    for peers in [&mut network.dns_peers, &mut network.ingress_peers, &mut network.metrics_peers] {
        peers.0.clear();
    }
    let policy = network_policies::openings(&changed(|_| ()), &nobody);
    let policy = serde_json::to_value(policy).unwrap();
    let rules = |way: &str, side: &str| {
        let rules = policy["spec"][way].as_array().unwrap().clone();
        assert!(rules.iter().all(|rule| rule[side].as_array().is_some_and(|peers| !peers.is_empty())));
        rules.len()
    };
    assert_eq!(rules("ingress", "from"), 1, "the operator alone");
    assert_eq!(rules("egress", "to"), 1, "the internet alone");
}

#[test]
fn an_endpoint_at_an_address_is_opened_there_and_one_with_a_name_by_its_port() {
    let mut elsewhere = platform();
    "http://198.18.0.1:8080/v26.0".clone_into(&mut elsewhere.settings.whatsapp_graph_base);
    "https://[2001:db8::7]".clone_into(&mut elsewhere.settings.gemini_base);
    "https://calendar.example:8443/v3".clone_into(&mut elsewhere.settings.google_calendar_base);
    let policy = network_policies::openings(&changed(|_| ()), &elsewhere);
    let policy = serde_json::to_value(policy).unwrap();
    let rules = policy["spec"]["egress"].as_array().unwrap();
    let outside: Vec<i64> =
        rules[1]["ports"].as_array().unwrap().iter().map(|port| port["port"].as_i64().unwrap()).collect();
    assert_eq!(outside, [443, 8443]);
    assert_eq!(rules[2]["to"], json!([{"ipBlock": {"cidr": "198.18.0.1/32"}}]));
    assert_eq!(rules[2]["ports"][0]["port"], 8080);
    assert_eq!(rules[3]["to"], json!([{"ipBlock": {"cidr": "2001:db8::7/128"}}]));
}

#[test]
fn a_database_is_reached_where_the_client_says_it_is_and_nowhere_else() {
    let at = |egress: Value| {
        let tenant = postgres(|environment| {
            let postgres = environment.database.postgres.as_mut().unwrap();
            postgres.egress = serde_json::from_value(egress.clone()).unwrap();
        });
        self::egress(&tenant).pop().unwrap()
    };
    let rule = at(json!({"cidr": "10.20.0.0/28", "port": 6432}));
    assert_eq!(rule["to"], json!([{"ipBlock": {"cidr": "10.20.0.0/28"}}]));
    assert_eq!(rule["ports"], json!([{"port": 6432, "protocol": "TCP"}]));
    let rule = at(json!({"selector": {"namespace": "databases", "podLabels": {"cnpg.io/cluster": "main"}}}));
    assert_eq!(rule["to"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], "databases");
    assert_eq!(rule["to"][0]["podSelector"]["matchLabels"]["cnpg.io/cluster"], "main");
    assert_eq!(rule["ports"][0]["port"], 5432);
    let rule = at(Value::Null);
    assert_eq!(rule["to"][0]["ipBlock"], json!({"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}));
    assert_eq!(self::egress(&changed(|_| ())).len(), 2, "a file needs no opening");
}

#[test]
fn the_platforms_own_database_is_reached_at_the_port_of_its_address() {
    let tenant = changed(|environment| {
        environment.database = serde_json::from_value(json!({"postgres": {"provisioned": {}}})).unwrap();
    });
    let rule = |port: Option<u16>| {
        let mut known = platform();
        known.settings.database_port = port;
        let policy = serde_json::to_value(network_policies::openings(&tenant, &known)).unwrap();
        policy["spec"]["egress"].as_array().unwrap().last().unwrap().clone()
    };
    assert_eq!(rule(Some(6432))["ports"], json!([{"port": 6432, "protocol": "TCP"}]));
    assert_eq!(rule(None)["ports"][0]["port"], 5432);
    assert_eq!(rule(None)["to"][0]["ipBlock"], json!({"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}));
}

#[test]
fn closed_ranges_are_taken_out_of_the_internet() {
    let mut closed = platform();
    closed.settings.network.closed_ranges =
        ["203.0.113.0/24", "2001:db8::/32"].map(|range| range.parse().unwrap()).into();
    let policy = serde_json::to_value(network_policies::openings(&changed(|_| ()), &closed)).unwrap();
    let blocks = &policy["spec"]["egress"][1]["to"];
    for (index, range) in ["203.0.113.0/24", "2001:db8::/32"].into_iter().enumerate() {
        let except = blocks[index]["ipBlock"]["except"].as_array().unwrap();
        assert!(except.contains(&json!(range)) && except.len() > 5, "{except:?}");
    }
}

#[test]
fn a_quota_has_room_for_a_rollout_and_no_door_of_its_own() {
    let hard = |tenant: &Tenant| {
        json_of(tenant, |set| serde_json::to_value(set.quota).unwrap()["spec"]["hard"].clone())
    };
    let small = hard(&changed(|_| ()));
    assert_eq!(small["pods"], "3");
    assert_eq!((&small["limits.memory"], &small["requests.cpu"]), (&json!("4Gi"), &json!("4")));
    assert_eq!((&small["persistentvolumeclaims"], &small["requests.storage"]), (&json!("1"), &json!("1Gi")));
    assert_eq!((&small["services.loadbalancers"], &small["services.nodeports"]), (&json!("0"), &json!("0")));
    let large = hard(&postgres(|environment| {
        environment.replicas = 3;
        "2Gi".clone_into(&mut environment.resources.get_or_insert_default().limits.memory);
        "1500m".clone_into(&mut environment.resources.get_or_insert_default().requests.cpu);
    }));
    assert_eq!(large["pods"], "7");
    assert_eq!((&large["limits.memory"], &large["requests.cpu"]), (&json!("14Gi"), &json!("10500m")));
    assert_eq!(large["persistentvolumeclaims"], "0");
}

#[test]
fn cert_manager_can_answer_a_challenge_where_it_makes_the_certificate() {
    let tenant = changed(|environment| {
        environment.route = serde_json::from_value(json!({
            "host": "wa.agency.example", "tls": {"clusterIssuer": "letsencrypt"},
        }))
        .unwrap();
        "48Mi".clone_into(&mut environment.resources.get_or_insert_default().limits.memory);
    });
    let set = manifests(&tenant, &platform(), None, None, &inventory("hash"));
    let [deny, quota, limits] = [
        serde_json::to_value(set.default_deny).unwrap(),
        serde_json::to_value(set.quota).unwrap(),
        serde_json::to_value(set.limit_range).unwrap(),
    ];
    assert_eq!(deny["spec"]["ingress"][0]["ports"], json!([{"port": 8089, "protocol": "TCP"}]));
    assert!(deny["spec"]["ingress"][0]["from"].as_array().is_some_and(|peers| !peers.is_empty()));
    assert_eq!(quota["spec"]["hard"]["services.nodeports"], "1");
    assert_eq!(limits["spec"]["limits"][1]["max"]["memory"], "64Mi");
}

#[test]
fn only_servers_that_are_not_alone_have_a_budget_and_are_spread() {
    let of = |replicas: u8, suspend: bool| {
        let tenant = postgres(|environment| {
            environment.replicas = replicas;
            environment.suspend = suspend;
        });
        let set = manifests(&tenant, &platform(), None, None, &inventory("hash"));
        let pod = set.deployment.unwrap().spec.unwrap().template.spec.unwrap();
        (set.disruption_budget.is_some(), pod.topology_spread_constraints.is_some_and(|all| all.len() == 2))
    };
    assert_eq!(of(1, false), (false, false));
    assert_eq!(of(2, false), (true, true));
    assert_eq!(of(2, true), (false, true), "no server runs");
}

#[test]
fn a_gateway_takes_the_place_of_the_ingress_with_the_same_paths() {
    let tenant = changed(|environment| {
        environment.route = Some(Route {
            host: "wa.agency.example".to_owned(),
            path: Some("/ze".to_owned()),
            tls: None,
            ingress_class_name: None,
            gateway: Some(GatewayReference {
                name: "public".to_owned(),
                namespace: "gateways".to_owned(),
                section_name: Some("https".to_owned()),
            }),
        });
    });
    let set = manifests(&tenant, &platform(), None, None, &inventory("hash"));
    assert!(set.route.is_none());
    insta::assert_snapshot!(serde_yaml::to_string(&set.http_route.unwrap()).unwrap());
    let without = Inventory { installed: Installed::default(), ..inventory("hash") };
    let set = manifests(&tenant, &platform(), None, None, &without);
    assert!(set.http_route.is_none() && set.route.is_none() && set.pod_monitor.is_none());
}

#[test]
fn labels_for_prometheus_do_not_hide_whose_a_monitor_is() {
    let mut labelled = platform();
    labelled.settings.network.pod_monitor_labels =
        r#"{"release": "kube-prometheus-stack", "app.kubernetes.io/managed-by": "helm"}"#.parse().unwrap();
    let set = manifests(&changed(|_| ()), &labelled, None, None, &inventory("hash"));
    let labels = set.pod_monitor.unwrap().metadata.labels.unwrap();
    assert_eq!(labels["release"], "kube-prometheus-stack");
    assert_eq!(labels["app.kubernetes.io/managed-by"], crate::MANAGER);
}
