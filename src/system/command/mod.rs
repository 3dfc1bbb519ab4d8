//! `command.run`: programs.
//!
//! Each runs beside a thread of its own, which feeds and watches it: waiting for a program without one
//! takes handlers of signals in the embedder's process, or an executor of a certain kind.

mod run;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::io::{PipeWriter, pipe};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use cpex_wasmi_abi::{AccessRequest, Command, CommandOutput, Status};

use super::effects::{Course, went};
use super::invocation::Pending;
use super::{AccessKind, AuditOutcome, Function, Invocation, Reply};
use crate::boundary::{Input, MAX_MESSAGE_BYTES};
use crate::logging::contained;

use run::Job;

/// The stack of the thread beside a program, in bytes.
const STACK: usize = 128 << 10;

/// The longest time that a program outlives the deadline of the call: the call itself gives the program up
/// then, unless its future is not polled.
const GRACE: Duration = Duration::from_secs(1);

pub(crate) struct CommandRun;

impl Function for CommandRun {
    fn kind(&self) -> AccessKind {
        AccessKind::Command
    }

    fn call(&self, invocation: &mut Invocation<'_>, argument: Input<'_>) -> Reply {
        let format = argument.format;
        match argument.record().and_then(|command| begin(invocation, command)) {
            Ok(admitted) => Reply::Later(Box::pin(async move {
                admitted.run().await.and_then(|output| format.encode(&output))
            })),
            Err(status) => Reply::Now(Err(status)),
        }
    }
}

/// A program that may run.
struct Admitted {
    job: Job,
    /// The program and its arguments, as they are told of.
    target: String,
    pending: Pending,
}

fn begin(invocation: &mut Invocation<'_>, command: Command) -> Result<Admitted, Status> {
    let target = shown(invocation, &command);
    let (access, operation) = (AccessKind::Command, "run");
    if !is_granted(invocation, &command) {
        return Err(invocation.denied(access, operation, &target));
    }
    let limits = &invocation.grants.limits;
    if invocation.usage.commands >= limits.commands {
        invocation.failed(access, operation, &target);
        return Err(Status::QuotaExceeded);
    }
    invocation.usage.commands = invocation.usage.commands.saturating_add(1);
    let sent = u64::try_from(command.stdin.len()).unwrap_or(u64::MAX);
    let pending = Pending::new(invocation, access, operation, &target, sent);
    let job = Job {
        command,
        output_bytes: usize::try_from(limits.command_output_bytes).unwrap_or(usize::MAX),
        time: invocation.remaining.map(|left| left.saturating_add(GRACE)),
    };
    Ok(Admitted { job, target, pending })
}

impl Admitted {
    /// Runs it to its end, once it is in the log of external effects, if one is kept.
    async fn run(self) -> Result<CommandOutput, Status> {
        let Self { job, target, pending } = self;
        let mut effect = pending.reporter().announce(AccessKind::Command, "run", &target).await?;
        let (given_up, held) = pipe().map_err(|_| Status::Unavailable)?;
        let slot = Arc::new(ResultSlot::default());
        let theirs = slot.clone();
        let sent = u64::try_from(job.command.stdin.len()).unwrap_or(u64::MAX);
        let thread = thread::Builder::new().name("cpex-command".into()).stack_size(STACK);
        let spawned = thread.spawn(move || {
            let output = contained(|| run::run(&job, &given_up, &theirs.started));
            theirs.fill(output.unwrap_or(Err(Status::Unavailable)));
        });
        spawned.map_err(|_| Status::Unavailable)?;
        went(&mut effect, Course::Unknown);
        let started = slot.clone();
        let output = Running { slot, _held: held }.await;
        let received = match &output {
            Ok(CommandOutput { stdout, stderr, .. }) => stdout.len().saturating_add(stderr.len()),
            Err(_) => 0,
        };
        if output.is_ok() {
            went(&mut effect, Course::Done);
        } else if !started.started.load(Ordering::Acquire) {
            went(&mut effect, Course::NotBegun);
        }
        if let Some(effect) = &mut effect {
            effect.moved(sent, u64::try_from(received).unwrap_or(u64::MAX));
        }
        let outcome = if output.is_ok() { AuditOutcome::Allowed } else { AuditOutcome::Failed };
        pending.end(outcome, received);
        output
    }
}

/// True if program and arguments are asked for and granted.
fn is_granted(invocation: &Invocation<'_>, command: &Command) -> bool {
    let granted = &invocation.grants.granted;
    let Command { program, args, .. } = command;
    // Nothing is looked up in a `PATH`, whatever an embedder granted.
    program.starts_with('/')
        && granted.asks(&AccessRequest::Command(program))
        && granted
            .access
            .commands
            .iter()
            .any(|grant| grant.program == *program && grant.allows(args))
}

/// Program and arguments for audit events, as a shell would read them: each that is not plain is in quotes, so that one
/// argument with a space is not shown as two.
fn shown(invocation: &mut Invocation<'_>, command: &Command) -> String {
    let mut shown = String::new();
    for word in core::iter::once(&command.program).chain(&command.args) {
        if !shown.is_empty() {
            shown.push(' ');
        }
        if is_plain(word) {
            shown.push_str(word);
            continue;
        }
        // Escaped, a secret with a quotation mark in it would not be found.
        let (word, work) = invocation.secrets.redact_start(word, MAX_MESSAGE_BYTES);
        invocation.charge(work);
        shown.push('"');
        for char in word.chars() {
            if matches!(char, '"' | '\\') {
                shown.push('\\');
            }
            shown.push(char);
        }
        shown.push('"');
    }
    shown
}

/// True if a word needs no quotes.
fn is_plain(word: &str) -> bool {
    let is_plain = |char: char| char.is_alphanumeric() || "-_./:=@%+,".contains(char);
    !word.is_empty() && word.chars().all(is_plain)
}

/// A program that runs. Once this is dropped, the program is killed.
struct Running {
    slot: Arc<ResultSlot>,
    /// The thread beside the program sees when this is closed.
    _held: PipeWriter,
}

impl Future for Running {
    type Output = Result<CommandOutput, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.slot.poll(context)
    }
}

/// The slot into which the thread puts the program's result.
#[derive(Default)]
struct ResultSlot {
    state: Mutex<SlotState>,
    /// True once the program runs.
    started: AtomicBool,
}

#[derive(Default)]
struct SlotState {
    output: Option<Result<CommandOutput, Status>>,
    waker: Option<Waker>,
}

impl ResultSlot {
    fn locked(&self) -> MutexGuard<'_, SlotState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fill(&self, output: Result<CommandOutput, Status>) {
        let mut left = self.locked();
        left.output = Some(output);
        let waker = left.waker.take();
        drop(left);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&self, context: &Context<'_>) -> Poll<Result<CommandOutput, Status>> {
        let mut left = self.locked();
        match left.output.take() {
            Some(output) => Poll::Ready(output),
            None => {
                left.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
