//! SHA-256, for the audit's chain, digests of tables and short keys.

use aws_lc_rs::digest;

/// A digest in the making.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Sha256 {
    /// Of nothing yet.
    #[expect(clippy::new_without_default, reason = "a digest of nothing is no default of anything")]
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest in hex.
    pub fn finish(self) -> String {
        hex::encode(self.0.finish())
    }
}

/// The digest in hex over parts put together.
pub fn hex_of(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    digest.finish()
}

/// The first 64 bits over parts with a zero byte between them, as a signed number: a short key for a long id, to be
/// confirmed by the id itself.
pub fn key(parts: &[&str]) -> i64 {
    let mut context = digest::Context::new(&digest::SHA256);
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            context.update(&[0]);
        }
        context.update(part.as_bytes());
    }
    let mut first = [0_u8; 8];
    for (to, from) in first.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    i64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standard() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex_of(&[b"a", b"bc"]), abc);
        assert_eq!(key(&["abc"]), i64::from_be_bytes([0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea]));
        assert_ne!(key(&["a", "bc"]), key(&["ab", "c"]));
    }
}
