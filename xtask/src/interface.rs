//! The tables of the boundary: functions, statuses, capabilities and hooks, as Rust, C and documents have them.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::description::{camel_case, constant_case};
use crate::fields::Fields;
use crate::output::{Output, read};
use crate::records::doc;

/// All tables.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Interface {
    doc: String,
    functions: Vec<Function>,
    statuses: Vec<Status>,
    capabilities: Vec<Capability>,
    hooks: Vec<Hook>,
}

/// A function that a plugin can import.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    name: String,
    params: Vec<(String, Kind)>,
    /// The crate feature that a host needs for it.
    feature: Option<String>,
    doc: String,
}

/// The kind of a parameter.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Number,
    Bytes,
    Key,
    Buffer,
}

/// A reason why a function did not do what it was asked to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    code: i32,
    name: String,
    doc: String,
}

/// A right that an operator can grant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Capability {
    name: String,
    doc: String,
}

/// A hook of `cpex-core`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hook {
    name: String,
    when: String,
}

impl Interface {
    /// Reads the tables.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let tables: Self =
            toml::from_str(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
        let _ = &tables.doc;
        Ok(tables)
    }

    /// Writes all files that follow from the tables.
    pub(crate) fn write(&self, fields: &Fields, output: &mut Output<'_>) -> Result<(), String> {
        for (path, code) in [
            ("abi/src/function/table.rs", self.functions()),
            ("abi/src/status/table.rs", self.statuses()),
            ("abi/src/capability/table.rs", self.capabilities()),
            ("abi/src/hooks.rs", self.hooks()),
            ("guest-sdk/src/wasm/sys/imports.rs", self.imports()),
            ("guest-sdk/src/native/imports.rs", self.served()),
        ] {
            output.rust_from("`abi/interface.toml`", path, &code)?;
        }
        let constants = format!("{}\n{}", fields.constants(), self.c_statuses());
        output.regions(
            "guest-sdk/c/cpex.h",
            ["/* generated: NAME */\n", "/* end */"],
            &[("constants", constants), ("functions", self.c_functions())],
        )?;
        let [functions, statuses, capabilities, hooks] = self.documents();
        output.regions(
            "docs/abi.md",
            ["<!-- generated: NAME -->\n", "<!-- end -->"],
            &[functions, statuses, capabilities, hooks, ("fields", fields.document())],
        )
    }

    /// The enum of host functions.
    fn functions(&self) -> String {
        let (mut variants, mut all, mut infos) = (String::new(), String::new(), String::new());
        for function in &self.functions {
            let variant = camel_case(&function.name);
            let _ = writeln!(variants, "{}{variant},", doc(&function.doc));
            let _ = write!(all, "Self::{variant}, ");
            let params: Vec<_> = function
                .params
                .iter()
                .map(|(name, kind)| format!("(\"{name}\", Param::{})", kind.name()))
                .collect();
            let _ = writeln!(
                infos,
                "Self::{variant} => FunctionInfo {{ name: \"{}\", params: &[{}], feature: {:?}, description: {:?} }},",
                function.name,
                params.join(", "),
                function.feature,
                function.doc
            );
        }
        let on_fields: Vec<_> = self
            .functions
            .iter()
            .filter(|function| function.params.first().is_some_and(|(name, _)| name == "field"))
            .map(|function| format!("Self::{}", camel_case(&function.name)))
            .collect();
        let on_fields = on_fields.join(" | ");
        format!(
            "//! The functions that a plugin can import.\n\nuse super::{{FunctionInfo, Param}};\n\n\
             /// A function of the module [`IMPORT_MODULE`](crate::IMPORT_MODULE) that a plugin can import.\n\
             #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\n#[non_exhaustive]\n\
             pub enum HostFunction {{\n{variants}}}\n\nimpl HostFunction {{\n\
             /// All host functions, in the order of the table.\npub const ALL: &'static [Self] = &[{all}];\n\n\
             /// Returns the function's row of the table.\n\
             pub const fn info(self) -> FunctionInfo {{\nmatch self {{\n{infos}}}\n}}\n\n\
             /// True if the first parameter is the number of a field.\n\
             pub const fn takes_field(self) -> bool {{\nmatches!(self, {on_fields})\n}}\n}}\n"
        )
    }

