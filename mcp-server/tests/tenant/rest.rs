//! The programs' door.

use serde_json::{Value, json};

use crate::harness::{Tenant, http};

async fn ask(tenant: &Tenant, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let method = method.parse().unwrap();
    let mut request = http().request(method, tenant.url(path)).bearer_auth(token);
    if !body.is_null() {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn a_program_talks_to_the_same_assistant_and_whatsapp_hears_nothing_of_it() {
    let tenant = Tenant::start().await;
    let token = tenant.token("booking:read booking:write").await;
    let said = json!({"message": "Quero um corte amanhã às 15h", "user_id": "u-1"});
    let (status, reply) = ask(&tenant, &token, "POST", "/api/v1/chat", said).await;
    assert_eq!(status, 200, "{reply}");
    assert!(reply["answer"].as_str().unwrap().contains("Agendamento confirmado"), "{reply}");
    let (_, listed) = ask(&tenant, &token, "GET", "/api/v1/appointments/list", Value::Null).await;
    assert_eq!(listed["appointments"][0]["service"]["id"], "corte", "{listed}");
    assert_eq!(tenant.db.bookings().await.len(), 1);
    assert!(tenant.sim.state().messages.is_empty());
}

#[tokio::test]
async fn appointments_are_made_and_cancelled_under_the_base_path_too() {
    let tenant = Tenant::start().await;
    let token = tenant.token("booking:read booking:write").await;
    let path = "/api/v1/appointments/available?service=corte";
    let (_, found) = ask(&tenant, &token, "GET", path, Value::Null).await;
    let body = json!({"slot": found["slots"][0]["slot"], "customer": {"name": "Bruno"}});
    let under = "/barbearia/production/api/v1/appointments";
    let (status, made) = ask(&tenant, &token, "POST", &format!("{under}/create"), body).await;
    assert_eq!(status, 201, "{made}");
    tenant.until("the event", |s| s.events.len() == 1).await;
    let id = made["appointment"]["id"].as_str().unwrap();
    let (status, gone) = ask(&tenant, &token, "DELETE", &format!("{under}/{id}"), Value::Null).await;
    assert_eq!((status, gone["appointment"]["state"].as_str()), (200, Some("cancelled")), "{gone}");
    tenant.until("no event", |s| s.events.iter().all(|event| event.status == "cancelled")).await;
}
