//! Who may ask for what.

use super::Reader;
use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::Body as _;
use serde::de::DeserializeOwned;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

/// The header that carries the token; a page elsewhere can neither read the token
/// nor send this header.
pub(super) const TOKEN: &str = "x-reader-token";

/// How many bytes a request may bring.
const BODY: usize = 16 * 1024;

/// How many bytes its first line and its headers may have; a browser sends some
/// hundred.
pub(super) const HEAD: usize = 16 * 1024;

/// Refuses what has too long a head or does not name this server, and adds the headers that all answers
/// have.
///
/// A page elsewhere may let its own name lead to 127.0.0.1, and would then be of
/// one origin with the book: the name it uses gives it away.
pub(super) async fn gate(
    State(reader): State<Arc<Reader>>,
    request: Request,
    next: Next,
) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|name| name.to_str().ok());
    let authority = request.uri().authority().map(|name| name.as_str());
    let known = |name: &str| reader.hosts.iter().any(|host| host == name);
    let several = request.headers().get_all(header::HOST).iter().count() != 1;
    let mut response = if head_length(&request) > HEAD {
        let told = "the headers are too long";
        (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, told).into_response()
    } else if several
        || !host.is_some_and(known)
        || authority.is_some_and(|name| !known(name))
    {
        let told = "this server has another name";
        (StatusCode::MISDIRECTED_REQUEST, told).into_response()
    } else if is_action(&request)
        && from_elsewhere(request.headers(), request.method())
    {
        (StatusCode::FORBIDDEN, "not from a page of this book").into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
        (
            header::HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

fn head_length(request: &Request) -> usize {
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len());
    let target = request.uri().path_and_query();
    target.map_or(0, |target| target.as_str().len()) + headers.sum::<usize>()
}

fn is_action(request: &Request) -> bool {
    request.uri().path().starts_with("/api/")
}

/// Whether a browser says that another site asks. Reading needs the browser's word
/// that it is this one; for actions the token decides.
fn from_elsewhere(headers: &HeaderMap, method: &Method) -> bool {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(b"same-origin") => false,
        Some(_) => true,
        None => method == Method::GET,
    }
}

/// What a page asks for: the token is right, and the body is JSON of this form.
///
/// The order of the answers is fixed: 403, 415, 413 or 408, 422.
#[derive(Debug)]
pub(super) struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<Reader>> for Asked<T> {
    type Rejection = Response;

    async fn from_request(
        request: Request,
        reader: &Arc<Reader>,
    ) -> Result<Self, Self::Rejection> {
        let headers = request.headers();
        if headers.get(TOKEN).map(HeaderValue::as_bytes)
            != Some(reader.token.as_bytes())
        {
            return Err(refuse(
                StatusCode::FORBIDDEN,
                "the token is missing or old",
            ));
        }
        let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        if kind != Some(b"application/json") {
            let told = "the body must be application/json";
            return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, told));
        }
        let body =
            tokio::time::timeout(reader.patience, collect(request.into_body()));
        let body = body
            .await
            .map_err(|_| {
                refuse(StatusCode::REQUEST_TIMEOUT, "the body did not come")
            })?
            .map_err(|status| refuse(status, "the body is too large or broken"))?;
        let asked = serde_json::from_slice(&body).map_err(|error| {
            refuse(StatusCode::UNPROCESSABLE_ENTITY, &format!("{error}"))
        })?;
        Ok(Asked(asked))
    }
}

async fn collect(mut body: Body) -> Result<Vec<u8>, StatusCode> {
    if body.size_hint().lower() > BODY as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut bytes = Vec::new();
    while let Some(frame) =
        poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
    {
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
        if bytes.len() > BODY {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
    }
    Ok(bytes)
}

/// An answer that says what was wrong with the request.
pub(super) fn refuse(status: StatusCode, told: &str) -> Response {
    (status, Json(serde_json::json!({ "error": told }))).into_response()
}
