//! Everything that derives from `KEFU_SECRET`: conversation ids, signatures, sealed secrets. One
//! secret goes in, a key of its own for each purpose comes out, so none can stand for another.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit as _,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use kefu_proto::v1::channel;
use sha2::Sha256;

/// The shortest `KEFU_SECRET` that is taken outside development, in bytes.
pub const SECRET_LEAST: usize = 32;

/// The keys of a deployment.
#[derive(Clone)]
pub struct Keys {
    conversation: [u8; 32],
    token: [u8; 32],
    seal: [u8; 32],
    visitor: [u8; 32],
    bus: [u8; 32],
    puzzle: [u8; 32],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

/// A sealed value that was not sealed here, or not for this purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsealable;

impl Keys {
    /// What tells this deployment's subjects on a bus from others'.
    pub fn bus(&self) -> String {
        self.bus.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The keys that `secret` gives.
    pub fn derive(secret: &str) -> Self {
        let key = |purpose: &str| mac(secret.as_bytes(), &[purpose]);
        Self {
            conversation: key("kefu/v1/conversation"),
            token: key("kefu/v1/token"),
            seal: key("kefu/v1/seal"),
            visitor: key("kefu/v1/visitor"),
            bus: key("kefu/v1/bus"),
            puzzle: key("kefu/v1/puzzle"),
        }
    }

    /// The id of the conversation between a visitor and a site on a channel: found, never
    /// searched. 32 hex digits that tell nothing.
    pub fn conversation(&self, site: &str, channel: channel::Type, visitor: &str) -> String {
        hex(&mac(&self.conversation, &[site, channel.as_str_name(), visitor])[..16])
    }

    /// The visitor id of somebody whom the host site vouches for.
    pub fn identified_visitor(&self, site: &str, subject: &str) -> String {
        format!("u{}", hex(&mac(&self.visitor, &[site, subject])[..16]))
    }

    /// Signs a text.
    pub fn sign(&self, text: &str) -> String {
        BASE64.encode(mac(&self.token, &[text]))
    }

    /// Whether `signature` is this deployment's for `text`, in constant time.
    pub fn verify(&self, text: &str, signature: &str) -> bool {
        verifies(&self.token, &[text], signature)
    }

    /// Signs a puzzle by its parts.
    pub fn sign_puzzle(&self, parts: &[&str]) -> String {
        BASE64.encode(mac(&self.puzzle, parts))
    }

    /// Whether `signature` is this deployment's for a puzzle of these parts, in constant time.
    pub fn verify_puzzle(&self, parts: &[&str], signature: &str) -> bool {
        verifies(&self.puzzle, parts, signature)
    }

    /// Encrypts a value so that it opens only under the same name.
    pub fn seal(&self, name: &str, value: &str, entropy: u128) -> String {
        let nonce: [u8; 12] = first_twelve(entropy);
        let payload = Payload { msg: value.as_bytes(), aad: name.as_bytes() };
        let sealed = self.cipher().encrypt(&nonce.into(), payload).unwrap_or_default();
        BASE64.encode([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Keys::seal`] made.
    pub fn unseal(&self, name: &str, sealed: &str) -> Result<String, Unsealable> {
        let bytes = BASE64.decode(sealed).map_err(|_| Unsealable)?;
        let (nonce, sealed) = bytes.split_first_chunk::<12>().ok_or(Unsealable)?;
        let payload = Payload { msg: sealed, aad: name.as_bytes() };
        let value = self.cipher().decrypt(&(*nonce).into(), payload).map_err(|_| Unsealable)?;
        String::from_utf8(value).map_err(|_| Unsealable)
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&self.seal.into())
    }
}

/// Whether two secrets are equal, without telling by time where they differ.
pub fn same_secret(left: &str, right: &str) -> bool {
    let tag = mac(b"kefu/v1/compare", &[left]);
    feed(b"kefu/v1/compare", &[right]).verify_slice(&tag).is_ok()
}

/// The HMAC-SHA256 of parts, each with its length so that no two lists give the same bytes.
fn mac(key: &[u8], parts: &[&str]) -> [u8; 32] {
    feed(key, parts).finalize().into_bytes().into()
}

fn verifies(key: &[u8], parts: &[&str], signature: &str) -> bool {
    let Ok(signature) = BASE64.decode(signature) else { return false };
    feed(key, parts).verify_slice(&signature).is_ok()
}

fn feed(key: &[u8], parts: &[&str]) -> Hmac<Sha256> {
    let mut mac = hmac_of(key);
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac
}

/// HMAC takes keys of every length.
pub(crate) fn hmac_of(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key)
        .unwrap_or_else(|_| <Hmac<Sha256> as hmac::KeyInit>::new(&Default::default()))
}

fn first_twelve(entropy: u128) -> [u8; 12] {
    let mut nonce = [0; 12];
    for (to, from) in nonce.iter_mut().zip(entropy.to_be_bytes()) {
        *to = from;
    }
    nonce
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use channel::Type::{Web, Wechat};

    #[test]
    fn a_conversation_is_found_by_its_parts_and_by_no_others() {
        let keys = Keys::derive("one secret");
        let id = keys.conversation("shop", Web, "v1");
        assert_eq!(id.len(), 32);
        assert_eq!(id, keys.conversation("shop", Web, "v1"));
        for other in [
            keys.conversation("shop", Wechat, "v1"),
            keys.conversation("shopv", Web, "1"),
            keys.conversation("shop", Web, "v2"),
            Keys::derive("another secret").conversation("shop", Web, "v1"),
        ] {
            assert_ne!(id, other);
        }
    }

    #[test]
    fn a_signature_holds_for_its_text_and_its_deployment_only() {
        let keys = Keys::derive("one");
        let signature = keys.sign("text");
        assert!(keys.verify("text", &signature));
        assert!(!keys.verify("Text", &signature));
        assert!(!Keys::derive("two").verify("text", &signature));
        assert!(!keys.verify("text", "not base64!"));
        assert!(!keys.verify("text", ""));
    }

    #[test]
    fn a_sealed_value_opens_under_its_own_name_and_shows_nothing() {
        let keys = Keys::derive("one");
        let sealed = keys.seal("shop/TOKEN", "pat_123", 7);
        assert!(!sealed.contains("pat"));
        assert_eq!(keys.unseal("shop/TOKEN", &sealed).as_deref(), Ok("pat_123"));
        assert_eq!(keys.unseal("other/TOKEN", &sealed), Err(Unsealable));
        assert_eq!(Keys::derive("two").unseal("shop/TOKEN", &sealed), Err(Unsealable));
        assert_eq!(keys.unseal("shop/TOKEN", "AAAA"), Err(Unsealable));
    }
}
