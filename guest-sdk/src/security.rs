//! Views of the security slot.

use alloc::string::String;

use crate::raw::Place;
use crate::text::{json_fields, text_fields};
use crate::{Field, Record, Result, TextMap, TextSet};

/// The security slot: labels, classification and subject.
#[derive(Clone, Copy, Debug)]
pub struct Security(());

impl Security {
    pub(crate) const VIEW: Self = Self(());

    const fn place(self, field: Field) -> Place<'static> {
        Place::of(field)
    }

    /// True if the operation carries a label. Case is ignored.
    ///
    /// # Errors
    ///
    /// The host's status. Needs the capability `read_labels`.
    pub fn has_label(self, label: &str) -> Result<bool> {
        self.labels().contains(label)
    }

    /// The labels of the operation. Reading them needs the capability `read_labels`.
    pub const fn labels(self) -> TextSet {
        TextSet::of(Field::SecurityLabels)
    }

    /// Adds a label. Labels cannot be removed.
    ///
    /// # Errors
    ///
    /// The host's status. Needs the capability `append_labels`.
    pub fn add_label(self, label: &str) -> Result<()> {
        self.place(Field::SecurityLabels).write_text(label)
    }

    text_fields! {
        /// The data classification.
        classification, classification_is => SecurityClassification;
        /// The way in which the caller proved its identity.
        auth_method, auth_method_is => SecurityAuthMethod;
        /// The identifier of the OAuth client. Needs the capability `read_client`.
        client_id, client_id_is => ClientId;
        /// The trust in the client: `first_party`, `third_party`, `internal`, or a level of the
        /// operator's own. Needs the capability `read_client`.
        client_trust_level, client_trust_level_is => ClientTrustLevel;
        /// The SPIFFE identifier of the workload that calls. Needs the capability `read_workload`.
        caller_spiffe_id, caller_spiffe_id_is => CallerWorkloadSpiffeId;
        /// The SPIFFE identifier of the workload that the host runs in. Needs the capability
        /// `read_workload`.
        this_spiffe_id, this_spiffe_id_is => ThisWorkloadSpiffeId;
    }

    /// All of it that the plugin may see, by pointer: `/data/salary/denied_actions`.
    pub const fn record(self) -> Record {
        Record::of(Field::Security)
    }

    json_fields! {
        /// The OAuth client. Needs the capability `read_client`.
        client_json => SecurityClient;
        /// The attested workload that calls. Needs the capability `read_workload`.
        caller_workload_json => SecurityCallerWorkload;
        /// The attested workload that the host runs in. Needs the capability `read_workload`.
        this_workload_json => SecurityThisWorkload;
        /// The security profiles of objects, by name.
        objects_json => SecurityObjects;
        /// The data policies, by name.
        data_json => SecurityData;
    }

    /// The subject that the operation is done for.
    pub const fn subject(self) -> Subject {
        Subject(())
    }

    json_fields! {
        /// All of it.
        json => Security;
    }
}

/// The subject that an operation is done for.
#[derive(Clone, Copy, Debug)]
pub struct Subject(());

impl Subject {
    const fn place(self, field: Field) -> Place<'static> {
        Place::of(field)
    }

    text_fields! {
        /// The subject's identifier.
        id, id_is => SubjectId;
        /// `user`, `agent`, `service` or `system`.
        subject_type, subject_type_is => SubjectType;
    }

    /// The roles. Reading them needs the capability `read_roles`.
    pub const fn roles(self) -> TextSet {
        TextSet::of(Field::SubjectRoles)
    }

    /// True if the subject has a role.
    ///
    /// # Errors
    ///
    /// The host's status. Needs the capability `read_roles`.
    pub fn has_role(self, role: &str) -> Result<bool> {
        self.roles().contains(role)
    }

    /// The permissions. Reading them needs the capability `read_permissions`.
    pub const fn permissions(self) -> TextSet {
        TextSet::of(Field::SubjectPermissions)
    }

    /// True if the subject has a permission.
    ///
    /// # Errors
    ///
    /// The host's status. Needs the capability `read_permissions`.
    pub fn has_permission(self, permission: &str) -> Result<bool> {
        self.permissions().contains(permission)
    }

    /// The teams. Reading them needs the capability `read_teams`.
    pub const fn teams(self) -> TextSet {
        TextSet::of(Field::SubjectTeams)
    }

    /// True if the subject is in a team.
    ///
    /// # Errors
    ///
    /// The host's status. Needs the capability `read_teams`.
    pub fn has_team(self, team: &str) -> Result<bool> {
        self.teams().contains(team)
    }

    /// The claims, by name. Reading them needs the capability `read_claims`.
    pub const fn claims(self) -> TextMap {
        TextMap::of(Field::SubjectClaims)
    }

    /// The claim of that name.
    ///
    /// # Errors
    ///
    /// The host's status; a missing claim is `None`. Needs the capability `read_claims`.
    pub fn claim(self, name: &str) -> Result<Option<String>> {
        self.claims().get(name)
    }

    json_fields! {
        /// All of it.
        json => Subject;
    }
}
