//! `new`: the project builds, and its tests pass.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Place, Ran};

/// The SDK of this checkout.
const SDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-sdk");

const TARGET: &str = "wasm32-unknown-unknown";

/// A project made with the SDK of this checkout.
struct Project {
    name: &'static str,
    place: Place,
    root: PathBuf,
    target: PathBuf,
}

impl Project {
    /// Makes it in this style; what is built for it is kept between runs of the tests.
    fn new(name: &'static str, style: &str) -> Self {
        let place = Place::new();
        let steps = "cargo test\n  rustup target add wasm32-unknown-unknown ";
        let ran = place.run(["new", name, "--style", style]).gives(0);
        ran.says(&format!("  cd {name}\n  {steps}"));
        let root = place.path().join(name);
        // What this workspace has locked, so that nothing has to be resolved or fetched.
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        std::fs::copy(lock, root.join("Cargo.lock")).unwrap();
        let target = Path::new(env!("CARGO_BIN_EXE_cpex-wasmi"))
            .with_file_name(format!("scaffolded-{style}"));
        Self { name, place, root, target }
    }

    /// The path that its module is built to.
    fn module(&self) -> PathBuf {
        self.target.join(TARGET).join("release/my_policy.wasm")
    }

    /// Builds the module, without the network if that is enough.
    fn build(&self, more: &[&str]) -> Ran {
        let run = |more: &[&str]| -> Ran {
            let args = ["build", self.name].into_iter().chain(more.iter().copied());
            let mut command = self.place.command(args);
            command.env("CARGO_TARGET_DIR", &self.target).env_remove("RUSTFLAGS");
            command.output().unwrap().into()
        };
        let offline: Vec<_> = more.iter().chain(&["--", "--offline"]).copied().collect();
        let ran = run(&offline);
        if ran.status == 0 || ran.stderr.contains("no_wasm_target") { ran } else { run(more) }
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

/// Builds the module. `false`: no compiler here can, which [`INSIST`] does not let pass.
fn builds(project: &Project) -> bool {
    let ran = project.build(&[]);
    if ran.status == 0 {
        assert!(
            ran.stdout.starts_with("built ") && !ran.stderr.contains("warning"),
            "{}",
            ran.stderr
        );
        return true;
    }
    let ran = ran.gives(3).complains("error[no_wasm_target]").complains("rustup target add");
    assert!(std::env::var_os(INSIST).is_none(), "{}", ran.stderr);
    eprintln!("not tested, as no compiler here builds modules:\n{}", ran.stderr);
    false
}

/// Set where there has to be a compiler for wasm.
const INSIST: &str = "CPEX_WASMI_BUILDS_WASM";

/// Goes through a project as its README does: tests, builds, tests with the module, calls it.
fn follow_the_readme(style: &str, largest_module: u64) {
    const NOTE: &str = "note: tested natively only";
    let project = Project::new("my-policy", style);
    // An earlier run may have left one.
    let _ = std::fs::remove_file(project.module());
    let said = project.cargo(&["test"]);
    assert!(said.contains("5 passed") && said.contains(NOTE), "{said}");
    if !builds(&project) {
        return;
    }
    let wasm = project.module();
    let size = std::fs::metadata(&wasm).unwrap().len();
    assert!(size < largest_module, "{size} bytes");
    let said = project.cargo(&["test"]);
    assert!(said.contains("5 passed") && !said.contains(NOTE), "{said}");

    let call = |more: &[&str]| {
        let files = ["--payload", "my-policy/request.json", "--config", "my-policy/config.json"];
        let args = ["call", wasm.to_str().unwrap(), "--allow-requested"];
        project.place.run(args.into_iter().chain(files).chain(more.iter().copied()))
    };
    let denied = call(&["--extensions", "my-policy/extensions.json"]).gives(1);
    let readme = std::fs::read_to_string(project.root.join("README.md")).unwrap();
    let shown = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let printed = [denied.stderr, denied.stdout].concat();
    assert_eq!(without_numbers(&printed), without_numbers(shown), "\n{printed}\n{shown}");
    call(&[]).gives(0).says("ALLOW");
}

/// A text with each number as a `#`: fuel depends on the compiler.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '0'..='9' | ',' | '.' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            _ => out.push(char),
        }
    }
    out
}

