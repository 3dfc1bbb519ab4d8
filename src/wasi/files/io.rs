//! Reading and writing files.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use super::super::memory::{Buffer, shortened};
use super::super::serve::{MAX_TRANSFER, WasiCall};
use super::super::{Errno, Fault};
use super::fault::{Done, Why};
use super::rights;
use super::table::OpenFile;
use super::{FILE_WORK, SYNC_WORK};
use crate::system::AccessKind;
use crate::system::effects::{Course, went};

impl WasiCall<'_> {
    /// Refuses what a file is not open for. It is told of if the plugin wanted to have it open for that.
    pub(super) fn need(&mut self, operation: &str, fd: u32, right: u64) -> Result<(), Fault> {
        let file = self.state.files.file(fd)?;
        if file.may.has(right) {
            return Ok(());
        }
        if file.lacks & right != 0 {
            let shown = file.shown.clone();
            self.session.refuse(AccessKind::Files, operation, &shown, 0);
        }
        Err(Errno::Badf.into())
    }

    /// Reads, at the position of the file or at another: to a list of buffers, by pointer and count, and
    /// how much that was to a third place.
    pub(super) fn read(
        &mut self,
        fd: u32,
        at: Option<u64>,
        (list, count, done): (u32, u32, u32),
    ) -> Result<(), Fault> {
        let mut buffers = self.buffers(list, count)?;
        self.memory.bytes(done, 4)?;
        self.need("read", fd, rights::FD_READ)?;
        let file = self.state.files.file(fd)?;
        let (usage, limits) = self.session.system();
        let left = limits.file_bytes_read.saturating_sub(usage.file_bytes_read);
        let wanted = shortened(&mut buffers, MAX_TRANSFER.min(left));
        if wanted == 0 && left == 0 && count > 0 {
            file.cut = true;
            return Err(Errno::Dquot.into());
        }
        // Each is one more call of the system.
        self.session.worked(buffers.len().saturating_mul(FILE_WORK));
        let memory = &mut self.memory;
        let (total, ended) = transfer(&file.file, at, &buffers, |mut file, buffer| {
            memory.bytes_mut(buffer.at, buffer.len).map_or(Ok(0), |into| file.read(into))
        });
        file.bytes_read = file.bytes_read.saturating_add(total);
        usage_add(&mut self.session.system().0.file_bytes_read, total);
        self.transferred(total, ended, done)
    }

    /// Writes, as [`read`](Self::read) reads. What lies between the end of the file and what is written
    /// counts as written.
    pub(super) fn write(
        &mut self,
        fd: u32,
        at: Option<u64>,
        (list, count, done): (u32, u32, u32),
    ) -> Result<(), Fault> {
        let mut buffers = self.buffers(list, count)?;
        self.memory.bytes(done, 4)?;
        self.need("write", fd, rights::FD_WRITE)?;
        let file = self.state.files.file(fd)?;
        let (usage, limits) = self.session.system();
        let left = limits.file_bytes_written.saturating_sub(usage.file_bytes_written);
        let gap = file.gap(at).map_err(Why::from)?;
        let room = left.saturating_sub(gap);
        let wanted = shortened(&mut buffers, MAX_TRANSFER.min(room));
        if wanted == 0 {
            if count == 0 || room > 0 {
                return Ok(self.memory.set_u32(done, 0)?);
            }
            file.cut = true;
            return Err(Errno::Dquot.into());
        }
        self.announce_file("write", fd)?;
        self.session.worked(buffers.len().saturating_mul(FILE_WORK));
        let memory = &self.memory;
        let file = self.state.files.file(fd)?;
        let (total, ended) = transfer(&file.file, at, &buffers, |mut file, buffer| {
            memory.bytes(buffer.at, buffer.len).map_or(Ok(0), |from| file.write(from))
        });
        file.bytes_written = file.bytes_written.saturating_add(total);
        if total > 0 {
            went(&mut file.effect, Course::Done);
        }
        let counted = if total > 0 { total.saturating_add(gap) } else { 0 };
        usage_add(&mut self.session.system().0.file_bytes_written, counted);
        self.transferred(total, ended, done)
    }

    /// The end of a transfer: one that failed after some bytes has succeeded with these.
    fn transferred(&mut self, total: u64, ended: io::Result<()>, done: u32) -> Result<(), Fault> {
        self.session.worked(usize::try_from(total).unwrap_or(usize::MAX));
        if total == 0 {
            ended.map_err(Why::from)?;
        }
        Ok(self.memory.set_u32(done, u32::try_from(total).unwrap_or(u32::MAX))?)
    }

    pub(super) fn seek(
        &mut self,
        fd: u32,
        offset: i64,
        whence: u32,
        out: u32,
    ) -> Result<(), Fault> {
        self.memory.bytes(out, 8)?;
        let file = self.state.files.file(fd)?;
        let to = match whence {
            0 => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
            1 => SeekFrom::Current(offset),
            2 => SeekFrom::End(offset),
            _ => return Err(Errno::Inval.into()),
        };
        let position = file.file.seek(to).map_err(Why::from)?;
        Ok(self.memory.set_u64(out, position)?)
    }

    /// Waits until what was written is on the disk, as long as that takes.
    pub(super) fn sync(&mut self, fd: u32, all: bool) -> Result<(), Fault> {
        self.need("sync", fd, if all { rights::FD_SYNC } else { rights::FD_DATASYNC })?;
        let file = self.state.files.file(fd)?;
        let synced = if all { file.file.sync_all() } else { file.file.sync_data() };
        self.session.worked(SYNC_WORK);
        Ok(synced.map_err(Why::from)?)
    }

    /// Makes a file longer, which counts as writing, or shorter.
    pub(super) fn set_size(&mut self, fd: u32, size: u64) -> Result<(), Fault> {
        self.need("set_size", fd, rights::FD_FILESTAT_SET_SIZE)?;
        let shown = self.state.files.file(fd)?.shown.clone();
        let done = self.resize(fd, size);
        self.told("set_size", &shown, done)
    }

    fn resize(&mut self, fd: u32, size: u64) -> Done<()> {
        let file = self.state.files.file(fd)?;
        let before = file.file.metadata()?.len();
        let grown = size.saturating_sub(before);
        let (usage, limits) = self.session.system();
        if grown > limits.file_bytes_written.saturating_sub(usage.file_bytes_written) {
            file.cut = true;
            return Err(Errno::Dquot.into());
        }
        self.change_file("set_size", fd, |file| Ok(file.file.set_len(size)?))?;
        usage_add(&mut self.session.system().0.file_bytes_written, grown);
        let file = self.state.files.file(fd)?;
        file.bytes_written = file.bytes_written.saturating_add(grown);
        self.session.worked(FILE_WORK);
        Ok(())
    }
}

