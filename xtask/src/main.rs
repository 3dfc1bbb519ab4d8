//! Generates what follows from the description of CPEX's model and of the boundary in `abi`.
//!
//! ```text
//! cargo xtask codegen            write the generated files
//! cargo xtask codegen --check    fail if one of them is not up to date
//! ```

mod access;
mod convert;
mod description;
mod document;
mod fields;
mod interface;
mod limits;
mod output;
mod records;
mod sdk;
mod strategies;
mod ty;
mod views;

use std::path::Path;
use std::process::ExitCode;

use access::Access;
use description::Model;
use fields::Fields;
use interface::Interface;
use limits::Limits;
use output::Output;
use sdk::views::Views;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let check = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["codegen"] => false,
        ["codegen", "--check"] => true,
        _ => {
            eprintln!("usage: cargo xtask codegen [--check]");
            return ExitCode::from(2);
        }
    };
    match codegen(Path::new(env!("CARGO_MANIFEST_DIR")).parent(), check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("codegen: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn codegen(root: Option<&Path>, check: bool) -> Result<(), String> {
    let root = root.ok_or("the package has no parent folder")?;
    let model = Model::read(&root.join("abi/model"))?;
    let fields = Fields::read(&root.join("abi/fields.toml"), &model)?;
    let interface = Interface::read(&root.join("abi/interface.toml"))?;
    let mut output = Output::new(root, check);
    for file in &model.files {
        output.rust(
            &format!("abi/src/model/records/{}.rs", file.name),
            &records::file(&model, file)?,
        )?;
    }
    // What CPEX's style reads whole is in postcard.
    let sdk = model.in_postcard();
    for file in sdk.files.iter().filter(|file| sdk::is_in_sdk(file)) {
        let path = format!("guest-sdk/src/cpex/records/{}.rs", file.name);
        output.rust(&path, &sdk::file(&sdk, file)?)?;
    }
    output.rust("guest-sdk/src/cpex/records/mod.rs", &sdk::index(&sdk))?;
    output
        .rust("guest-sdk/src/cpex/records/container.rs", &sdk::container::file(&sdk, &fields)?)?;
    output.rust("abi/src/model/records/mod.rs", &records::index(&model))?;
    let conversions = convert::modules(&model)?;
    for convert::Module { folder, name, code } in &conversions {
        output.rust(&format!("{folder}/records/{name}.rs"), code)?;
    }
    for (folder, code) in convert::indices(&conversions) {
        output.rust(&format!("{folder}/records/mod.rs"), &code)?;
    }
    output.rust("abi/src/field/table.rs", &fields.code()?)?;
    output.rust("bindings/c/src/fields.rs", &fields.embedder_constants())?;
    interface.write(&fields, &mut output)?;
    Views::read(&root.join("abi/views.toml"))?.write(&fields, &mut output)?;
    for world in views::WORLDS {
        output.rust(world.path, &views::file(&model, &fields, world)?)?;
    }
    output.rust("tests/conformance/src/strategies/records.rs", &strategies::file(&model)?)?;
    Access::read(&root.join("abi/access.toml"))?.write(&mut output)?;
    Limits::read(&root.join("src/policy/limits/limits.toml"))?.write(&mut output)?;
    output.text("docs/records.md", &document::records(&model)?)?;
    output.finish()
}
