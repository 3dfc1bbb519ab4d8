//! The store in a Redis. Each test has a server of its own: `redis-server`, of the Debian package of that name. Without it,
//! nothing is tested here, unless `CPEX_WASMI_REDIS` is set.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cpex_wasmi::{
    Access, Engine, ErrorKind, Limits, LogRecord, Plugin, Policy, RedisState, StateError, StateKey,
    StateQuota, StateStore,
};

use super::common::{HOOK, guest_wanting};
use super::suite::{self, Of, Tested, done};

/// A server in a folder of its own, without anything on disk.
struct Server {
    child: Child,
    folder: tempfile::TempDir,
}

impl Server {
    /// Starts a server, if there is one on this machine.
    fn start() -> Option<Self> {
        let found = Command::new("redis-server").arg("--version").output();
        if let Err(error) = found {
            let insists = std::env::var_os("CPEX_WASMI_REDIS").is_some();
            assert!(!insists, "`redis-server` cannot be started: {error}; install it");
            eprintln!("not tested, as `redis-server` cannot be started: {error}");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let child = begun(&folder);
        Some(Self { child, folder })
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    fn store(&self) -> RedisState {
        RedisState::new(&self.url()).unwrap().with_timeout(Duration::from_secs(20))
    }

    /// Ends the server, and with it all that it has.
    fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn start_again(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        self.child = begun(&self.folder);
    }

    /// The output of a command of `redis-cli`.
    fn cli(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        let output = command.arg("-s").arg(self.socket()).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

fn begun(folder: &tempfile::TempDir) -> Child {
    let socket = folder.path().join("redis.sock");
    let mut command = Command::new("redis-server");
    command.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]);
    let child =
        command.arg(&socket).arg("--dir").arg(folder.path()).stdout(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the server does not listen");
        thread::sleep(Duration::from_millis(10));
    }
    child
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A store on a server, which has a clock of its own.
struct Redis {
    store: RedisState,
    _server: Server,
}

impl Redis {
    fn start() -> Option<Self> {
        let server = Server::start()?;
        Some(Self { store: server.store(), _server: server })
    }
}

impl Tested for Redis {
    fn store(&self) -> &dyn StateStore {
        &self.store
    }

    fn key<'a>(&self, plugin: &'a str, key: &'a str) -> StateKey<'a> {
        StateKey::new(plugin, key)
    }

    fn wait(&self, time: Duration) {
        thread::sleep(time);
    }
}

#[test]
fn values_are_kept_and_removed() {
    let Some(redis) = Redis::start() else { return };
    suite::values_are_kept_and_removed(&redis);
}

#[test]
fn numbers_are_counted() {
    let Some(redis) = Redis::start() else { return };
    suite::numbers_are_counted(&redis);
}

#[test]
fn a_value_is_set_if_another_is_there() {
    let Some(redis) = Redis::start() else { return };
    suite::a_value_is_set_if_another_is_there(&redis);
}

#[test]
fn values_end() {
    let Some(redis) = Redis::start() else { return };
    suite::values_end(&redis);
}

#[test]
fn plugins_do_not_see_each_other() {
    let Some(redis) = Redis::start() else { return };
    suite::plugins_do_not_see_each_other(&redis);
}

#[test]
fn quotas_hold() {
    let Some(redis) = Redis::start() else { return };
    suite::quotas_hold(&redis);
}

#[test]
fn operations_are_atomic() {
    let Some(redis) = Redis::start() else { return };
    suite::operations_are_atomic(&redis, 4, 100);
}

#[test]
fn stores_of_several_processes_have_one_state() {
    let Some(server) = Server::start() else { return };
    let key = StateKey::new("p", "k");
    let increment = |store: &RedisState| done(store.increment(&key, 1, None));
    let (one, other) = (server.store(), server.store());
    assert_eq!((increment(&one), increment(&other), increment(&one)), (Ok(1), Ok(2), Ok(3)));
    let apart = server.store().with_prefix("apart:");
    assert_eq!(increment(&apart), Ok(1));
    let mut names: Vec<_> = server.cli(&["keys", "*"]).lines().map(str::to_owned).collect();
    names.sort();
    let expected =
        ["apart:{p:p}:bytes", "apart:{p:p}:values", "cpex:{p:p}:bytes", "cpex:{p:p}:values"];
    assert_eq!(names, expected);
}

#[test]
fn a_state_that_is_forgotten_ends_with_its_values() {
    let Some(server) = Server::start() else { return };
    let store = server.store();
    let (a, b) = (StateKey::new("p", "a"), StateKey::new("p", "b"));
    let names = || server.cli(&["keys", "*"]).lines().count();
    done(store.set(&a, b"1".into(), Some(Duration::from_millis(200)))).unwrap();
    done(store.set(&b, b"1".into(), Some(Duration::from_millis(400)))).unwrap();
    assert_eq!(names(), 3);
    thread::sleep(Duration::from_millis(600));
    assert_eq!(names(), 0);
    // One that stays keeps it.
    done(store.set(&a, b"1".into(), Some(Duration::from_millis(200)))).unwrap();
    done(store.set(&b, b"1".into(), None)).unwrap();
    thread::sleep(Duration::from_millis(400));
    assert_eq!((done(store.get(&a)), done(store.get(&b))), (Ok(None), Ok(Some(b"1".into()))));
    assert_eq!(done(store.remove(&b)), Ok(true));
    assert_eq!(names(), 0);
}

#[test]
fn values_that_are_too_long_are_not_fetched() {
    let Some(redis) = Redis::start() else { return };
    Of(&redis, "p").set("k", &[b'x'; 1000], None).unwrap();
    let quota = StateQuota { keys: 10, bytes: 10_000, value_bytes: 999 };
    let key = StateKey::new("p", "k").within(quota);
    assert_eq!(done(redis.store.get(&key)), Err(StateError::TooLarge));
    let quota = StateQuota { value_bytes: 1000, ..quota };
    assert_eq!(done(redis.store.get(&key.within(quota))).unwrap().unwrap().len(), 1000);
}

#[test]
fn a_lost_server_is_an_error_until_it_is_back() {
    let Some(mut server) = Server::start() else { return };
    let store = server.store().with_timeout(Duration::from_millis(500));
    let key = StateKey::new("p", "k");
    done(store.set(&key, b"1".into(), None)).unwrap();
    server.stop();
    for _ in 0..3 {
        let failed = done(store.get(&key));
        assert!(matches!(failed, Err(StateError::Failed(_))), "{failed:?}");
        let failed = done(store.increment(&key, 1, None));
        assert!(matches!(failed, Err(StateError::Failed(_))), "{failed:?}");
    }
    server.start_again();
    let begun = Instant::now();
    let found = loop {
        match done(store.get(&key)) {
            Ok(found) => break found,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(10), "{error}"),
        }
    };
    // The new server knows nothing, and says so.
    assert_eq!(found, None);
}

#[test]
fn what_is_no_redis_is_an_error_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let babbling = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = TcpListener::bind("127.0.0.1:0").unwrap();
    let ports = [&silent, &babbling, &refused].map(|it| it.local_addr().unwrap().port());
    drop(refused);
    let served = thread::spawn(move || {
        for stream in babbling.incoming().take(1) {
            let _ = stream.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    for port in ports {
        let store = RedisState::new(&format!("redis://:hunter2@127.0.0.1:{port}/")).unwrap();
        let store = store.with_timeout(Duration::from_millis(200));
        let begun = Instant::now();
        let Err(StateError::Failed(reason)) = done(store.get(&StateKey::new("p", "k"))) else {
            panic!("there is no Redis");
        };
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert!(reason.starts_with("Redis: ") && !reason.contains("hunter2"), "{reason}");
    }
    served.join().unwrap();
    drop(silent);
}

#[test]
fn a_server_that_refuses_is_an_error() {
    let Some(server) = Server::start() else { return };
    let (store, key) = (server.store(), StateKey::new("p", "k"));
    done(store.set(&key, b"1".into(), None)).unwrap();
    server.cli(&["config", "set", "maxmemory", "1"]);
    let Err(StateError::Failed(reason)) = done(store.set(&key, b"2".into(), None)) else {
        panic!("there is no memory");
    };
    assert!(reason.contains("OOM"), "{reason}");
    server.cli(&["config", "set", "maxmemory", "0"]);
    assert_eq!(done(store.get(&key)), Ok(Some(b"1".into())));
    // Somebody else has put something in its place.
    server.cli(&["set", "cpex:{p:other}:values", "x"]);
    let other = done(store.get(&StateKey::new("other", "k")));
    assert!(matches!(other, Err(StateError::Failed(_))), "{other:?}");
}

#[test]
fn a_url_of_something_else_is_refused_without_being_shown() {
    for url in ["", "http://:hunter2@a/", "redis", "redis://:hunter2@a:b", "redis://:hunter2@"] {
        let error = RedisState::new(url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let store = RedisState::new("rediss://:hunter2@localhost:6380/1").unwrap();
    assert!(!format!("{store:?}").contains("hunter2"));
}

/// A plugin that counts, and logs the sum.
fn counter() -> Vec<u8> {
    guest_wanting(
        &["state:calls"],
        r#"(data (i32.const 0) "state.increment{\22key\22:\22calls\22,\22by\22:1}")
           (func (export "cpex_invoke") (param i32) (result i32) (local $len i32)
             (local.set $len (call $call_json (i32.const 0) (i32.const 15) (i32.const 15)
               (i32.const 22) (i32.const 64) (i32.const 64)))
             (if (i32.lt_s (local.get $len) (i32.const 0)) (then (return (local.get $len))))
             (drop (call $log (i32.const 3) (i32.const 64) (local.get $len))) (i32.const 0))"#,
    )
}

#[test]
fn plugins_count_in_it_on_several_engines() {
    let Some(server) = Server::start() else { return };
    let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let plugin = |store: RedisState, limits: Limits| {
        let lines = lines.clone();
        let log =
            move |record: &LogRecord<'_>| lines.lock().unwrap().push(record.message.to_owned());
        let engine = Engine::builder().log_sink(log).state_store(store).build().unwrap();
        let policy = Policy::default().access(Access::default().state("calls")).limits(limits);
        Plugin::load(&engine, &counter(), policy).unwrap()
    };
    let patient = || Limits::default().deadline(Duration::from_secs(20));
    let (one, other) = (plugin(server.store(), patient()), plugin(server.store(), patient()));
    let request = || cpex_wasmi::Request::tool_call("search");
    one.call(HOOK, request()).unwrap();
    other.call(HOOK, request()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(one.call_async(HOOK, request())).unwrap();
    let here = server.store().with_runtime(runtime.handle().clone());
    let third = plugin(here, patient());
    runtime.block_on(third.call_async(HOOK, request())).unwrap();
    assert_eq!(*lines.lock().unwrap(), ["1", "2", "3", "4"]);

    // One that does not answer ends the call at its deadline.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = RedisState::new(&format!("redis://{}/", silent.local_addr().unwrap())).unwrap();
    let hurried = plugin(
        store.with_timeout(Duration::from_secs(60)),
        patient().deadline(Duration::from_millis(100)),
    );
    let error = hurried.call(HOOK, request()).unwrap_err();
    let kinds = [ErrorKind::Timeout, ErrorKind::PluginFailed];
    assert!(kinds.contains(&error.kind()), "{error}");
}
