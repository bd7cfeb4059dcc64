use super::record::UnderWay;
use super::upstream::Link;
use super::{Fault, Shared};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

type Answer = http::Response<BoxBody<Bytes, io::Error>>;

/// Serves until the owner goes away; connections end with the runtime.
pub async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime is running");
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                tokio::spawn(connection(stream, Arc::clone(&shared)));
            },
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // A client that does not trust the certificate, or a port scan; there is nobody to tell.
    let Ok(stream) = shared.upstream.accept(stream).await else {
        return;
    };
    let link = Link::default();
    let service = service_fn(|request| answer(&shared, &link, request));
    // An error is a closed connection: by the client, or by a fault.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// An error makes hyper close the connection without an answer.
async fn answer(
    shared: &Shared,
    link: &Link,
    request: http::Request<Incoming>,
) -> io::Result<Answer> {
    let uri = request.uri();
    let query = uri.query().unwrap_or_default();
    let described = shared
        .records
        .describe(request.method().as_str(), uri.path(), query);
    let fault = shared.faults.take(&described);
    let under_way = shared.records.begin(described);
    match fault {
        Some(Fault::Answer {
            status,
            headers,
            body,
        }) => {
            under_way.answered(status);
            Ok(made_up(status, &headers, body))
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::DropRequest) => Err(io::Error::other("the request was dropped")),
        Some(Fault::DropResponse) => {
            under_way.reached_server();
            shared
                .upstream
                .send(link, request)
                .await?
                .into_body()
                .collect()
                .await
                .ok();
            Err(io::Error::other("the response was dropped"))
        }
        Some(Fault::CutShort) => {
            under_way.reached_server();
            let (head, body) = shared.upstream.send(link, request).await?.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            let half = Ok(Frame::data(body.slice(..body.len() / 2)));
            let cut = Err(io::Error::other("the answer was cut short"));
            let body = StreamBody::new(futures::stream::iter([half, cut]));
            Ok(http::Response::from_parts(head, BodyExt::boxed(body)))
        }
        Some(Fault::WithholdResponse) => {
            under_way.reached_server();
            let answer = shared.upstream.send(link, request).await?;
            let status = answer.status().as_u16();
            answer.into_body().collect().await.ok();
            // Recorded as answered once the server has done it.
            under_way.answered(status);
            std::future::pending().await
        }
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            forward(shared, link, request, &under_way).await
        }
        None => forward(shared, link, request, &under_way).await,
    }
}

async fn forward(
    shared: &Shared,
    link: &Link,
    request: http::Request<Incoming>,
    under_way: &UnderWay<'_>,
) -> io::Result<Answer> {
    under_way.reached_server();
    let answer = shared.upstream.send(link, request).await?;
    under_way.answered(answer.status().as_u16());
    Ok(answer.map(|body| body.map_err(io::Error::other).boxed()))
}

fn made_up(status: u16, headers: &[(String, String)], body: String) -> Answer {
    let mut builder = http::Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    let body = Full::new(Bytes::from(body))
        .map_err(|never| match never {})
        .boxed();
    builder.body(body).expect("a fault is a possible answer")
}
