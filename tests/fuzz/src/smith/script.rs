//! Functions that do what a script says: they call the host with arguments that often make sense, keep
//! what it answers for later calls, loop, recurse, and call what `wasm-smith` made.

use cpex_wasmi::abi::{HostFunction, NO_INDEX, NO_KEY, Param};
use wasm_encoder::{BlockType, Encode, Function, MemArg, MemArgTarget, ValType};

use super::fields::field;
use super::sections::{CODE, DATA, EXPORTS, FUNCTIONS, Reader, Sections, TYPES};
use super::words::{Form, place, words};
use crate::session::Script;

/// The parameter, and as many more.
const LOCALS: u8 = 8;
/// The depth of loops and conditions; each has a local more.
const DEPTH: u32 = 3;
/// The number of functions that follow the script, each `(i32) -> i32`.
const BODIES: u32 = 3;
/// The number of their operations together.
const OPERATIONS: u32 = 200;

/// Cases that seldom succeed, and are tried more often.
const PREFERRED: &[HostFunction] = &[
    HostFunction::Read,
    HostFunction::ReadJson,
    HostFunction::Write,
    HostFunction::WriteJson,
    HostFunction::WriteText,
];

/// Adds functions to a module.
pub(super) struct Writer<'s, 'a> {
    script: &'s mut Script<'a>,
    sections: &'s mut Sections,
    /// The types of parameters and results of the functions that are there.
    made: Vec<(Vec<u8>, Vec<u8>)>,
    /// The index of the first body.
    first: u32,
    operations: u32,
}

impl<'s, 'a> Writer<'s, 'a> {
    pub(super) fn new(script: &'s mut Script<'a>, sections: &'s mut Sections) -> Option<Self> {
        let mut types = Vec::new();
        let mut reader = sections.entries(TYPES);
        for _ in 0..sections.count(TYPES) {
            // What begins with anything else is no function type.
            reader.byte().filter(|form| *form == 0x60)?;
            types.push((reader.types()?, reader.types()?));
        }
        let mut made = Vec::new();
        let mut reader: Reader<'_> = sections.entries(FUNCTIONS);
        for _ in 0..sections.count(FUNCTIONS) {
            made.push(types.get(usize::try_from(reader.number()?).ok()?)?.clone());
        }
        let first = imports().saturating_add(sections.count(FUNCTIONS));
        Some(Self { script, sections, made, first, operations: OPERATIONS })
    }

    /// Adds what the memory begins with: words that mean something to the host, and bytes of the script.
    pub(super) fn data(&mut self) {
        let len = usize::from(self.byte());
        let own = self.script.bytes(len);
        let mut entry = vec![0, 0x41, 0, 0x0b];
        [words().as_slice(), own].concat().as_slice().encode(&mut entry);
        self.sections.add(DATA, &entry);
    }

    /// Adds the functions that do what the script says.
    pub(super) fn functions(&mut self) {
        for _ in 0..BODIES {
            let mut body = Function::new([(u32::from(LOCALS).saturating_add(DEPTH), ValType::I32)]);
            // It knows how often the instance was called before.
            let counted = MemArg { offset: 0xfff0, ..MEMARG };
            body.instructions().i32_const(0).i32_const(0).i32_load(counted).i32_const(1).i32_add();
            body.instructions().local_tee(1).i32_store(counted);
            self.block(&mut body, 0);
            self.operand(&mut body);
            // Most often a verdict.
            if self.byte() < 224 {
                body.instructions().i32_const(1).i32_and();
            }
            body.instructions().end();
            self.function(&body, 1, 1);
        }
    }

    /// Adds a function that the host calls, which calls one of those above.
    pub(super) fn entry(&mut self, name: &str, params: usize, results: usize) {
        let mut body = Function::new([]);
        let argument = i32::from(self.byte());
        let callee = if params == 1 { self.first } else { self.body() };
        match params {
            0 => body.instructions().i32_const(argument),
            _ => body.instructions().local_get(0),
        };
        body.instructions().call(callee);
        match (params, results) {
            (_, 0) => _ = body.instructions().drop(),
            // Mostly, an initialisation succeeds.
            (0, _) if argument < 200 => _ = body.instructions().i32_const(0).i32_and(),
            _ => {}
        }
        body.instructions().end();
        let index = self.function(&body, params, results);
        let mut export = Vec::new();
        name.encode(&mut export);
        export.push(0);
        index.encode(&mut export);
        self.sections.add(EXPORTS, &export);
    }

