//! Plugins of `examples/gallery` with the crates compiled in, for native Rust and other sandboxes: their patterns, checks
//! and rules are those files, and only the walk over the arguments is written again.

extern crate alloc;

mod arguments;
/// The checks of `pii`.
#[path = "../../../../examples/gallery/pii/src/checks.rs"]
mod checks;
/// The formats of `secrets`.
#[allow(dead_code, reason = "names are not told here")]
#[path = "../../../../examples/gallery/secrets/src/formats.rs"]
mod formats;
/// The kinds of `pii`.
#[allow(dead_code, reason = "names are not told here")]
#[path = "../../../../examples/gallery/pii/src/kinds.rs"]
mod kinds;
mod pii;
/// The rules of `sql`.
#[path = "../../../../examples/gallery/sql/src/rules.rs"]
mod rules;
mod secrets;
mod settings;
/// The reader of `sql`.
#[path = "../../../../examples/gallery/sql/src/statement.rs"]
mod statement;

pub use arguments::SCHEMA as ARGUMENTS_SCHEMA;
use serde_json::Value;

/// The plugins that are here. Each masks, takes comments out of SQL, or checks arguments.
pub const PLUGINS: [&str; 5] = ["arguments_guard", "secrets", "secrets_cpex", "pii", "sql"];

/// Lets a plugin change the strings of a tool's arguments. True if it did.
///
/// # Panics
///
/// If it is to check the arguments, and they do not fit: those that are measured do.
pub fn change(plugin: &str, arguments: &mut Value) -> bool {
    let text: fn(&str) -> Option<String> = match plugin {
        "secrets" => secrets::masked,
        "arguments_guard" => {
            assert!(arguments::fit(arguments), "the arguments do not fit");
            return false;
        }
        "secrets_cpex" => return compare_texts::mask(arguments),
        "pii" => pii::masked,
        "sql" => |text| rules::judge(&settings::Settings::DEFAULT, text).0,
        _ => return false,
    };
    walk(arguments, text)
}

/// As [`change`], for JSON; `None` if nothing changed.
pub fn changed_json(plugin: &str, arguments: &str) -> Option<String> {
    let mut value = serde_json::from_str(arguments).unwrap();
    change(plugin, &mut value).then(|| value.to_string())
}

fn walk(value: &mut Value, new: fn(&str) -> Option<String>) -> bool {
    let both = |changed, value| walk(value, new) || changed;
    match value {
        Value::String(text) => match new(text) {
            Some(changed) => {
                *text = changed;
                true
            }
            None => false,
        },
        Value::Array(values) => values.iter_mut().fold(false, both),
        Value::Object(members) => members.values_mut().fold(false, both),
        _ => false,
    }
}
