//! The child's side: what `init` does in a process that was started as a
//! worker.

#![expect(unsafe_code, reason = "calls a function that came as an address")]

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::CString;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, OnceLock};

use rustix::net::RecvFlags;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::handle::{self, Handle};
use crate::{image, lifeline, packet, trace};

/// The first packet to a worker. No program finds it on its standard input by
/// chance, so a program that does is a worker.
pub(crate) const GREETING: &[u8] = b"multiproc worker protocol 1";

/// What a worker is told before the argument.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) build: Vec<u8>,
    pub(crate) trampoline: u64,
    pub(crate) function: u64,
    pub(crate) name: String,
    pub(crate) prints_panics: bool,
}

/// What a worker answers; the result itself follows a `Returned`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Returned,
    Panicked { message: String, location: String },
    Failed(Error),
}

impl Answer {
    /// What an answer without a result means to the parent.
    pub(crate) fn into_error(self, pid: u32) -> Error {
        match self {
            Answer::Returned => Error::corrupt("a result"),
            Answer::Panicked { message, location } => Error::Panicked {
                pid,
                message,
                location,
            },
            Answer::Failed(error) => error,
        }
    }
}

/// A worker's answer as it goes over the socket.
pub(crate) type Packed = (Vec<u8>, Vec<Handle>);

/// Decodes the argument, calls the function at the address, packs the result.
pub(crate) type Trampoline = fn(usize, &[u8], Vec<OwnedFd>) -> Packed;

static INITIALIZED: AtomicBool = AtomicBool::new(false);
static NAME: OnceLock<String> = OnceLock::new();

thread_local! {
    static LAST_PANIC: RefCell<Option<(String, String)>> =
        const { RefCell::new(None) };
    /// Whether this is the thread of a worker that runs its function.
    static SERVES: Cell<bool> = const { Cell::new(false) };
}

/// Makes a worker of this process if it was started as one.
///
/// Make it the first line of `main`. In the program that a person started it
/// does nothing but to note that it was called. In a worker it runs the
/// function that the worker was started for, and never returns: another thread that
/// calls it there waits for the end, so that the tests of a test harness, which may
/// begin with it as well, are not run again by each child.
///
/// # Examples
///
/// ```standalone_crate
/// use multiproc::{Process, Result};
///
/// fn square(number: u64) -> u64 {
///     number * number
/// }
///
/// fn main() -> Result<()> {
///     multiproc::init();
///     let child = Process::spawn(square, 7)?;
///     assert_eq!(child.join()?, 49);
///     Ok(())
/// }
/// ```
#[doc(alias = "freeze_support")]
#[doc(alias = "__main__")]
pub fn init() {
    static ROLE: Once = Once::new();
    // The function that a worker runs may call it again.
    if SERVES.get() {
        return;
    }
    ROLE.call_once(|| {
        INITIALIZED.store(true, Ordering::Relaxed);
        if !was_greeted() {
            return trace::open("main", false);
        }
        SERVES.set(true);
        match serve() {
            Ok(code) => std::process::exit(code),
            // The parent learns from the exit code that there is no answer;
            // the reason goes where a person can see it.
            Err(error) => {
                let cause = std::error::Error::source(&error)
                    .map(|cause| format!(": {cause}"))
                    .unwrap_or_default();
                let _ = writeln!(
                    std::io::stderr(),
                    "multiproc worker {}: {error}{cause}",
                    std::process::id()
                );
                std::process::exit(1);
            }
        }
    });
}

/// Whether `init` was called in this process.
pub(crate) fn is_initialized() -> bool {
    INITIALIZED.load(Ordering::Relaxed)
}

/// Whether this process was started as a worker.
pub(crate) fn is_worker() -> bool {
    NAME.get().is_some()
}

/// The name that this process was started with.
pub(crate) fn name() -> &'static str {
    NAME.get().map_or("main", String::as_str)
}

/// Whether the greeting waits on standard input; it is left there.
fn was_greeted() -> bool {
    let mut start = [0; GREETING.len() + 2];
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    let peeked = rustix::net::recv(rustix::stdio::stdin(), &mut start[..], flags);
    matches!(peeked, Ok((length, _)) if packet::is_inline(&start[..length], GREETING))
}

