//! Who and what takes part in a request, as far as security is concerned.

use cpex_core::extensions as theirs;

use super::{both_ways, to_model, variants};

both_ways! {
    SubjectExtension { id, subject_type, roles, permissions, teams, claims }
    ClientExtension {
        client_id,
        client_name,
        trust_level,
        authorized_scopes,
        authorized_audiences,
        roles,
        permissions,
        teams,
        claims,
    }
    WorkloadIdentity { spiffe_id, trust_domain, attested_at, attestor, selectors, client_id }
}

to_model! {
    SecurityExtension {
        labels,
        classification,
        subject,
        client,
        caller_workload,
        this_workload,
        auth_method,
        objects,
        data,
    }
    ObjectSecurityProfile { managed_by, permissions, trust_domain, data_scope }
    DataPolicy { apply_labels, allowed_actions, denied_actions, retention }
    RetentionPolicy { max_age_seconds, policy, delete_after }
}

variants! {
    SubjectType { User, Agent, Service, System }
}
