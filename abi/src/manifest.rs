//! The manifest of a module, in its custom section.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::codec::{self, Bounds, DecodeError};
use crate::{ABI_VERSION, Stateful};

/// A version of this ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AbiVersion {
    /// Changes when an old plugin would no longer be understood.
    pub major: u16,
    /// Changes when something is added.
    pub minor: u16,
}

impl AbiVersion {
    /// True if a host of this version runs plugins of version `plugin`.
    pub const fn runs(self, plugin: Self) -> bool {
        self.major == plugin.major && plugin.minor <= self.minor
    }
}

impl fmt::Display for AbiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The manifest of a plugin, in the custom section [`Manifest::SECTION`].
///
/// The section holds the [`AbiVersion`] and then the rest, as postcard. The version comes first
/// and never changes its form, so that a host can always tell what it cannot read.
///
/// The order of the fields is that of the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The ABI the plugin was built for.
    pub abi: AbiVersion,
    /// The plugin's name.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// One line on what the plugin does; may be empty.
    pub description: String,
    /// The hooks it handles. `cpex_invoke` is given a position in this list.
    pub hooks: Vec<String>,
    /// The capabilities it needs, by name.
    pub capabilities: Vec<String>,
    /// The system access it needs, such as `env:API_REGION`: see [`AccessRequest`](crate::AccessRequest).
    pub access: Vec<String>,
    /// The state that it keeps in its memory from one call to the next, and is wrong without.
    pub stateful: Stateful,
    /// A JSON Schema of its configuration.
    pub config_schema: Option<String>,
}

/// An error in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It was built for an ABI that this host does not run.
    #[error(
        "the plugin was built for ABI {plugin}, but this host runs ABI {host}; {}",
        if plugin > host { "update the host, or rebuild the plugin with an older SDK" }
        else { "rebuild the plugin with the current SDK" }
    )]
    UnsupportedAbi {
        /// The plugin's version.
        plugin: AbiVersion,
        /// The host's version.
        host: AbiVersion,
    },
    /// Its bytes are no manifest.
    #[error("the manifest cannot be decoded: {0}")]
    Malformed(#[from] DecodeError),
}

impl Manifest {
    /// The name of the custom section that holds the manifest.
    pub const SECTION: &'static str = "cpex.manifest";

    /// The size of the largest manifest that is read, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024;

    const BOUNDS: Bounds = Bounds { bytes: Self::MAX_BYTES, elements: 1024, depth: 4 };

    /// A manifest of the current ABI with a name and a version, and nothing else.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            abi: ABI_VERSION,
            name: name.into(),
            version: version.into(),
            description: String::new(),
            hooks: Vec::new(),
            capabilities: Vec::new(),
            access: Vec::new(),
            stateful: Stateful::No,
            config_schema: None,
        }
    }

    /// Reads the content of the custom section.
    ///
    /// # Errors
    ///
    /// [`ManifestError::UnsupportedAbi`] if this version of the ABI does not run the plugin's, else
    /// [`ManifestError::Malformed`] if the bytes are no manifest.
    pub fn decode(section: &[u8]) -> Result<Self, ManifestError> {
        if section.len() > Self::MAX_BYTES {
            return Err(DecodeError::TooLarge.into());
        }
        let (abi, _) = codec::decode_prefix(section, Self::BOUNDS)?;
        if !ABI_VERSION.runs(abi) {
            return Err(ManifestError::UnsupportedAbi { plugin: abi, host: ABI_VERSION });
        }
        Ok(codec::decode(section, Self::BOUNDS)?)
    }

    /// The content of the custom section.
    ///
    /// # Errors
    ///
    /// None that a manifest can cause.
    pub fn encode(&self) -> Result<Vec<u8>, postcard::Error> {
        let mut section = Vec::new();
        codec::encode(self, &mut section)?;
        Ok(section)
    }
}

/// A [`Manifest`] that is known at compile time, and can be encoded at compile time.
#[derive(Clone, Copy, Debug)]
pub struct StaticManifest {
    /// See [`Manifest::name`].
    pub name: &'static str,
    /// See [`Manifest::version`].
    pub version: &'static str,
    /// See [`Manifest::description`].
    pub description: &'static str,
    /// See [`Manifest::hooks`].
    pub hooks: &'static [&'static str],
    /// See [`Manifest::capabilities`].
    pub capabilities: &'static [&'static str],
    /// See [`Manifest::access`].
    pub access: &'static [&'static str],
    /// See [`Manifest::stateful`].
    pub stateful: Stateful,
    /// See [`Manifest::config_schema`].
    pub config_schema: Option<&'static str>,
}

impl StaticManifest {
    /// The length of the encoded manifest, for the `N` of [`encode`](Self::encode).
    pub const fn encoded_len(&self) -> usize {
        let (_, len) = self.write([0; 0]);
        len
    }

