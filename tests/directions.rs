//! The rooms of `src/`, its folders and files: each uses only rooms below it in `docs/architecture.md`, and none uses itself
//! by way of others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

type ModulePath = Vec<String>;

/// A file of the library.
struct Module {
    file: String,
    /// The paths that it names, from the root of the crate.
    uses: Vec<ModulePath>,
    /// The names that others may use it for, and where they are from.
    exports: BTreeMap<String, ModulePath>,
}

/// The files of the library, by the paths of their modules.
struct House(BTreeMap<ModulePath, Module>);

/// The files in which one room uses another.
type Uses = BTreeMap<(String, String), BTreeSet<String>>;

impl House {
    /// Reads files, which are given by their paths from `src/` and their text.
    fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let read = |(file, text): (String, String)| {
            let path: Vec<_> = file.trim_end_matches(".rs").split('/').map(String::from).collect();
            let path = match path.split_last().unwrap() {
                (last, folder) if last == "mod" || last == "lib" => folder.to_vec(),
                _ => path,
            };
            let tokens: TokenStream =
                text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
            let mut module = Module { file, uses: Vec::new(), exports: BTreeMap::new() };
            module.read(&path, tokens);
            (path, module)
        };
        Self(files.into_iter().map(read).collect())
    }

    fn of_the_library() -> Self {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let (mut folders, mut files) = (vec![src.clone()], Vec::new());
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let name =
                        path.strip_prefix(&src).unwrap().to_str().unwrap().replace('\\', "/");
                    files.push((name, std::fs::read_to_string(path).unwrap()));
                }
            }
        }
        Self::new(files)
    }

    fn rooms(&self) -> BTreeSet<&str> {
        self.0.keys().filter_map(|path| path.first()).map(String::as_str).collect()
    }

    /// The rooms that a path leads through: the one that is named, and those that have it from others.
    fn rooms_of(&self, mut path: ModulePath) -> BTreeSet<String> {
        let mut rooms = BTreeSet::new();
        // No name is exported again so often.
        for _ in 0..16 {
            let len = (0..=path.len()).rev().find(|len| self.0.contains_key(&path[..*len]));
            let Some((module, rest)) = len.map(|len| path.split_at(len)) else { break };
            rooms.extend(module.first().cloned());
            let Some((name, rest)) = rest.split_first() else { break };
            let Some(from) = self.0[module].exports.get(name) else { break };
            path = [from, rest].concat();
        }
        rooms
    }

    fn uses(&self) -> Uses {
        let mut uses = Uses::new();
        for (path, module) in &self.0 {
            let Some(room) = path.first() else { continue };
            for used in module.uses.iter().flat_map(|used| self.rooms_of(used.clone())) {
                if used != *room {
                    uses.entry((room.clone(), used)).or_default().insert(module.file.clone());
                }
            }
        }
        uses
    }
}

impl Module {
    /// Reads the tokens of a module, or of a part of it.
    fn read(&mut self, path: &[String], tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let word = |at: usize| match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => ident.to_string(),
            _ => String::new(),
        };
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) if at > 1 && word(at - 2) == "mod" => {
                    self.read(&[path, &[word(at - 1)]].concat(), group.stream());
                }
                TokenTree::Group(group) => self.read(path, group.stream()),
                TokenTree::Ident(ident) if ident == "use" => {
                    let is_public = at > 0
                        && (word(at - 1) == "pub"
                            || matches!(&tokens[at - 1], TokenTree::Group(_))
                                && word(at - 2) == "pub");
                    if is_public {
                        let mut paths = Vec::new();
                        read_path(&tokens[at + 1..], &[], &mut paths);
                        let named = paths.into_iter().map(|(path, name)| (name, path));
                        self.exports
                            .extend(named.map(|(name, used)| (name, absolute(path, &used))));
                    }
                }
                TokenTree::Ident(ident)
                    if ["crate", "super", "self"].contains(&ident.to_string().as_str())
                        && !(at > 1 && tokens[at - 2..at].iter().all(is_colon)) =>
                {
                    let mut paths = Vec::new();
                    read_path(&tokens[at..], &[], &mut paths);
                    self.uses.extend(paths.into_iter().map(|(used, _)| absolute(path, &used)));
                }
                _ => {}
            }
        }
    }
}

fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':')
}

/// Reads a path, or a tree of them, and gives each with the name that it is used by.
fn read_path(tokens: &[TokenTree], before: &[String], paths: &mut Vec<(ModulePath, String)>) {
    let mut path = before.to_vec();
    let mut tokens = tokens;
    loop {
        match tokens.first() {
            Some(TokenTree::Ident(ident)) => path.push(ident.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
                let items = inner.split(is_comma).filter(|item| !item.is_empty());
                return items.for_each(|item| read_path(item, &path, paths));
            }
            _ => {}
        }
        match tokens {
            [_, one, two, rest @ ..] if is_colon(one) && is_colon(two) => tokens = rest,
            [_, TokenTree::Ident(word), TokenTree::Ident(name), ..] if word == "as" => {
                return paths.push((path, name.to_string()));
            }
            _ => break,
        }
    }
    let name = path.last().cloned().unwrap_or_default();
    paths.push((path, name));
}

