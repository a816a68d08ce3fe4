//! The server: pages, and what their buttons do.
//!
//! # Layout
//!
//! - `site`: the pages in memory, and what a browser may do with each
//! - `source`: pages that show a file of the repository
//! - `guard`: who may ask for what
//! - `listen`: the port, and its connections
//! - `stream`: answers that come line by line
//! - `actions`: what a page can ask for
//! - `follow`: programs whose lines go to a page

mod actions;
mod follow;
mod guard;
mod listen;
mod site;
mod source;
mod stream;

use crate::pages;
use crate::project::Project;
use crate::watch::{Change, Watch};
use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use site::{File, Site};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify, Semaphore, mpsc, watch};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;

/// How the server is to be run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whose book it is.
    pub project: Project,
    /// The port to try first; 0 takes any.
    pub port: u16,
    /// Further names that the server may be called by, such as `example.org:8080`.
    pub allow_hosts: Vec<String>,
    /// How long the header and the body of a request may take.
    pub patience: Duration,
    /// The program that `supervise` is called on: this one.
    pub supervisor: PathBuf,
    /// Whether to build the examples at once and to follow changes.
    pub follow: bool,
}

impl Options {
    /// The usual way to run it.
    #[must_use]
    pub fn new(project: Project) -> Self {
        Options {
            project,
            port: 3210,
            allow_hosts: Vec::new(),
            patience: Duration::from_secs(10),
            supervisor: PathBuf::from("/proc/self/exe"),
            follow: true,
        }
    }
}

/// What all requests share.
#[derive(Debug)]
pub struct Reader {
    project: Project,
    supervisor: PathBuf,
    folder: PathBuf,
    hosts: Vec<String>,
    token: String,
    patience: Duration,
    site: RwLock<Arc<Site>>,
    status: watch::Sender<Status>,
    one: Arc<Semaphore>,
    current: Mutex<Option<actions::Current>>,
    numbers: AtomicU64,
    closing: Notify,
}

/// The state of the book, as pages are told.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(tag = "kind", rename = "status")]
struct Status {
    /// How often the pages have been built since the start.
    revision: u64,
    /// How often grades have changed since the start.
    grades: u64,
    /// What is wrong with the pages, if they could not be built again.
    problems: Option<String>,
    /// `building`, `ready` or `failed`.
    examples: String,
    /// The last line that the compiler said about them.
    building: String,
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    reader: Arc<Reader>,
    address: SocketAddr,
    changes: Option<(Watch, mpsc::Receiver<Change>)>,
}

impl Server {
    /// Takes a port and builds the pages.
    ///
    /// # Errors
    ///
    /// There is no free port, or no randomness for the token. A book that cannot be
    /// built is no error: its problems are what the pages show.
    pub async fn start(options: &Options) -> Result<Server> {
        let listener = listen::bind(options.port).await?;
        let address = listener.local_addr()?;
        let port = address.port();
        let mut hosts: Vec<String> = ["127.0.0.1", "localhost"]
            .map(|name| format!("{name}:{port}"))
            .into();
        hosts.extend(options.allow_hosts.iter().cloned());
        let mut random = [0; 16];
        getrandom::fill(&mut random).context("no randomness")?;
        let token = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let examples = if options.follow { "building" } else { "ready" };
        let status = Status {
            examples: examples.to_owned(),
            ..Status::default()
        };
        let reader = Arc::new(Reader {
            project: options.project.clone(),
            supervisor: options.supervisor.clone(),
            folder: options.project.target().join(format!("book/{port}")),
            hosts,
            token,
            patience: options.patience,
            site: RwLock::default(),
            status: watch::Sender::new(status),
            one: Arc::new(Semaphore::new(1)),
            current: Mutex::new(None),
            numbers: AtomicU64::new(1),
            closing: Notify::new(),
        });
        // A change between the build and the watch would be missed.
        let changes = match options.follow {
            true => Some(Watch::start(&options.project)?),
            false => None,
        };
        reader.build().await;
        Ok(Server {
            listener,
            reader,
            address,
            changes,
        })
    }

    /// Where the book is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// What is wrong with the book, if it could not be built.
    #[must_use]
    pub fn problems(&self) -> Option<String> {
        self.reader.status.borrow().problems.clone()
    }

