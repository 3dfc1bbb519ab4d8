//! The views of the lean style: a method for each field.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::description::snake_case;
use crate::fields::{Field, Fields};
use crate::output::{Output, read};
use crate::records::doc;

/// The table of views.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Views {
    doc: String,
    views: Vec<View>,
}

/// A view.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct View {
    name: String,
    path: String,
    doc: String,
    call: Option<String>,
    #[serde(default)]
    names: BTreeMap<String, String>,
    #[serde(default)]
    by_hand: Vec<String>,
    #[serde(default)]
    required: Vec<String>,
}

impl Views {
    /// Reads the table.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let views: Self =
            toml::from_str(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
        let _ = &views.doc;
        Ok(views)
    }

    /// Writes a file for each view, their index, and the methods of `Call`.
    pub(crate) fn write(&self, fields: &Fields, output: &mut Output<'_>) -> Result<(), String> {
        let source = "`abi/views.toml` and the table of fields";
        let (mut modules, mut names) = (BTreeSet::from(["call".to_owned()]), BTreeSet::new());
        for view in &self.views {
            let file = snake_case(&view.name);
            let path = format!("guest-sdk/src/views/{file}.rs");
            output.rust_from(source, &path, &self.view(fields, view)?)?;
            modules.insert(file);
            names.insert(&*view.name);
        }
        let mut index = String::from("//! Views of the parts of a request, a file each.\n\n");
        for module in &modules {
            let _ = writeln!(index, "mod {module};");
        }
        index.push('\n');
        for name in names {
            let _ = writeln!(index, "pub use {}::{name};", snake_case(name));
        }
        output.rust_from(source, "guest-sdk/src/views/mod.rs", &index)?;
        output.rust_from(source, "guest-sdk/src/views/call.rs", &self.call(fields))
    }

    /// The view that begins at a path.
    fn at(&self, path: &str) -> Option<&View> {
        self.views.iter().find(|view| view.path == path)
    }

    /// The view that has a field, and the rest of the field's path.
    fn of<'f>(&self, path: &'f str) -> Option<(&View, &'f str)> {
        let below = |view: &&View| {
            let rest = path.strip_prefix(view.path.as_str())?;
            if rest.is_empty() { Some("") } else { rest.strip_prefix('.') }
        };
        let view = self
            .views
            .iter()
            .filter(|view| below(view).is_some())
            .max_by_key(|view| view.path.len())?;
        Some((view, below(&view)?))
    }

    /// One file.
    fn view(&self, fields: &Fields, view: &View) -> Result<String, String> {
        let is_indexed = is_indexed(fields, view);
        let (mut methods, mut whole) = (String::new(), String::new());
        for field in &fields.all {
            if field.path == view.path {
                whole = self.whole(field, is_indexed);
                continue;
            }
            // The view of a nested record is a method of the one that it is in.
            if let Some(inner) = self.at(&field.path) {
                if let Some((parent, rest)) = parent(self, &field.path)
                    && parent.name == view.name
                {
                    methods.push_str(&nested(field, inner, parent.method(rest)));
                }
                continue;
            }
            let Some((owner, rest)) = self.of(&field.path) else { continue };
            if owner.name == view.name && !view.by_hand.iter().any(|name| name == rest) {
                methods.push_str(&view.methods(field, rest, is_indexed)?);
            }
        }
        Ok(format!(
            "{}{}{methods}{whole}}}\n",
            imports(view, &methods, &whole, is_indexed),
            head(view, is_indexed)
        ))
    }

    /// All of a view, by pointer and as JSON.
    fn whole(&self, field: &Field, is_indexed: bool) -> String {
        let at = if is_indexed { ".at(self.index)" } else { "" };
        let change = if field.write == "replace" { ", to read and to change" } else { "" };
        format!(
            "/// All of it that the plugin may see, by pointer{change}.\n\
             pub const fn record(self) -> Record {{\nRecord::of(Field::{name}){at}\n}}\n\n\
             /// All of it as JSON text, as CPEX writes it, without what the plugin may not see.\n{ABSENT}\
             pub fn json(self) -> Result<Option<String>> {{\nself.place(Field::{name}).json()\n}}\n\n",
            name = field.name
        )
    }

    /// The methods of a call.
    fn call(&self, fields: &Fields) -> String {
        let mut body = String::new();
        let mut names = BTreeSet::new();
        for view in &self.views {
            let Some(method) = &view.call else { continue };
            let View { name, .. } = view;
            names.insert(&**name);
            let field = fields.all.iter().find(|field| field.path == view.path);
            match field {
                Some(field) if field.indexed => {
                    let _ = write!(
                        body,
                        "/// A [`{name}`] for each in the message.\n{ERRORS}\
                         pub fn {method}(&self) -> Result<Items<{name}>> {{\nItems::of(Field::{})\n}}\n\n",
                        field.name
                    );
                }
                _ => {
                    let _ = write!(
                        body,
                        "{}pub const fn {method}(&self) -> {name} {{\n{name}::VIEW\n}}\n\n",
                        doc(&view.doc.replace("(Self::record)", &format!("({name}::record)")))
                    );
                }
            }
        }
        let names: Vec<_> = names.into_iter().collect();
        format!(
            "//! The views of a call.\n\nuse crate::{{Call, Field, Items, Result, {}}};\n\nimpl Call {{\n{body}}}\n",
            names.join(", ")
        )
    }
}

