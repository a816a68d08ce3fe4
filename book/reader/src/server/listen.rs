//! The port, and its connections.

use super::guard::HEAD;
use anyhow::{Context, Result};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::poll_fn;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

/// Takes the first free port of a hundred.
pub(super) async fn bind(first: u16) -> Result<TcpListener> {
    let last = if first == 0 {
        0
    } else {
        first.saturating_add(99)
    };
    for port in first..=last {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        match listener {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            other => return other.with_context(|| format!("port {port}")),
        }
    }
    anyhow::bail!("the ports {first} to {last} are all taken")
}

/// Answers the requests of one connection. One whose header does not come is told
/// so, and closed.
pub(super) async fn answer(stream: TcpStream, router: Router, patience: Duration) {
    let service = TowerToHyperService::new(router);
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        // It may read as much again at once, and `gate` counts exactly.
        .max_buf_size(2 * HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let served = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let mut stream = connection.into_parts().io.into_inner();
    if served.is_err_and(|error| error.is_timeout()) {
        let late = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\
                     content-length: 0\r\n\r\n";
        let _ = stream.write_all(late).await;
    }
    let _ = stream.shutdown().await;
}
