//! The field that a script calls the host about.

use cpex_wasmi::abi::{Field, HostFunction, Write};

/// The number of a field: of one that can be written where that is what the function does, and mostly
/// of one that the request has.
pub(super) fn field(function: HostFunction, byte: u8) -> u32 {
    let name = function.info().name;
    let writes = name.starts_with("write") || name == "remove";
    let from = if byte & 3 == 0 { Field::ALL } else { THERE };
    let able: Vec<&Field> =
        from.iter().filter(|field| !writes || field.info().write != Write::Never).collect();
    let position = usize::from(byte).checked_rem(able.len()).unwrap_or(0);
    able.get(position).map_or(0, |field| field.number())
}

/// The content of the requests.
const THERE: &[Field] = &[
    Field::Payload,
    Field::MessageText,
    Field::Part,
    Field::PartText,
    Field::ToolCall,
    Field::ToolCallName,
    Field::ToolCallArguments,
    Field::Resource,
    Field::PromptResult,
    Field::SecurityLabels,
    Field::Subject,
    Field::SubjectRoles,
    Field::SubjectClaims,
    Field::Http,
    Field::HttpRequestHeaders,
    Field::Custom,
    Field::ContextLocal,
    Field::ContextGlobal,
    Field::Config,
    Field::Delegation,
    Field::DelegationHop,
    Field::CandidateConstraint,
    Field::RawCredentials,
    Field::InboundToken,
    Field::DelegatedToken,
];
