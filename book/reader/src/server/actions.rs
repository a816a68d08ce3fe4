//! What a page can ask for: a run, its end, a grade, and the news.

use super::follow::{BUILD, Pass, build_example, cargo, follow, heartbeat};
use super::guard::{Asked, refuse};
use super::stream::{Gone, Teller, stream};
use super::{Reader, Status};
use crate::example;
use crate::exercise::Manifest;
use crate::grades;
use crate::supervise::Limits;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// How long an example may run if `book/examples.toml` does not say.
const SECONDS: u64 = 20;

/// What an example may print, and what a compiler may.
const OUTPUT: usize = 256 * 1024;

/// A run that a page follows.
#[derive(Debug)]
pub(super) struct Current {
    number: u64,
    stop: Arc<Notify>,
}

impl Current {
    /// Asks for the end of the run.
    pub(super) fn stop(&self) {
        self.stop.notify_one();
    }
}

/// Which example to run, with what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunAsked {
    example: String,
    #[serde(default)]
    arguments: Vec<String>,
}

/// Which run to end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StopAsked {
    run: u64,
}

/// Which exercise something is about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExerciseAsked {
    exercise: String,
}

/// Nothing more needs to be said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NothingAsked {}

/// `GET /api/session`: what a page needs to ask for anything else.
pub(super) async fn session(State(reader): State<Arc<Reader>>) -> Json<Value> {
    let revision = reader.status.borrow().revision;
    Json(json!({ "token": reader.token, "revision": revision }))
}

/// `POST /api/events`: the state of the book, now and whenever it changes.
pub(super) async fn events(
    State(reader): State<Arc<Reader>>,
    _: Asked<NothingAsked>,
) -> Response {
    let (teller, response) = stream();
    let mut status = reader.status.subscribe();
    tokio::spawn(async move {
        let mut beat = heartbeat();
        let first: Status = status.borrow_and_update().clone();
        let mut told = teller.tell(&first).await;
        while told.is_ok() {
            tokio::select! {
                () = teller.gone() => return,
                _ = beat.tick() => told = teller.tell(&json!({"kind": "beat"})).await,
                changed = status.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let next: Status = status.borrow_and_update().clone();
                    told = teller.tell(&next).await;
                }
            }
        }
    });
    response
}

/// `POST /api/progress`: what is known of the learner's work.
pub(super) async fn progress(
    State(reader): State<Arc<Reader>>,
    _: Asked<NothingAsked>,
) -> Response {
    match grades::all(&reader.project) {
        Ok(known) => Json(known).into_response(),
        Err(error) => refuse(StatusCode::NOT_FOUND, &format!("{error:#}")),
    }
}

/// `POST /api/run`: builds and runs an example.
pub(super) async fn run(
    State(reader): State<Arc<Reader>>,
    Asked(asked): Asked<RunAsked>,
) -> Response {
    let settings = match order(&reader, &asked) {
        Ok(settings) => settings,
        Err(error) => {
            return refuse(StatusCode::UNPROCESSABLE_ENTITY, &format!("{error:#}"));
        }
    };
    one_at_a_time(&reader, move |reader, teller, stop| async move {
        let Some(program) =
            build_example(&reader, &asked.example, &teller, &stop).await?
        else {
            return Ok(());
        };
        let command = command(&asked);
        teller
            .tell(&json!({"kind": "started", "command": command}))
            .await?;
        let mut words = vec![program.display().to_string()];
        words.extend(asked.arguments);
        let seconds = settings.seconds.unwrap_or(SECONDS);
        let time = Duration::from_secs(seconds);
        let limits = Limits {
            time,
            output: OUTPUT,
        };
        follow(&reader, words, limits, &teller, &stop, Pass::All).await?;
        Ok(())
    })
}

/// `POST /api/stop`: ends a run. The answer comes at once, the run's own stream
/// tells when it is over.
pub(super) async fn stop(
    State(reader): State<Arc<Reader>>,
    Asked(asked): Asked<StopAsked>,
) -> Json<Value> {
    let current = reader.current.lock().await;
    let found = current
        .as_ref()
        .filter(|current| current.number == asked.run);
    if let Some(current) = found {
        current.stop();
    }
    Json(json!({ "stopped": found.is_some() }))
}

