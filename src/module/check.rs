//! The checks of a module before it may run. Each check adds what it finds to a list, so
//! that somebody who mends a module sees everything at once.

use alloc::format;
use alloc::string::{String, ToString as _};
#[cfg(feature = "text")]
use alloc::sync::Arc;
use alloc::vec::Vec;

#[cfg(feature = "text")]
use cpex_wasmi_abi::pattern;
use cpex_wasmi_abi::{
    Capability, CapabilitySet, EXPORT_INIT, EXPORT_INVOKE, EXPORT_MEMORY, EXPORT_REACTOR,
    EXPORT_SHUTDOWN, HostFunction, IMPORT_MODULE, Manifest, ManifestError,
};
use wasmi::errors::{EnforcedLimitsError, ErrorKind as Wasmi};
use wasmi::{ExternType, FuncType, MemoryType, ValType};

use super::{WasiImport, invalid};
#[cfg(feature = "wasi")]
use crate::host::type_of;
use crate::logging::visible;
#[cfg(feature = "text")]
use crate::regex::{MAX_STATES, Pattern};
use crate::session::missing_feature;
use crate::text::suggest::did_you_mean;
#[cfg(feature = "wasi")]
use crate::wasi::{self, WasiFunction};
use crate::{Error, ErrorKind, Problem};

/// The error of a module that the interpreter refuses.
pub(super) fn untranslatable(error: wasmi::Error) -> Error {
    let message = match error.kind() {
        Wasmi::Wasm(error) => format!(
            "the module is not valid, or uses a wasm feature that is not allowed: {}, at byte {}",
            error.message(),
            error.offset()
        ),
        Wasmi::UserLimits(error) => {
            let hint = match error {
                EnforcedLimitsError::TooManyDataSegments { .. } => {
                    "; `cpex-wasmi embed` merges them when it adds a manifest"
                }
                _ => "",
            };
            format!("the module is larger than a plugin may be: {error}{hint}")
        }
        Wasmi::ImplementationLimits(error) => {
            format!("the module is larger than the interpreter accepts: {error}")
        }
        _ => format!("the module cannot be translated: {error}"),
    };
    Error::new(ErrorKind::InvalidModule, visible(&message))
}

/// Reads the manifest.
pub(super) fn manifest(module: &wasmi::Module, problems: &mut Vec<Problem>) -> Option<Manifest> {
    let mut found = module.custom_sections().filter(|section| section.name() == Manifest::SECTION);
    let Some(section) = found.next() else {
        problems.push(invalid(format!(
            "the module has no manifest: its custom section `{}` is missing; register the plugin \
             with the SDK's `plugin!`, and keep custom sections when post-processing the module, \
             or add one with `cpex-wasmi embed`",
            Manifest::SECTION
        )));
        return None;
    };
    if found.next().is_some() {
        problems.push(invalid(format!(
            "the module has more than one custom section `{}`; link only one plugin into it",
            Manifest::SECTION
        )));
        return None;
    }
    match Manifest::decode(section.data()) {
        Ok(manifest) => Some(manifest),
        Err(error @ ManifestError::UnsupportedAbi { .. }) => {
            problems.push(Problem::new(ErrorKind::UnsupportedAbi, error.to_string()));
            None
        }
        Err(error) => {
            problems.push(invalid(format!(
                "{error}; the custom section `{}` has {} bytes",
                Manifest::SECTION,
                section.data().len()
            )));
            None
        }
    }
}

/// Checks the names in a manifest, and looks up its capabilities.
pub(super) fn names(manifest: &Manifest, problems: &mut Vec<Problem>) -> CapabilitySet {
    if !is_name(&manifest.name) {
        problems.push(invalid(format!(
            "the manifest's name `{}` is not valid: use 1 to 128 letters, digits, `-`, `_` and `.`",
            visible(&manifest.name)
        )));
    }
    if manifest.hooks.is_empty() {
        problems
            .push(invalid("the manifest lists no hooks, so that the plugin would never be called"));
    }
    for (position, hook) in manifest.hooks.iter().enumerate() {
        if !is_name(hook) {
            problems.push(invalid(format!(
                "the manifest's hook `{}` is not a valid name: use 1 to 128 letters, digits, `-`, \
                 `_` and `.`",
                visible(hook)
            )));
        } else if manifest.hooks.iter().take(position).any(|other| other == hook) {
            problems.push(invalid(format!("the manifest lists the hook `{hook}` twice")));
        }
    }
    let mut capabilities = CapabilitySet::EMPTY;
    for name in &manifest.capabilities {
        match Capability::from_name(name) {
            Some(capability) => capabilities.insert(capability),
            None => problems.push(invalid(format!(
                "the manifest asks for the capability `{}`, which does not exist{}",
                visible(name),
                did_you_mean(name, Capability::ALL.iter().map(|known| known.name()))
            ))),
        }
    }
    capabilities
}

