//! The functions of WASI preview 1, in one table.

macro_rules! for_each_wasi_function {
    ($callback:ident) => {
        $callback! {
            "args_get" ArgsGet (i32, i32);
            "args_sizes_get" ArgsSizesGet (i32, i32);
            "environ_get" EnvironGet (i32, i32);
            "environ_sizes_get" EnvironSizesGet (i32, i32);
            "clock_res_get" ClockResGet (i32, i32);
            "clock_time_get" ClockTimeGet (i32, i64, i32);
            "fd_advise" FdAdvise (i32, i64, i64, i32);
            "fd_allocate" FdAllocate (i32, i64, i64);
            "fd_close" FdClose (i32);
            "fd_datasync" FdDatasync (i32);
            "fd_fdstat_get" FdFdstatGet (i32, i32);
            "fd_fdstat_set_flags" FdFdstatSetFlags (i32, i32);
            "fd_fdstat_set_rights" FdFdstatSetRights (i32, i64, i64);
            "fd_filestat_get" FdFilestatGet (i32, i32);
            "fd_filestat_set_size" FdFilestatSetSize (i32, i64);
            "fd_filestat_set_times" FdFilestatSetTimes (i32, i64, i64, i32);
            "fd_pread" FdPread (i32, i32, i32, i64, i32);
            "fd_prestat_dir_name" FdPrestatDirName (i32, i32, i32);
            "fd_prestat_get" FdPrestatGet (i32, i32);
            "fd_pwrite" FdPwrite (i32, i32, i32, i64, i32);
            "fd_read" FdRead (i32, i32, i32, i32);
            "fd_readdir" FdReaddir (i32, i32, i32, i64, i32);
            "fd_renumber" FdRenumber (i32, i32);
            "fd_seek" FdSeek (i32, i64, i32, i32);
            "fd_sync" FdSync (i32);
            "fd_tell" FdTell (i32, i32);
            "fd_write" FdWrite (i32, i32, i32, i32);
            "path_create_directory" PathCreateDirectory (i32, i32, i32);
            "path_filestat_get" PathFilestatGet (i32, i32, i32, i32, i32);
            "path_filestat_set_times" PathFilestatSetTimes (i32, i32, i32, i32, i64, i64, i32);
            "path_link" PathLink (i32, i32, i32, i32, i32, i32, i32);
            "path_open" PathOpen (i32, i32, i32, i32, i32, i64, i64, i32, i32);
            "path_readlink" PathReadlink (i32, i32, i32, i32, i32, i32);
            "path_remove_directory" PathRemoveDirectory (i32, i32, i32);
            "path_rename" PathRename (i32, i32, i32, i32, i32, i32);
            "path_symlink" PathSymlink (i32, i32, i32, i32, i32);
            "path_unlink_file" PathUnlinkFile (i32, i32, i32);
            "poll_oneoff" PollOneoff (i32, i32, i32, i32);
            "proc_exit" ProcExit (i32);
            "proc_raise" ProcRaise (i32);
            "random_get" RandomGet (i32, i32);
            "sched_yield" SchedYield ();
            "sock_accept" SockAccept (i32, i32, i32);
            "sock_recv" SockRecv (i32, i32, i32, i32, i32, i32);
            "sock_send" SockSend (i32, i32, i32, i32, i32);
            "sock_shutdown" SockShutdown (i32, i32);
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
    ($($name:literal $variant:ident ($($kind:ident),*);)*) => {
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

    /// Whether it returns a number, as all do but the one that does not return.
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