/// `POST /api/grade`: grades an exercise.
pub(super) async fn grade(
    State(reader): State<Arc<Reader>>,
    Asked(asked): Asked<ExerciseAsked>,
) -> Response {
    exercise(&reader, asked, &["--json"], Pass::Grading)
}

/// `POST /api/start`: copies a starter to where the learner works on it.
pub(super) async fn start(
    State(reader): State<Arc<Reader>>,
    Asked(asked): Asked<ExerciseAsked>,
) -> Response {
    exercise(&reader, asked, &["start"], Pass::All)
}

/// `POST /api/reset`: puts the starter back; the grader keeps what was there.
pub(super) async fn reset(
    State(reader): State<Arc<Reader>>,
    Asked(asked): Asked<ExerciseAsked>,
) -> Response {
    exercise(&reader, asked, &["reset"], Pass::All)
}

/// Lets the grader do something with an exercise, and passes on what it says.
fn exercise(
    reader: &Arc<Reader>,
    asked: ExerciseAsked,
    words: &'static [&'static str],
    pass: Pass,
) -> Response {
    let known = Manifest::read(&reader.project)
        .and_then(|manifest| manifest.find(&asked.exercise).cloned());
    if let Err(error) = known {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, &format!("{error:#}"));
    }
    one_at_a_time(reader, move |reader, teller, stop| async move {
        let mut line = grader();
        line.extend(words.iter().map(|word| (*word).to_owned()));
        line.push(asked.exercise);
        let left = follow(&reader, line, BUILD, &teller, &stop, pass).await?;
        let mut end = left.end.unwrap_or_default();
        if pass == Pass::Grading {
            if let Some(grade) = grades::one(&left.output) {
                teller
                    .tell(&json!({"kind": "grade", "grade": grade}))
                    .await?;
                end["graded"] = true.into();
            }
            teller.tell(&end).await?;
        }
        reader.status.send_modify(|status| status.grades += 1);
        Ok(())
    })
}

/// The command line of the grader, up to its own words.
fn grader() -> Vec<String> {
    let mut line = cargo();
    let words = [
        "run",
        "--quiet",
        "--color",
        "never",
        "--package",
        "grader",
        "--",
    ];
    line.extend(words.map(str::to_owned));
    line
}

/// Does something whose progress a page follows, unless something is being done.
fn one_at_a_time<Work, Doing>(reader: &Arc<Reader>, work: Work) -> Response
where
    Work: FnOnce(Arc<Reader>, Teller, Arc<Notify>) -> Doing + Send + 'static,
    Doing: Future<Output = Result<(), Gone>> + Send,
{
    let Ok(permit) = reader.one.clone().try_acquire_owned() else {
        return refuse(
            StatusCode::CONFLICT,
            "something else is running; stop it first",
        );
    };
    let (teller, response) = stream();
    let reader = reader.clone();
    tokio::spawn(async move {
        // Held until all processes are gone, whether the page listens or not. The
        // page sees the end of its stream only when the place is free again.
        let permit: OwnedSemaphorePermit = permit;
        let last = teller.clone();
        let stop = Arc::new(Notify::new());
        let number = reader.begin(stop.clone()).await;
        if teller
            .tell(&json!({"kind": "accepted", "run": number}))
            .await
            .is_ok()
        {
            let _ = work(reader.clone(), teller, stop).await;
        }
        *reader.current.lock().await = None;
        drop(permit);
        drop(last);
    });
    response
}

impl Reader {
    async fn begin(&self, stop: Arc<Notify>) -> u64 {
        let mut current = self.current.lock().await;
        let number = self
            .numbers
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        *current = Some(Current { number, stop });
        number
    }
}

fn order(reader: &Reader, asked: &RunAsked) -> anyhow::Result<example::Settings> {
    reader.project.example(&asked.example)?;
    let mut all = example::settings(&reader.project)?;
    let settings = all.remove(&asked.example).unwrap_or_default();
    settings.check(&asked.arguments)?;
    Ok(settings)
}

fn command(asked: &RunAsked) -> String {
    let mut command = format!("cargo run --example {}", asked.example);
    if !asked.arguments.is_empty() {
        command.push_str(" -- ");
        command.push_str(&asked.arguments.join(" "));
    }
    command
}

/// Any other method on an action.
pub(super) async fn wrong_method() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, "this needs another method").into_response()
}
