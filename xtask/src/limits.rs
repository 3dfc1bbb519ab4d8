//! The limits of a plugin: `Limits`, the keys of a policy, and the tables of the documents.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::output::{Output, read};

/// The rows of `limits.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    limit: Vec<Limit>,
}

/// One limit.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    key: String,
    field: Option<String>,
    #[serde(rename = "type")]
    ty: Option<String>,
    of: Option<String>,
    #[serde(default)]
    unit: String,
    default: u64,
    least: u64,
    most: u64,
    about: String,
    #[serde(default)]
    note: String,
    over: String,
    comment: Option<String>,
    #[serde(default)]
    unset: bool,
}

/// A limit that is a field of `Limits`.
struct Field<'a> {
    name: &'a str,
    ty: &'a str,
    limit: &'a Limit,
}

impl Limits {
    /// Reads the description.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let limits: Self =
            toml::from_str(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
        for limit in &limits.limit {
            let is_field = limit.field.is_some() && limit.ty.is_some() && limit.of.is_none();
            let is_elsewhere = limit.field.is_none() && limit.ty.is_none() && limit.of.is_some();
            if is_field == is_elsewhere {
                return Err(format!("{}: takes `field` and `type`, or `of`", limit.key));
            }
            if !(limit.least..=limit.most).contains(&limit.default) {
                return Err(format!("{}: the default is out of range", limit.key));
            }
        }
        Ok(limits)
    }

    /// Writes all that follows.
    pub(crate) fn write(&self, output: &mut Output<'_>) -> Result<(), String> {
        output.rust_from("`limits.toml`", "src/policy/limits/table.rs", &self.code())?;
        output.lines("docs/limits.md", "| key | field | meaning ", "", &self.table())?;
        let shown = self.examples("      ");
        let end = "    # System access";
        output.lines(
            "docs/policy.md",
            "    resources:",
            end,
            &format!("    resources:\n{shown}"),
        )?;
        let shown = self.examples("          ");
        let end = "        allowed_filesystem:";
        output.lines(
            "docs/pipeline.md",
            "        resources:",
            end,
            &format!("        resources:\n{shown}"),
        )
    }

    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.limit.iter().filter_map(|limit| {
            Some(Field { name: limit.field.as_deref()?, ty: limit.ty.as_deref()?, limit })
        })
    }

    fn code(&self) -> String {
        let mut code = String::from(HEAD);
        for field in self.fields() {
            let _ = writeln!(code, "{}pub {}: {},", field.doc(), field.name, field.member());
        }
        code.push_str("}\n\nimpl Default for Limits { fn default() -> Self { Self {\n");
        for field in self.fields() {
            let _ = writeln!(code, "{}: {},", field.name, field.default());
        }
        code.push_str("} } }\n\n/// Setters, each named like its field.\nimpl Limits {\n");
        for field in self.fields() {
            code.push_str(&field.setter());
        }
        code.push_str(
            "/// Sets the limit that has this key in a policy, if there is one.\n\
             pub(super) fn set(&mut self, key: &str, number: u64) {\n\
             let size = usize::try_from(number).unwrap_or(usize::MAX);\n\
             let time = Duration::from_millis(number);\n\
             match key {\n",
        );
        for Field { name, ty, limit } in self.fields() {
            let value = match ty {
                "usize" => "size",
                "Duration" => "Some(time)",
                _ => "number",
            };
            let _ = writeln!(code, "\"{}\" => self.{name} = {value},", limit.key);
        }
        code.push_str(
            "_ => {}\n} } }\n\n/// The keys under `resources`.\n\
             pub(in crate::policy) static KEYS: &[Key] = &[\n",
        );
        for Limit { key, least, most, about, default, .. } in &self.limit {
            let (least, most) = (underscored(*least), underscored(*most));
            let _ = writeln!(
                code,
                "key({key:?}, Shape::Whole({least}, {most}), \"{about} Default: {default}.\"),"
            );
        }
        code.push_str("];\n");
        code
    }

    /// The table of `docs/limits.md`.
    fn table(&self) -> String {
        let mut text = String::from(
            "| key | field | meaning | default | in a policy | over it |\n\
             | --- | --- | --- | --- | --- | --- |\n",
        );
        for limit in &self.limit {
            let Limit { key, field, of, unit, about, note, over, .. } = limit;
            let field = field.as_deref().or(of.as_deref()).unwrap_or_default();
            let is_time = limit.ty.as_deref() == Some("Duration");
            let no_clock = if is_time { "(none without `std`)" } else { "" };
            let number = |number| grouped(number, ",");
            let (default, least, most) =
                (number(limit.default), number(limit.least), number(limit.most));
            let _ = writeln!(
                text,
                "| `{key}` | `{field}` | {} | {} | {least} to {most} | {over} |",
                joined(&[about, note]),
                joined(&[&default, unit, no_clock]),
            );
        }
        text
    }

    /// All keys with their defaults, as YAML.
    fn examples(&self, indent: &str) -> String {
        let mut text = String::new();
        for Limit { key, default, comment, unset, .. } in &self.limit {
            let mut line = format!("{indent}{key}:");
            if !unset {
                let _ = write!(line, " {default}");
            }
            match comment {
                Some(comment) => writeln!(text, "{line:38}# {comment}"),
                None => writeln!(text, "{line}"),
            }
            .ok();
        }
        text
    }
}

