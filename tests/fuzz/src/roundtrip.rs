//! The fuzz target `roundtrip`: values of the boundary, encoded and decoded again.

use cpex_wasmi::abi::AbiVersion;
use cpex_wasmi::abi::codec::{Bounds, decode, encode};
use cpex_wasmi::model::{
    CandidateConstraintExtension, DelegationExtension, DelegationPayload, ElicitationPayload,
    Extensions, IdentityPayload, MessagePayload, RawCredentialsExtension,
};
use cpex_wasmi::{Manifest, Stateful, Value, Violation};
use cpex_wasmi_arbitrary::Source;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Makes a value of one of the types that cross the boundary. Encoded and decoded again it is the
/// same, as it is by way of postcard itself; and a byte less or more is an error.
pub fn roundtrip(data: &[u8]) {
    let mut source = Source::new(data);
    match source.byte() {
        0 => same::<Value>(&mut source),
        1 => same::<Violation>(&mut source),
        2 => same::<MessagePayload>(&mut source),
        3 => same::<ElicitationPayload>(&mut source),
        4 => same_but_tokens::<IdentityPayload>(&mut source),
        5 => same_but_tokens::<DelegationPayload>(&mut source),
        6 => same_but_tokens::<RawCredentialsExtension>(&mut source),
        7 => same::<DelegationExtension>(&mut source),
        8 => same::<CandidateConstraintExtension>(&mut source),
        9 => same_but_tokens::<Extensions>(&mut source),
        10 => same_manifest(&mut source),
        _ => {}
    }
}

fn same<T>(source: &mut Source<'_>)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let value = source.value();
    is_same::<T>(&value, source);
}

/// Round trips of a type with tokens, which are not written.
fn same_but_tokens<T>(source: &mut Source<'_>)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let value: T = source.value();
    let bare: T = decode(&encoded(&value), Bounds::DEFAULT).unwrap();
    // Where a token was is shown, unless some text says the same.
    let shown = |value: &T| format!("{value:?}").replace("[redacted]", "[none]");
    assert_eq!(shown(&bare), shown(&value));
    is_same(&bare, source);
}

fn encoded(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(value, &mut bytes).unwrap();
    bytes
}

fn is_same<T>(value: &T, source: &mut Source<'_>)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let mut bytes = encoded(value);
    assert_eq!(decode::<T>(&bytes, Bounds::DEFAULT).as_ref(), Ok(value));
    assert_eq!(postcard::to_allocvec(value).as_ref(), Ok(&bytes), "postcard writes it otherwise");
    assert_eq!(
        postcard::from_bytes::<T>(&bytes).as_ref(),
        Ok(value),
        "postcard reads it otherwise"
    );

    let kept = usize::from(source.byte()).checked_rem(bytes.len()).unwrap_or(0);
    let (cut, _) = bytes.split_at(kept);
    assert!(decode::<T>(cut, Bounds::DEFAULT).is_err(), "{kept} of {} bytes", bytes.len());
    bytes.push(source.byte());
    assert!(decode::<T>(&bytes, Bounds::DEFAULT).is_err(), "a byte more");
}

fn same_manifest(source: &mut Source<'_>) {
    let abi: AbiVersion = source.value();
    let mut manifest = Manifest::new(source.value::<String>(), source.value::<String>());
    manifest.abi = abi;
    manifest.description = source.value();
    manifest.hooks = source.value();
    manifest.capabilities = source.value();
    manifest.access = source.value();
    manifest.stateful = match source.byte() % 3 {
        0 => Stateful::No,
        1 => Stateful::Yes,
        _ => Stateful::PerInstance,
    };
    manifest.config_schema = source.value();
    match Manifest::decode(&manifest.encode().unwrap()) {
        Ok(decoded) => assert_eq!(decoded, manifest),
        Err(error) => assert_ne!((abi.major, abi.minor), (1, 0), "{error}"),
    }
}
