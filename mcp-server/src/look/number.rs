//! The number: whether the token can read it, and what Meta thinks of it. The same answer says where its deliveries go
//! (`address`), and how late it is at Meta.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    status::{Reason, Seen},
    whatsapp::{graph::Graph, verdict},
};

/// What a look at the number has shown.
#[derive(Clone, Debug)]
pub struct NumberSeen {
    /// The token and the number.
    pub number: Seen,
    /// Where deliveries go (`webhook_configuration`), where the number could be read.
    pub addresses: Option<Value>,
    /// Meta's time, where an answer came.
    pub date: Option<Timestamp>,
}

/// Asks for the number.
pub async fn look(graph: &Graph) -> NumberSeen {
    let (date, answer) = graph.number().await;
    match answer {
        Err(trouble) => NumberSeen { number: verdict::of_trouble(&trouble), addresses: None, date },
        Ok(mut body) => {
            let addresses = Some(body["webhook_configuration"].take());
            NumberSeen { number: read(&body), addresses, date }
        }
    }
}

fn read(body: &Value) -> Seen {
    let field = |name: &str| body[name].as_str().unwrap_or("?");
    let seen = format!("the token reads {} \"{}\"", field("display_phone_number"), field("verified_name"));
    match body["quality_rating"].as_str() {
        Some(quality @ ("RED" | "YELLOW")) => {
            Seen::new(Reason::QualityLow, format!("{seen}; its quality is {quality}"))
                .next("send fewer messages nobody asked for; see the WhatsApp Manager's insights")
        }
        _ => Seen::new(Reason::Works, seen),
    }
}
