//! Tokens that are signed in every way that the auth method `jwt` knows, with the right key and with another.

use super::story::tell;
use super::vaults;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{KeyPair, PublicKeyData as _};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use serde_json::{Value, json};

const ALGORITHMS: [&str; 9] = [
    "ES256", "ES384", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA",
];

/// Two keys of the kind that an algorithm signs with.
fn keys(algorithm: &str) -> [KeyPair; 2] {
    let kind = match algorithm {
        "ES256" => &rcgen::PKCS_ECDSA_P256_SHA256,
        "ES384" => &rcgen::PKCS_ECDSA_P384_SHA384,
        "EdDSA" => &rcgen::PKCS_ED25519,
        // Nothing here makes RSA keys.
        _ => {
            return [
                include_str!("throw-away-test-key-1.pem"),
                include_str!("throw-away-test-key-2.pem"),
            ]
            .map(|pem| KeyPair::from_pem(pem).unwrap());
        }
    };
    [(); 2].map(|()| KeyPair::generate_for(kind).unwrap())
}

fn signature(algorithm: &str, key: &KeyPair, message: &[u8]) -> Vec<u8> {
    let der = key.serialize_der();
    let curve = |kind: &'static EcdsaSigningAlgorithm| {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(kind, &der, &random).unwrap();
        key.sign(&random, message).unwrap().as_ref().to_vec()
    };
    let rsa = |encoding: &'static dyn RsaEncoding| {
        let key = RsaKeyPair::from_pkcs8(&der).unwrap();
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(encoding, &SystemRandom::new(), message, &mut signature)
            .unwrap();
        signature
    };
    match algorithm {
        "ES256" => curve(&ECDSA_P256_SHA256_FIXED_SIGNING),
        "ES384" => curve(&ECDSA_P384_SHA384_FIXED_SIGNING),
        "RS256" => rsa(&RSA_PKCS1_SHA256),
        "RS384" => rsa(&RSA_PKCS1_SHA384),
        "RS512" => rsa(&RSA_PKCS1_SHA512),
        "PS256" => rsa(&RSA_PSS_SHA256),
        "PS384" => rsa(&RSA_PSS_SHA384),
        "PS512" => rsa(&RSA_PSS_SHA512),
        _ => {
            let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap();
            key.sign(message).as_ref().to_vec()
        }
    }
}

/// A token that says of itself that it is signed with `said`.
fn token(said: &str, algorithm: &str, key: &KeyPair, id: Option<&str>) -> String {
    let now = jiff::Timestamp::now().as_second();
    let mut header = json!({ "alg": said });
    if let Some(id) = id {
        header["kid"] = id.into();
    }
    let claims =
        json!({ "iss": "someone", "sub": "s", "iat": now - 10, "nbf": now - 10, "exp": now + 600 });
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(signature(algorithm, key, message.as_bytes()));
    format!("{message}.{signature}")
}

#[tokio::test]
async fn a_token_of_every_algorithm_is_believed_by_its_key_alone() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/auth/j {"type":"jwt"}
        POST sys/auth/k {"type":"kubernetes"}
        POST auth/j/role/r {"role_type":"jwt","user_claim":"sub","bound_subject":"s"}
        "#,
    )
    .await;
    for algorithm in ALGORITHMS {
        let [key, other] = keys(algorithm);
        pair.set("key", key.public_key_pem().trim());
        pair.set("other", other.public_key_pem().trim());
        pair.set("algorithm", algorithm);
        pair.set("token", &token(algorithm, algorithm, &key, None));
        for (name, said) in [("es", "ES256"), ("ps", "PS256"), ("ed", "EdDSA")] {
            pair.set(name, &token(said, algorithm, &key, None));
        }
        tell(
            &pair,
            r#"
            POST auth/j/config {"jwt_validation_pubkeys":"{key}"}
            nobody POST auth/j/login {"role":"r","jwt":"{token}"}
            nobody POST auth/j/login {"role":"r","jwt":"{es}"}
            nobody POST auth/j/login {"role":"r","jwt":"{ps}"}
            nobody POST auth/j/login {"role":"r","jwt":"{ed}"}
            POST auth/j/config {"jwt_validation_pubkeys":"{other}"}
            nobody POST auth/j/login {"role":"r","jwt":"{token}"}
            POST auth/j/config {"jwt_validation_pubkeys":["{other}","{key}"],"jwt_supported_algs":"{algorithm}"}
            nobody POST auth/j/login {"role":"r","jwt":"{token}"}
            POST auth/j/config {"jwt_validation_pubkeys":["{other}","{key}"],"jwt_supported_algs":"ES512"}
            nobody POST auth/j/login {"role":"r","jwt":"{token}"}
            POST auth/k/config {"kubernetes_host":"https://127.0.0.1:1","pem_keys":"{key}"}
            "#,
        )
        .await;
    }
}

/// A key as a JWKS has it.
fn jwk(algorithm: &str, key: &KeyPair, id: &str) -> Value {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let raw = key.der_bytes();
    match algorithm {
        "ES256" | "ES384" => {
            let (x, y) = raw[1..].split_at(raw.len() / 2);
            let curve = if algorithm == "ES256" {
                "P-256"
            } else {
                "P-384"
            };
            json!({ "kty": "EC", "crv": curve, "kid": id, "x": text(x), "y": text(y) })
        }
        "EdDSA" => json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": text(raw) }),
        _ => {
            let pair = RsaKeyPair::from_pkcs8(&key.serialize_der()).unwrap();
            let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
            json!({ "kty": "RSA", "kid": id, "use": "sig", "n": text(&public.n), "e": text(&public.e) })
        }
    }
}

