//! Answers that come line by line.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use http_body::Frame;
use serde::Serialize;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a browser may let lines lie before it counts as gone.
const PATIENCE: Duration = Duration::from_secs(15);

/// The writing end of an answer: one JSON value a line.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    sender: mpsc::Sender<Bytes>,
}

/// The browser does not read any more.
#[derive(Debug)]
pub(super) struct Gone;

impl Teller {
    /// Sends one value as a line.
    ///
    /// # Errors
    ///
    /// [`Gone`] when the connection is closed or not read.
    pub(super) async fn tell(&self, value: &impl Serialize) -> Result<(), Gone> {
        let mut line = serde_json::to_string(value).map_err(|_| Gone)?;
        line.push('\n');
        self.line(line).await
    }

    /// Sends a line that is JSON already.
    ///
    /// # Errors
    ///
    /// As [`Teller::tell`].
    pub(super) async fn line(&self, line: String) -> Result<(), Gone> {
        let sending = self.sender.send_timeout(line.into(), PATIENCE);
        sending.await.map_err(|_| Gone)
    }

    /// Waits until the browser is gone. It shows only in a failed write: hence the
    /// heartbeat that every stream has.
    pub(super) async fn gone(&self) {
        self.sender.closed().await;
    }
}

/// An answer, and the end to write it with.
#[must_use]
pub(super) fn stream() -> (Teller, Response) {
    let (sender, receiver) = mpsc::channel(16);
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    let response = (kind, Body::new(Told { receiver })).into_response();
    (Teller { sender }, response)
}

/// The body of such an answer.
struct Told {
    receiver: mpsc::Receiver<Bytes>,
}

impl http_body::Body for Told {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let line = ready!(self.receiver.poll_recv(context));
        Poll::Ready(line.map(|line| Ok(Frame::data(line))))
    }
}
