//! `new`: the project builds, and its tests pass.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::Place;

/// The SDK of this checkout.
const SDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-sdk");

/// A project made with the SDK of this checkout.
struct Project {
    place: Place,
    root: PathBuf,
    target: PathBuf,
}

impl Project {
    /// Makes it; the test that uses it names a folder for what is built, so that a second run
    /// finds what the first has built.
    fn new(name: &str) -> Self {
        let place = Place::new();
        place.run(["new", "my-policy", "--sdk-path", SDK]).gives(0).says("cargo test");
        let root = place.path().join("my-policy");
        // What this workspace has locked, so that nothing has to be resolved or fetched.
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        std::fs::copy(lock, root.join("Cargo.lock")).unwrap();
        let target = Path::new(env!("CARGO_BIN_EXE_cpex-wasmi")).with_file_name(name);
        Self { place, root, target }
    }

    /// Runs cargo, without the network if that is enough, and gives all that it says.
    fn cargo(&self, args: &[&str]) -> String {
        let run = |args: &[&str]| {
            Command::new(env!("CARGO"))
                .args(args)
                .current_dir(&self.root)
                .env("CARGO_TARGET_DIR", &self.target)
                .env_remove("RUSTFLAGS")
                .output()
                .unwrap()
        };
        let offline: Vec<_> = args.iter().copied().chain(["--offline"]).collect();
        let mut output = run(&offline);
        if !output.status.success() {
            output = run(args);
        }
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(
            output.status.success(),
            "`cargo {}` fails in a new project:\n{said}",
            args.join(" ")
        );
        assert!(!said.contains("warning"), "{said}");
        said
    }
}

#[test]
fn the_project_s_tests_pass() {
    let said = Project::new("scaffolded-tests").cargo(&["test"]);
    assert!(said.contains("3 passed"), "{said}");
}

#[test]
fn the_project_builds_and_runs_as_its_readme_says() {
    const TARGET: &str = "wasm32-unknown-unknown";
    let args = ["--print", "target-libdir", "--target", TARGET];
    let libraries = Command::new("rustc").args(args).output().unwrap().stdout;
    if !Path::new(String::from_utf8(libraries).unwrap().trim()).is_dir() {
        eprintln!("not tested, as this toolchain has no {TARGET}: `rustup target add {TARGET}`");
        return;
    }
    let project = Project::new("scaffolded-wasm");
    project.cargo(&["build", "--release", "--target", TARGET]);
    let wasm = project.target.join(TARGET).join("release/my_policy.wasm");
    assert!(std::fs::metadata(&wasm).unwrap().len() < 10_000);
    let call = |more: &[&str]| {
        let files = ["--payload", "my-policy/request.json"];
        let args = ["call", wasm.to_str().unwrap()].into_iter().chain(files);
        project.place.run(args.chain(["--allow-requested"]).chain(more.iter().copied()))
    };
    call(&["--extensions", "my-policy/extensions.json"])
        .gives(1)
        .says("DENY  my-policy 0.1.0 · cmf.tool_pre_invoke\n  pii_access: only hr_admin may pass")
        .complains("log info cmf.tool_pre_invoke: denied a call with personal data");
    call(&[]).gives(0).says("ALLOW");
}

#[test]
fn the_files_are_complete() {
    let place = Place::new();
    place.run(["new", "my-policy", "--path", "a/b/c"]).gives(0).says("made a/b/c\n");
    let root = place.path().join("a/b/c");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("name = \"my-policy\"\n"), "{manifest}");
    assert!(manifest.contains("cpex-wasmi-guest = \"0.1\"\n"), "{manifest}");
    assert!(read(".cargo/config.toml").contains("-zstack-size=16384"));
    assert!(read(".gitignore").contains("/target"));
    assert!(read("README.md").contains("release/my_policy.wasm"));
    assert!(read("src/lib.rs").contains("name: \"my-policy\""));
    let files = [".cargo/config.toml", "Cargo.toml", "README.md", "src/lib.rs", "request.json"];
    for file in files {
        assert!(!read(file).contains("{{"), "{file}");
    }
}

#[test]
fn the_samples_are_ones_that_call_takes() {
    let place = Place::new();
    place.run(["new", "p"]).gives(0);
    place.file("guest.wat", common::Guest::default().wat());
    let samples = ["--payload", "p/request.json", "--extensions", "p/extensions.json"];
    let ran = place.run(["call", "guest.wat"].iter().chain(&samples)).gives(0);
    assert_eq!(ran.stderr, "");
}

#[test]
fn nothing_is_overwritten() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("mine")).unwrap();
    let message = "mine: it is there already, and nothing is overwritten; pick another place";
    place.run(["new", "mine"]).gives(2).complains(message);
    place.run(["new", "p", "--path", "payload.json"]).gives(2).complains("there already");
    assert_eq!(std::fs::read_dir(place.path().join("mine")).unwrap().count(), 0);
}

#[test]
fn names_and_places_that_do_not_do() {
    let place = Place::new();
    let wrong = |args: &[&str], message: &str| {
        place.run(["new"].iter().chain(args)).gives(2).complains(message);
    };
    wrong(&["1st"], "the name `1st` does not do: use a letter and then up to 63 letters, digits");
    wrong(&["../up"], "the name `../up` does not do");
    wrong(&["fn"], "the name `fn` is a keyword of Rust; try `fn-policy`");
    wrong(&["test"], "the name `test` is taken by the build; try `test-policy`");
    wrong(&[], "<NAME>");
    wrong(&["x", "--sdk-path", "nowhere"], "nowhere: the SDK is not there: give the directory");
    // A refused project leaves nothing behind.
    let files: Vec<_> = std::fs::read_dir(place.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "only the payload");
}