/// Where sets of keys are published, each below its name.
async fn publish(sets: Vec<(&'static str, Value)>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = sets.into_iter().fold(Router::new(), |app, (name, set)| {
        app.route(&format!("/{name}"), get(async move || Json(set)))
    });
    // It ends with the test.
    tokio::spawn(async { axum::serve(listener, app).await });
    format!("http://{address}")
}

#[tokio::test]
async fn keys_of_every_kind_are_found_in_a_set() {
    let (pair, _sandbox, _real) = vaults().await;
    let pairs = ALGORITHMS.map(|algorithm| (algorithm, keys(algorithm)));
    let keys = pairs
        .iter()
        .map(|(algorithm, [key, _])| jwk(algorithm, key, algorithm));
    let keys: Value = keys.collect();
    pair.set(
        "url",
        &publish(vec![("keys", json!({ "keys": keys }))]).await,
    );
    tell(
        &pair,
        r#"
        POST sys/auth/j {"type":"jwt"}
        POST auth/j/config {"jwks_url":"{url}/keys"}
        POST auth/j/role/r {"role_type":"jwt","user_claim":"sub","bound_subject":"s"}
        "#,
    )
    .await;
    for (algorithm, [key, other]) in &pairs {
        let of = |key, id| token(algorithm, algorithm, key, id);
        pair.set("named", &of(key, Some(algorithm)));
        pair.set("unnamed", &of(key, None));
        pair.set("misnamed", &of(key, Some("strange")));
        pair.set("other", &of(other, Some(algorithm)));
        tell(
            &pair,
            r#"
            nobody POST auth/j/login {"role":"r","jwt":"{named}"}
            nobody POST auth/j/login {"role":"r","jwt":"{unnamed}"}
            nobody POST auth/j/login {"role":"r","jwt":"{misnamed}"}
            nobody POST auth/j/login {"role":"r","jwt":"{other}"}
            "#,
        )
        .await;
    }
}

#[tokio::test]
async fn a_set_may_hold_keys_that_verify_nothing() {
    let (pair, _sandbox, _real) = vaults().await;
    let [key, _] = keys("ES256");
    let good = jwk("ES256", &key, "good");
    let x = URL_SAFE_NO_PAD.encode([7; 32]);
    let changed = |name: &str, value: &str| {
        let mut jwk = good.clone();
        jwk["kid"] = "bad".into();
        jwk[name] = value.into();
        jwk
    };
    let sets = [
        ("strange", json!({ "kty": "strange", "kid": "bad" })),
        (
            "x25519",
            json!({ "kty": "OKP", "crv": "X25519", "kid": "bad", "x": x }),
        ),
        (
            "ed448",
            json!({ "kty": "OKP", "crv": "Ed448", "kid": "bad", "x": x }),
        ),
        ("shared", json!({ "kty": "oct", "kid": "bad", "k": x })),
        (
            "other-curve",
            json!({ "kty": "EC", "crv": "secp256k1", "kid": "bad", "x": x, "y": x }),
        ),
        (
            "off-curve",
            json!({ "kty": "EC", "crv": "P-256", "kid": "bad", "x": x, "y": x }),
        ),
        ("bare", json!({ "kid": "bad" })),
        ("no-text", json!(7)),
        ("rsa-without", json!({ "kty": "RSA", "kid": "bad" })),
        ("short", changed("x", "AAAA")),
        ("short-y", changed("y", "AAAA")),
        (
            "without-x",
            json!({ "kty": "EC", "crv": "P-256", "kid": "bad", "y": x }),
        ),
        (
            "ed-without",
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": "bad" }),
        ),
        (
            "ed-short",
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": "bad", "x": "AAAA" }),
        ),
        ("no-base64", changed("x", "?")),
        ("alg", changed("alg", "RS256")),
        ("use", changed("use", "enc")),
        ("used", changed("use", "strange")),
        (
            "no-id",
            json!({ "kty": "EC", "crv": "P-256", "x": good["x"], "y": good["y"] }),
        ),
    ];
    let mut published: Vec<_> = sets
        .iter()
        .map(|(name, odd)| (*name, json!({ "keys": [odd, good] })))
        .collect();
    published.extend([
        ("empty", json!({ "keys": [] })),
        ("no-keys", json!({})),
        ("list", json!([good])),
        ("text", json!("keys")),
    ]);
    let mut names: Vec<&str> = published.iter().map(|(name, _)| *name).collect();
    names.push("nowhere");
    pair.set("url", &publish(published).await);
    pair.set("good", &token("ES256", "ES256", &key, Some("good")));
    pair.set("bad", &token("ES256", "ES256", &key, Some("bad")));
    let mut story = String::from(
        r#"POST sys/auth/j {"type":"jwt"}
        POST auth/j/role/r {"role_type":"jwt","user_claim":"sub","bound_subject":"s"}
        "#,
    );
    for name in names {
        story.push_str(
            &r#"
            POST auth/j/config {"jwks_url":"{url}/NAME"}
            POST auth/j/config {"jwks_url":"{url}/NAME","skip_jwks_validation":true}
            nobody POST auth/j/login {"role":"r","jwt":"{good}"}
            nobody POST auth/j/login {"role":"r","jwt":"{bad}"}
            "#
            .replace("NAME", name),
        );
    }
    tell(&pair, &story).await;
}
