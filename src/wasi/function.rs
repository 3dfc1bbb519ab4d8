//! The functions of WASI preview 1, in one table.

macro_rules! for_each_wasi_function {
    ($callback:ident) => {
        $callback! {
            "args_get" ArgsGet (i32, i32)
                "Read its arguments, of which there are none.";
            "args_sizes_get" ArgsSizesGet (i32, i32)
                "Ask how many arguments there are: none.";
            "environ_get" EnvironGet (i32, i32)
                "Read the environment variables that it was granted.";
            "environ_sizes_get" EnvironSizesGet (i32, i32)
                "Ask how many environment variables it was granted, and their size.";
            "clock_res_get" ClockResGet (i32, i32)
                "Ask how fine a clock is.";
            "clock_time_get" ClockTimeGet (i32, i64, i32)
                "Read a clock; the time of day if it was granted.";
            "fd_advise" FdAdvise (i32, i64, i64, i32)
                "Say how it will read a file, without effect.";
            "fd_allocate" FdAllocate (i32, i64, i64)
                "Reserve room in a file.";
            "fd_close" FdClose (i32)
                "Close a file.";
            "fd_datasync" FdDatasync (i32)
                "Have a file's content written to the disk.";
            "fd_fdstat_get" FdFdstatGet (i32, i32)
                "Ask how a file or stream is open.";
            "fd_fdstat_set_flags" FdFdstatSetFlags (i32, i32)
                "Change how a file is open.";
            "fd_fdstat_set_rights" FdFdstatSetRights (i32, i64, i64)
                "Give up rights to a file.";
            "fd_filestat_get" FdFilestatGet (i32, i32)
                "Ask for size, kind and times of an open file.";
            "fd_filestat_set_size" FdFilestatSetSize (i32, i64)
                "Cut or lengthen an open file.";
            "fd_filestat_set_times" FdFilestatSetTimes (i32, i64, i64, i32)
                "Set the times of an open file.";
            "fd_pread" FdPread (i32, i32, i32, i64, i32)
                "Read from a place in a file.";
            "fd_prestat_dir_name" FdPrestatDirName (i32, i32, i32)
                "Ask for the name of a directory that it was granted.";
            "fd_prestat_get" FdPrestatGet (i32, i32)
                "Ask which directories it was granted.";
            "fd_pwrite" FdPwrite (i32, i32, i32, i64, i32)
                "Write to a place in a file.";
            "fd_read" FdRead (i32, i32, i32, i32)
                "Read from a file; standard input is empty.";
            "fd_readdir" FdReaddir (i32, i32, i32, i64, i32)
                "List a directory.";
            "fd_renumber" FdRenumber (i32, i32)
                "Put one open file in the place of another.";
            "fd_seek" FdSeek (i32, i64, i32, i32)
                "Move to another place in a file.";
            "fd_sync" FdSync (i32)
                "Have a file written to the disk.";
            "fd_tell" FdTell (i32, i32)
                "Ask for its place in a file.";
            "fd_write" FdWrite (i32, i32, i32, i32)
                "Write to a file, or to its log by standard output and standard error.";
            "path_create_directory" PathCreateDirectory (i32, i32, i32)
                "Create a directory.";
            "path_filestat_get" PathFilestatGet (i32, i32, i32, i32, i32)
                "Ask for size, kind and times of a file.";
            "path_filestat_set_times" PathFilestatSetTimes (i32, i32, i32, i32, i64, i64, i32)
                "Set the times of a file.";
            "path_link" PathLink (i32, i32, i32, i32, i32, i32, i32)
                "Give a file a second name.";
            "path_open" PathOpen (i32, i32, i32, i32, i32, i64, i64, i32, i32)
                "Open a file or directory that it was granted.";
            "path_readlink" PathReadlink (i32, i32, i32, i32, i32, i32)
                "Read where a symbolic link leads.";
            "path_remove_directory" PathRemoveDirectory (i32, i32, i32)
                "Remove a directory.";
            "path_rename" PathRename (i32, i32, i32, i32, i32, i32)
                "Rename a file or directory.";
            "path_symlink" PathSymlink (i32, i32, i32, i32, i32)
                "Create a symbolic link.";
            "path_unlink_file" PathUnlinkFile (i32, i32, i32)
                "Remove a file.";
            "poll_oneoff" PollOneoff (i32, i32, i32, i32)
                "Wait, which nothing does: timers are over at once.";
            "proc_exit" ProcExit (i32)
                "End itself, which fails the call.";
            "proc_raise" ProcRaise (i32)
                "Send itself a signal, which is not supported.";
            "random_get" RandomGet (i32, i32)
                "Read random numbers, if it was granted any.";
            "sched_yield" SchedYield ()
                "Let others run, without effect.";
            "sock_accept" SockAccept (i32, i32, i32)
                "Accept a connection, which is not supported.";
            "sock_recv" SockRecv (i32, i32, i32, i32, i32, i32)
                "Receive from a connection, which is not supported.";
            "sock_send" SockSend (i32, i32, i32, i32, i32)
                "Send to a connection, which is not supported.";
            "sock_shutdown" SockShutdown (i32, i32)
                "End a connection, which is not supported.";
        }
    };
}

/// The type of one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Param {
    I32,
    I64,
}

macro_rules! param {
    (i32) => {
        Param::I32
    };
    (i64) => {
        Param::I64
    };
}

macro_rules! define {
    ($($name:literal $variant:ident ($($kind:ident),*) $description:literal;)*) => {
        /// A function of WASI preview 1.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum WasiFunction {
            $($variant,)*
        }

        impl WasiFunction {
            /// All of them.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name as an import.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The effect for a plugin.
            pub(crate) const fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)* }
            }

            /// The types of its parameters.
            pub(crate) const fn params(self) -> &'static [Param] {
                match self { $(Self::$variant => &[$(param!($kind)),*],)* }
            }
        }
    };
}
for_each_wasi_function!(define);

impl WasiFunction {
    /// The most parameters that one has.
    pub(crate) const MAX_PARAMS: usize = 9;

    /// Looks a function up by its name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.name() == name)
    }

    /// True if it returns a number, as all do but the one that does not return.
    pub(crate) fn returns(self) -> bool {
        self != Self::ProcExit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_preview_1_is_there() {
        assert_eq!(WasiFunction::ALL.len(), 46);
        for function in WasiFunction::ALL {
            assert!(function.params().len() <= WasiFunction::MAX_PARAMS);
            assert_eq!(WasiFunction::from_name(function.name()), Some(*function));
        }
    }
}