/// Reads and compiles the patterns that the module lists.
#[cfg(feature = "text")]
pub(super) fn patterns(module: &wasmi::Module, problems: &mut Vec<Problem>) -> Vec<Arc<Pattern>> {
    let mut all = Vec::new();
    let (mut states, mut count) = (0_usize, 0_usize);
    for section in module.custom_sections().filter(|section| section.name() == pattern::SECTION) {
        let Some(list) = pattern::read_list(section.data()) else {
            problems.push(invalid(format!(
                "the custom section `{}` is no list of at most {} patterns; write it with the SDK's `patterns!`",
                pattern::SECTION,
                pattern::MAX_LISTED
            )));
            continue;
        };
        for (text, flags) in list {
            count = count.saturating_add(1);
            if count > pattern::MAX_LISTED || states > MAX_STATES {
                problems.push(invalid(format!(
                    "the module lists more patterns than it may have: {} with {MAX_STATES} states together",
                    pattern::MAX_LISTED
                )));
                return all;
            }
            match Pattern::new(text, flags) {
                Ok(pattern) => {
                    states = states.saturating_add(pattern.states());
                    all.push(Arc::new(pattern));
                }
                Err(refusal) => {
                    // It took as long as one of that size.
                    states = states.saturating_add(refusal.states);
                    problems.push(invalid(format!(
                        "the pattern `{}` that the module lists is not valid: {}",
                        visible(text),
                        visible(&refusal.reason)
                    )));
                }
            }
        }
    }
    all
}

/// A name that can stand in a log line, a file name and YAML without quoting.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The imports of a module.
#[derive(Default)]
pub(super) struct Imports {
    pub(super) own: Vec<HostFunction>,
    pub(super) wasi: Vec<WasiImport>,
}

/// Checks that everything imported is offered, with the right type.
pub(super) fn imports(module: &wasmi::Module, problems: &mut Vec<Problem>) -> Imports {
    let mut functions = Imports::default();
    for import in module.imports() {
        let (from, name) = (visible(import.module()), visible(import.name()));
        #[cfg(feature = "wasi")]
        if import.module() == wasi::MODULE {
            match wasi_import(&import) {
                // Some linkers import a function once for each place that declares it.
                Ok(import) if functions.wasi.contains(&import) => {}
                Ok(import) => functions.wasi.push(import),
                Err(wrong) => {
                    problems.push(invalid(format!("the module imports `{from}::{name}`{wrong}")));
                }
            }
            continue;
        }
        if import.module() != IMPORT_MODULE {
            let advice = if from.starts_with("wasi") {
                NO_WASI
            } else if from.starts_with("__wbindgen") {
                "build the plugin without wasm-bindgen"
            } else if name.contains("getrandom") {
                "a crate of the plugin needs random numbers: give `cpex-wasmi-guest` its feature \
                 `getrandom`, or `getrandom-02`"
            } else {
                "plugins import from the module `cpex` only"
            };
            problems.push(invalid(format!("the module imports `{from}::{name}`; {advice}")));
            continue;
        }
        let Some(function) = HostFunction::from_name(import.name()) else {
            let known = HostFunction::ALL.iter().map(|function| function.info().name);
            problems.push(invalid(format!(
                "the module imports `{from}::{name}`, which ABI {} does not have{}",
                cpex_wasmi_abi::ABI_VERSION,
                did_you_mean(import.name(), known)
            )));
            continue;
        };
        if let Some(feature) = missing_feature(function) {
            problems.push(invalid(format!(
                "the module imports `{from}::{name}`, and this host was built without its feature `{feature}`, which has that"
            )));
            continue;
        }
        let params = (0..function.arity()).map(|_| ValType::I32);
        let expected = FuncType::new(params, [ValType::I32]);
        if import.ty().func() == Some(&expected) {
            if !functions.own.contains(&function) {
                functions.own.push(function);
            }
        } else {
            problems.push(invalid(format!(
                "the module imports `{from}::{name}` as {}, but it is {}",
                type_name(import.ty()),
                type_name(&ExternType::Func(expected))
            )));
        }
    }
    functions
}

