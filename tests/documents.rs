//! Documents and comments: links lead somewhere, promises have proofs, tables can be read, and sources say what they are.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The bytes of the longest row of a table.
const LONGEST_ROW: usize = 300;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Markdown files of a folder, with paths from the root.
fn folder(path: &str) -> impl Iterator<Item = PathBuf> {
    let files = std::fs::read_dir(root().join(path)).unwrap();
    let paths = files.map(|file| file.unwrap().path().strip_prefix(root()).unwrap().to_owned());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"))
}

/// The documents for readers, with paths from the root.
fn documents() -> Vec<PathBuf> {
    let apart = ["README.md", "CONTRIBUTING.md", "tests/README.md"].map(PathBuf::from);
    let folders = ["docs", "docs/decisions", "docs/performance"];
    apart.into_iter().chain(folders.into_iter().flat_map(folder)).collect()
}

/// The texts between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// The lines of a document outside of its code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// The targets of the links of a document.
fn links(text: &str) -> Vec<&str> {
    let parts = prose(text).flat_map(|line| line.split("](").skip(1));
    let links = parts.map(|rest| rest.split(')').next().unwrap());
    links.filter(|link| !link.contains("://")).collect()
}

/// The places of a document that links may name, as GitHub has them.
fn places(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    let places = headings.map(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        title.replace(|char: char| !char.is_alphanumeric() && char != '-' && char != '_', "")
    });
    places.collect()
}

/// True if a file has a test of this name: a function with the attribute before it.
fn has_test(source: &str, name: &str) -> bool {
    let start = format!("fn {name}(");
    let mut attributed = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with(&start) {
            return attributed;
        }
        if line == "#[test]" {
            attributed = true;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            attributed = false;
        }
    }
    false
}

/// Fails if a named proof is missing. False if the text has not the form of a proof.
fn is_proof(named: &str) -> bool {
    if let Some((file, test)) = named.split_once(".rs::") {
        let file = format!("{file}.rs");
        assert!(has_test(&read(&file), test), "`{file}` has no test `{test}`");
    } else if let Some(step) = named.strip_prefix(".ci/run: ") {
        let start = format!("step \"{step}\"");
        let ci = read(".ci/run");
        let found = ci.lines().any(|line| line.trim() == start);
        assert!(found, "`.ci/run` has no step `{step}`");
    } else if Path::new(named).extension().is_some_and(|extension| extension == "rs") {
        assert!(read(named).contains("#![forbid(unsafe_code)]"), "{named}");
    } else {
        return false;
    }
    true
}

#[test]
fn each_promise_names_a_proof_that_exists() {
    let (security, proofs) = (read("docs/security.md"), read("docs/proofs.md"));
    let mut promised = BTreeSet::new();
    for row in security.lines().filter(|line| line.contains("](proofs.md#")) {
        let number = row.split(['[', ']']).nth(1).unwrap();
        let link = format!("(proofs.md#{})", number.to_lowercase());
        assert!(row.contains(&link), "{row}");
        assert!(promised.insert(number.to_owned()), "{number} stands twice");
    }
    assert!(promised.len() > 70, "the promises are not where they were: {promised:?}");

    let mut proved = BTreeSet::new();
    for section in proofs.split("\n### ").skip(1) {
        let number = section.lines().next().unwrap();
        let named = section.lines().filter(|line| line.starts_with("- "));
        for proof in named {
            assert!(quoted(proof).any(is_proof), "{number}: no proof in `{proof}`");
            proved.insert(number.to_owned());
        }
    }
    assert_eq!(promised, proved);
}

#[test]
fn each_file_that_security_names_exists() {
    let text = read("docs/security.md") + &read("docs/proofs.md");
    let mut found = 0_usize;
    for quoted in quoted(&text) {
        let path = quoted.split([':', ' ']).next().unwrap();
        let known = [".ci/", "docs/", "scripts/", "src/", "tests/", "abi/", "cli/", "fuzz/"];
        if known.iter().any(|start| path.starts_with(start)) || path.ends_with(".toml") {
            assert!(root().join(path).exists(), "{path} is not there");
            found = found.saturating_add(1);
        }
    }
    assert!(found > 100, "{found}");
}

#[test]
fn each_link_leads_somewhere() {
    let mut found = 0_usize;
    for document in documents() {
        let text = read(&document);
        for link in links(&text) {
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                document.clone()
            } else {
                document.parent().unwrap().join(file)
            };
            let from = document.display();
            assert!(root().join(&target).exists(), "{from}: {link} is not there");
            if !place.is_empty() {
                assert!(places(&read(&target)).contains(place), "{from}: {link} is no heading");
            }
            found = found.saturating_add(1);
        }
    }
    assert!(found > 200, "{found}");
}

