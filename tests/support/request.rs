use serde_json::Value;
use std::time::Duration;

/// One client for tests. It keeps no idle connection, because a connection belongs to the runtime that opened it and every
/// test has its own runtime.
pub fn client(ca_pem: Option<&str>) -> reqwest::Client {
    built(ca_pem, |builder| builder.pool_max_idle_per_host(0))
}

/// One client for a test that asks thousands of times: it keeps its connections, so it must not outlive its runtime.
pub fn lasting_client(ca_pem: Option<&str>) -> reqwest::Client {
    built(ca_pem, |builder| builder)
}

/// Loopback only, so proxies of the environment are ignored.
fn built(
    ca_pem: Option<&str>,
    keeping: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> reqwest::Client {
    super::init();
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30));
    if let Some(pem) = ca_pem {
        let ca = reqwest::Certificate::from_pem(pem.as_bytes()).expect("the CA is PEM");
        builder = builder.tls_certs_only([ca]);
    }
    keeping(builder).build().expect("a client can be built")
}

/// Status and body. A body that is not JSON comes as a JSON string, an empty one as null.
pub async fn send(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("the server answers");
    let status = response.status().as_u16();
    let text = response
        .text()
        .await
        .expect("the server sends its whole answer");
    let body = match text.as_str() {
        "" => Value::Null,
        json => serde_json::from_str(json).unwrap_or_else(|_| Value::from(text.clone())),
    };
    (status, body)
}

pub fn method(name: &str) -> reqwest::Method {
    reqwest::Method::from_bytes(name.as_bytes()).expect("a method is one word")
}
