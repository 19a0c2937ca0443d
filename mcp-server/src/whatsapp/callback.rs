//! Where Meta delivers to: the number's own address overrides those of the account and of the app, and without it a
//! number of a shared app is silent while all looks healthy (Meta, "Webhook overrides"). The server sets its address
//! when it has one, looks again every hour, and says in `/status` what a person must do where it may not.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    answer::{Class, Trouble},
    graph::Graph,
};
use crate::{
    clock::SharedClock,
    status::{Dependency, StatusBoard},
};

/// Meta takes no longer address.
const LONGEST_URL: usize = 200;
/// How often a good setting is looked at.
const AGAIN: Duration = Duration::from_hours(1);
/// After a failure first this long …
const FIRST_RETRY: Duration = Duration::from_secs(10);
/// … and at most this long.
const LONGEST_RETRY: Duration = Duration::from_mins(15);

/// Keeps the number's callback address.
pub struct CallbackLoop {
    graph: Graph,
    public_url: String,
    board: Arc<StatusBoard>,
    clock: SharedClock,
}

impl CallbackLoop {
    /// For the tenant at this public base URL.
    pub fn new(graph: Graph, public_url: &str, board: &Arc<StatusBoard>, clock: &SharedClock) -> Self {
        Self { graph, public_url: public_url.to_owned(), board: Arc::clone(board), clock: Arc::clone(clock) }
    }

    /// Runs until stopped; ends at once where Meta could not reach the address.
    pub async fn run(self, stop: CancellationToken) {
        if !self.public_url.starts_with("https://") {
            tracing::info!("PUBLIC_URL is not https: the webhook's address is not set at Meta");
            return;
        }
        let url = format!("{}/webhooks/whatsapp", self.public_url);
        let mut retry = FIRST_RETRY;
        loop {
            let outcome = self.keep(&url).await;
            let nap = if outcome.is_ok() { AGAIN } else { retry };
            retry = if outcome.is_ok() { FIRST_RETRY } else { (retry * 2).min(LONGEST_RETRY) };
            self.board.report(Dependency::Webhook, self.clock.now(), outcome);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(nap) => {}
            }
        }
    }

    /// Looks, sets where needed, and looks again.
    async fn keep(&self, url: &str) -> Result<(), String> {
        if url.len() > LONGEST_URL {
            return Err(format!(
                "Meta takes no webhook address longer than {LONGEST_URL} characters: shorten the route's path"
            ));
        }
        if self.graph.callback().await.map_err(|trouble| advice(&trouble))?.as_deref() == Some(url) {
            return Ok(());
        }
        self.graph.set_callback(url).await.map_err(|trouble| advice(&trouble))?;
        tracing::info!("the webhook's address of the number was set at Meta");
        match self.graph.callback().await {
            Ok(set) if set.as_deref() != Some(url) => {
                Err("Meta took the webhook's address and does not show it; it is looked at again".to_owned())
            }
            // It was taken; the next look tells.
            _ => Ok(()),
        }
    }
}

fn advice(trouble: &Trouble) -> String {
    let why = &trouble.why;
    match trouble.class {
        Class::Token | Class::Account => format!(
            "{why}: the token may not manage the number. Give its system user whatsapp_business_management, or set \
             the number's callback to this tenant's webhook address by hand"
        ),
        Class::Request => format!(
            "{why}: Meta refused the webhook's address. Check that the app is subscribed to the WhatsApp business \
             account, and that the address answers from the internet with a valid certificate"
        ),
        _ => format!("{why}: the webhook's address could not be checked; it is tried again"),
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, extract::Query, routing::get};
    use mcp_simulator::{Fault, Number, Simulator};

    use super::*;
    use crate::{clock::SystemClock, settings::WhatsAppSettings, whatsapp::template::Templates};

    async fn world() -> (Simulator, CallbackLoop) {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let sim = Simulator::start(mcp_simulator::Settings::default()).await.unwrap();
        sim.register_number(Number::new("1065", "http://127.0.0.1:1/app", "s"));
        let settings = WhatsAppSettings {
            graph_base: sim.graph_base(),
            api_token: "t".to_owned().into(),
            phone_number_id: "1065".into(),
            business_account_id: None,
            messages_per_second: 80,
            templates: Templates::default(),
            app_secrets: Vec::new(),
            verify_token: "v".to_owned().into(),
        };
        let graph = Graph::new(crate::http_client::client(None).unwrap(), settings);
        let clock: SharedClock = Arc::new(SystemClock);
        let kept = CallbackLoop::new(graph, "http://127.0.0.1:1", &Arc::default(), &clock);
        (sim, kept)
    }

    /// A webhook that knows the verify token.
    async fn webhook() -> String {
        let repeat = |Query(query): Query<std::collections::HashMap<String, String>>| async move {
            if query["hub.verify_token"] == "v" { query["hub.challenge"].clone() } else { String::new() }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/whatsapp", listener.local_addr().unwrap());
        tokio::spawn(
            axum::serve(listener, Router::new().route("/webhooks/whatsapp", get(repeat))).into_future(),
        );
        url
    }

    #[tokio::test]
    async fn the_numbers_own_address_is_set_once_and_seen_again() {
        let (sim, kept) = world().await;
        let url = webhook().await;
        assert_eq!(kept.graph.callback().await, Ok(None));
        assert_eq!(kept.keep(&url).await, Ok(()));
        assert_eq!(kept.graph.callback().await, Ok(Some(url.clone())));
        assert_eq!(kept.keep(&url).await, Ok(()));
        assert!(sim.state().violations.is_empty());
    }

    #[tokio::test]
    async fn a_refusal_says_what_a_person_must_do() {
        let (sim, kept) = world().await;
        sim.fail(Fault::graph(200));
        let no_right = kept.keep("http://127.0.0.1:1/webhooks/whatsapp").await.unwrap_err();
        assert!(no_right.contains("whatsapp_business_management"), "{no_right}");
        let nobody_there = kept.keep("http://127.0.0.1:1/webhooks/whatsapp").await.unwrap_err();
        assert!(nobody_there.contains("answers from the internet"), "{nobody_there}");
        let long = kept.keep(&format!("https://x.example/{}", "a".repeat(200))).await.unwrap_err();
        assert!(long.contains("200 characters"), "{long}");
    }

    #[tokio::test]
    async fn without_tls_nothing_is_asked_of_meta() {
        let (sim, kept) = world().await;
        kept.run(CancellationToken::new()).await;
        assert!(sim.state().violations.is_empty());
    }
}