/// The view above another, and the rest of the other's path.
fn parent<'v, 'p>(views: &'v Views, path: &'p str) -> Option<(&'v View, &'p str)> {
    let (above, _) = path.rsplit_once('.')?;
    let (view, _) = views.of(above)?;
    Some((view, path.strip_prefix(view.path.as_str())?.strip_prefix('.')?))
}

fn is_indexed(fields: &Fields, view: &View) -> bool {
    fields.all.iter().any(|field| field.path == view.path && field.indexed)
}

const ERRORS: &str = "///\n/// # Errors\n///\n/// The host's status.\n";
const ABSENT: &str = "///\n/// # Errors\n///\n/// The host's status; a missing value is `None`.\n";

fn imports(view: &View, methods: &str, whole: &str, is_indexed: bool) -> String {
    let code = [methods, whole].concat();
    let words: BTreeSet<_> =
        code.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
    let mut text = format!("//! The view `{}`.\n\n", view.name);
    if words.contains("String") {
        text.push_str("use alloc::string::String;\n\n");
    }
    if is_indexed {
        text.push_str("use crate::items::Indexed;\n");
    }
    text.push_str("use crate::raw::Place;\n");
    let own: Vec<_> =
        ["Hop", "Items", "JsonMap", "Part", "Record", "Result", "Subject", "TextMap", "TextSet"]
            .into_iter()
            .filter(|name| words.contains(name) && *name != view.name)
            .collect();
    let _ = writeln!(text, "use crate::{{Field, {}}};\n", own.join(", "));
    text
}

/// The type, and how it is made.
fn head(view: &View, is_indexed: bool) -> String {
    let View { name, .. } = view;
    let text = doc(&view.doc);
    if is_indexed {
        format!(
            "{text}#[derive(Clone, Copy, Debug)]\npub struct {name} {{\nindex: u32,\n}}\n\n\
             impl Indexed for {name} {{\nfn new(index: u32) -> Self {{\nSelf {{ index }}\n}}\n}}\n\n\
             impl {name} {{\npub(crate) const fn place(self, field: Field) -> Place<'static> {{\nPlace::of(field).at(self.index)\n}}\n\n"
        )
    } else {
        format!(
            "{text}#[derive(Clone, Copy, Debug)]\npub struct {name}(());\n\n\
             impl {name} {{\npub(crate) const VIEW: Self = Self(());\n\n\
             pub(crate) const fn place(self, field: Field) -> Place<'static> {{\nPlace::of(field)\n}}\n\n"
        )
    }
}

/// The method that gives a view within another.
fn nested(field: &Field, view: &View, method: String) -> String {
    let View { name, .. } = view;
    if field.indexed {
        format!(
            "{}{ERRORS}pub fn {method}(self) -> Result<Items<{name}>> {{\nItems::of(Field::{})\n}}\n\n",
            documented(field),
            field.name
        )
    } else {
        format!(
            "{}pub const fn {method}(self) -> {name} {{\n{name}::VIEW\n}}\n\n",
            documented(field)
        )
    }
}

/// The field's text, and the capability that it takes.
fn documented(field: &Field) -> String {
    let needs = match &*field.read {
        "open" | "subject" | "credentials" => String::new(),
        "inbound_token" => {
            " It takes `read_inbound_credentials`, and `allow_raw_credentials: true` in the operator's policy.".into()
        }
        capability => format!(" It takes the capability `{capability}`."),
    };
    doc(&format!("{}{needs}", field.doc))
}

/// The singular of a name in the plural: `properties` as `property`.
fn singular(name: &str) -> String {
    match name.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => name.strip_suffix('s').unwrap_or(name).to_owned(),
    }
}

impl View {
    /// The name of the method for the rest of a path: `client.client_id` as `client_id`.
    fn method(&self, rest: &str) -> String {
        if let Some(name) = self.names.get(rest) {
            return name.clone();
        }
        match rest.split_once('.') {
            Some((outer, inner)) if inner.starts_with(outer) => inner.to_owned(),
            _ => rest.replace('.', "_"),
        }
    }