    /// The content of the custom section.
    ///
    /// # Panics
    ///
    /// At compile time, if `N` is not [`encoded_len`](Self::encoded_len).
    #[allow(clippy::panic, reason = "runs at compile time")]
    pub const fn encode<const N: usize>(&self) -> [u8; N] {
        let (bytes, len) = self.write([0; N]);
        assert!(len == N, "N is not the encoded length");
        bytes
    }

    const fn write<const N: usize>(&self, bytes: [u8; N]) -> ([u8; N], usize) {
        let out = ConstWriter { bytes, len: 0 }
            .number(ABI_VERSION.major as usize)
            .number(ABI_VERSION.minor as usize)
            .text(self.name)
            .text(self.version)
            .text(self.description)
            .texts(self.hooks)
            .texts(self.capabilities)
            .texts(self.access)
            .byte(self.stateful.byte());
        let out = match self.config_schema {
            None => out.byte(0),
            Some(schema) => out.byte(1).text(schema),
        };
        (out.bytes, out.len)
    }
}

/// Writes postcard at compile time; counts what does not fit instead of writing it.
struct ConstWriter<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "runs at compile time, and each index is checked before its use"
)]
impl<const N: usize> ConstWriter<N> {
    const fn byte(mut self, byte: u8) -> Self {
        if self.len < N {
            self.bytes[self.len] = byte;
        }
        self.len += 1;
        self
    }

    const fn number(mut self, mut number: usize) -> Self {
        while number >= 0x80 {
            self = self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8)
    }

    const fn text(mut self, text: &str) -> Self {
        self = self.number(text.len());
        let mut at = 0;
        while at < text.len() {
            self = self.byte(text.as_bytes()[at]);
            at += 1;
        }
        self
    }

    const fn texts(mut self, texts: &[&str]) -> Self {
        self = self.number(texts.len());
        let mut at = 0;
        while at < texts.len() {
            self = self.text(texts[at]);
            at += 1;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const STATIC: StaticManifest = StaticManifest {
        name: "pii-guard",
        version: "1.2.3",
        description: "Keeps personal data in",
        hooks: &["cmf.tool_pre_invoke", "cmf.tool_post_invoke"],
        capabilities: &["read_labels"],
        access: &[],
        stateful: Stateful::PerInstance,
        config_schema: Some(SCHEMA),
    };
    // Longer than 127 bytes, so that its length takes two.
    const SCHEMA: &str = concat!(
        r#"{"type":"object","properties":{"role":{"type":"string","description":"the role that "#,
        r#"may see personal data"}},"additionalProperties":false,"required":["role"]}"#
    );
    const ENCODED: [u8; STATIC.encoded_len()] = STATIC.encode();

    #[test]
    fn what_is_encoded_at_compile_time_reads_back() {
        let manifest = Manifest::decode(&ENCODED).unwrap();
        let mut expected = Manifest::new("pii-guard", "1.2.3");
        expected.description = "Keeps personal data in".into();
        expected.hooks = vec!["cmf.tool_pre_invoke".into(), "cmf.tool_post_invoke".into()];
        expected.capabilities = vec!["read_labels".into()];
        expected.stateful = Stateful::PerInstance;
        expected.config_schema = Some(SCHEMA.into());
        assert_eq!(manifest, expected);
    }

    #[test]
    fn a_manifest_from_the_future_is_told_apart_from_garbage() {
        let future = [7, 0, 0xff, 0xff];
        assert_eq!(
            Manifest::decode(&future),
            Err(ManifestError::UnsupportedAbi {
                plugin: AbiVersion { major: 7, minor: 0 },
                host: ABI_VERSION
            })
        );
        assert_eq!(
            Manifest::decode(&[1, 0, 0xff]),
            Err(ManifestError::Malformed(DecodeError::UnexpectedEnd))
        );
    }

    #[test]
    fn the_message_says_which_side_to_rebuild() {
        let message = |major, minor| {
            let plugin = AbiVersion { major, minor };
            alloc::format!("{}", ManifestError::UnsupportedAbi { plugin, host: ABI_VERSION })
        };
        assert!(message(ABI_VERSION.major, ABI_VERSION.minor + 1).contains("update the host"));
        assert!(message(ABI_VERSION.major - 1, 9).contains("rebuild the plugin"));
    }

    #[test]
    fn state_is_a_byte_of_which_there_are_three() {
        let mut manifest = Manifest::new("a", "1");
        for stateful in [Stateful::No, Stateful::Yes, Stateful::PerInstance] {
            manifest.stateful = stateful;
            let mut section = manifest.encode().unwrap();
            let byte = section.len() - 2;
            assert_eq!(section[byte], stateful.byte());
            assert_eq!(Manifest::decode(&section), Ok(manifest.clone()));
            section[byte] = 3;
            assert_eq!(
                Manifest::decode(&section),
                Err(ManifestError::Malformed(DecodeError::WrongType))
            );
        }
    }

    #[test]
    fn bytes_after_the_manifest_are_refused() {
        let mut section = ENCODED.to_vec();
        section.push(0);
        assert_eq!(
            Manifest::decode(&section),
            Err(ManifestError::Malformed(DecodeError::TrailingBytes))
        );
    }
}
