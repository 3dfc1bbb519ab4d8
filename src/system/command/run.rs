//! A program, from its start to its end.

use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{ErrorKind, PipeReader, Read, Write as _};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::time::Instant;

use cpex_wasmi_abi::{Command, CommandOutput, Status};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// The interval of checks that the program has ended, while another holds its output open.
const NAP: Duration = Duration::from_millis(10);

/// Waits once its output is closed: it is about to end.
const SHORT_NAP: Duration = Duration::from_millis(1);

/// The bytes that are read or written at once.
const PIECE: usize = 8192;

/// The program to run.
pub(super) struct Job {
    pub(super) command: Command,
    /// The most output there may be, both streams together.
    pub(super) output_bytes: usize,
    /// The time that it may take.
    pub(super) time: Option<Duration>,
}

/// Runs a program to its end; kills it, with whatever it has started in its process group, if it takes
/// too long, gives too much, or is given up: `given_up` is closed at the other end then. `started` is set once it runs.
pub(super) fn run(
    job: &Job,
    given_up: &PipeReader,
    started: &AtomicBool,
) -> Result<CommandOutput, Status> {
    let begun = Instant::now();
    let mut program = Program::start(job, started)?;
    loop {
        let left = match job.time.map(|time| time.saturating_sub(begun.elapsed())) {
            Some(Duration::ZERO) => return Err(Status::Unavailable),
            left => left,
        };
        if program.wait(left, given_up)? {
            return Err(Status::Unavailable);
        }
        program.transfer(&job.command.stdin)?;
        if program.has_ended() {
            return program.end(&job.command.stdin);
        }
    }
}

struct Program {
    group: Group,
    /// With how much of the input is written.
    stdin: Option<ChildStdin>,
    written: usize,
    stdout: OutputStream<ChildStdout>,
    stderr: OutputStream<ChildStderr>,
    /// The output that may still come.
    room: usize,
}

impl Program {
    fn start(job: &Job, started: &AtomicBool) -> Result<Self, Status> {
        let Command { program, args, stdin } = &job.command;
        let mut command = std::process::Command::new(program);
        command
            .args(args)
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(if stdin.is_empty() { Stdio::null() } else { Stdio::piped() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let failed = |_| Status::Unavailable;
        let mut child = command.spawn().map_err(failed)?;
        started.store(true, Ordering::Release);
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let group = Group { child, over: false };
        let streams = [
            stdin.as_ref().map(AsFd::as_fd),
            stdout.as_ref().map(AsFd::as_fd),
            stderr.as_ref().map(AsFd::as_fd),
        ];
        for stream in streams.into_iter().flatten() {
            rustix::io::ioctl_fionbio(stream, true).map_err(|_| Status::Unavailable)?;
        }
        Ok(Self {
            group,
            stdin,
            written: 0,
            stdout: OutputStream { stream: stdout, bytes: Vec::new() },
            stderr: OutputStream { stream: stderr, bytes: Vec::new() },
            room: job.output_bytes,
        })
    }

    /// Waits until there is something to do; tells whether the program is given up.
    fn wait(&self, left: Option<Duration>, given_up: &PipeReader) -> Result<bool, Status> {
        let closed = self.stdout.stream.is_none() && self.stderr.stream.is_none();
        let nap = if closed { SHORT_NAP } else { NAP };
        let nap = left.map_or(nap, |left| left.min(nap));
        let nap = Timespec::try_from(nap).map_err(|_| Status::Unavailable)?;
        let mut streams = vec![PollFd::new(given_up, PollFlags::IN)];
        if let Some(stdin) = &self.stdin {
            streams.push(PollFd::new(stdin, PollFlags::OUT));
        }
        if let Some(stdout) = &self.stdout.stream {
            streams.push(PollFd::new(stdout, PollFlags::IN));
        }
        if let Some(stderr) = &self.stderr.stream {
            streams.push(PollFd::new(stderr, PollFlags::IN));
        }
        match poll(&mut streams, Some(&nap)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Err(Status::Unavailable),
        }
        Ok(streams.first().is_some_and(|given_up| !given_up.revents().is_empty()))
    }

    /// Writes and reads what can be without waiting.
    fn transfer(&mut self, input: &[u8]) -> Result<(), Status> {
        if let Some(stdin) = &mut self.stdin {
            let rest = input.get(self.written..).unwrap_or_default();
            match stdin.write(rest.get(..PIECE).unwrap_or(rest)) {
                Ok(written) => self.written = self.written.saturating_add(written),
                Err(error) if is_passing(error.kind()) => {}
                // It need not read all that it is given.
                Err(_) => self.stdin = None,
            }
            if self.written >= input.len() {
                self.stdin = None;
            }
        }
        self.stdout.read(&mut self.room)?;
        self.stderr.read(&mut self.room)?;
        Ok(())
    }

    /// True if the program itself has ended. It stays there to be waited for, and its process group
    /// with it.
    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        // Where somebody else has waited for it, there is nothing more to learn.
        !matches!(waitid(WaitId::Pid(self.group.id()), options), Ok(None))
    }

    /// The result of a program that has ended.
    fn end(mut self, input: &[u8]) -> Result<CommandOutput, Status> {
        // What it has left running is ended first, so that it is all there.
        self.group.kill();
        self.stdin = None;
        loop {
            let room = self.room;
            self.transfer(input)?;
            if room == self.room {
                break;
            }
        }
        let status = self.group.wait()?;
        Ok(CommandOutput {
            status: status.code(),
            stdout: self.stdout.bytes,
            stderr: self.stderr.bytes,
        })
    }
}

/// An output stream of a program, until it is closed, and the bytes read from it.
struct OutputStream<S> {
    stream: Option<S>,
    bytes: Vec<u8>,
}

impl<S: Read> OutputStream<S> {
    fn read(&mut self, room: &mut usize) -> Result<(), Status> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        let mut piece = [0; PIECE];
        match stream.read(&mut piece) {
            Ok(0) => self.stream = None,
            Ok(len) => {
                *room = room.checked_sub(len).ok_or(Status::TooLarge)?;
                self.bytes.extend_from_slice(piece.get(..len).unwrap_or_default());
            }
            Err(error) if is_passing(error.kind()) => {}
            Err(_) => self.stream = None,
        }
        Ok(())
    }
}

fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// A process with all that it has started in its group.
struct Group {
    child: Child,
    /// True if it was waited for.
    over: bool,
}

impl Group {
    fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Ends all of them that may be ended. While the first of them is not waited for, its number is no
    /// other's.
    fn kill(&self) {
        let _ = kill_process_group(self.id(), Signal::KILL);
    }

    fn wait(&mut self) -> Result<ExitStatus, Status> {
        self.over = true;
        self.child.wait().map_err(|_| Status::Unavailable)
    }
}

/// However it ends, nothing is left of it.
impl Drop for Group {
    fn drop(&mut self) {
        if !self.over {
            self.kill();
            let _ = self.child.wait();
        }
    }
}