#[test]
fn each_decision_has_its_parts_and_is_listed() {
    let index = read("docs/decisions/README.md");
    for file in folder("docs/decisions").filter(|file| !file.ends_with("README.md")) {
        let text = read(&file);
        let name = file.file_name().unwrap().to_str().unwrap();
        let title = text.lines().next().unwrap().trim_start_matches(['#', ' ']);
        let (number, title) = title.split_once(": ").unwrap();
        assert!(name.starts_with(number), "{name}");
        assert!(index.contains(&format!("| [{number}]({name}) | {title} |")), "not listed: {name}");
        for part in ["\n## Context\n", "\n## Decision\n", "\n## Consequences\n"] {
            assert!(text.contains(part), "{name} lacks `{}`", part.trim());
        }
    }
}

#[test]
fn no_row_of_a_table_is_a_paragraph() {
    for document in documents() {
        for row in read(&document).lines().filter(|line| line.starts_with('|')) {
            assert!(row.len() <= LONGEST_ROW, "{}: {row}", document.display());
        }
    }
}

#[test]
fn examples_hide_no_lines_from_readers() {
    for document in documents() {
        let text = read(&document);
        for block in text.split("\n```rust").skip(1) {
            let code = block.split("\n```").next().unwrap();
            let hidden = code.lines().find(|line| *line == "#" || line.starts_with("# "));
            assert_eq!(hidden, None, "{}", document.display());
        }
    }
}

#[test]
fn each_limit_names_the_file_that_enforces_it() {
    let limits = read("src/policy/limits/limits.toml");
    let text = read("docs/architecture.md");
    let table = text.split("## Where each limit is enforced").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| `")).collect();
    for limit in limits.split("\n[[limit]]\n").skip(1) {
        let value = |name: &str| {
            let start = format!("{name} = \"");
            let line = limit.lines().find_map(|line| line.strip_prefix(&start));
            line.map(|line| line.trim_end_matches('"').trim_start_matches("Policy::"))
        };
        let (key, field) = (value("key").unwrap(), value("field").or(value("of")).unwrap());
        let row = rows.iter().find(|row| quoted(row).any(|name| name == key));
        let row = row.unwrap_or_else(|| panic!("`{key}` has no row"));
        let file = quoted(row).find(|name| name.starts_with("src/")).unwrap();
        assert!(read(file).contains(field), "`{file}` does not use `{field}`");
    }
}

/// The folders of the repository with Rust in them. Their comments follow the rules of CONTRIBUTING.md, "Plain words".
const CODE: [&str; 11] = [
    "abi",
    "benches",
    "cli",
    "examples",
    "fixtures",
    "fuzz",
    "guest-sdk",
    "schema",
    "src",
    "tests",
    "xtask",
];

/// Beginnings of doc comments that hide what the comment is about.
const RIDDLES: [&str; 12] = [
    "What",
    "How",
    "Where",
    "Whether",
    "Who",
    "Why",
    "Which",
    "When it",
    "The same",
    "One that",
    "Those that",
    "That which",
];

/// The Rust files below a folder, with paths from the root. Build output is left out.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        let is_output = ["target", "corpus"].iter().any(|name| path.ends_with(name));
        if entry.file_type().unwrap().is_dir() && !is_output {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// True if a text begins with these words.
fn begins_with(text: &str, words: &str) -> bool {
    let rest = text.strip_prefix(words);
    rest.is_some_and(|rest| !rest.starts_with(|char: char| char.is_alphanumeric()))
}

#[test]
fn each_source_file_says_what_it_is() {
    let mut files = Vec::new();
    CODE.iter().for_each(|folder| sources(Path::new(folder), &mut files));
    assert!(files.len() > 600, "{}", files.len());
    // An expression that is included has no place for `//!`.
    let says = |text: &str| {
        text.starts_with("//! ") || (text.starts_with("// ") && text.contains("\n[\n"))
    };
    let silent = files.iter().filter(|file| !says(&read(file)));
    assert_eq!(silent.collect::<Vec<_>>(), [""; 0].map(Path::new));
}

#[test]
fn doc_comments_begin_with_a_verb_or_a_noun() {
    let mut files = Vec::new();
    CODE.iter().for_each(|folder| sources(Path::new(folder), &mut files));
    let mut riddles = Vec::new();
    for file in files {
        let mut before = "";
        for (line, text) in read(&file).lines().map(str::trim_start).enumerate() {
            let marker = ["///", "//!"].into_iter().find(|marker| text.starts_with(marker));
            let marker = marker.unwrap_or_default();
            let comment = text.strip_prefix(marker).unwrap_or_default().trim_start();
            let begins = !marker.is_empty() && marker != before;
            if begins && RIDDLES.iter().any(|words| begins_with(comment, words)) {
                riddles.push(format!("{}:{}: {comment}", file.display(), line.saturating_add(1)));
            }
            before = marker;
        }
    }
    assert!(riddles.is_empty(), "name the thing first:\n{}", riddles.join("\n"));
}
