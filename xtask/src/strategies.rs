//! Arbitrary records for the conformance tests.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::description::{Enum, JsonRule, Member, Model, Native, Record, Union, snake_case};
use crate::ty::Type;

/// One function for each record, enum and union.
pub(crate) fn file(model: &Model) -> Result<String, String> {
    let (mut body, mut names) = (String::new(), BTreeSet::new());
    for known in model.enums() {
        body.push_str(&if known.open { open_enum(known) } else { plain_enum(known) });
        if !known.open {
            names.insert(known.name.as_str());
        }
    }
    for union in model.unions() {
        body.push_str(&tagged_enum(model, union)?);
        names.insert(&union.name);
    }
    for record in model.records() {
        body.push_str(&structure(model, record)?);
        names.insert(&record.name);
    }
    if body.contains("Secret::") {
        names.insert("Secret");
    }
    let names: Vec<_> = names.into_iter().collect();
    Ok(format!(
        "//! Arbitrary records. Tokens are empty: they are in no encoding.\n\nuse cpex_wasmi::model::{{{}}};\n\
         use proptest::collection::{{btree_map, vec}};\nuse proptest::prelude::*;\nuse proptest::sample::select;\nuse proptest::strategy::Union as OneOf;\n\n\
         use super::{{json, json_map, list, maybe, schema, text, text_map, texts, time}};\n\n{body}",
        names.join(", ")
    ))
}

fn plain_enum(known: &Enum) -> String {
    let variants: Vec<_> =
        known.variants.iter().map(|variant| format!("{}::{variant}", known.name)).collect();
    format!(
        "pub(super) fn {}() -> BoxedStrategy<{}> {{\nselect(vec![{}]).boxed()\n}}\n\n",
        snake_case(&known.name),
        known.name,
        variants.join(", ")
    )
}

fn open_enum(known: &Enum) -> String {
    let mut values: Vec<_> =
        known.named_variants().map(|(_, text)| format!("Just(\"{text}\".to_owned())")).collect();
    // Names of old, which are read and never written, begin otherwise.
    values.push("\"o[a-z]{0,4}\"".into());
    format!(
        "pub(super) fn {}() -> BoxedStrategy<String> {{\nprop_oneof![{}].boxed()\n}}\n\n",
        snake_case(&known.name),
        values.join(", ")
    )
}

fn tagged_enum(model: &Model, union: &Union) -> Result<String, String> {
    let Union { name, .. } = union;
    let (mut flat, mut deep) = (String::new(), String::new());
    for variant in &union.variants {
        let ty = Type::parse(&variant.ty)?;
        let inner = if is_deep(model, &ty) {
            strategy(model, &ty)?.replace("(depth)", "(depth.saturating_sub(1))")
        } else {
            strategy(model, &ty)?
        };
        let target = if is_deep(model, &ty) { &mut deep } else { &mut flat };
        let _ = writeln!(
            target,
            "{inner}.prop_map(|{member}| {name}::{kind} {{ {member} }}).boxed(),",
            member = variant.member,
            kind = variant.name
        );
    }
    let function = snake_case(name);
    Ok(format!(
        "/// With messages in parts, `depth` of them in one another.\n\
         pub(super) fn {function}(depth: u32) -> BoxedStrategy<{name}> {{\n\
         let flat = OneOf::new([{flat}]);\n\
         if depth == 0 {{ return flat.boxed(); }}\n\
         let deep = OneOf::new([{deep}]);\n\
         prop_oneof![4 => flat, 1 => deep].boxed()\n}}\n\n"
    ))
}

/// True if a value can have messages in it, which have values like it in them.
fn is_deep(model: &Model, ty: &Type) -> bool {
    ty.names().into_iter().any(|name| {
        model.unions().any(|union| union.name == name)
            || model.record(name).is_some_and(|record| {
                record
                    .members
                    .iter()
                    .filter_map(|member| member.ty().ok())
                    .any(|ty| !ty.names().contains(&record.name.as_str()) && is_deep(model, &ty))
            })
    })
}

fn structure(model: &Model, record: &Record) -> Result<String, String> {
    let name = &record.name;
    let deep = is_deep(model, &Type::Named(name.clone()));
    // proptest has strategies for tuples of up to twelve.
    let (mut strategies, mut patterns) = (Vec::new(), Vec::new());
    for members in record.members.chunks(10) {
        let mut chunk = String::new();
        for member in members {
            let _ = write!(chunk, "{}, ", member_strategy(model, record, member)?);
        }
        let names: Vec<_> = members.iter().map(|member| format!("{}, ", member.name)).collect();
        strategies.push(format!("({chunk})"));
        patterns.push(format!("({})", names.concat()));
    }
    let (strategy, pattern) = match (&*strategies, &*patterns) {
        ([strategy], [pattern]) => (strategy.clone(), pattern.clone()),
        _ => (format!("({})", strategies.join(", ")), format!("({})", patterns.join(", "))),
    };
    let members: Vec<_> = record.members.iter().map(|member| member.name.as_str()).collect();
    Ok(format!(
        "pub(super) fn {}({}) -> BoxedStrategy<{name}> {{\n\
         {strategy}.prop_map(|{pattern}| {name} {{ {} }}).boxed()\n}}\n\n",
        snake_case(name),
        if deep { "depth: u32" } else { "" },
        members.join(", ")
    ))
}

fn member_strategy(model: &Model, record: &Record, member: &Member) -> Result<String, String> {
    // Engines without it leave it empty.
    if member.native != Native::All {
        return Ok("Just(Default::default())".into());
    }
    if member.json == Some(JsonRule::Flatten) {
        // Members of their own names, beside the others.
        return Ok("btree_map(\"x_[a-z]{1,3}\", json(), 0..3)".into());
    }
    let ty = member.ty()?;
    let keys = member.native_type.as_deref().and_then(|native| native.strip_prefix("HashMap<"));
    let keys = keys.and_then(|keys| keys.split(',').next());
    if let (Some(keys), Type::Map(inner)) = (keys.filter(|keys| *keys != "String"), &ty) {
        let value = strategy(model, inner)?;
        return Ok(format!("btree_map({}(), {value}, 0..3)", snake_case(keys)));
    }
    strategy(model, &ty).map_err(|problem| format!("{}.{}: {problem}", record.name, member.name))
}

fn strategy(model: &Model, ty: &Type) -> Result<String, String> {
    Ok(match ty {
        Type::Text => "text()".into(),
        Type::Time => "time()".into(),
        Type::Token => "Just(Secret::default())".into(),
        Type::Bytes => "vec(any::<u8>(), 0..4)".into(),
        Type::Plain("f64") => "prop::num::f64::NORMAL".into(),
        Type::Plain(name) => format!("any::<{name}>()"),
        Type::Json => "json()".into(),
        Type::Set => "texts()".into(),
        Type::Option(inner) if **inner == Type::Json => "maybe(schema())".into(),
        Type::Option(inner) => format!("maybe({})", strategy(model, inner)?),
        Type::List(inner) if **inner == Type::Text => "list()".into(),
        Type::List(inner) => format!("vec({}, 0..3)", strategy(model, inner)?),
        Type::Map(inner) => match **inner {
            Type::Text => "text_map()".into(),
            Type::Json => "json_map()".into(),
            _ => format!("btree_map(text(), {}, 0..3)", strategy(model, inner)?),
        },
        Type::Pair(one, other) => {
            format!("({}, {})", strategy(model, one)?, strategy(model, other)?)
        }
        Type::Named(name) if is_deep(model, ty) => format!("{}(depth)", snake_case(name)),
        Type::Named(name) => format!("{}()", snake_case(name)),
    })
}
