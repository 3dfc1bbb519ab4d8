//! The rights that an operator can grant a plugin.

mod table;

use core::fmt;

use crate::Access;

pub use table::Capability;

impl Capability {
    /// Looks a capability up by its [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|capability| capability.name() == name)
    }

    const fn bit(self) -> u32 {
        1 << self as u8
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of [`Capability`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct CapabilitySet(u32);

impl CapabilitySet {
    /// The set without any.
    pub const EMPTY: Self = Self(0);

    /// True if `capability` is in the set.
    pub const fn contains(self, capability: Capability) -> bool {
        self.0 & capability.bit() != 0
    }

    /// True if the set holds any of the capabilities that open a part of the raw credentials.
    pub const fn opens_credentials(self) -> bool {
        self.contains(Capability::ReadInboundCredentials)
            || self.contains(Capability::ReadDelegatedTokens)
    }

    /// True if the set holds any of the capabilities that open the subject.
    ///
    /// CPEX shows a plugin the subject's identifier and type as soon as it may see any part of it.
    pub const fn opens_subject(self) -> bool {
        const ANY: u32 = Capability::ReadSubject.bit()
            | Capability::ReadRoles.bit()
            | Capability::ReadTeams.bit()
            | Capability::ReadClaims.bit()
            | Capability::ReadPermissions.bit();
        self.0 & ANY != 0
    }

    /// True if a field with this condition can be read. A token takes more: the operator has to allow raw credentials.
    pub const fn opens(self, access: Access) -> bool {
        match access {
            Access::Open => true,
            Access::Subject => self.opens_subject(),
            Access::Credentials => self.opens_credentials(),
            Access::Needs(capability) | Access::Token(capability) => self.contains(capability),
        }
    }

    /// Adds `capability`.
    pub const fn insert(&mut self, capability: Capability) {
        self.0 |= capability.bit();
    }

    /// The members in the order of [`Capability::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.iter().copied().filter(move |capability| self.contains(*capability))
    }

    /// The members of `self` that are not in `other`.
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// True if the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Capability> for CapabilitySet {
    fn from_iter<I: IntoIterator<Item = Capability>>(iter: I) -> Self {
        let mut set = Self::EMPTY;
        for capability in iter {
            set.insert(capability);
        }
        set
    }
}

impl fmt::Debug for CapabilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Capability::name)).finish()
    }
}
