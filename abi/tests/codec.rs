//! The bounded decoder against the `postcard` crate, and against what a hostile sender would try.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use cpex_wasmi_abi::codec::{Bounds, DecodeError, decode, encode};
use cpex_wasmi_abi::{Value, Violation};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// One of everything that the wire types are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    flag: bool,
    byte: u8,
    signed_byte: i8,
    unsigned: (u16, u32, u64),
    signed: (i16, i32, i64),
    floats: (f32, f64),
    char: char,
    text: String,
    list: Vec<Option<u32>>,
    map: BTreeMap<String, Shape>,
    unit: (),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Unit,
    New(i64),
    Tuple(u8, String),
    Struct { on: bool },
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Unit),
        any::<i64>().prop_map(Shape::New),
        (any::<u8>(), ".{0,4}").prop_map(|(number, text)| Shape::Tuple(number, text)),
        any::<bool>().prop_map(|on| Shape::Struct { on }),
    ]
}

prop_compose! {
    fn everything()(
        (flag, byte, signed_byte) in any::<(bool, u8, i8)>(),
        unsigned in any::<(u16, u32, u64)>(),
        signed in any::<(i16, i32, i64)>(),
        floats in (prop::num::f32::NORMAL, prop::num::f64::NORMAL),
        char in any::<char>(),
        text in ".{0,8}",
        list in prop::collection::vec(any::<Option<u32>>(), 0..4),
        map in prop::collection::btree_map(".{0,3}", shape(), 0..4),
    ) -> Everything {
        Everything { flag, byte, signed_byte, unsigned, signed, floats, char, text, list, map, unit: () }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<u64>().prop_map(Value::Unsigned),
        (i64::MIN..0).prop_map(Value::Negative),
        prop::num::f64::NORMAL.prop_map(Value::Float),
        ".{0,6}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((".{0,3}", inner), 0..4).prop_map(Value::Object),
        ]
    })
}

fn encoded<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    encode(value, &mut out).unwrap();
    out
}

fn bounded<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
    decode(bytes, Bounds::DEFAULT)
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same(everything in everything()) {
        prop_assert_eq!(bounded::<Everything>(&encoded(&everything)), Ok(everything));
    }

    #[test]
    fn values_decode_to_the_same(value in value()) {
        prop_assert_eq!(bounded::<Value>(&encoded(&value)), Ok(value));
    }

    #[test]
    fn no_truncation_decodes(everything in everything(), cut in any::<prop::sample::Index>()) {
        let bytes = encoded(&everything);
        let len = cut.index(bytes.len());
        prop_assert!(bounded::<Everything>(&bytes[..len]).is_err());
    }

    /// Accepts what `postcard` makes of the same bytes, and there are no two ways to
    /// write it.
    #[test]
    fn what_is_accepted_is_postcard_in_its_one_form(
        bytes in prop::collection::vec(prop_oneof![0_u8..9, any::<u8>()], 0..24),
    ) {
        if let Ok(value) = bounded::<Value>(&bytes) {
            prop_assert_eq!(encoded(&value), &bytes[..]);
            if !format!("{value:?}").contains("NaN") {
                prop_assert_eq!(postcard::from_bytes::<Value>(&bytes).unwrap(), value);
            }
        }
        let _ = bounded::<Violation>(&bytes);
    }
}

#[test]
fn numbers_have_one_form_and_fit_their_type() {
    assert_eq!(bounded::<u16>(&[0xff, 0xff, 0x03]), Ok(u16::MAX));
    assert_eq!(bounded::<u16>(&[0xff, 0xff, 0x04]), Err(DecodeError::BadNumber));
    assert_eq!(bounded::<u32>(&[0x80, 0x00]), Err(DecodeError::BadNumber));
    assert_eq!(bounded::<u64>(&[0xff; 11]), Err(DecodeError::BadNumber));
    assert_eq!(bounded::<i64>(&encoded(&i64::MIN)), Ok(i64::MIN));
    assert_eq!(bounded::<i64>(&encoded(&i64::MAX)), Ok(i64::MAX));
}

#[test]
fn trailing_bytes_bad_tags_and_bad_text_are_refused() {
    assert_eq!(bounded::<bool>(&[1, 0]), Err(DecodeError::TrailingBytes));
    assert_eq!(bounded::<bool>(&[2]), Err(DecodeError::BadTag));
    assert_eq!(bounded::<Option<u8>>(&[2, 0]), Err(DecodeError::BadTag));
    assert_eq!(bounded::<String>(&[2, 0xc3, 0x28]), Err(DecodeError::BadText));
    assert_eq!(bounded::<Value>(&[8]), Err(DecodeError::WrongType));
}

#[test]
fn claimed_lengths_cost_nothing() {
    // A list of 2³²−1 strings, and one of as many units, which take no bytes at all.
    let claim = [0xff, 0xff, 0xff, 0xff, 0x0f];
    assert_eq!(bounded::<Vec<String>>(&claim), Err(DecodeError::TooManyElements));
    assert_eq!(bounded::<Vec<()>>(&claim), Err(DecodeError::TooManyElements));
    assert_eq!(bounded::<String>(&claim), Err(DecodeError::UnexpectedEnd));
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |depth: usize| {
        let mut bytes = [6, 1].repeat(depth - 1);
        bytes.push(0);
        bytes
    };
    let depth = Bounds::DEFAULT.depth;
    assert!(bounded::<Value>(&nested(depth)).is_ok());
    assert_eq!(bounded::<Value>(&nested(depth + 1)), Err(DecodeError::TooDeep));
    assert_eq!(bounded::<Value>(&nested(100_000)), Err(DecodeError::TooDeep));

    let bounds = Bounds { bytes: 4, ..Bounds::DEFAULT };
    assert_eq!(decode::<String>(&[3, b'a', b'b', b'c'], bounds), Ok("abc".into()));
    assert_eq!(decode::<String>(&[4, b'a', b'b', b'c', b'd'], bounds), Err(DecodeError::TooLarge));
}