    fn function(&mut self, body: &Function, params: usize, results: usize) -> u32 {
        let mut ty = vec![0x60];
        for count in [params, results] {
            vec![0x7f_u8; count].as_slice().encode(&mut ty);
        }
        let mut index = Vec::new();
        self.sections.add(TYPES, &ty).encode(&mut index);
        let mut code = Vec::new();
        body.encode(&mut code);
        self.sections.add(CODE, &code);
        self.sections.add(FUNCTIONS, &index).saturating_add(imports())
    }

    /// Writes operations until the script says that it is enough.
    fn block(&mut self, body: &mut Function, depth: u32) {
        while let Some(operation) = self.script.byte() {
            let Some(left) = self.operations.checked_sub(1) else { return };
            self.operations = left;
            match operation & 31 {
                18 | 19 if depth < DEPTH => self.repeat(body, depth),
                20 if depth < DEPTH => {
                    self.operand(body);
                    body.instructions().if_(BlockType::Empty);
                    self.block(body, depth.saturating_add(1));
                    body.instructions().end();
                }
                21 => {
                    self.operand(body);
                    body.instructions().memory_grow(0);
                    self.keep(body);
                }
                operation @ (22 | 23) => {
                    self.masked(body, 0x7fff);
                    self.operand(body);
                    self.masked(body, 0x3ff);
                    match operation {
                        22 => body.instructions().memory_fill(0),
                        _ => body.instructions().memory_copy(0, 0),
                    };
                }
                24..=26 => self.made(body),
                27 => self.recurse(body),
                28 => {
                    self.masked(body, 0x7fff);
                    self.operand(body);
                    body.instructions().i32_store(MEMARG);
                }
                29 => {
                    self.operand(body);
                    self.operand(body);
                    match self.byte() & 3 {
                        0 => body.instructions().i32_sub(),
                        1 => body.instructions().i32_eq(),
                        2 => body.instructions().i32_div_u(),
                        _ => body.instructions().i32_add(),
                    };
                    self.keep(body);
                }
                30 => return,
                31 => {
                    // Under a condition, so that what follows is reached too.
                    self.operand(body);
                    body.instructions().if_(BlockType::Empty);
                    if self.byte() < 64 {
                        body.instructions().unreachable();
                    } else {
                        self.operand(body);
                        body.instructions().return_();
                    }
                    body.instructions().end();
                }
                _ => self.host(body),
            }
        }
    }

    /// A loop, of some turns or without end.
    fn repeat(&mut self, body: &mut Function, depth: u32) {
        let counter = u32::from(LOCALS).saturating_add(1).saturating_add(depth);
        let turns = self.byte();
        body.instructions().i32_const(turns.into()).local_set(counter).loop_(BlockType::Empty);
        self.block(body, depth.saturating_add(1));
        if turns < 250 {
            body.instructions().local_get(counter).i32_const(1).i32_sub().local_tee(counter);
            body.instructions().i32_const(0).i32_gt_s();
        } else {
            body.instructions().i32_const(1);
        }
        body.instructions().br_if(0).end();
    }

