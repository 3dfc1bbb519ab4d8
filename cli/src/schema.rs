//! `schema`: what an editor needs to know of configurations and policies.

use cpex_wasmi::config::{self, Dialect};

use crate::args::{SchemaArgs, SchemaOf};
use crate::failure::{Exit, Failure};
use crate::terminal;

/// Prints a JSON Schema.
pub(crate) fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    let schema = match args.of {
        SchemaOf::Configuration => config::configuration_schema(),
        SchemaOf::Praxis => config::configuration_schema_for(Dialect::PraxisPolicy),
        SchemaOf::Policy => config::policy_schema(),
    };
    terminal::out(&format!("{schema:#}\n"))?;
    Ok(Exit::Allow)
}