/// A path from the root, of one that is named in a module.
fn absolute(module: &[String], path: &[String]) -> ModulePath {
    let mut start = module.to_vec();
    for (at, part) in path.iter().enumerate() {
        match part.as_str() {
            "crate" => start.clear(),
            "super" => drop(start.pop()),
            "self" => {}
            _ => return [&start, &path[at..]].concat(),
        }
    }
    start
}

/// The shortest circle of rooms, each of which uses the next.
fn circle(uses: &Uses) -> Option<Vec<&str>> {
    let from = |room: &str| {
        let found = uses.keys().filter(move |(user, _)| user == room);
        found.map(|(_, used)| used.as_str()).collect::<Vec<_>>()
    };
    let rooms: BTreeSet<&str> = uses.keys().map(|(user, _)| user.as_str()).collect();
    let circles = rooms.into_iter().filter_map(|first| {
        let (mut ways, mut seen) = (vec![vec![first]], BTreeSet::new());
        while !ways.is_empty() {
            let mut longer = Vec::new();
            for way in ways {
                for next in from(way.last().unwrap()) {
                    let way = [way.as_slice(), &[next]].concat();
                    if next == first {
                        return Some(way);
                    }
                    if seen.insert(next) {
                        longer.push(way);
                    }
                }
            }
            ways = longer;
        }
        None
    });
    circles.min_by_key(Vec::len)
}

/// The circle, if there is one, with the files that make it.
fn shown_circle(uses: &Uses) -> Option<String> {
    let circle = circle(uses)?;
    let mut shown = format!("{}\n", circle.join(" -> "));
    for pair in circle.windows(2) {
        let files = &uses[&(pair[0].into(), pair[1].into())];
        let files: Vec<_> = files.iter().map(|file| format!("src/{file}")).collect();
        let _ = writeln!(shown, "  {} uses {}: {}", pair[0], pair[1], files.join(", "));
    }
    Some(shown)
}

/// The rooms of `docs/architecture.md`, from the uppermost down.
fn map() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (_, rest) = document.split_once("## The rooms of `src/`").expect("the map of the rooms");
    let section = rest.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().trim_end_matches('/').into()).collect()
}

#[test]
fn no_rooms_use_each_other_in_a_circle() {
    let circle = shown_circle(&House::of_the_library().uses());
    assert!(circle.is_none(), "a circle of rooms: {}", circle.unwrap_or_default());
}

#[test]
fn a_room_uses_only_rooms_below_it_in_the_map() {
    let house = House::of_the_library();
    let map = map();
    let listed: BTreeSet<_> = map.iter().map(String::as_str).collect();
    assert_eq!(listed, house.rooms(), "the map in docs/architecture.md, and the rooms of src/");
    let place = |room: &String| map.iter().position(|listed| listed == room).unwrap();
    let mut wrong = String::new();
    for ((user, used), files) in house.uses() {
        if place(&used) <= place(&user) {
            let _ = writeln!(wrong, "{user} uses {used}, which stands above it: {files:?}");
        }
    }
    assert!(wrong.is_empty(), "against the map in docs/architecture.md:\n{wrong}");
}

fn house(files: &[(&str, &str)]) -> House {
    House::new(files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())))
}

#[test]
fn a_circle_is_shown_with_its_files() {
    let house = house(&[
        ("lib.rs", "mod low; mod high; pub use high::{door::Door, Window};"),
        ("low.rs", "use core::fmt; // crate::high\nfn f(_: crate::Window) {}"),
        ("high/mod.rs", "mod door; pub(crate) struct Window;"),
        (
            "high/door.rs",
            r#"use crate::{error::Error, low::{self, Step}}; const A: &str = "crate::other";"#,
        ),
        ("error.rs", "mod tests { use super::super::error::Error; }"),
    ]);
    let shown = shown_circle(&house.uses()).unwrap();
    assert_eq!(
        shown,
        "high -> low -> high\n  high uses low: src/high/door.rs\n  low uses high: src/low.rs\n"
    );
}

#[test]
fn a_name_counts_for_all_rooms_that_it_comes_through() {
    let house = house(&[
        ("lib.rs", "mod a; mod b; mod c; pub use b::Thing as Named;"),
        ("a.rs", "mod inner { fn f() -> crate::Named { super::super::b::Thing } }"),
        ("b.rs", "pub(crate) use crate::c::Thing;"),
        ("c.rs", "pub struct Thing;"),
    ]);
    let uses = house.uses();
    let pairs: Vec<_> = uses.keys().map(|(user, used)| format!("{user}{used}")).collect();
    assert_eq!(pairs, ["ab", "ac", "bc"]);
    assert!(shown_circle(&uses).is_none());
}
