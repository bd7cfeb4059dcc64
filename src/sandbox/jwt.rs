//! Signed JWTs: what a cluster hands to its service accounts, and the check of a signature against a public key.
//!
//! Promise: [`Token::parse`] only takes apart; nothing of a token may be believed before [`Token::is_signed_by`] said yes.
//! Absent: what claims must hold (`exp`, `iss`, `aud`), since clusters and Vault judge them by rules of their own; symmetric
//! keys, and the curve P-521 (ES512), which ring does not have.

mod set;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey, Header, crypto,
};
use ring::rand::SystemRandom;
use ring::signature as primitive;
use serde_json::{Map, Value, json};
use std::fmt;
use std::str::FromStr;
use std::sync::Once;

/// A key that signs with ES256.
pub(super) struct SigningKey {
    id: String,
    private: EncodingKey,
    /// The public point: a byte that says that it is not compressed, and its two coordinates.
    point: Vec<u8>,
}

impl SigningKey {
    pub(super) fn generate() -> Result<Self, rcgen::Error> {
        use rcgen::PublicKeyData as _;
        let pair = rcgen::KeyPair::generate()?;
        let digest = ring::digest::digest(&ring::digest::SHA256, &pair.subject_public_key_info());
        Ok(Self {
            id: URL_SAFE_NO_PAD.encode(digest),
            private: EncodingKey::from_ec_der(&pair.serialize_der()),
            point: pair.public_key_raw().to_vec(),
        })
    }

    pub(super) fn sign(&self, claims: &Value) -> Result<String, Error> {
        install();
        let mut header = Header::new(Algorithm::ES256);
        header.typ = None;
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.private)
    }

    pub(super) fn public(&self) -> PublicKey {
        PublicKey {
            id: Some(self.id.clone()),
            key: DecodingKey::from_ec_der(&self.point),
        }
    }

    /// The one key of a JWKS.
    pub(super) fn jwk(&self) -> Value {
        let coordinates = self.point.get(1..).unwrap_or_default();
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        json!({
            "use": "sig",
            "kty": "EC",
            "kid": self.id,
            "crv": "P-256",
            "alg": "ES256",
            "x": URL_SAFE_NO_PAD.encode(x),
            "y": URL_SAFE_NO_PAD.encode(y),
        })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What a signature is checked against.
#[derive(Debug, Clone)]
pub(super) struct PublicKey {
    /// `kid`, where the key came with one.
    pub id: Option<String>,
    key: DecodingKey,
}

impl PublicKey {
    pub(super) fn is_edwards(&self) -> bool {
        self.key.family() == AlgorithmFamily::Ed
    }

    /// A `PUBLIC KEY` (SPKI) or a certificate, of an elliptic curve, Ed25519 or RSA.
    pub(super) fn from_pem(pem: &str) -> Result<Self, Error> {
        let pem = pem.as_bytes();
        let key = DecodingKey::from_ec_pem(pem)
            .or_else(|_| DecodingKey::from_rsa_pem(pem))
            .or_else(|_| DecodingKey::from_ed_pem(pem))?;
        Ok(Self { id: None, key })
    }

    /// The keys of a JWKS, or why it is none.
    pub(super) fn from_jwks(jwks: &Value) -> Result<Vec<Self>, String> {
        set::read(jwks)
    }
}

/// A token taken apart, not yet believed.
#[derive(Clone)]
pub(super) struct Token {
    pub header: Map<String, Value>,
    pub claims: Map<String, Value>,
    message: String,
    signature: String,
}

impl Token {
    /// `None` for what is no JWT.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        URL_SAFE_NO_PAD.decode(signature).ok()?;
        Some(Self {
            header: part(header)?,
            claims: part(claims)?,
            message: message.to_owned(),
            signature: signature.to_owned(),
        })
    }

    pub(super) fn key_id(&self) -> Option<&str> {
        self.header.get("kid")?.as_str()
    }

    /// `ES256`, as the header has it.
    pub(super) fn algorithm(&self) -> Option<&str> {
        self.header.get("alg")?.as_str()
    }

    /// Whether there is a signature at all, good or not.
    pub(super) fn is_signed(&self) -> bool {
        !self.signature.is_empty()
    }

    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        install();
        let Some(algorithm) = self
            .algorithm()
            .and_then(|name| Algorithm::from_str(name).ok())
        else {
            return false;
        };
        let message = self.message.as_bytes();
        crypto::verify(&self.signature, message, &key.key, algorithm).unwrap_or(false)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(redacted)")
    }
}

fn part(encoded: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

/// The library does its cryptography with what it is given; here, ring, as the rest of the program does.
fn install() {
    static RING: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| Ok(Box::new(Es256::new(*algorithm, key)?)),
        verifier_factory: |algorithm, key| Ok(Box::new(Check::new(*algorithm, key)?)),
        key_utils: KeyUtils::new_unimplemented(),
    };
    static ONCE: Once = Once::new();
    // Nothing else in the program installs one.
    ONCE.call_once(|| {
        let _ = RING.install_default();
    });
}

