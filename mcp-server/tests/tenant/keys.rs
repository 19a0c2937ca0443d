//! Keys made for this run, and a client: what every suite of this crate needs.

use std::sync::OnceLock;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};

/// PEM of keys made for this run.
pub struct Pems {
    pub google: String,
    pub google_public: String,
    pub signing: String,
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

pub fn pems() -> &'static Pems {
    static PEMS: OnceLock<Pems> = OnceLock::new();
    PEMS.get_or_init(|| {
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let ed = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
        let public: PublicKeyX509Der<'_> = rsa.public_key().as_der().unwrap();
        let private: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
        Pems {
            google: pem("PRIVATE KEY", private.as_ref()),
            google_public: pem("PUBLIC KEY", public.as_ref()),
            signing: pem("PRIVATE KEY", ed.as_ref()),
        }
    })
}

pub fn http() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT
        .get_or_init(|| {
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            mcp_server::http_client::client(None).unwrap()
        })
        .clone()
}
