//! The examples of the forges' own documentation, and what is not quite one.

use super::{Arc, Check, Forge, HeaderMap, Keys, SecretBytes, Timestamp};
use http::HeaderValue;
use http::header::HeaderName;

/// From GitHub's "Validating webhook deliveries".
const GITHUB: (&str, &str, &str) = (
    "It's a Secret to Everybody",
    "Hello, World!",
    "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
);
/// RFC 4231, test case 2.
const RFC: (&str, &str, &str) = (
    "Jefe",
    "what do ya want for nothing?",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
);
/// From the test suites of Standard Webhooks.
const STANDARD_KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STANDARD: [(&str, &str); 3] = [
    ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ("webhook-timestamp", "1614265330"),
    (
        "webhook-signature",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
];
const STANDARD_BODY: &str = r#"{"test": 2432232314}"#;

fn verified(forge: Forge, secret: &str, headers: &[(&str, &str)], body: &str) -> bool {
    verified_at(1_614_265_330, forge, secret, headers, body)
}

fn verified_at(now: i64, forge: Forge, secret: &str, headers: &[(&str, &str)], body: &str) -> bool {
    let secret = SecretBytes::from(secret.to_owned());
    let keys = match forge {
        Forge::Gitlab => Keys::of_gitlab(&secret),
        Forge::Github | Forge::Gitea => Ok(Keys::of_signer(&secret)),
    };
    let keys = [Arc::new(keys.unwrap())];
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    let now = Timestamp::from_second(now).unwrap();
    let Some(mut check) = Check::begin(forge, &keys, &map, now) else {
        return false;
    };
    // In pieces, as it arrives.
    let (front, back) = body.split_at(body.len() / 2);
    check.update(front.as_bytes());
    check.update(back.as_bytes());
    check.end().is_some()
}

#[test]
fn githubs_own_example_is_verified() {
    let (secret, body, hash) = GITHUB;
    let name = "X-Hub-Signature-256";
    let right = format!("sha256={hash}");
    let github =
        |secret, headers: &[(&str, &str)], body| verified(Forge::Github, secret, headers, body);
    assert!(github(secret, &[(name, &right)], body));
    assert!(github(
        secret,
        &[(name, &right.to_uppercase().replace("SHA", "sha"))],
        body
    ));
    assert!(!github(
        "it's a secret to everybody",
        &[(name, &right)],
        body
    ));
    assert!(!github(secret, &[(name, &right)], "Hello, World"));
    for wrong in [
        "",
        "sha256=",
        hash,
        &format!("sha1={hash}"),
        &format!("sha256={}", &hash[..62]),
        &format!("sha256={hash}00"),
        &format!("sha256={}g", &hash[..63]),
        &format!("sha256=8{}", &hash[1..]),
    ] {
        assert!(!github(secret, &[(name, wrong)], body), "{wrong}");
    }
    let sha1 = "sha1=e9d8a2a6e4a8cd5f3f3d0e0f0a5b6c7d8e9f0a1b";
    assert!(!github(secret, &[("X-Hub-Signature", sha1)], body));
    assert!(!github(secret, &[], body));
    assert!(!github(secret, &[(name, &right), (name, &right)], body));
}

#[test]
fn two_secrets_are_in_use_at_once() {
    let (secret, body, hash) = RFC;
    let header = [("X-Gitea-Signature", hash)];
    let both = format!("the next one\n{secret}\n");
    assert!(verified(Forge::Gitea, secret, &header, body));
    assert!(verified(Forge::Gitea, &both, &header, body));
    assert!(!verified(Forge::Gitea, "the next one", &header, body));
}

#[test]
fn every_header_of_gitea_and_forgejo_is_known() {
    let (secret, body, hash) = RFC;
    let hub = format!("sha256={hash}");
    let wrong = "0".repeat(64);
    let gitea = |headers: &[(&str, &str)]| verified(Forge::Gitea, secret, headers, body);
    assert!(gitea(&[("X-Forgejo-Signature", hash)]));
    assert!(gitea(&[("X-Hub-Signature-256", &hub)]));
    assert!(gitea(&[
        ("X-Forgejo-Signature", hash),
        ("X-Gitea-Signature", hash)
    ]));
    assert!(!gitea(&[
        ("X-Forgejo-Signature", &wrong),
        ("X-Gitea-Signature", hash)
    ]));
    assert!(!gitea(&[("X-Gitea-Signature", &hub)]));
    assert!(!verified(
        Forge::Github,
        secret,
        &[("X-Gitea-Signature", hash)],
        body
    ));
}

#[test]
fn gitlabs_token_is_the_whole_token() {
    let gitlab = |token| {
        verified(
            Forge::Gitlab,
            "old token\nnew token",
            &[("X-Gitlab-Token", token)],
            "{}",
        )
    };
    assert!(gitlab("old token") && gitlab("new token"));
    for wrong in ["", "old", "old token2", "OLD TOKEN", "old token\tnew token"] {
        assert!(!gitlab(wrong), "{wrong}");
    }
    assert!(!verified(Forge::Gitlab, "old token", &[], "{}"));
    let signing = [("X-Gitlab-Token", STANDARD_KEY)];
    assert!(
        !verified(Forge::Gitlab, STANDARD_KEY, &signing, "{}"),
        "a key is no token"
    );
}

#[test]
fn gitlabs_signature_is_verified_with_its_time() {
    let standard = |now, headers: &[(&str, &str)], body| {
        verified_at(now, Forge::Gitlab, STANDARD_KEY, headers, body)
    };
    let sent = 1_614_265_330;
    assert!(standard(sent, &STANDARD, STANDARD_BODY));
    assert!(standard(sent + 299, &STANDARD, STANDARD_BODY));
    assert!(!standard(sent + 301, &STANDARD, STANDARD_BODY));
    assert!(!standard(sent - 301, &STANDARD, STANDARD_BODY));
    assert!(!standard(sent, &STANDARD, "{}"));
    for left_out in 0..STANDARD.len() {
        let mut headers = STANDARD.to_vec();
        headers.remove(left_out);
        assert!(!standard(sent, &headers, STANDARD_BODY), "{left_out}");
    }
    let mut other = STANDARD;
    other[0].1 = "msg_other";
    assert!(!standard(sent, &other, STANDARD_BODY));
    let two = format!("v1,AAAA v1a,xyz {}", STANDARD[2].1);
    other = [STANDARD[0], STANDARD[1], ("webhook-signature", &two)];
    assert!(standard(sent, &other, STANDARD_BODY));
    assert!(!verified(
        Forge::Gitlab,
        "a token only",
        &STANDARD,
        STANDARD_BODY
    ));
}

#[test]
fn a_signing_token_that_is_broken_is_said_without_it() {
    // The second is a key of no byte, which everybody knows; the third one of nine.
    for token in ["whsec_canary!", "whsec_", "whsec_Y2FuYXJ5LTkx"] {
        let secret = SecretBytes::from(token.to_owned());
        let said = Keys::of_gitlab(&secret).err().unwrap();
        assert!(said.contains("copy it from GitLab") && !said.contains("canary"));
    }
}
