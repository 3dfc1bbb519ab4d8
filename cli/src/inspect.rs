//! `inspect`: what a plugin is, does and needs, without running any of it.

use cpex_wasmi::abi::IMPORT_MODULE;
use cpex_wasmi::{Access, Engine, HostFunction, Manifest, Module, Stateful, WasiImport, visible};
use serde::Serialize;
use serde_json::Value;

use crate::args::InspectArgs;
use crate::entry::{Entry, indented};
use crate::failure::{Exit, Failure};
use crate::input::Source;
use crate::plugin_file::{self, Loaded};
use crate::style::{self, BOLD, DIM, counted, grouped, paint};
use crate::{access, fit, json, terminal};

/// The size of a page of wasm memory, in bytes.
const PAGE: u64 = 64 << 10;

/// Shows the plugin.
pub(crate) fn run(args: &InspectArgs) -> Result<Exit, Failure> {
    let Loaded { module, .. } = plugin_file::load(&Engine::new()?, &args.plugin)?;
    let entry = entry(&module, &file_name(&args.plugin, module.manifest())).yaml();
    let text = if args.json {
        json::line(&Inspection::new(&module, &entry))
    } else {
        render(&module, &args.plugin, &entry)
    };
    terminal::out(&text)?;
    Ok(Exit::Allow)
}

/// The entry that an operator writes to run the plugin.
fn entry<'a>(module: &'a Module, file: &'a str) -> Entry<'a> {
    let manifest = module.manifest();
    Entry {
        name: &manifest.name,
        file,
        hooks: &manifest.hooks,
        capabilities: module.capabilities_to_grant().iter().collect(),
        stateful: manifest.stateful.is_kept(),
        has_config: manifest.config_schema.is_some(),
        access: Access::asked_for(manifest).to_yaml(),
        info: module.info(),
    }
}

/// The one object that `--json` prints.
#[derive(Serialize)]
struct Inspection<'a> {
    manifest: JsonManifest<'a>,
    imports: Vec<Import>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    wasi_imports: Vec<Import>,
    exports: Vec<Export<'a>>,
    memory: Memory,
    sizes: Sizes,
    /// The digest that a policy pins the module with.
    sha256: String,
    /// True if something runs when an instance is made.
    has_init: bool,
    /// True if something runs when the plugin is shut down.
    has_shutdown: bool,
    /// The entry for the operator's configuration, as YAML.
    entry: &'a str,
}

#[derive(Serialize)]
struct JsonManifest<'a> {
    abi: String,
    name: &'a str,
    version: &'a str,
    description: &'a str,
    hooks: &'a [String],
    capabilities: Vec<JsonCapability>,
    access: Vec<JsonAccessRequest<'a>>,
    stateful: Stateful,
    /// The regular expressions that the module lists.
    patterns: Vec<&'a str>,
    /// The schema, or the text of what should be one.
    config_schema: Option<Value>,
}

#[derive(Serialize)]
struct JsonCapability {
    name: &'static str,
    description: &'static str,
}

/// A line of the manifest about the system.
#[derive(Serialize)]
struct JsonAccessRequest<'a> {
    request: &'a str,
    /// The plugin's use of it, in words; `null` if the host does not know.
    description: Option<String>,
}

#[derive(Serialize)]
struct Import {
    module: &'static str,
    name: &'static str,
    description: &'static str,
}

#[derive(Serialize)]
struct Export<'a> {
    name: &'a str,
    r#type: &'a str,
}

#[derive(Serialize)]
struct Memory {
    initial_pages: u64,
    initial_bytes: u64,
    maximum_pages: Option<u64>,
    maximum_bytes: Option<u64>,
}

#[derive(Serialize)]
struct Sizes {
    file_bytes: usize,
    code_bytes: usize,
    data_bytes: usize,
}