#[test]
fn a_lean_project_does_what_its_readme_says() {
    follow_the_readme("lean", 20_000);
}

#[test]
fn a_cpex_project_does_what_its_readme_says() {
    follow_the_readme("cpex", 200_000);
}

#[test]
fn the_files_are_complete() {
    let sdk = Path::new(SDK).canonicalize().unwrap();
    let sdk = sdk.to_str().unwrap();
    for (style, dependency) in [
        ("lean", format!("cpex-wasmi-guest = {{ path = \"{sdk}\" }}\n")),
        ("cpex", format!("cpex-wasmi-guest = {{ path = \"{sdk}\", default-features = false, feat")),
    ] {
        let place = Place::new();
        let args = ["new", "my-policy", "--path", "a/b/c", "--style", style];
        place.run(args).gives(0).says("made a/b/c\n");
        let root = place.path().join("a/b/c");
        let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
        let manifest = read("Cargo.toml");
        assert!(manifest.contains("name = \"my-policy\"\n"), "{manifest}");
        assert!(manifest.contains(&dependency), "{manifest}");
        // What the tests in the documents use.
        assert!(manifest.contains("[dev-dependencies]\nserde_json = \"1\"\n"), "{manifest}");
        assert!(read(".cargo/config.toml").contains("-zstack-size="));
        assert!(read(".gitignore").contains("/target"));
        assert!(read("README.md").contains("release/my_policy.wasm"));
        assert!(read("src/lib.rs").contains("name: \"my-policy\""));
        let files = [".cargo/config.toml", "Cargo.toml", "README.md", "src/lib.rs", "config.json"];
        for file in files {
            assert!(!read(file).contains("{{"), "{file}");
        }
    }
}

#[test]
fn a_project_is_lean_unless_told_otherwise() {
    let place = Place::new();
    place.run(["new", "p"]).gives(0);
    let code = std::fs::read_to_string(place.path().join("p/src/lib.rs")).unwrap();
    assert!(code.contains("no_std") && code.contains("Result<Verdict>"), "{code}");
    place.run(["new", "q", "--style", "fat"]).gives(2).complains("lean, cpex");
}

#[test]
fn the_samples_are_ones_that_call_takes() {
    let place = Place::new();
    place.run(["new", "p"]).gives(0);
    place.file("guest.wat", common::Guest::default().wat());
    let samples = ["--payload", "p/request.json", "--extensions", "p/extensions.json"];
    let config = ["--config", "p/config.json"];
    let ran = place.run(["call", "guest.wat"].iter().chain(&samples).chain(&config)).gives(0);
    assert_eq!(ran.stderr, "");
}

#[test]
fn paths_are_quoted_for_the_shell() {
    let place = Place::new();
    let args = ["new", "p", "--path", "my plugins/it's $HOME"];
    let shown = place.run(args).gives(0).says("made my plugins/it's $HOME\n").stdout;
    let command = shown.lines().find(|line| line.starts_with("  cd ")).unwrap();
    let script = format!("{command} && cat Cargo.toml");
    let output = Command::new("sh").args(["-c", &script]).current_dir(place.path()).output();
    let output = output.unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("name = \"p\""), "{command}");
}

