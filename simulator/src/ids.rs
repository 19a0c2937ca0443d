//! Names the vendors give to things: message ids, access tokens, response ids.
//!
//! They are unique in this process, and different in the next one, because a tenant's database outlives the
//! simulator and refuses a message id it has seen.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
};

use aws_lc_rs::{digest, rand};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};

/// Makes ids from a seed and a counter.
#[derive(Debug)]
pub struct Ids {
    seed: [u8; 16],
    next: AtomicU64,
}

/// The system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("reading randomness for ids failed")]
pub struct NoRandomness;

impl Ids {
    /// Ids no other process makes.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut seed = [0; 16];
        rand::fill(&mut seed).map_err(|_| NoRandomness)?;
        Ok(Self::seeded(seed))
    }

    /// The same ids for the same seed.
    pub fn seeded(seed: [u8; 16]) -> Self {
        Self { seed, next: AtomicU64::new(0) }
    }

    fn bytes(&self, purpose: &str) -> Vec<u8> {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&self.seed);
        context.update(&self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        context.update(purpose.as_bytes());
        context.finish().as_ref().to_vec()
    }

    /// A WhatsApp message id, `wamid.HBg…`.
    pub fn wamid(&self) -> String {
        format!("wamid.HBg{}", STANDARD.encode(&self.bytes("wamid")[..30]))
    }

    /// A Google access token, `ya29.…`.
    pub fn access_token(&self) -> String {
        format!("ya29.{}", URL_SAFE_NO_PAD.encode(self.bytes("token")))
    }

    /// A short name of letters and digits: response ids, trace ids, conversations.
    pub fn short(&self, purpose: &str) -> String {
        hex(&self.bytes(purpose)[..8])
    }

    /// An event id that Google Calendar would make.
    pub fn event(&self) -> String {
        hex(&self.bytes("event")[..13])
    }

    /// Bytes that make two signatures over the same content differ.
    pub fn nonce(&self) -> [u8; 16] {
        let mut nonce = [0; 16];
        nonce.copy_from_slice(&self.bytes("nonce")[..16]);
        nonce
    }
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
