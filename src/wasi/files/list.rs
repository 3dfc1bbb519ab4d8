//! Listing directories.

use alloc::string::String;
use alloc::vec::Vec;

use cap_fs_ext::{DirExt as _, MetadataExt as _};
use cap_std::fs::{Dir, Metadata};

use super::super::serve::WasiCall;
use super::super::{Errno, Fault};
use super::fault::{Done, Why};
use super::rights;
use super::root::Root;
use super::stat::kind_of;

/// The most entries of a directory that is listed.
const MAX_ITEMS: usize = 10_000;
/// The charge for an entry, beside its name.
const ITEM_WORK: usize = 1200;
const HEADER: usize = 24;

/// An entry of a directory.
pub(super) struct ListedEntry {
    name: String,
    inode: u64,
    kind: u8,
}

impl ListedEntry {
    fn new(name: String, metadata: &Metadata) -> Self {
        Self { name, inode: metadata.ino(), kind: kind_of(metadata) }
    }
}

impl WasiCall<'_> {
    /// Gives entries from a position on, as many as there is room for; the last may be cut.
    pub(super) fn read_dir(
        &mut self,
        fd: u32,
        (at, len): (u32, u32),
        from: u64,
        used: u32,
    ) -> Result<(), Fault> {
        self.memory.bytes(at, len)?;
        self.memory.bytes(used, 4)?;
        let place = self.state.files.itself(fd)?;
        let dir = self.state.files.dir(fd)?;
        if from == 0 || dir.items.is_none() {
            let allowed = dir.may.has(rights::FD_READDIR);
            let items = if allowed { self.items(&place) } else { Err(Why::Denied) };
            let items = self.told("list", &place.shown, items)?;
            self.state.files.make_room(items.len());
            self.state.files.dir(fd)?.items = Some(items);
        }
        let items = self.state.files.dir(fd)?.items.as_deref().unwrap_or_default();
        let skipped = usize::try_from(from).unwrap_or(usize::MAX);
        let mut out = self.memory.bytes_mut(at, len)?;
        let room = out.len();
        let mut next = from;
        for item in items.iter().skip(skipped) {
            next = next.saturating_add(1);
            let mut header = [0_u8; HEADER];
            let size = u32::try_from(item.name.len()).unwrap_or(u32::MAX);
            let fields = next
                .to_le_bytes()
                .into_iter()
                .chain(item.inode.to_le_bytes())
                .chain(size.to_le_bytes())
                .chain([item.kind]);
            for (to, from) in header.iter_mut().zip(fields) {
                *to = from;
            }
            for bytes in [&header, item.name.as_bytes()] {
                let copied = bytes.len().min(out.len());
                let (into, rest) = out.split_at_mut(copied);
                into.copy_from_slice(bytes.get(..copied).unwrap_or_default());
                out = rest;
            }
            if out.is_empty() {
                break;
            }
        }
        let len = room.saturating_sub(out.len());
        self.session.worked(len);
        Ok(self.memory.set_u32(used, u32::try_from(len).unwrap_or(u32::MAX))?)
    }

    /// All entries, in the order of their names.
    fn items(&mut self, place: &super::PathTarget) -> Done<Vec<ListedEntry>> {
        let mut items = Vec::new();
        let mut own = 1;
        let roots = self.state.files.roots.clone();
        let root = place.root.and_then(|at| roots.0.get(at));
        if let (Some(dir), true) = (&place.dir, place.may.has(rights::FD_READDIR)) {
            let dir = dir.open_dir_nofollow(&place.path)?;
            own = dir.dir_metadata()?.ino();
            self.entries(&dir, None, &mut items)?;
        } else if let Some(root) = root
            && let Some(folder) = &root.folder
        {
            self.entries(&folder.dir, Some(root), &mut items)?;
        }
        let files = root.iter().flat_map(|root| &root.files);
        for file in files.filter(|file| file.may.has(rights::FD_READDIR)) {
            self.session.worked(ITEM_WORK);
            if let Ok(metadata) = file.parent.metadata(&file.host_name) {
                items.push(ListedEntry::new(file.name.clone(), &metadata));
            }
        }
        // Stable: of two with a name, the first is the one of the directory.
        items.sort_by(|a, b| a.name.cmp(&b.name));
        items.dedup_by(|a, b| a.name == b.name);
        let itself = |name: &str| ListedEntry {
            name: name.into(),
            inode: own,
            kind: super::stat::DIRECTORY,
        };
        items.insert(0, itself("."));
        items.insert(1, itself(".."));
        Ok(items)
    }

    /// Adds what is in a directory: all of it, or the files that the patterns of a root stand for.
    fn entries(
        &mut self,
        dir: &Dir,
        patterns: Option<&Root>,
        items: &mut Vec<ListedEntry>,
    ) -> Done<()> {
        for (seen, entry) in dir.entries()?.enumerate() {
            // Whether it comes to something or not.
            self.session.worked(ITEM_WORK);
            let entry = entry?;
            if seen == MAX_ITEMS {
                return Err(Errno::Overflow.into());
            }
            // A name that is no UTF-8 is none that a plugin could give.
            let Ok(name) = entry.file_name().into_string() else { continue };
            if let Some(root) = patterns {
                self.session.worked(root.work(&name));
                if !root.lists(&name) {
                    continue;
                }
            }
            // It may be gone already.
            let Ok(metadata) = entry.metadata() else { continue };
            if patterns.is_none() || metadata.is_file() {
                items.push(ListedEntry::new(name, &metadata));
            }
        }
        Ok(())
    }
}
