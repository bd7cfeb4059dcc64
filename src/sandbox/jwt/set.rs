//! A set of keys as an issuer publishes it (JWKS): all of it is believed, or it is said what is wrong with one of its keys, in
//! the words of the library that the real servers read it with.

use super::PublicKey;
use base64::DecodeError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use ring::agreement::{self, ECDH_P256, ECDH_P384, EphemeralPrivateKey};
use ring::rand::SystemRandom;
use serde_json::{Map, Value};

/// Keys that verify nothing here, such as shared ones, are passed over.
pub(super) fn read(set: &Value) -> Result<Vec<PublicKey>, String> {
    let Value::Object(fields) = set else {
        return Err(not_of_type(set, "JSONWebKeySet"));
    };
    let keys = match fields.get("keys") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(keys)) => keys,
        Some(other) => return Err(not_of_type(other, "JSONWebKeySet")),
    };
    let keys: Result<Vec<_>, _> = keys.iter().map(key).collect();
    Ok(keys?.into_iter().flatten().collect())
}

fn not_of_type(value: &Value, wanted: &str) -> String {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("json: cannot unmarshal {kind} into Go value of type jose.{wanted}")
}

fn key(jwk: &Value) -> Result<Option<PublicKey>, String> {
    let Value::Object(fields) = jwk else {
        return Err(not_of_type(jwk, "rawJSONWebKey"));
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let wrong = |why: &str| Err(format!("go-jose/go-jose: {why}"));
    let key = match (text("kty"), text("crv")) {
        ("EC", curve) => match curve {
            "P-256" => of_curve(fields, 32, Some(&ECDH_P256))?,
            "P-384" => of_curve(fields, 48, Some(&ECDH_P384))?,
            "P-521" => of_curve(fields, 66, None)?,
            other => return wrong(&format!("unsupported elliptic curve '{other}'")),
        },
        ("RSA", _) => match (bytes(fields, "n")?, bytes(fields, "e")?) {
            (Some(n), Some(e)) => DecodingKey::from_rsa_raw_components(&n, &e),
            _ => return wrong("invalid RSA key, missing n/e values"),
        },
        ("OKP", "Ed25519") => match bytes(fields, "x")? {
            Some(x) => DecodingKey::from_ed_der(&x),
            None => return wrong("invalid Ed key, missing x value"),
        },
        ("oct", _) => return Ok(None),
        ("", _) => return wrong("missing json web key type"),
        _ => return wrong("unsupported key type/format"),
    };
    let id = Some(text("kid")).filter(|id| !id.is_empty());
    Ok(Some(PublicKey {
        id: id.map(str::to_owned),
        key,
    }))
}

fn of_curve(
    fields: &Map<String, Value>,
    size: usize,
    curve: Option<&'static agreement::Algorithm>,
) -> Result<DecodingKey, String> {
    let wrong = |why: &str| Err(format!("go-jose/go-jose: {why}"));
    let (x, y) = (bytes(fields, "x")?, bytes(fields, "y")?);
    let (Some(x), Some(y)) = (x, y) else {
        return wrong("invalid EC key, missing x/y values");
    };
    for (name, coordinate) in [("x", &x), ("y", &y)] {
        if coordinate.len() != size {
            return wrong(&format!("invalid EC public key, wrong length for {name}"));
        }
    }
    // A byte that says that the point is not compressed.
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    if curve.is_some_and(|curve| !is_on(curve, &point)) {
        return wrong("invalid EC key, X/Y are not on declared curve");
    }
    Ok(DecodingKey::from_ec_der(&point))
}

/// Asked by an agreement on a secret, which is to be had with a point of the curve alone.
fn is_on(curve: &'static agreement::Algorithm, point: &[u8]) -> bool {
    let own = EphemeralPrivateKey::generate(curve, &SystemRandom::new());
    let point = agreement::UnparsedPublicKey::new(curve, point);
    own.is_ok_and(|own| agreement::agree_ephemeral(own, &point, |_| ()).is_ok())
}

/// What is written in base64; `None` where there is nothing.
fn bytes(fields: &Map<String, Value>, name: &str) -> Result<Option<Vec<u8>>, String> {
    let Some(text) = fields.get(name).and_then(Value::as_str) else {
        return Ok(None);
    };
    URL_SAFE_NO_PAD.decode(text).map(Some).map_err(|error| {
        let at = match error {
            DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => at,
            _ => text.len() / 4 * 4,
        };
        format!("illegal base64 data at input byte {at}")
    })
}
