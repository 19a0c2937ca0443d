//! Ids and references, handed in so that tests can seed them.

use std::sync::Arc;

/// Makes ids.
pub trait Ids: Send + Sync + 'static {
    /// 32 hexadecimal digits, unique, rising with time.
    fn id(&self) -> String;
    /// Six characters a person can read out: no 0/O, 1/I/L.
    fn reference(&self) -> String;
}

/// An id source shared by all parts.
pub type SharedIds = Arc<dyn Ids>;

/// Somewhere between 0 and 1: hundreds of tenants do not do the same at once.
pub fn share(ids: &dyn Ids) -> f64 {
    let last = u32::from_str_radix(ids.id().get(28..).unwrap_or_default(), 16).unwrap_or(0x8000);
    f64::from(last & 0xffff) / 65_535.0
}

/// The machine's randomness.
#[derive(Clone, Copy, Debug)]
pub struct RandomIds;

const READABLE: &[u8] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    fn id(&self) -> String {
        uuid::Uuid::now_v7().simple().to_string()
    }

    fn reference(&self) -> String {
        let mut bytes = [0_u8; 6];
        // Without randomness there is no key, no TLS and no id either: the reference may then repeat, and the
        // database refuses a repeated one.
        let _ = aws_lc_rs::rand::fill(&mut bytes);
        bytes.iter().map(|byte| char::from(READABLE[usize::from(*byte) % READABLE.len()])).collect()
    }
}
