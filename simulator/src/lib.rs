//! Stand-ins for the services a tenant talks to: Meta's Graph API and webhooks, Gemini, Google's token endpoint and
//! Google Calendar. One process, one listener, everything in memory.
//!
//! They check what they are sent as the vendors do: by the published schemas, the documented limits, and the rules
//! that schemas do not say. A request that breaks a rule is refused as the vendor refuses it, and is noted in
//! [`Snapshot::violations`], so that a test can demand that there are none.
//!
//! `/` is a page with a customer's phone: chat, agenda, and how each answer came about.
//!
//! What a test can do to them, over HTTP under `/_sim` or through [`Simulator`]:
//!
//! - say something as a customer ([`Simulator::say`]): posted as Meta posts it, signed, tried again until accepted;
//! - hold requests at a [`Point`], make them fail ([`Fault`]), or script the model's replies;
//! - look at everything recorded ([`Simulator::state`]).
//!
//! | path under `/_sim` | body | what it does |
//! |---|---|---|
//! | `GET state`, `POST reset` | | everything recorded; forgets it, numbers and keys too |
//! | `POST numbers` | `{phone_number_id, webhook_url, app_secret, display_phone_number?, business_account_id?, access_tokens?, templates?, window?, pair_rate?}` | registers a number: from now on its webhooks are posted |
//! | `POST say` | `{phone_number_id, from, name, text, wamid?, timestamp?, phone?, user_id?, message?}` | a customer's message; answers `{wamid, status}` after the first attempt |
//! | `POST echo` | `{phone_number_id, to, text, wamid?}` | what the business wrote from its phone |
//! | `POST media` | `{mime_type, base64}` | a file a customer can send; answers `{id, mime_type, sha256}` |
//! | `POST voice` | `{text}` | keeps a recording of these words; answers the `message` that carries it, for `say` |
//! | `POST webhook` | `{phone_number_id, body}` | posts any body, signed, once |
//! | `POST google-key` | `{client_email, public_key_pem}` | assertions of this account must be signed with it |
//! | `POST events` | `{calendar_id, event}` | an event the calendar's owner made |
//! | `POST events/change`, `POST events/delete` | `{calendar_id, event_id, changes}`, `{calendar_id, event_id}` | what the owner does to an event by hand |
//! | `POST calendars` | `{calendar_id, access?, time_zone?, expire_sync_tokens?}` | access: `writer`, `freeBusyReader`, `none`; makes sync tokens too old (410) |
//! | `POST ingress` | `{public, local}` | pushes to addresses that begin with `public` go to `local` |
//! | `POST holds`, `GET holds`, `POST release` | `{point, count?}` (1 if absent); `{point}` or `{all: true}` | keeps requests waiting; lets them go |
//! | `POST faults` | `{vendor, status?, body?, times?, retry_after?, delay_ms?}` | makes the next requests fail or wait |
//! | `POST script` | `{replies: […]}` | what the model answers next |
//! | `POST manner` | `{manner, times?}` | how the model behaves: [`Manner`] in snake case; for ever without `times` |
//!
//! A scripted reply is a whole response (an object with `candidates` or `promptFeedback`), one candidate,
//! `{"text": …}`, `{"call": {"name": …, "args": …}}`, or several calls at once `{"calls": […]}`. Calls get an id and a valid thought signature unless they
//! bring their own; an own signature is refused when it is replayed.

mod chat;
mod clock;
mod control;
mod fault;
mod gemini;
mod google;
mod graph;
mod hold;
mod http;
mod ids;
mod listener;
pub mod load;
mod router;
mod schema;
mod shared;
mod simulator;
mod state;
mod webhook;

pub use chat::Panels;
pub use clock::Clock;
pub use fault::Fault;
pub use gemini::{manner::Manner, voice::voice};
pub use google::{
    error::CalendarError,
    settings::Access,
    watch::{Push, WatchChannel},
};
pub use graph::{limits::Template, media::Media};
pub use hold::{Point, Waiting};
pub use http::ClientError;
pub use ids::NoRandomness;
pub use listener::{ListenError, Tls};
pub use schema::{SchemaError, samples};
pub use simulator::{ControlError, Said, Settings, Simulator, StartError};
pub use state::{
    CalendarCall, Delivery, EventRow, ModelCall, ReadReceipt, SaidMessage, SentMessage, Snapshot, Vendor,
    Violation,
};
pub use webhook::{
    Echo, Number, Say,
    signature::{meta_json, sign},
};
