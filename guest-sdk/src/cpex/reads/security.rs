//! One field of the security slot at a time.

use super::fields::{fields, nested};
use crate::cpex::incoming::Incoming;
use crate::raw::Place;
use crate::{Field, Result};

fields! { security: Security {
    labels: SecurityLabels,
    classification: SecurityClassification as option,
    subject: Subject as option,
    client: SecurityClient as option,
    caller_workload: SecurityCallerWorkload as option,
    this_workload: SecurityThisWorkload as option,
    auth_method: SecurityAuthMethod as option,
    objects: SecurityObjects,
    data: SecurityData,
} }

/// That `extensions.security` is there, and nothing of it: enough to add labels.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn slot<P>(incoming: &mut Incoming<P>) -> Result<()> {
    let there = Place::of(Field::Security).contains()?;
    if there {
        incoming.extensions.security.get_or_insert_default();
    }
    Ok(())
}

/// One field of the subject at a time.
pub mod subject {
    super::nested! { security: Security, subject: Subject {
        id: SubjectId as option,
        subject_type: SubjectType as name,
        roles: SubjectRoles,
        permissions: SubjectPermissions,
        teams: SubjectTeams,
        claims: SubjectClaims,
    } }
}

/// One field of the client at a time.
pub mod client {
    super::nested! { security: Security, client: ClientId {
        client_id: ClientId,
        trust_level: ClientTrustLevel,
    } }
}

/// One field of the workload that the request came from.
pub mod caller_workload {
    super::nested! { security: Security, caller_workload: SecurityCallerWorkload {
        spiffe_id: CallerWorkloadSpiffeId as option,
    } }
}

/// One field of our own workload.
pub mod this_workload {
    super::nested! { security: Security, this_workload: SecurityThisWorkload {
        spiffe_id: ThisWorkloadSpiffeId as option,
    } }
}