    /// The enum of statuses.
    fn statuses(&self) -> String {
        let mut parts = [const { String::new() }; 5];
        let [variants, all, codes, names, texts] = &mut parts;
        for Status { code, name, doc: text } in &self.statuses {
            let _ = writeln!(variants, "{}{name} = {code},", doc(text));
            let _ = write!(all, "Self::{name}, ");
            let _ = writeln!(codes, "{code} => Some(Self::{name}),");
            let _ = writeln!(names, "Self::{name} => \"{name}\",");
            let _ = writeln!(texts, "Self::{name} => {text:?},");
        }
        format!(
            "//! The statuses that host functions return.\n\n\
             /// A reason why a host function did not do what it was asked to.\n///\n\
             /// A host function answers with a number: zero or more is its result, a negative number is the\n\
             /// [`code`](Self::code) of a status. `cpex_invoke` may return such a code too, to give up: the call then fails\n\
             /// with the matching error.\n\
             #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\n#[non_exhaustive]\n#[repr(i32)]\n\
             pub enum Status {{\n{variants}}}\n\nimpl Status {{\n\
             /// All statuses, in the order of their codes.\npub const ALL: &'static [Self] = &[{all}];\n\n\
             /// Returns the status with this code, if there is one.\n\
             pub const fn from_code(code: i32) -> Option<Self> {{\nmatch code {{\n{codes}_ => None,\n}}\n}}\n\n\
             /// The status's name, as in the documentation.\n\
             pub const fn name(self) -> &'static str {{\nmatch self {{\n{names}}}\n}}\n\n\
             /// The meaning of the status.\n\
             pub const fn description(self) -> &'static str {{\nmatch self {{\n{texts}}}\n}}\n}}\n"
        )
    }

    /// The enum of capabilities.
    fn capabilities(&self) -> String {
        let mut parts = [const { String::new() }; 4];
        let [variants, all, names, texts] = &mut parts;
        for Capability { name, doc: text } in &self.capabilities {
            let variant = camel_case(name);
            let _ = writeln!(variants, "{}{variant},", doc(text));
            let _ = write!(all, "Self::{variant}, ");
            let _ = writeln!(names, "Self::{variant} => \"{name}\",");
            let _ = writeln!(texts, "Self::{variant} => {text:?},");
        }
        format!(
            "//! The capabilities.\n\n\
             /// A right that an operator can grant a plugin, by CPEX's own name.\n///\n\
             /// The names and their meaning are those of `cpex_core::extensions::Capability`, and\n\
             /// `write_candidate_constraint` of its routing extension.\n\
             #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]\n#[non_exhaustive]\n#[repr(u8)]\n\
             pub enum Capability {{\n{variants}}}\n\nimpl Capability {{\n\
             /// All capabilities, in a fixed order.\npub const ALL: &'static [Self] = &[{all}];\n\n\
             /// The name in YAML and in a manifest, such as `read_labels`.\n\
             pub const fn name(self) -> &'static str {{\nmatch self {{\n{names}}}\n}}\n\n\
             /// The values that it opens, in a sentence for people.\n\
             pub const fn description(self) -> &'static str {{\nmatch self {{\n{texts}}}\n}}\n}}\n"
        )
    }

    /// The list of hooks.
    fn hooks(&self) -> String {
        let mut rows = String::new();
        for Hook { name, when } in &self.hooks {
            let _ = writeln!(rows, "({name:?}, {when:?}),");
        }
        format!(
            "//! The hooks of `cpex-core`.\n\n\
             /// The hooks that a plugin can handle, by name, and when each is called.\n///\n\
             /// The names are those of `cpex-core` 0.2.3, which has two for what comes before and after a prompt. An embedder\n\
             /// may call a plugin for hooks of its own, too; this is for tools that warn of misspelt ones.\n\
             pub const KNOWN_HOOKS: &[(&str, &str)] = &[\n{rows}];\n"
        )
    }

    /// The imports as functions of the SDK.
    fn imports(&self) -> String {
        let mut code = String::from(
            "//! A safe function for each host function.\n\nuse core::ptr::null;\n\nuse cpex_wasmi_abi::NO_KEY;\n\n\
             #[link(wasm_import_module = \"cpex\")]\nunsafe extern \"C\" {\n",
        );
        for Function { name, params, .. } in &self.functions {
            let raw = list(params, |name, kind| match kind {
                Kind::Number => format!("{name}: u32"),
                Kind::Bytes | Kind::Key => format!("{name}: *const u8, {name}_len: usize"),
                Kind::Buffer => format!("{name}: *mut u8, {name}_len: usize"),
            });
            let _ = writeln!(
                code,
                "#[link_name = \"{name}\"]\npub(super) fn import_{name}({raw}) -> i32;"
            );
        }
        code.push_str("}\n\n");
        for Function { name, params, doc: text, .. } in &self.functions {
            let safe = list(params, Kind::safe);
            let given = list(params, |name, kind| match kind {
                Kind::Number => name.to_owned(),
                Kind::Bytes => format!("{name}.as_ptr(), {name}.len()"),
                Kind::Key => format!(
                    "{name}.map_or(null(), <[u8]>::as_ptr), {name}.map_or(NO_KEY as usize, <[u8]>::len)"
                ),
                Kind::Buffer => format!("{name}.as_mut_ptr(), {name}.len()"),
            });
            let _ = write!(
                code,
                "{}{UNUSED}pub(crate) fn {name}({safe}) -> i32 {{\n\
                 // SAFETY: pointers and lengths are those of slices that are borrowed for the call, as mutable where the\n\
                 // host writes.\nunsafe {{ import_{name}({given}) }}\n}}\n\n",
                doc(text)
            );
        }
        code
    }