    /// The methods for one field.
    fn methods(&self, field: &Field, rest: &str, is_indexed: bool) -> Result<String, String> {
        let method = self.method(rest);
        let Field { name, shape, .. } = field;
        let text = documented(field);
        let at = if is_indexed { ".at(self.index)" } else { "" };
        let mut code = match &**shape {
            "Text" if self.required.iter().any(|name| name == rest) => format!(
                "{text}{ERRORS}pub fn {method}(self) -> Result<String> {{\nself.place(Field::{name}).required_text()\n}}\n\n{}",
                equals(&method, name)
            ),
            "Text" => format!(
                "{text}{ABSENT}pub fn {method}(self) -> Result<Option<String>> {{\nself.place(Field::{name}).text()\n}}\n\n{}",
                equals(&method, name)
            ),
            "Unsigned" => format!(
                "{text}{ABSENT}pub fn {method}(self) -> Result<Option<u64>> {{\nself.place(Field::{name}).number()\n}}\n\n"
            ),
            "Bool" => format!(
                "{text}{ERRORS}pub fn {}(self) -> Result<bool> {{\nself.place(Field::{name}).text_is(\"true\")\n}}\n\n",
                if method.starts_with("is_") { method.clone() } else { format!("is_{method}") }
            ),
            "TextSet" => format!(
                "{text}pub const fn {method}(self) -> TextSet {{\nTextSet::of(Field::{name})\n}}\n\n\
                 /// True if [`{method}`](Self::{method}) has this one.\n{ERRORS}\
                 pub fn has_{one}(self, {one}: &str) -> Result<bool> {{\nself.{method}().contains({one})\n}}\n\n",
                one = singular(&method)
            ),
            "TextMap" => format!(
                "{text}pub const fn {method}(self) -> TextMap {{\nTextMap::of(Field::{name})\n}}\n\n\
                 /// The entry of [`{method}`](Self::{method}) with this name.\n{ABSENT}\
                 pub fn {one}(self, name: &str) -> Result<Option<String>> {{\nself.{method}().get(name)\n}}\n\n",
                one = singular(&method)
            ),
            "JsonMap" => format!(
                "{text}pub const fn {method}(self) -> JsonMap {{\nJsonMap::of(Field::{name}){at}\n}}\n\n"
            ),
            "Json" | "Record" => format!(
                "{text}///\n/// As JSON text, as CPEX writes it, without what the plugin may not see.\n{ABSENT}\
                 pub fn {method}_json(self) -> Result<Option<String>> {{\nself.place(Field::{name}).json()\n}}\n\n"
            ),
            // Readable through the record.
            "Float" => String::new(),
            shape => return Err(format!("{}: a view has no method for `{shape}`", field.path)),
        };
        let (how, capability) = field.write.split_once(' ').unwrap_or((&field.write, ""));
        let takes = match capability {
            "" => String::new(),
            capability => format!(" It takes the capability `{capability}`."),
        };
        match (how, &**shape) {
            ("replace", "Text") => {
                let _ = write!(
                    code,
                    "/// Sets [`{method}`](Self::{method}).{takes}\n{ERRORS}\
                     pub fn set_{method}(self, {method}: &str) -> Result<()> {{\nself.place(Field::{name}).write_text({method})\n}}\n\n"
                );
            }
            ("replace", "Bool") => {
                let stem = method.strip_prefix("is_").unwrap_or(&method);
                let _ = write!(
                    code,
                    "/// Sets [`is_{stem}`](Self::is_{stem}).{takes}\n{ERRORS}\
                     pub fn set_{stem}(self, {stem}: bool) -> Result<()> {{\nself.place(Field::{name}).write(&[{stem}.into()])\n}}\n\n"
                );
            }
            ("grow", "TextSet") => {
                let one = singular(&method);
                let _ = write!(
                    code,
                    "/// Adds to [`{method}`](Self::{method}).{takes} No plugin can remove one.\n{ERRORS}\
                     pub fn add_{one}(self, {one}: &str) -> Result<()> {{\nself.place(Field::{name}).write_text({one})\n}}\n\n"
                );
            }
            _ => {}
        }
        Ok(code)
    }
}

/// The comparison with a text.
fn equals(method: &str, field: &str) -> String {
    format!(
        "/// True if [`{method}`](Self::{method}) is there and equals `expected`. Allocates nothing.\n{ERRORS}\
         pub fn {method}_is(self, expected: &str) -> Result<bool> {{\nself.place(Field::{field}).text_is(expected)\n}}\n\n"
    )
}
