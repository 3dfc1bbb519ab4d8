//! Modules by `wasm-smith`: a module of arbitrary functions, tables, globals and segments that has the
//! imports and exports of a plugin.

use arbitrary::Unstructured;
use cpex_wasmi::HostFunction;
use cpex_wasmi::abi::{EXPORT_MEMORY, IMPORT_MODULE};
use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};

/// True if functions and blocks may have more than one result, as in `src/engine.rs`.
const MULTI_VALUE: bool = false;

/// An exported function: its name, and how many `i32` it takes and gives.
pub(super) type Export = (&'static str, usize, usize);

/// Makes a module of a shape from bytes, if they are enough for one. The host functions are its first
/// functions, in the order of their table.
pub(super) fn base(bytes: &[u8], shape: Vec<u8>, careful: bool) -> Option<Vec<u8>> {
    let mut config = config();
    config.module_shape = Some(shape);
    // Arbitrary code comes to a trap soon otherwise.
    config.disallow_traps = careful;
    let module = wasm_smith::Module::new(config, &mut Unstructured::new(bytes)).ok()?;
    Some(module.to_bytes())
}

/// The features that the engine has on; sizes that keep one execution short.
fn config() -> wasm_smith::Config {
    wasm_smith::Config {
        multi_value_enabled: MULTI_VALUE,
        bulk_memory_enabled: true,
        extended_const_enabled: true,
        reference_types_enabled: true,
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        tail_call_enabled: false,
        acquire_release_atomics_enabled: false,
        compact_imports_enabled: false,
        custom_descriptors_enabled: false,
        custom_page_sizes_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        multibyte_array_access_enabled: false,
        relaxed_simd_enabled: false,
        shared_everything_threads_enabled: false,
        simd_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        allow_start_export: false,
        generate_custom_sections: false,
        // Fuel ends what does not end, and one interpreter gives the same NaN each time.
        canonicalize_nans: false,
        max_data_segments: 4,
        max_element_segments: 4,
        max_elements: 20,
        max_funcs: 12,
        max_globals: 10,
        max_instructions: 100,
        max_memories: 1,
        max_memory32_bytes: 4 << 20,
        max_table_elements: 1000,
        max_tables: 3,
        max_types: 12,
        ..wasm_smith::Config::default()
    }
}

/// A module with the imports and exports that are wanted.
pub(super) fn shape((minimum, maximum): (u64, Option<u64>), exports: &[Export]) -> Vec<u8> {
    let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
    let (mut functions, mut memories) = (FunctionSection::new(), MemorySection::new());
    let (mut exported, mut code) = (ExportSection::new(), CodeSection::new());
    let integers = |count| vec![ValType::I32; count];
    let mut next = 0_u32;
    for function in HostFunction::ALL {
        types.ty().function(integers(function.arity()), integers(1));
        imports.import(IMPORT_MODULE, function.info().name, EntityType::Function(next));
        next = next.saturating_add(1);
    }
    for (name, params, results) in exports {
        types.ty().function(integers(*params), integers(*results));
        functions.function(next);
        exported.export(name, ExportKind::Func, next);
        let mut body = Function::new([]);
        body.instructions().unreachable().end();
        code.function(&body);
        next = next.saturating_add(1);
    }
    let page_size_log2 = None;
    let (memory64, shared) = (false, false);
    memories.memory(MemoryType { minimum, maximum, memory64, shared, page_size_log2 });
    exported.export(EXPORT_MEMORY, ExportKind::Memory, 0);
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&memories);
    module.section(&exported).section(&code);
    module.finish()
}