/// The advice about an unknown import of WASI.
const NO_WASI: &str = if cfg!(feature = "wasi") {
    "this host offers preview 1 of WASI only; build the plugin for `wasm32-wasip1`, or for \
     `wasm32-unknown-unknown`"
} else {
    "this host is built without its feature `wasi`; build the plugin for \
     `wasm32-unknown-unknown`, or the host with that feature"
};

/// A function of WASI, or what is wrong with it.
#[cfg(feature = "wasi")]
fn wasi_import(import: &wasmi::ImportType<'_>) -> Result<WasiImport, String> {
    let Some(function) = WasiFunction::from_name(import.name()) else {
        let known = WasiFunction::ALL.iter().map(|function| function.name());
        let hint = did_you_mean(import.name(), known);
        return Err(format!(", which WASI preview 1 does not have{hint}"));
    };
    let expected = type_of(function);
    if import.ty().func() == Some(&expected) {
        return Ok(WasiImport { name: function.name(), description: function.description() });
    }
    let (found, expected) = (type_name(import.ty()), type_name(&ExternType::Func(expected)));
    Err(format!(" as {found}, but it is {expected}"))
}

/// Checks what the host needs to find in a module, and returns the memory's type.
pub(super) fn exports(module: &wasmi::Module, problems: &mut Vec<Problem>) -> Option<MemoryType> {
    let invoke = FuncType::new([ValType::I32], [ValType::I32]);
    let init = FuncType::new([], [ValType::I32]);
    let shutdown = init.clone();
    let reactor = FuncType::new([], []);
    for (name, expected, needed) in [
        (EXPORT_INVOKE, invoke, true),
        (EXPORT_INIT, init, false),
        (EXPORT_SHUTDOWN, shutdown, false),
        (EXPORT_REACTOR, reactor, false),
    ] {
        match module.get_export(name) {
            Some(ExternType::Func(ty)) if ty == expected => {}
            Some(ty) => problems.push(invalid(format!(
                "the module exports `{name}` as {}, but it must be {}",
                type_name(&ty),
                type_name(&ExternType::Func(expected))
            ))),
            None if needed => problems.push(invalid(format!(
                "the module does not export `{name}`; register the plugin with the SDK's \
                 `plugin!`, in a library of `crate-type = [\"cdylib\"]`"
            ))),
            None => {}
        }
    }
    match module.get_export(EXPORT_MEMORY) {
        Some(ExternType::Memory(memory)) => Some(memory),
        Some(ty) => {
            problems.push(invalid(format!(
                "the module exports `{EXPORT_MEMORY}` as {}, but it must be its memory",
                type_name(&ty)
            )));
            None
        }
        None => {
            problems.push(invalid(format!(
                "the module does not export its memory; export it under the name \
                 `{EXPORT_MEMORY}`"
            )));
            None
        }
    }
}

/// A type as people write it.
pub(super) fn type_name(ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) => {
            let list = |types: &[ValType]| {
                types.iter().map(|ty| value_type(*ty)).collect::<Vec<_>>().join(", ")
            };
            format!("a function ({}) -> ({})", list(ty.params()), list(ty.results()))
        }
        ExternType::Memory(ty) => match (ty.minimum(), ty.maximum()) {
            (minimum, Some(maximum)) => format!("a memory of {minimum} to {maximum} pages"),
            (1, None) => "a memory of 1 page or more".into(),
            (minimum, None) => format!("a memory of {minimum} pages or more"),
        },
        ExternType::Table(_) => "a table".into(),
        ExternType::Global(ty) => format!("a global of type {}", value_type(ty.content())),
    }
}

fn value_type(ty: ValType) -> &'static str {
    match ty {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
        ValType::F32 => "f32",
        ValType::F64 => "f64",
        ValType::V128 => "v128",
        ValType::FuncRef => "funcref",
        ValType::ExternRef => "externref",
    }
}