struct Es256(primitive::EcdsaKeyPair);

impl Es256 {
    fn new(algorithm: Algorithm, key: &EncodingKey) -> Result<Self, Error> {
        if algorithm != Algorithm::ES256 {
            return Err(new_error(ErrorKind::UnsupportedAlgorithm));
        }
        let kind = &primitive::ECDSA_P256_SHA256_FIXED_SIGNING;
        primitive::EcdsaKeyPair::from_pkcs8(kind, key.as_bytes(), &SystemRandom::new())
            .map(Self)
            .map_err(|_| new_error(ErrorKind::InvalidEcdsaKey))
    }
}

impl Signer<Vec<u8>> for Es256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let signed = self.0.sign(&SystemRandom::new(), message);
        signed
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Es256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

enum Primitive {
    Curve(&'static dyn primitive::VerificationAlgorithm),
    Rsa(&'static primitive::RsaParameters),
}

struct Check {
    algorithm: Algorithm,
    primitive: Primitive,
    key: DecodingKey,
}

impl Check {
    fn new(algorithm: Algorithm, key: &DecodingKey) -> Result<Self, Error> {
        let primitive = match algorithm {
            Algorithm::ES256 => Primitive::Curve(&primitive::ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => Primitive::Curve(&primitive::ECDSA_P384_SHA384_FIXED),
            Algorithm::RS256 => Primitive::Rsa(&primitive::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => Primitive::Rsa(&primitive::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => Primitive::Rsa(&primitive::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::PS256 => Primitive::Rsa(&primitive::RSA_PSS_2048_8192_SHA256),
            Algorithm::PS384 => Primitive::Rsa(&primitive::RSA_PSS_2048_8192_SHA384),
            Algorithm::PS512 => Primitive::Rsa(&primitive::RSA_PSS_2048_8192_SHA512),
            Algorithm::EdDSA => Primitive::Curve(&primitive::ED25519),
            _ => return Err(new_error(ErrorKind::UnsupportedAlgorithm)),
        };
        // A key of another kind is never read as one of this.
        if key.family() != algorithm.family() {
            return Err(new_error(ErrorKind::InvalidAlgorithm));
        }
        Ok(Self {
            algorithm,
            primitive,
            key: key.clone(),
        })
    }
}

impl Verifier<Vec<u8>> for Check {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let verified = match (&self.primitive, self.key.kind()) {
            (Primitive::Curve(curve), DecodingKeyKind::SecretOrDer(point)) => {
                primitive::UnparsedPublicKey::new(*curve, point).verify(message, signature)
            }
            (Primitive::Rsa(rsa), DecodingKeyKind::SecretOrDer(der)) => {
                primitive::UnparsedPublicKey::new(*rsa, der).verify(message, signature)
            }
            (Primitive::Rsa(rsa), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                primitive::RsaPublicKeyComponents { n, e }.verify(rsa, message, signature)
            }
            (Primitive::Curve(_), DecodingKeyKind::RsaModulusExponent { .. }) => {
                Err(ring::error::Unspecified)
            }
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Check {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::generate().unwrap()
    }

    #[test]
    fn what_a_key_signs_is_believed_by_its_public_halves_and_by_no_other() {
        let (key, other) = (key(), key());
        let text = key
            .sign(&json!({ "sub": "system:serviceaccount:a:b" }))
            .unwrap();
        let token = Token::parse(&text).unwrap();
        let jwks = json!({ "keys": [other.jwk(), key.jwk()] });
        let from_jwks = PublicKey::from_jwks(&jwks).unwrap();
        assert_eq!(token.claims["sub"], "system:serviceaccount:a:b");
        assert_eq!(from_jwks[1].id.as_deref(), token.key_id());
        assert!(token.is_signed_by(&key.public()));
        assert!(token.is_signed_by(&from_jwks[1]));
        assert!(!token.is_signed_by(&from_jwks[0]));
        assert!(!token.is_signed_by(&other.public()));
    }

    #[test]
    fn a_changed_claim_or_algorithm_breaks_the_signature() {
        let key = key();
        let text = key.sign(&json!({ "sub": "a" })).unwrap();
        let [header, claims, signature]: [&str; 3] =
            text.split('.').collect::<Vec<_>>().try_into().unwrap();
        let other = URL_SAFE_NO_PAD.encode(json!({ "sub": "b" }).to_string());
        let none = URL_SAFE_NO_PAD.encode(json!({ "alg": "none" }).to_string());
        for forged in [
            format!("{header}.{other}.{signature}"),
            format!("{none}.{claims}.{signature}"),
            format!("{none}.{claims}."),
        ] {
            let token = Token::parse(&forged).unwrap();
            assert!(!token.is_signed_by(&key.public()), "{forged}");
        }
        assert!(Token::parse("no.token").is_none() && Token::parse("a.b.c").is_none());
    }
}
