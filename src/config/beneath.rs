//! Opens a file of a directory: never one outside of it, whoever moves files about at that moment, and
//! never waiting.

use std::fs::File;
use std::io;
use std::path::Path;

/// Opens a file by its path inside of a directory, a path without links and `..`.
///
/// A path that is no file any more may be opened too, but is not waited for: check its kind before reading.
///
/// # Errors
///
/// If it cannot be opened, or any step of the path has become a link.
#[cfg(unix)]
pub(super) fn open(directory: &Path, inside: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open, openat};

    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut at = open(directory, flags | FOLDER, Mode::empty())?;
    let mut steps = inside.components().peekable();
    while let Some(step) = steps.next() {
        let step = match step {
            std::path::Component::Normal(name) => name,
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        };
        // To open a pipe waits for somebody who writes to it; to open a terminal may take it over.
        let file = OFlags::NONBLOCK | OFlags::NOCTTY;
        let kind = if steps.peek().is_some() { FOLDER } else { file };
        at = openat(&at, step, flags | kind, Mode::empty())?;
    }
    Ok(at.into())
}

/// To go through a folder, which takes no right to list it where the system can tell the two apart.
#[cfg(any(target_os = "linux", target_os = "android"))]
const FOLDER: rustix::fs::OFlags = rustix::fs::OFlags::DIRECTORY.union(rustix::fs::OFlags::PATH);
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
const FOLDER: rustix::fs::OFlags = rustix::fs::OFlags::DIRECTORY;

#[cfg(not(unix))]
pub(super) fn open(directory: &Path, inside: &Path) -> io::Result<File> {
    File::open(directory.join(inside))
}

#[cfg(all(test, unix))]
mod tests {
    use std::borrow::ToOwned as _;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;
    use std::string::String;
    use std::time::Duration;
    use std::vec::Vec;
    use std::{fs, process, sync, thread};

    use super::*;

    fn read(directory: &Path, inside: &str) -> io::Result<String> {
        let mut text = String::new();
        open(directory, Path::new(inside))?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn a_file_is_opened_where_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/file"), "deep").unwrap();
        fs::write(folder.path().join("file"), "here").unwrap();
        assert_eq!(read(folder.path(), "a/b/file").unwrap(), "deep");
        assert_eq!(read(folder.path(), "file").unwrap(), "here");
        for inside in ["missing", "file/file", "../file", "a/../file", "/etc/hostname"] {
            assert!(read(folder.path(), inside).is_err(), "{inside}");
        }
        assert!(!open(folder.path(), Path::new("a")).unwrap().metadata().unwrap().is_file());
    }

    #[test]
    fn a_link_is_not_followed_whichever_step_it_is() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("file"), "secret").unwrap();
        fs::write(folder.path().join("file"), "here").unwrap();
        symlink(outside.path().join("file"), folder.path().join("link")).unwrap();
        symlink(outside.path(), folder.path().join("away")).unwrap();
        symlink("file", folder.path().join("alias")).unwrap();
        for inside in ["link", "away/file", "alias"] {
            assert!(read(folder.path(), inside).is_err(), "{inside}");
        }
    }

    #[test]
    fn a_pipe_is_opened_without_waiting_for_who_writes_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        assert!(process::Command::new("mkfifo").arg(path.join("pipe")).status().unwrap().success());
        let (send, receive) = sync::mpsc::channel();
        thread::spawn(move || {
            let file = open(&path, Path::new("pipe"));
            send.send(file.and_then(|file| file.metadata()).map(|file| file.is_file())).unwrap();
        });
        let is_file = receive.recv_timeout(Duration::from_secs(10)).expect("it waits");
        assert!(!is_file.unwrap());
    }

    /// Somebody swaps a folder for a link that leads out, and back, as fast as they can.
    #[test]
    fn a_folder_that_is_swapped_for_a_link_does_not_lead_out() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("real")).unwrap();
        fs::write(path("real/file"), "inside").unwrap();
        fs::write(outside.path().join("file"), "outside").unwrap();
        symlink(outside.path(), path("link")).unwrap();
        let stop = sync::atomic::AtomicBool::new(false);
        let swap = || {
            while !stop.load(sync::atomic::Ordering::Relaxed) {
                for name in ["real", "link"] {
                    fs::rename(path(name), path("now")).unwrap();
                    fs::rename(path("now"), path(name)).unwrap();
                }
            }
        };
        let opened = thread::scope(|scope| {
            scope.spawn(swap);
            let read: Vec<_> =
                (0..20_000).filter_map(|_| read(folder.path(), "now/file").ok()).collect();
            stop.store(true, sync::atomic::Ordering::Relaxed);
            read
        });
        assert!(opened.iter().all(|text| text == "inside"));
    }
}