impl WasiCall<'_> {
    /// Changes an open file, once that is in the log of external effects, if one is kept.
    pub(super) fn change_file(
        &mut self,
        operation: &str,
        fd: u32,
        act: impl FnOnce(&mut OpenFile) -> Done<()>,
    ) -> Done<()> {
        self.announce_file(operation, fd)?;
        let file = self.state.files.file(fd)?;
        act(file)?;
        went(&mut file.effect, Course::Done);
        Ok(())
    }

    /// Has the changes of an open file recorded before the first of them, as one effect.
    fn announce_file(&mut self, operation: &str, fd: u32) -> Done<()> {
        let file = self.state.files.file(fd)?;
        if file.effect.is_none() {
            let (shown, may) = (file.shown.clone(), file.may);
            let effect = self.announce(operation, &shown, may)?;
            self.state.files.file(fd)?.effect = effect;
        }
        Ok(())
    }
}

impl OpenFile {
    /// The gap between the end of the file and the write.
    fn gap(&mut self, at: Option<u64>) -> io::Result<u64> {
        if self.appends {
            return Ok(0);
        }
        let begin = match at {
            Some(at) => at,
            None => self.file.stream_position()?,
        };
        Ok(begin.saturating_sub(self.file.metadata()?.len()))
    }
}

/// Reads or writes one buffer after the other, until one is not filled or emptied: how many bytes that
/// were, and what it ended with.
fn transfer(
    file: &File,
    at: Option<u64>,
    buffers: &[Buffer],
    mut one: impl FnMut(&File, &Buffer) -> io::Result<usize>,
) -> (u64, io::Result<()>) {
    let mut total = 0_u64;
    let ended = positioned(file, at, |file| {
        for buffer in buffers {
            let len = u64::try_from(one(file, buffer)?).unwrap_or(u64::MAX);
            total = total.saturating_add(len);
            if len < u64::from(buffer.len) {
                break;
            }
        }
        Ok(())
    });
    (total, ended)
}

/// Does something at another position of a file, and comes back.
fn positioned(
    file: &File,
    at: Option<u64>,
    act: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let mut seeker = file;
    let Some(at) = at else { return act(file) };
    let before = seeker.stream_position()?;
    seeker.seek(SeekFrom::Start(at))?;
    let done = act(file);
    seeker.seek(SeekFrom::Start(before))?;
    done
}

fn usage_add(usage: &mut u64, bytes: u64) {
    *usage = usage.saturating_add(bytes);
}