    /// Calls a function of the host.
    fn host(&mut self, body: &mut Function) {
        let byte = self.byte();
        let among = if byte & 3 == 0 { PREFERRED } else { HostFunction::ALL };
        let position = usize::from(byte >> 2).checked_rem(among.len()).unwrap_or(0);
        let Some(function) = among.get(position) else { return };
        for (name, param) in function.info().params {
            let byte = self.byte();
            match (param, *name) {
                (_, _) if byte > 247 => (0..param.arity()).for_each(|_| self.operand(body)),
                (Param::Number, "field") => constant(body, field(*function, byte)),
                (Param::Number, "index") => constant(
                    body,
                    match byte {
                        0..=119 => 0,
                        120..=159 => NO_INDEX,
                        _ => u32::from(byte & 3),
                    },
                ),
                (Param::Number, _) => self.operand(body),
                (Param::Key, _) if byte & 1 == 0 => {
                    constant(body, 0);
                    constant(body, NO_KEY);
                }
                // A word that fits, or what else is there.
                (Param::Key | Param::Bytes, _) => {
                    let form = match function {
                        _ if *param == Param::Key => Form::Text,
                        HostFunction::Write | HostFunction::Deny => Form::Postcard,
                        HostFunction::WriteJson | HostFunction::DenyJson => Form::Json,
                        _ => Form::Text,
                    };
                    let fitting = if byte & 14 == 0 { None } else { place(form, byte >> 1) };
                    let (start, len) = fitting.unwrap_or_else(|| {
                        (u32::from(self.byte()).saturating_mul(4), self.byte().into())
                    });
                    constant(body, start);
                    constant(body, len);
                }
                (Param::Buffer, _) => {
                    constant(body, u32::from(byte).saturating_mul(16));
                    constant(body, u32::from(self.byte()).saturating_mul(4));
                }
            }
        }
        let index = HostFunction::ALL.iter().position(|other| other == function);
        let index = index.and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
        body.instructions().call(index);
        self.keep(body);
    }

    /// Calls a function that `wasm-smith` made.
    fn made(&mut self, body: &mut Function) {
        let byte = usize::from(self.byte());
        let Some(position) = byte.checked_rem(self.made.len()) else { return };
        let Some((params, results)) = self.made.get(position).cloned() else { return };
        for ty in params {
            match ty {
                0x7f => self.operand(body),
                0x7e => _ = body.instructions().i64_const(i64::from(self.byte())),
                0x7d => _ = body.instructions().f32_const(f32::from(self.byte()).into()),
                0x7c => _ = body.instructions().f64_const(f64::from(self.byte()).into()),
                0x70 => _ = body.instructions().ref_null(wasm_encoder::HeapType::FUNC),
                _ => _ = body.instructions().ref_null(wasm_encoder::HeapType::EXTERN),
            }
        }
        let index = imports().saturating_add(u32::try_from(position).unwrap_or(0));
        body.instructions().call(index);
        for ty in results.iter().rev() {
            match ty {
                0x7f => self.keep(body),
                _ => _ = body.instructions().drop(),
            }
        }
    }

    /// Calls a function of the script, mostly until the parameter has come down to zero.
    fn recurse(&mut self, body: &mut Function) {
        let callee = self.body();
        if self.byte() < 32 {
            self.operand(body);
            body.instructions().call(callee);
        } else {
            body.instructions().local_get(0).if_(BlockType::Result(ValType::I32));
            body.instructions().local_get(0).i32_const(1).i32_sub().call(callee);
            body.instructions().else_().i32_const(0).end();
        }
        self.keep(body);
    }

    /// A number: one of the script, what was kept, or what is in the memory.
    fn operand(&mut self, body: &mut Function) {
        match self.byte() {
            0..=159 => constant(body, self.script.number().unwrap_or(0)),
            byte @ 160..=239 => _ = body.instructions().local_get(local(byte)),
            byte => {
                body.instructions().local_get(local(byte)).i32_const(0xffff).i32_and();
                body.instructions().i32_load(MEMARG);
            }
        }
    }

    /// A number that is mostly within a range.
    fn masked(&mut self, body: &mut Function, mask: i32) {
        self.operand(body);
        if self.byte() < 248 {
            body.instructions().i32_const(mask).i32_and();
        }
    }

    fn keep(&mut self, body: &mut Function) {
        body.instructions().local_set(local(self.byte()));
    }

    /// The index of a function that does what the script says.
    fn body(&mut self) -> u32 {
        let offset = u32::from(self.byte()).checked_rem(BODIES).unwrap_or(0);
        self.first.saturating_add(offset)
    }

    fn byte(&mut self) -> u8 {
        self.script.byte().unwrap_or(0)
    }
}

const MEMARG: MemArg =
    MemArg { offset: 0, align: 0, target: MemArgTarget::Memory(0), ordering: None };

fn constant(body: &mut Function, number: u32) {
    body.instructions().i32_const(number.cast_signed());
}

fn local(byte: u8) -> u32 {
    u32::from(byte.checked_rem(LOCALS).unwrap_or(0))
}

/// The number of imported functions, which have the first indices.
fn imports() -> u32 {
    u32::try_from(HostFunction::ALL.len()).unwrap_or(0)
}
