//! A case made of bytes: the module, the policy it is under, and how it is called.

use cpex_wasmi::abi::{EXPORT_INIT, EXPORT_INVOKE, EXPORT_REACTOR, EXPORT_SHUTDOWN, KNOWN_HOOKS};
use cpex_wasmi::{Limits, Manifest, Policy, Request};

use super::base::{Export, base, shape as shape_of};
use super::script::Writer;
use super::sections::Sections;
use crate::common::{capabilities, with_manifest};
use crate::session::{Script, request};

pub(super) struct Plan {
    pub(super) stateful: bool,
    pub(super) wasm: Vec<u8>,
    pub(super) policy: Policy,
    pub(super) hooks: Vec<String>,
    pub(super) request: Request,
    /// The fuel of a slice, of an asynchronous call.
    pub(super) slice: u64,
}

/// A function that the host calls: the bits of the shape that must be set for a module to have it, and
/// those that must be for `wasm-smith` to make it rather than a script.
struct Entry {
    wanted: u8,
    made: u8,
    export: Export,
}

const ENTRIES: &[Entry] = &[
    Entry { wanted: 0, made: 0b1110_0000, export: (EXPORT_INVOKE, 1, 1) },
    Entry { wanted: 0b0000_0011, made: 0b1000_0000, export: (EXPORT_INIT, 0, 1) },
    Entry { wanted: 0b0001_0000, made: 0b0100_0000, export: (EXPORT_SHUTDOWN, 0, 1) },
    Entry { wanted: 0b0000_0111, made: 0b0010_0000, export: (EXPORT_REACTOR, 0, 0) },
];

/// Few enough that an execution is short, and that a plugin meets them.
pub(super) fn limits() -> Limits {
    Limits::default()
        .fuel(100_000)
        .init_fuel(20_000)
        .deadline(None)
        .memory_bytes(1 << 20)
        .table_elements(1000)
        .tables(4)
        .host_calls(200)
        .bytes_read(16 << 10)
        .bytes_written(4 << 10)
        .log_bytes(256)
}

impl Plan {
    pub(super) fn new(data: &[u8]) -> Option<Self> {
        let mut script = Script(data);
        let [mode, shape, kind, slice] = [(); 4].map(|()| script.byte().unwrap_or(0));
        let capabilities = capabilities(script.mask());
        let mut manifest = Manifest::new("smith", "1.0.0");
        let others = KNOWN_HOOKS.iter().map(|(hook, _)| *hook);
        let hooks = ["cmf.tool_pre_invoke", "custom.hook"].into_iter().chain(others.skip(1));
        let hooks =
            hooks.skip(usize::from(kind >> 5)).take(usize::from(slice & 1).saturating_add(1));
        manifest.hooks = hooks.map(String::from).collect();
        manifest.capabilities = capabilities.iter().map(|known| known.name().into()).collect();

        let mut policy = Policy::default().limits(limits()).config("secret", 1);
        policy = policy.grant(capabilities);
        if mode & 1 != 0 {
            manifest.stateful = (mode & 2 != 0).into();
            policy = policy.pooled(2).allow_state();
        } else if mode & 2 != 0 {
            policy = policy.allow_raw_credentials();
        }
        let wasm = wasm(&mut script, mode >> 2, shape, &manifest)?;
        Some(Self {
            stateful: manifest.stateful.is_kept(),
            wasm,
            policy,
            hooks: manifest.hooks,
            request: request(kind.into()),
            slice: u64::from(slice).saturating_mul(40).saturating_add(50),
        })
    }
}

/// The module: a script, which has the number of its bytes before it, and what `wasm-smith` makes of
/// the rest.
fn wasm(script: &mut Script<'_>, memory: u8, shape: u8, manifest: &Manifest) -> Option<Vec<u8>> {
    let minimum = u64::from(memory & 3).saturating_add(1);
    let maximum = [None, Some(minimum), Some(8), Some(40)];
    let pages = (minimum, *maximum.get(usize::from(memory >> 2 & 3))?);
    let (made, scripted): (Vec<&Entry>, Vec<&Entry>) = ENTRIES
        .iter()
        .filter(|entry| shape & entry.wanted == entry.wanted)
        .partition(|entry| shape & entry.made == entry.made);
    let exports =
        |entries: Vec<&Entry>| entries.iter().map(|entry| entry.export).collect::<Vec<_>>();
    let len = u16::from_le_bytes([script.byte().unwrap_or(0), script.byte().unwrap_or(0)]);
    let own = script.bytes(len.into());
    let shape = shape_of(pages, &exports(made));
    let base = base(script.bytes(usize::MAX), shape, memory >> 4 != 0)?;
    with_script(&base, own, &exports(scripted), manifest)
}

/// A module, and what a script adds to it.
fn with_script(
    base: &[u8],
    script: &[u8],
    entries: &[Export],
    manifest: &Manifest,
) -> Option<Vec<u8>> {
    let mut sections = Sections::parse(base)?;
    let mut script = Script(script);
    let mut writer = Writer::new(&mut script, &mut sections)?;
    writer.data();
    writer.functions();
    for (name, params, results) in entries {
        writer.entry(name, *params, *results);
    }
    Some(with_manifest(sections.finish(), &manifest.encode().unwrap()))
}

/// A plugin that allows everything: what an empty script does.
pub(super) fn allowing() -> Option<Vec<u8>> {
    let mut manifest = Manifest::new("neighbour", "1.0.0");
    manifest.hooks.push("cmf.tool_pre_invoke".into());
    with_script(&shape_of((1, None), &[]), &[], &[(EXPORT_INVOKE, 1, 1)], &manifest)
}