    /// Serves until `end` is there, then ends whatever runs.
    pub async fn serve(self, end: impl Future<Output = ()>) {
        let router = router(self.reader.clone());
        let mut building = None;
        let _watch = self.changes.map(|(watch, changes)| {
            tokio::spawn(self.reader.clone().follow(changes));
            let reader = self.reader.clone();
            building = Some(tokio::spawn(async move {
                follow::build_examples(&reader).await;
            }));
            watch
        });
        tokio::pin!(end);
        loop {
            let accepted = tokio::select! {
                () = &mut end => break,
                accepted = self.listener.accept() => accepted,
            };
            if let Ok((stream, _)) = accepted {
                let patience = self.reader.patience;
                tokio::spawn(listen::answer(stream, router.clone(), patience));
            }
        }
        self.reader.close(building).await;
    }
}

impl Reader {
    /// Builds the pages and puts them in place, or notes why that cannot be done.
    async fn build(&self) {
        let (project, folder) = (self.project.clone(), self.folder.clone());
        let built = tokio::task::spawn_blocking(move || {
            pages::replace(&project, &folder)?;
            Site::read(&folder)
        });
        let built = built.await.unwrap_or_else(|error| Err(error.into()));
        self.status.send_modify(|status| match built {
            Ok(site) => {
                *self.site.write().expect("no reader of the pages panics") =
                    Arc::new(site);
                status.revision += 1;
                status.problems = None;
            }
            Err(error) => status.problems = Some(format!("{error:#}")),
        });
    }

    /// Builds the pages again whenever something changes that they show.
    async fn follow(self: Arc<Self>, mut changes: mpsc::Receiver<Change>) {
        while let Some(change) = changes.recv().await {
            match change {
                Change::Pages => self.build().await,
                Change::Grades => {
                    self.status.send_modify(|status| status.grades += 1);
                }
            }
            if let Some(problems) = &self.status.borrow().problems {
                eprintln!("{problems}");
            }
        }
    }

    /// Ends what runs, and waits until it is gone.
    async fn close(&self, building: Option<tokio::task::JoinHandle<()>>) {
        self.closing.notify_one();
        if let Some(building) = building {
            let _ = building.await;
        }
        loop {
            let stopped = self
                .current
                .lock()
                .await
                .as_ref()
                .map(actions::Current::stop);
            if stopped.is_none() && self.one.available_permits() == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn site(&self) -> Arc<Site> {
        self.site
            .read()
            .expect("no writer of the pages panics")
            .clone()
    }
}

fn router(reader: Arc<Reader>) -> Router {
    // Brotli, where the browser takes it: on the page of the whole book it finds
    // what is told twice at any distance, gzip only within 32 KiB.
    let compression = CompressionLayer::new().quality(CompressionLevel::Precise(6));
    let action = |handler: axum::routing::MethodRouter<Arc<Reader>>| {
        handler.fallback(actions::wrong_method)
    };
    Router::new()
        .route("/api/session", action(get(actions::session)))
        .route("/api/events", action(post(actions::events)))
        .route("/api/progress", action(post(actions::progress)))
        .route("/api/run", action(post(actions::run)))
        .route("/api/stop", action(post(actions::stop)))
        .route("/api/grade", action(post(actions::grade)))
        .route("/api/start", action(post(actions::start)))
        .route("/api/reset", action(post(actions::reset)))
        .merge(Router::new().fallback(page).layer(compression))
        .layer(CsrfLayer::new())
        .layer(axum::middleware::from_fn_with_state(
            reader.clone(),
            guard::gate,
        ))
        .with_state(reader)
}

/// A page, a file that a page needs, or a file of the repository.
async fn page(State(reader): State<Arc<Reader>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return actions::wrong_method().await;
    }
    let site = reader.site();
    let path = request.uri().path();
    let problems = reader.status.borrow().problems.clone();
    if let (Some(problems), 0) = (problems, reader.status.borrow().revision) {
        let text = crate::markup::escape(&problems);
        let content = format!("<h1>The book cannot be built</h1><pre>{text}</pre>");
        let page = site.page("The book cannot be built", &content);
        return (StatusCode::INTERNAL_SERVER_ERROR, send(&page)).into_response();
    }
    let source = path.strip_prefix("/source/");
    let source = source.and_then(|path| source::page(&reader.project, &site, path));
    if let Some(file) = source.as_ref().or_else(|| site.find(path)) {
        return send(file);
    }
    let content = "<h1>There is no such page</h1>\
                   <p>The contents are on the left, the search at the top.</p>";
    let page = site.page("There is no such page", content);
    (StatusCode::NOT_FOUND, send(&page)).into_response()
}

fn send(file: &File) -> Response {
    let kind = HeaderValue::from_static(file.kind);
    let mut response =
        ([(header::CONTENT_TYPE, kind)], file.bytes.clone()).into_response();
    if let Ok(policy) = HeaderValue::from_str(&file.policy) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