#[test]
fn what_cannot_be_built_is_told() {
    let place = Place::new();
    let build = |more: &[&str]| place.run(["build"].iter().chain(more));
    build(&[]).gives(2).complains(".: there is no Cargo.toml; give the directory of a plugin's");
    build(&["nowhere"]).gives(2).complains("nowhere: there is no Cargo.toml");
    build(&["--target", "x86"]).gives(2).complains("wasm32-unknown-unknown, wasm32-wasip1");
    // Neither cargo nor a compiler.
    place.file("Cargo.toml", "[package]\nname = \"p\"\n");
    let mut command = place.command(["build", "--target", "wasm32-wasip1"]);
    let ran: Ran = command.env("PATH", place.path()).output().unwrap().into();
    if ran.stderr.contains("no_wasm_target") {
        ran.gives(3)
            .complains("no compiler here can build for wasm32-wasip1")
            .complains("run `rustup target add wasm32-wasip1`, or where that is not possible, on Debian: `apt-get")
            .complains("`cpex-wasmi build --install` runs that for you");
        return;
    }
    // Debian's compiler is found wherever PATH leads; the project is none.
    ran.gives(3).complains("error[build_failed]: .: the project does not build");
}

#[test]
fn a_project_that_makes_no_plugin_is_told() {
    // Its modules are not those of the other tests, which build to the same place.
    let project = Project::new("no-policy", "lean");
    let manifest = std::fs::read_to_string(project.root.join("Cargo.toml")).unwrap();
    let write = |text: &str| std::fs::write(project.root.join("Cargo.toml"), text).unwrap();
    write(&manifest.replace("crate-type = [\"cdylib\", \"rlib\"]", ""));
    let ran = project.build(&[]).gives(3);
    if ran.stderr.contains("no_wasm_target") {
        assert!(std::env::var_os(INSIST).is_none(), "{}", ran.stderr);
        eprintln!("not tested, as no compiler here builds modules");
        return;
    }
    ran.complains(
        "error[no_module]: no-policy: the build makes no module; its Cargo.toml must have",
    );
    write(&manifest);
    std::fs::write(project.root.join("src/lib.rs"), "pub fn f() {}").unwrap();
    let ran = project.build(&[]).gives(3);
    ran.complains("error[invalid_module]: ").complains("cpex.manifest");
}

#[test]
fn nothing_is_overwritten() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("mine")).unwrap();
    let message = "mine: it exists already, and is not overwritten; pick another directory";
    place.run(["new", "mine"]).gives(2).complains(message);
    place.run(["new", "p", "--path", "payload.json"]).gives(2).complains("it exists already");
    assert_eq!(std::fs::read_dir(place.path().join("mine")).unwrap().count(), 0);
}

#[test]
fn names_and_places_that_do_not_do() {
    let place = Place::new();
    let wrong = |args: &[&str], message: &str| {
        place.run(["new"].iter().chain(args)).gives(2).complains(message);
    };
    wrong(&["1st"], "the name `1st` is invalid: use a letter and then up to 63 letters, digits");
    wrong(&["../up"], "the name `../up` is invalid");
    wrong(&["fn"], "the name `fn` is a keyword of Rust; try `fn-policy`");
    wrong(&["test"], "the name `test` is reserved by the build; try `test-policy`");
    wrong(&[], "<NAME>");
    wrong(&["x", "--sdk-path", "nowhere"], "nowhere: the SDK is missing; give the directory");
    // The SDK it is not.
    let wrong_sdk = |path: &str, message: &str| wrong(&["x", "--sdk-path", path], message);
    let checkout = Path::new(SDK).parent().unwrap().to_str().unwrap();
    wrong_sdk(checkout, "is the package `cpex-wasmi`, not the SDK `cpex-wasmi-guest`; give");
    std::fs::create_dir(place.path().join("empty")).unwrap();
    wrong_sdk("empty", "empty: the SDK is missing; give the directory `guest-sdk` of a");
    std::fs::remove_dir(place.path().join("empty")).unwrap();
    wrong_sdk("payload.json", "payload.json: the SDK is missing");
    // A refused project leaves nothing behind.
    let files: Vec<_> = std::fs::read_dir(place.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "only the payload");
}