/// Runs the function that this worker was started for; returns its exit code.
fn serve() -> Result<i32> {
    let socket = take_socket()?;
    let (_greeting, mut luggage) = receive(&socket)?;
    if luggage.len() != 1 {
        return Err(Error::corrupt("a greeting with a lifeline"));
    }
    lifeline::hold(luggage.remove(0)).map_err(Error::io("hold the lifeline"))?;
    // Ctrl-C reaches the whole foreground group. Who is asked is the parent;
    // its workers end when it ends.
    ignore_interrupts();

    let (bytes, luggage) = receive(&socket)?;
    let (request, argument) = handle::decode_start::<Request>(&bytes)?;
    if request.build != image::build() {
        return Err(Error::corrupt("a request of the same program"));
    }
    let trampoline = image::address(request.trampoline)?;
    let function = image::address(request.function)?;
    // SAFETY: (1) the address could be that of another kind of function; (2)
    // it lies in this program's code, the image is the one that the parent
    // runs, and the parent took the offset of a `Trampoline`; (3) the socket
    // has only the parent at its other end.
    let trampoline = unsafe {
        std::mem::transmute::<*const (), Trampoline>(trampoline as *const ())
    };
    // What `top` and `ps -o comm` show; the system keeps 15 bytes of it.
    if let Ok(name) = CString::new(request.name.as_str()) {
        let _ = rustix::thread::set_name(&name);
    }
    NAME.get_or_init(|| request.name);
    trace::open(name(), true);
    note_panics(request.prints_panics);

    let running = trace::span("process", name());
    let (mut answer, handles) = trampoline(function, argument, luggage);
    drop(running);
    match packet::send(socket.as_fd(), &answer, &handles, Deadline::NEVER) {
        // Nobody waits for the result: the parent dropped its handle.
        Ok(_) | Err(Error::Disconnected) => {}
        // It holds too many handles, or there is no descriptor left for its file.
        Err(error) => {
            answer.clear();
            handle::encode(&Answer::Failed(error), &mut answer)?;
            packet::send(socket.as_fd(), &answer, &[], Deadline::NEVER)?;
        }
    }
    let returned =
        matches!(handle::decode_start(&answer), Ok((Answer::Returned, _)));
    Ok(if returned { 0 } else { 101 })
}

/// Moves the socket away from standard input, and closes what this process
/// inherited without being meant to.
fn take_socket() -> Result<OwnedFd> {
    let doing = "set up a worker's descriptors";
    let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)
        .map_err(Error::io(doing))?;
    let null = std::fs::File::open("/dev/null").map_err(Error::io(doing))?;
    rustix::stdio::dup2_stdin(&null).map_err(Error::io(doing))?;
    drop(null);
    close_inherited();
    Ok(socket)
}

/// Closes every descriptor but the standard streams that outlived an `exec`. What
/// this program has opened before `init`, as a runtime does whose macro is around
/// `main`, would not.
///
/// One call tells which descriptors there are, up to the number that most systems
/// allow; to list `/proc/self/fd` takes a twentieth of a start. Those above stay
/// open, as their owner has left them.
fn close_inherited() {
    let ask = |fd| libc::pollfd {
        fd,
        events: 0,
        revents: 0,
    };
    let mut asked: Vec<libc::pollfd> = (3..1024).map(ask).collect();
    // SAFETY: (1) the kernel writes into the list; (2) this is its length; (3) other
    // processes do not see it. If the call is refused, all may be open.
    unsafe { libc::poll(asked.as_mut_ptr(), asked.len() as libc::nfds_t, 0) };
    for asked in asked {
        let is_open = asked.revents & libc::POLLNVAL == 0;
        // SAFETY: asks about a number, and changes nothing.
        if is_open && unsafe { libc::fcntl(asked.fd, libc::F_GETFD) } == 0 {
            // SAFETY: (1) closing a descriptor that something owns is a bug; (2)
            // what this program opens is closed by `exec`, so this is nobody's;
            // (3) other processes keep theirs.
            unsafe { libc::close(asked.fd) };
        }
    }
}

/// Makes SIGINT do nothing. It is caught and not ignored: a program that the
/// worker starts would inherit that it is ignored, and outlive a Ctrl-C.
fn ignore_interrupts() {
    extern "C" fn nothing(_signal: libc::c_int) {}

    // SAFETY: all zeroes is an action with no flags and an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nothing as *const () as usize;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: (1) a handler runs at any instruction; (2) this one does nothing,
    // and lets the system call that it interrupts go on; (3) other processes
    // have handlers of their own.
    unsafe {
        libc::sigaction(libc::SIGINT, &raw const action, std::ptr::null_mut())
    };
    mask_interrupts(libc::SIG_UNBLOCK);
}

