//! What a page can ask for: a run, its end, a grade, and the news.

use super::guard::{Asked, refuse};
use super::stream::{Gone, Teller, stream};
use super::{Reader, Status};
use crate::example;
use crate::exercise::Manifest;
use crate::grades;
use crate::run::{Order, Run};
use crate::supervise::Limits;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::{MissedTickBehavior, interval};

/// How long an example may run if `book/examples.toml` does not say.
const SECONDS: u64 = 20;

/// What an example may print, and what a compiler may.
const OUTPUT: usize = 256 * 1024;

/// Cargo's limits: the first build of all takes its time on a slow machine.
const BUILD: Limits = Limits {
    time: Duration::from_secs(900),
    output: 64 * 1024 * 1024,
};

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

/// What of a program's lines a page gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// All of them, as they are.
    All,
    /// Standard error, as news from the compiler.
    Building,
    /// Standard error, as news; standard output is the grade.
    Grading,
}

/// What a program left behind.
#[derive(Debug, Default)]
struct Left {
    output: String,
    end: Option<Value>,
}

/// Runs a program and passes on what it says, until it ends, the page goes or asks
/// for the end.
async fn follow(
    reader: &Reader,
    words: Vec<String>,
    limits: Limits,
    teller: &Teller,
    stop: &Notify,
    pass: Pass,
) -> Result<Left, Gone> {
    let folder = reader.project.root().to_owned();
    let order = Order {
        words,
        folder,
        limits,
    };
    let mut run = match Run::start(&reader.supervisor, &order) {
        Ok(run) => run,
        Err(error) => {
            let told = json!({"kind": "failed", "text": format!("{error:#}")});
            teller.tell(&told).await?;
            return Ok(Left::default());
        }
    };
    let mut beat = heartbeat();
    let mut left = Left::default();
    let told = loop {
        let told = tokio::select! {
            () = teller.gone() => Err(Gone),
            _ = beat.tick() => teller.tell(&json!({"kind": "beat"})).await,
            () = stop.notified() => {
                run.stop().await;
                Ok(())
            }
            line = run.line() => match line {
                Some(line) => pass_on(line, pass, teller, &mut left).await,
                None => break Ok(()),
            },
        };
        if told.is_err() {
            break told;
        }
    };
    run.end().await;
    told?;
    if left.end.is_none() {
        let text = "the program's supervisor has gone";
        teller
            .tell(&json!({"kind": "failed", "text": text}))
            .await?;
    }
    Ok(left)
}

async fn pass_on(
    line: String,
    pass: Pass,
    teller: &Teller,
    left: &mut Left,
) -> Result<(), Gone> {
    let value: Value = serde_json::from_str(&line).unwrap_or_default();
    let text = value["text"].as_str().unwrap_or_default();
    match (value["kind"].as_str(), pass) {
        (Some("end" | "failed"), _) => left.end = Some(value.clone()),
        (Some("out"), Pass::Building | Pass::Grading) => left.output.push_str(text),
        _ => {}
    }
    match (value["kind"].as_str(), pass) {
        (_, Pass::All) | (Some("failed"), _) => teller.line(line + "\n").await,
        (Some("err"), Pass::Building | Pass::Grading) => {
            teller
                .tell(&json!({"kind": "building", "text": text}))
                .await
        }
        _ => Ok(()),
    }
}

/// Brings an example up to date and tells where its program lies; `None` if it
/// does not compile or the build was stopped, which the page has been told.
async fn build_example(
    reader: &Reader,
    name: &str,
    teller: &Teller,
    stop: &Notify,
) -> Result<Option<PathBuf>, Gone> {
    let mut words = cargo();
    let build = ["build", "--color", "never", "--example", name];
    words.extend(build.map(str::to_owned));
    words.push("--message-format=json-render-diagnostics".to_owned());
    let left = follow(reader, words, BUILD, teller, stop, Pass::Building).await?;
    let program = left.output.lines().rev().find_map(|line| {
        let value: Value = serde_json::from_str(line).ok()?;
        let ours = value["target"]["name"] == name;
        ours.then(|| value["executable"].as_str().map(PathBuf::from))
            .flatten()
    });
    match left.end {
        Some(end) if end["code"] == 0 && program.is_some() => Ok(program),
        Some(end) if end["how"] == "ended" => {
            let text = "the example does not compile; the reasons are above";
            teller
                .tell(&json!({"kind": "failed", "text": text}))
                .await?;
            Ok(None)
        }
        Some(end) if end["kind"] == "end" => {
            teller.tell(&end).await?;
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// Builds all examples, so that the first run of each starts at once. What the
/// compiler says goes into the state of the book.
pub(super) async fn build_examples(reader: &Reader) {
    let mut words = cargo();
    let build = ["build", "--color", "never", "--examples"];
    words.extend(build.map(str::to_owned));
    let folder = reader.project.root().to_owned();
    let order = Order {
        words,
        folder,
        limits: BUILD,
    };
    let Ok(mut run) = Run::start(&reader.supervisor, &order) else {
        return;
    };
    let mut state = "failed";
    loop {
        let line = tokio::select! {
            () = reader.closing.notified() => break,
            line = run.line() => line,
        };
        let Some(line) = line else { break };
        let value: Value = serde_json::from_str(&line).unwrap_or_default();
        if value["kind"] == "end" && value["code"] == 0 {
            state = "ready";
        }
        let text = value["text"].as_str().unwrap_or_default().trim();
        if let Some(last) = text.lines().last() {
            let last = last.trim().to_owned();
            reader.status.send_modify(|status| status.building = last);
        }
    }
    run.end().await;
    reader
        .status
        .send_modify(|status| state.clone_into(&mut status.examples));
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

fn cargo() -> Vec<String> {
    vec![std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())]
}

fn heartbeat() -> tokio::time::Interval {
    let mut beat = interval(Duration::from_secs(1));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}

/// Any other method on an action.
pub(super) async fn wrong_method() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, "this needs another method").into_response()
}