const HEAD: &str = "\
//! The table of the limits, from the rows in `limits.toml`.

use core::time::Duration;

use crate::policy::keys::{Key, Shape, key};

/// The limits of a plugin. Each is per call, unless it says otherwise.
///
/// A call that goes over a limit fails; see each field for the error's code.
///
/// ```
/// use core::time::Duration;
/// use cpex_wasmi::{Limits, Policy};
///
/// let limits = Limits::default().fuel(1_000_000).deadline(Duration::from_millis(20));
/// let policy = Policy::default().limits(limits);
/// assert_eq!(policy.limits.fuel, 1_000_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
";

impl Field<'_> {
    fn doc(&self) -> String {
        let Limit { about, note, over, default, unit, .. } = self.limit;
        let mut doc = joined(&[about, note]);
        if self.ty == "Duration" {
            doc.push_str(" `None`: no limit.");
        }
        let no_clock = if self.ty == "Duration" { ", or none where there is no clock" } else { "" };
        let default = joined(&[&grouped(*default, ","), unit]);
        format!("/// {doc}\n///\n/// Over it: {over}. Default: {default}{no_clock}.\n")
    }

    fn member(&self) -> String {
        match self.ty {
            "Duration" => "Option<Duration>".into(),
            plain => plain.into(),
        }
    }

    fn default(&self) -> String {
        let number = underscored(self.limit.default);
        match self.ty {
            "Duration" => {
                format!("cfg!(feature = \"std\").then_some(Duration::from_millis({number}))")
            }
            _ => number,
        }
    }

    fn setter(&self) -> String {
        let Self { name, ty, .. } = self;
        let (ty, into) = match *ty {
            "Duration" => ("impl Into<Option<Duration>>", ".into()"),
            plain => (plain, ""),
        };
        format!(
            "/// Sets [`{name}`](field@Self::{name}).\n#[must_use]\n\
             pub fn {name}(mut self, limit: {ty}) -> Self {{\nself.{name} = limit{into};\nself\n}}\n\n"
        )
    }
}

/// The texts that are not empty, with spaces between them.
fn joined(texts: &[&str]) -> String {
    let texts: Vec<_> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
    texts.join(" ")
}

/// A number in Rust.
fn underscored(number: u64) -> String {
    grouped(number, "_")
}

fn grouped(number: u64, separator: &str) -> String {
    match number.checked_div(1000) {
        None | Some(0) => number.to_string(),
        Some(more) => format!("{}{separator}{:03}", grouped(more, separator), number % 1000),
    }
}
