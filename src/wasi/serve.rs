//! One function of WASI, from its arguments to its answer.

use alloc::format;
use alloc::vec::Vec;

use super::memory::{Buffer, shortened};
use super::{Errno, Fault, Memory, State, WasiFunction};
use crate::session::Session;
use crate::{Error, ErrorKind};

/// The most bytes that one call reads or writes. It is told so, and goes on with the rest.
pub(super) const MAX_TRANSFER: u64 = 64 << 10;

/// The work of reading a buffer's pointer and length, in bytes.
const BUFFER_WORK: usize = 8;

/// The descriptors of the standard streams, which cannot be closed.
const STDIN: u32 = 0;
const STDOUT: u32 = 1;
const STDERR: u32 = 2;

/// A stand-in for a file: a terminal, so that lines are written when they end.
const CHARACTER_DEVICE: u8 = 2;
const RIGHT_FD_READ: u64 = 1 << 1;
const RIGHT_FD_WRITE: u64 = 1 << 6;
const RIGHT_POLL: u64 = 1 << 27;

/// The arguments of a function, as they come from the module.
pub(crate) type GivenArgs = [u64; WasiFunction::MAX_PARAMS];

pub(super) struct Args(GivenArgs);

impl Args {
    /// A number of 32 bits.
    pub(super) fn at(&self, position: usize) -> u32 {
        u32::try_from(self.wide(position) & u64::from(u32::MAX)).unwrap_or(u32::MAX)
    }

    /// A number of 64 bits.
    pub(super) fn wide(&self, position: usize) -> u64 {
        self.0.get(position).copied().unwrap_or(0)
    }
}

/// A call of a function of WASI.
pub(super) struct WasiCall<'c> {
    pub(super) session: &'c mut Session,
    pub(super) state: &'c mut State,
    pub(super) memory: Memory<'c>,
}

/// Serves a function; what it answers is an error number of WASI, or none. It may [wait](State::is_waiting).
pub(crate) fn serve(
    session: &mut Session,
    state: &mut State,
    function: WasiFunction,
    args: GivenArgs,
    memory: &mut [u8],
) -> Result<i32, Error> {
    session.count_call()?;
    session.start_clock();
    WasiCall { session, state, memory: Memory(memory) }.answer(function, &Args(args))
}

/// Serves a function anew that [waited](State::is_waiting): what it is about to do is recorded.
pub(crate) fn resume(
    session: &mut Session,
    state: &mut State,
    function: WasiFunction,
    args: GivenArgs,
    memory: &mut [u8],
) -> Result<i32, Error> {
    let answer = WasiCall { session, state, memory: Memory(memory) }.answer(function, &Args(args));
    if core::mem::take(&mut state.announcement).is_waiting() {
        return Err(Error::internal("a function of WASI waited twice"));
    }
    answer
}

impl WasiCall<'_> {
    fn answer(&mut self, function: WasiFunction, args: &Args) -> Result<i32, Error> {
        match self.serve(function, args) {
            Ok(()) | Err(Fault::Waits) => Ok(0),
            Err(Fault::Errno(errno)) => Ok(errno as i32),
            Err(Fault::End(error)) => Err(error),
        }
    }

    fn serve(&mut self, function: WasiFunction, args: &Args) -> Result<(), Fault> {
        use WasiFunction as F;
        let (a, b, c, d) = (args.at(0), args.at(1), args.at(2), args.at(3));
        match function {
            // There are none.
            F::ArgsGet => Ok(()),
            F::ArgsSizesGet => self.args_sizes(a, b),
            F::EnvironGet => self.environ_get(a, b),
            F::EnvironSizesGet => self.environ_sizes(a, b),
            F::ClockResGet => self.clock_resolution(a, b),
            F::ClockTimeGet => self.clock_time(a, c),
            F::RandomGet => self.random(a, b),
            F::PollOneoff => self.poll(a, b, c, d),
            F::ProcExit => Err(exited(a).into()),
            F::SchedYield => Ok(()),
            F::ProcRaise | F::SockAccept | F::SockRecv | F::SockSend | F::SockShutdown => {
                Err(Errno::Notsup.into())
            }
            _ if a <= STDERR => self.standard(function, a, args),
            _ => self.file(function, args),
        }
    }

    /// The use of a standard stream.
    fn standard(&mut self, function: WasiFunction, fd: u32, args: &Args) -> Result<(), Fault> {
        use WasiFunction as F;
        match function {
            F::FdRead if fd == STDIN => {
                self.buffers(args.at(1), args.at(2))?;
                Ok(self.memory.set_u32(args.at(3), 0)?)
            }
            F::FdWrite if fd == STDOUT || fd == STDERR => {
                self.print(fd, args.at(1), args.at(2), args.at(3))
            }
            F::FdFdstatGet => {
                let rights = if fd == STDIN { RIGHT_FD_READ } else { RIGHT_FD_WRITE };
                let mut stat = [0_u8; 24];
                stat[0] = CHARACTER_DEVICE;
                stat[8..16].copy_from_slice(&(rights | RIGHT_POLL).to_le_bytes());
                Ok(self.memory.set(args.at(1), &stat)?)
            }
            F::FdFilestatGet => {
                let mut stat = [0_u8; 64];
                stat[16] = CHARACTER_DEVICE;
                Ok(self.memory.set(args.at(1), &stat)?)
            }
            F::FdClose => Ok(()),
            F::FdSeek | F::FdTell | F::FdPread | F::FdPwrite | F::FdAdvise | F::FdAllocate => {
                Err(Errno::Spipe.into())
            }
            F::FdFdstatSetFlags | F::FdFdstatSetRights | F::FdRenumber => Err(Errno::Notsup.into()),
            F::FdSync | F::FdDatasync | F::FdFilestatSetSize | F::FdFilestatSetTimes => {
                Err(Errno::Inval.into())
            }
            // Where a path begins, or what the stream is not open for.
            _ => Err(Errno::Badf.into()),
        }
    }

    /// A list of buffers, of which it takes something to read each.
    pub(super) fn buffers(&mut self, at: u32, count: u32) -> Result<Vec<Buffer>, Fault> {
        let buffers = self.memory.buffers(at, count)?;
        self.session.worked(buffers.len().saturating_mul(BUFFER_WORK));
        Ok(buffers)
    }

    /// Writes to standard output or standard error.
    fn print(&mut self, fd: u32, at: u32, count: u32, written: u32) -> Result<(), Fault> {
        let mut buffers = self.buffers(at, count)?;
        self.memory.bytes(written, 4)?;
        let len = shortened(&mut buffers, MAX_TRANSFER);
        for buffer in buffers {
            let stream = if fd == STDOUT { &mut self.state.stdout } else { &mut self.state.stderr };
            let bytes = self.memory.bytes(buffer.at, buffer.len)?;
            self.session.worked(bytes.len());
            if self.session.logs(stream.level()) {
                stream.write(bytes, self.session);
            }
        }
        Ok(self.memory.set_u32(written, u32::try_from(len).unwrap_or(u32::MAX))?)
    }

    /// True if a descriptor is that of something.
    pub(super) fn is_open(&mut self, fd: u32) -> bool {
        fd <= STDERR || self.is_file_open(fd)
    }
}

/// A plugin that ends itself has come to no verdict, whatever the number.
fn exited(code: u32) -> Error {
    Error::new(
        ErrorKind::PluginFailed,
        format!(
            "the plugin ended itself with `proc_exit` and the code {}, without a verdict; have it \
             return one",
            code.cast_signed()
        ),
    )
}
