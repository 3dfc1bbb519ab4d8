//! `completions` and `man`: a shell completes by them, and each command has a page.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::process::Command;

use common::Place;

/// The completions that bash has for these words.
fn completed(place: &Place, words: &[&str]) -> Vec<String> {
    let script = place.file("completions", place.run(["completions", "bash"]).gives(0).stdout);
    let [first @ .., before, word] = words else { panic!("there are less than two words") };
    let (last, words) = (first.len().saturating_add(1), words.join(" "));
    let asks = format!(
        "source {}; COMP_WORDS=({words}); COMP_CWORD={last}
         complete=$(complete -p cpex-wasmi | sed 's/.*-F \\([^ ]*\\).*/\\1/')
         \"$complete\" cpex-wasmi '{word}' '{before}'
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    let output = Command::new("bash").args(["-c", &asks]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(String::from).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let place = Place::new();
    assert_eq!(completed(&place, &["cpex-wasmi", "insp"]), ["inspect"]);
    assert_eq!(completed(&place, &["cpex-wasmi", "call", "--allow-req"]), ["--allow-requested"]);
    let isolations = completed(&place, &["cpex-wasmi", "bench", "--isolation", "p"]);
    assert_eq!(isolations, ["pooled", "per_call"]);
}

#[test]
fn zsh_and_fish_have_completions() {
    let place = Place::new();
    place
        .run(["completions", "zsh"])
        .gives(0)
        .says("#compdef cpex-wasmi")
        .says("--allow-requested");
    place
        .run(["completions", "fish"])
        .gives(0)
        .says("complete -c cpex-wasmi")
        .says("allow-requested");
    place.run(["completions", "tcsh"]).gives(2).complains("[possible values: bash,");
}

#[test]
fn man_prints_the_page_of_a_command() {
    let place = Place::new();
    place.run(["man"]).gives(0).says(".TH cpex-wasmi 1").says("cpex\\-wasmi\\-call(1)");
    place.run(["man", "call"]).gives(0).says(".TH cpex-wasmi-call 1").says("allow\\-requested");
    place
        .run(["man", "cal"])
        .gives(2)
        .complains("there is no command `cal`; there are `call`, `bench`");
    place.run(["man", "call", "--output", "man1"]).gives(2).complains("cannot be used with");
}

#[test]
fn man_writes_all_pages() {
    let place = Place::new();
    place
        .run(["man", "--output", "share/man1"])
        .gives(0)
        .complains("wrote share/man1/cpex-wasmi.1\n");
    for page in ["cpex-wasmi", "cpex-wasmi-bench", "cpex-wasmi-man"] {
        let text =
            std::fs::read_to_string(place.path().join(format!("share/man1/{page}.1"))).unwrap();
        assert!(text.contains(&format!(".TH {page} 1")), "{text}");
    }
    place.file("file", "");
    place.run(["man", "--output", "file"]).gives(3).complains("file: cannot be written");
}
