//! The client of a cluster: TLS and credentials by kube, and a fence where the connection takes the body of a request.
//!
//! kube's own client hands a request to a task of the connection, which may get to it later, and lets nobody wrap its body.

use crate::fence::Fence;
use http::Request;
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt as _};
use kube::{Client, Config};
use tower::{BoxError, ServiceBuilder, ServiceExt as _};

/// Nothing is sent yet. Layers of kube's that retry, unpack and trace are left out.
pub(super) fn client(config: Config, fence: Fence) -> kube::Result<Client> {
    let mut connector = HttpConnector::new();
    // The address may be https, which is another layer's.
    connector.enforce_http(false);
    let mut connector =
        TimeoutConnector::new(config.rustls_https_connector_with_connector(connector)?);
    connector.set_connect_timeout(config.connect_timeout);
    let connections = legacy::Client::builder(TokioExecutor::new()).build(connector);
    let fenced = connections
        .map_request(move |request: Request<Body>| request.map(|body| fence.body(body)))
        .map_err(BoxError::from);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .service(fenced);
    Ok(Client::new(service, config.default_namespace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fence::Stale;
    use std::error::Error;
    use std::net::Ipv4Addr;
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    /// What a server gets of a request with a body, and how the request ends, when the fence is closed by then or not.
    async fn got(is_closed: bool) -> (String, kube::Result<http::Response<Body>>) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = Config::new(format!("http://{address}").parse().unwrap());
        let fence = Fence::open();
        let client = client(config, fence.of_this_term()).unwrap();
        let body = Body::from(b"the body".to_vec());
        let request = Request::post("/api/v1/namespaces").body(body).unwrap();
        let server = async {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut text = String::new();
            while !text.contains("the body") {
                let mut bytes = [0; 4096];
                match connection.read(&mut bytes).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => text.push_str(std::str::from_utf8(&bytes[..read]).unwrap()),
                }
            }
            text
        };
        if is_closed {
            fence.close();
        }
        tokio::join!(server, client.send(request))
    }

    #[tokio::test]
    async fn the_connection_itself_looks_at_the_fence_before_it_takes_a_body() {
        let (text, _) = got(false).await;
        assert!(text.ends_with("the body"), "{text}");
        let (text, outcome) = got(true).await;
        assert!(!text.contains("the body"), "{text}");
        let error = outcome.unwrap_err();
        let mut causes = std::iter::successors(Some(&error as &dyn Error), |&it| it.source());
        assert!(causes.any(<dyn Error>::is::<Stale>), "{error:?}");
    }
}