/// Starts a process that no SIGINT ends before its `init` ignores them: it begins
/// with them held back, as this thread does meanwhile.
pub(crate) fn without_interrupts<T>(start: impl FnOnce() -> T) -> T {
    let were_held_back = mask_interrupts(libc::SIG_BLOCK);
    let started = start();
    if !were_held_back {
        mask_interrupts(libc::SIG_UNBLOCK);
    }
    started
}

/// Holds SIGINT back from this thread, or no longer; returns whether it was.
fn mask_interrupts(how: libc::c_int) -> bool {
    // SAFETY: all zeroes is a set of no signals.
    let mut interrupts: libc::sigset_t = unsafe { std::mem::zeroed() };
    let mut before = interrupts;
    // SAFETY: (1) the call writes into the set; (2) it is here; (3) nobody else's.
    unsafe { libc::sigaddset(&raw mut interrupts, libc::SIGINT) };
    // SAFETY: (1) the call reads one set and writes into the other; (2) both are
    // here; (3) other processes have masks of their own: a new one gets a copy.
    unsafe { libc::pthread_sigmask(how, &raw const interrupts, &raw mut before) };
    // SAFETY: as for the first; it only reads.
    unsafe { libc::sigismember(&raw const before, libc::SIGINT) == 1 }
}

fn receive(socket: &OwnedFd) -> Result<packet::Message> {
    packet::receive(socket.as_fd(), Deadline::NEVER)?.ok_or(Error::Disconnected)
}

/// Keeps the message and place of each panic for the answer.
fn note_panics(also_print: bool) {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let message = message_of(info.payload());
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        // It is gone if the thread is ending; then nobody asks for it.
        let _ = LAST_PANIC.try_with(|last| last.replace(Some((message, location))));
        if also_print {
            print(info);
        }
    }));
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is no text")
        .to_string()
}

/// Calls `function` and turns a panic into its message and place.
pub(crate) fn catch<R>(function: impl FnOnce() -> R) -> Result<R, (String, String)> {
    panic::catch_unwind(AssertUnwindSafe(function)).map_err(|payload| {
        let message = message_of(&*payload);
        // A panic that was carried over from another thread has no place here;
        // then the one that was noted is an earlier one.
        let noted = LAST_PANIC.take().filter(|(noted, _)| *noted == message);
        noted.unwrap_or_else(|| (message, "unknown place".into()))
    })
}

/// The [`Trampoline`] for functions from `A` to `R`.
pub(crate) fn run<A: DeserializeOwned, R: Serialize>(
    function: usize,
    argument: &[u8],
    luggage: Vec<OwnedFd>,
) -> Packed {
    let mut bytes = Vec::new();
    let answer = match call::<A, R>(function, argument, luggage, &mut bytes) {
        Ok(handles) => return (bytes, handles),
        Err(answer) => answer,
    };
    bytes.clear();
    // An answer without a result holds only numbers and text.
    let _ = handle::encode(&answer, &mut bytes);
    (bytes, Vec::new())
}

fn call<A: DeserializeOwned, R: Serialize>(
    function: usize,
    argument: &[u8],
    luggage: Vec<OwnedFd>,
    bytes: &mut Vec<u8>,
) -> Result<Vec<Handle>, Answer> {
    let panicked = |(message, location): (String, String)| Answer::Panicked {
        message,
        location,
    };
    let argument = catch(|| handle::decode_with_handles::<A>(argument, luggage))
        .map_err(panicked)?
        .map_err(Answer::Failed)?;
    // SAFETY: (1) the address could be that of another type of function; (2)
    // it was taken from a `fn(A) -> R` together with this very trampoline;
    // (3) only the parent can have sent it.
    let function = unsafe {
        std::mem::transmute::<*const (), fn(A) -> R>(function as *const ())
    };
    let result = catch(|| function(argument)).map_err(panicked)?;
    catch(|| handle::encode_with_handles(&(Answer::Returned, result), bytes))
        .map_err(panicked)?
        .map_err(Answer::Failed)
}
