use core::fmt;

macro_rules! capabilities {
    ($(#[doc = $doc:literal] $name:ident = $text:literal;)*) => {
        /// What an operator can grant a plugin, by CPEX's own names.
        ///
        /// The names and their meaning are those of `cpex_core::extensions::Capability`, and
        /// `write_candidate_constraint` of its routing extension.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Capability {
            $(#[doc = $doc] $name,)*
        }

        impl Capability {
            /// All capabilities, in a fixed order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name in YAML and in a manifest, such as `read_labels`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it opens, in a sentence for people.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $doc.trim_ascii(),)* }
            }
        }
    };
}

capabilities! {
    /// The subject's identifier and type.
    ReadSubject = "read_subject";
    /// The subject's roles (and its identifier and type).
    ReadRoles = "read_roles";
    /// The subject's teams (and its identifier and type).
    ReadTeams = "read_teams";
    /// The subject's claims (and its identifier and type).
    ReadClaims = "read_claims";
    /// The subject's permissions (and its identifier and type).
    ReadPermissions = "read_permissions";
    /// The OAuth client.
    ReadClient = "read_client";
    /// The attested workloads, the caller's and our own.
    ReadWorkload = "read_workload";
    /// The agent slot.
    ReadAgent = "read_agent";
    /// The HTTP slot.
    ReadHeaders = "read_headers";
    /// Setting and removing HTTP headers.
    WriteHeaders = "write_headers";
    /// The security labels.
    ReadLabels = "read_labels";
    /// Adding a security label.
    AppendLabels = "append_labels";
    /// The delegation chain.
    ReadDelegation = "read_delegation";
    /// Adding a hop to the delegation chain.
    AppendDelegation = "append_delegation";
    /// What came with the request as credentials; the tokens too if raw credentials are allowed.
    ReadInboundCredentials = "read_inbound_credentials";
    /// What was minted for the request; the tokens too if raw credentials are allowed.
    ReadDelegatedTokens = "read_delegated_tokens";
    /// Setting the candidate constraint.
    WriteCandidateConstraint = "write_candidate_constraint";
}

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

    /// Whether `capability` is in the set.
    pub const fn contains(self, capability: Capability) -> bool {
        self.0 & capability.bit() != 0
    }

    /// Whether the set holds any of the capabilities that open a part of the raw credentials.
    pub const fn opens_credentials(self) -> bool {
        self.contains(Capability::ReadInboundCredentials)
            || self.contains(Capability::ReadDelegatedTokens)
    }

    /// Whether the set holds any of the capabilities that open the subject.
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

    /// Adds `capability`.
    pub fn insert(&mut self, capability: Capability) {
        self.0 |= capability.bit();
    }

    /// The members in the order of [`Capability::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.iter().copied().filter(move |capability| self.contains(*capability))
    }

    /// What is in `self` and not in `other`.
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the set is empty.
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