    /// The functions for tests, which a session serves.
    fn served(&self) -> String {
        let mut code = String::from(
            "//! A function for each host function, which the session of the test serves.\n\n\
             use cpex_wasmi_abi::HostFunction;\n\nuse super::dispatch;\nuse super::frame::Frame;\n\n",
        );
        for Function { name, params, doc: text, .. } in &self.functions {
            let mut given = String::new();
            for (name, kind) in params {
                let _ = writeln!(given, "frame.{}({name});", kind.name().to_ascii_lowercase());
            }
            let _ = write!(
                code,
                "{}{UNUSED}pub(crate) fn {name}({}) -> i32 {{\nlet {}frame = Frame::default();\n{given}\
                 frame.run(|args, memory| dispatch(HostFunction::{}, args, memory))\n}}\n\n",
                doc(text),
                list(params, Kind::safe),
                if params.is_empty() { "" } else { "mut " },
                camel_case(name)
            );
        }
        code
    }

    /// The functions in the C header.
    fn c_functions(&self) -> String {
        let mut code = String::new();
        for Function { name, params, doc, .. } in &self.functions {
            let params = list(params, |name, kind| match kind {
                Kind::Number => format!("uint32_t {name}"),
                Kind::Bytes | Kind::Key => format!("const void *{name}, uint32_t {name}_len"),
                Kind::Buffer => format!("void *{name}, uint32_t {name}_len"),
            });
            let _ = writeln!(
                code,
                "/* {doc} */\nCPEX_IMPORT(\"{name}\") int32_t cpex_{name}({params});"
            );
        }
        code
    }

    /// The statuses in the C header.
    fn c_statuses(&self) -> String {
        let mut code = String::new();
        for Status { code: number, name, .. } in &self.statuses {
            let _ = writeln!(code, "#define CPEX_{} ({number})", constant_case(name));
        }
        code
    }

    /// The tables of `docs/abi.md`, each with its name.
    fn documents(&self) -> [(&'static str, String); 4] {
        let mut functions = String::from("| function | parameters | |\n| --- | --- | --- |\n");
        for Function { name, params, doc, .. } in &self.functions {
            let params = list(params, |name, kind| match kind {
                Kind::Number => name.to_owned(),
                kind => format!("{name} *{}*", kind.name().to_ascii_lowercase()),
            });
            let _ = writeln!(functions, "| `{name}` | {params} | {doc} |");
        }
        let mut statuses = String::from("| code | name | meaning |\n| --- | --- | --- |\n");
        for Status { code, name, doc } in &self.statuses {
            let _ = writeln!(statuses, "| {code} | {name} | {doc} |");
        }
        let mut capabilities = String::from("| capability | what it opens |\n| --- | --- |\n");
        for Capability { name, doc } in &self.capabilities {
            let _ = writeln!(capabilities, "| `{name}` | {doc} |");
        }
        let mut hooks = String::from("| hook | when |\n| --- | --- |\n");
        for Hook { name, when } in &self.hooks {
            let _ = writeln!(hooks, "| `{name}` | {when} |");
        }
        [
            ("functions", functions),
            ("statuses", statuses),
            ("capabilities", capabilities),
            ("hooks", hooks),
        ]
    }
}

const UNUSED: &str = "#[allow(clippy::too_many_arguments, dead_code, reason = \"the panic handler is optional, and JSON has two ways\")]\n";

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Number => "Number",
            Self::Bytes => "Bytes",
            Self::Key => "Key",
            Self::Buffer => "Buffer",
        }
    }

    /// The parameter of a safe function.
    fn safe(name: &str, kind: Self) -> String {
        let ty = match kind {
            Self::Number => "u32",
            Self::Bytes => "&[u8]",
            Self::Key => "Option<&[u8]>",
            Self::Buffer => "&mut [u8]",
        };
        format!("{name}: {ty}")
    }
}

/// All parameters, with commas.
fn list(params: &[(String, Kind)], text: impl Fn(&str, Kind) -> String) -> String {
    let all: Vec<_> = params.iter().map(|(name, kind)| text(name, *kind)).collect();
    all.join(", ")
}