impl<'a> Inspection<'a> {
    fn new(module: &'a Module, entry: &'a str) -> Self {
        let (manifest, info) = (module.manifest(), module.info());
        Self {
            manifest: JsonManifest {
                abi: manifest.abi.to_string(),
                name: &manifest.name,
                version: &manifest.version,
                description: &manifest.description,
                hooks: &manifest.hooks,
                capabilities: module
                    .capabilities()
                    .map(|capability| JsonCapability {
                        name: capability.name(),
                        description: capability.description(),
                    })
                    .collect(),
                access: manifest
                    .access
                    .iter()
                    .map(|request| JsonAccessRequest {
                        request,
                        description: access::description(request),
                    })
                    .collect(),
                stateful: manifest.stateful,
                patterns: module.patterns().collect(),
                config_schema: manifest.config_schema.as_deref().map(schema),
            },
            imports: info.imports.iter().map(|function| Import::new(*function)).collect(),
            wasi_imports: info
                .wasi_imports
                .iter()
                .map(|function| Import::wasi(*function))
                .collect(),
            exports: info.exports.iter().map(|(name, r#type)| Export { name, r#type }).collect(),
            memory: Memory {
                initial_pages: pages(info.initial_memory_bytes),
                initial_bytes: info.initial_memory_bytes,
                maximum_pages: info.maximum_memory_bytes.map(pages),
                maximum_bytes: info.maximum_memory_bytes,
            },
            sizes: Sizes {
                file_bytes: info.bytes,
                code_bytes: info.code_bytes,
                data_bytes: info.data_bytes,
            },
            sha256: module.digest().to_string(),
            has_init: info.has_init,
            has_shutdown: info.has_shutdown,
            entry,
        }
    }
}

impl Import {
    fn wasi(function: WasiImport) -> Self {
        let WasiImport { name, description, .. } = function;
        Self { module: "wasi_snapshot_preview1", name, description }
    }

    fn new(function: HostFunction) -> Self {
        let info = function.info();
        Self { module: IMPORT_MODULE, name: info.name, description: purpose(function) }
    }
}

/// The use of a function to a plugin, for an operator; the ABI's own description is for authors.
fn purpose(function: HostFunction) -> &'static str {
    match function {
        HostFunction::Read => "Read what its capabilities open, as postcard.",
        HostFunction::ReadJson => "Read what its capabilities open, as JSON.",
        HostFunction::ReadText => "Read what its capabilities open, as text.",
        HostFunction::ReadKey => {
            "List the names in a map or the members of a set that it may read."
        }
        HostFunction::Slots => "Ask which slots there are of those that it may read.",
        HostFunction::Contains => "Ask if something that it may read is present.",
        HostFunction::Count => "Count what it may read.",
        HostFunction::Write => "Change what its capabilities open, given as postcard.",
        HostFunction::WriteJson => "Change what its capabilities open, given as JSON.",
        HostFunction::WriteText => "Change what its capabilities open, given as text.",
        HostFunction::Remove => "Remove arguments, headers and other entries that it may change.",
        HostFunction::Deny => "Deny the operation, with details.",
        HostFunction::DenyJson => "Deny the operation, with details given as JSON.",
        HostFunction::DenyText => "Deny the operation, with a code and a reason.",
        HostFunction::Call => "Call functions that it is granted by name.",
        HostFunction::CallJson => "Call functions that it is granted by name, with JSON.",
        HostFunction::CallResult => "Take the answer of such a function.",
        HostFunction::Log => "Write lines to its log.",
        HostFunction::Fail => "Fail with the reason of the host.",
        HostFunction::Panic => "Tell the reason before it fails.",
        HostFunction::Pattern | HostFunction::PatternSet | HostFunction::PatternDrop => {
            "Have the host compile regular expressions."
        }
        HostFunction::Search => "Search its own texts, and those that it may read.",
        HostFunction::Scan => "Search all texts in what it may read.",
        HostFunction::Replace => "Replace or mask parts of texts that it may read and change.",
        HostFunction::Schema | HostFunction::SchemaDrop => "Have the host compile JSON Schemas.",
        HostFunction::SchemaCheck | HostFunction::SchemaCheckJson => {
            "Check what it may read by a schema."
        }
        HostFunction::Verify => "Verify signatures of its own bytes, and of what it may read.",
        HostFunction::Jwt | HostFunction::JwtJson => {
            "Check JSON Web Tokens against the clock that it is granted."
        }
        HostFunction::Metric => "Count what it does, for the operator.",
        HostFunction::Metadata => "Report values beside its decision.",
        HostFunction::MetadataJson => "Report values beside its decision, as JSON.",
        other => other.info().description,
    }
}

/// The name that a module has where it is deployed, which is no text format.
fn file_name(source: &Source, manifest: &Manifest) -> String {
    let Source::File(path) = source else {
        return format!("{}.wasm", manifest.name.replace('-', "_"));
    };
    let path = match path.extension() {
        Some(extension) if extension == "wat" => path.with_extension("wasm"),
        _ => path.to_owned(),
    };
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn pages(bytes: u64) -> u64 {
    bytes.checked_div(PAGE).unwrap_or_default()
}

fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn render(module: &Module, source: &Source, entry: &str) -> String {
    let (manifest, info) = (module.manifest(), module.info());
    let file = visible(&source.name());
    let mut page = Page::default();
    page.line(format!(
        "{} {}  {}",
        paint(BOLD, &manifest.name),
        visible(&manifest.version),
        paint(DIM, file)
    ));
    if !manifest.description.is_empty() {
        page.line(fit::words(&visible(&manifest.description), 0));
    }

    page.heading("manifest");
    page.row("ABI", manifest.abi.to_string());
    page.rows("hooks", manifest.hooks.iter().map(|hook| visible(hook)));
    page.rows(
        "capabilities",
        module.capabilities().map(|name| described(name.name(), name.description())),
    );
    page.rows("system access", manifest.access.iter().map(|request| in_words(request)));
    page.row(
        "state",
        match manifest.stateful {
            Stateful::No => "none between calls",
            Stateful::PerInstance => "kept from one call to the next, by each instance for itself",
            _ => "kept from one call to the next: one instance, for which calls wait",
        },
    );
    if module.patterns().next().is_some() {
        page.rows("patterns", module.patterns().map(visible));
    }
    match manifest.config_schema.as_deref().map(schema) {
        None => page.row("config schema", "none"),
        Some(schema) => {
            page.row("config schema", "");
            for line in format!("{schema:#}").lines() {
                page.line(format!("    {}", visible(line)));
            }
        }
    }

    page.heading("imports: requests to the host");
    for import in info.imports.iter().map(|function| Import::new(*function)) {
        page.row(import.name, import.description);
    }
    for import in info.wasi_imports.iter().map(|function| Import::wasi(*function)) {
        page.row(import.name, import.description);
    }
    if info.imports.is_empty() && info.wasi_imports.is_empty() {
        page.line("  none");
    }

    page.heading("exports");
    for (name, kind) in &info.exports {
        page.row(&visible(name), visible(kind));
    }

    page.heading("memory");
    page.row("at the start", memory(info.initial_memory_bytes));
    page.row(
        "at most",
        info.maximum_memory_bytes.map_or_else(|| "within the policy's limits".into(), memory),
    );

    if info.has_init {
        page.row("initialised by", "`cpex_init`; `cpex-wasmi check` runs and measures it");
    }

    page.heading("size");
    for (name, size) in [("file", info.bytes), ("code", info.code_bytes), ("data", info.data_bytes)]
    {
        page.row(name, format!("{} B", grouped(u64::try_from(size).unwrap_or(u64::MAX))));
    }

    page.heading("digest: for `sha256` in a policy");
    page.row("sha256", module.digest().to_string());

    page.heading("to run it, put this under `plugins:` of a configuration");
    page.line(indented(entry, 2).trim_end());
    page.0
}

/// A line of the manifest, with what the plugin would do.
fn in_words(request: &str) -> String {
    let unknown = || "nothing known to this host".into();
    let words = access::description(request).unwrap_or_else(unknown);
    described(&visible(request), &visible(&words))
}

fn memory(bytes: u64) -> String {
    format!("{} ({})", counted(pages(bytes), "page"), style::bytes(bytes))
}

fn described(name: &str, description: &str) -> String {
    let description = paint(DIM, description);
    if fit::is_narrow() {
        return format!("{name}: {description}");
    }
    format!("{name:<26} {description}")
}

/// Text in sections of rows.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, text: impl AsRef<str>) {
        self.0.push_str(text.as_ref());
        self.0.push('\n');
    }

    fn heading(&mut self, title: &str) {
        self.line(format!("\n{}", paint(BOLD, title)));
    }

    fn row(&mut self, name: &str, value: impl AsRef<str>) {
        let line = format!("  {name:<14} {}", value.as_ref());
        self.line(fit::words(line.trim_end(), 19));
    }

    /// One row for each value, with the name on the first.
    fn rows(&mut self, name: &str, values: impl Iterator<Item = String>) {
        let mut values = values.peekable();
        if values.peek().is_none() {
            self.row(name, "none");
        }
        for (position, value) in values.enumerate() {
            self.row(if position == 0 { name } else { "" }, value);
        }
    }
}
