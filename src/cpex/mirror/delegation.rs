//! Delegations, and what they are limited to.

use cpex_core::extensions as theirs;

use super::{both_ways, variants};

both_ways! {
    DelegationExtension {
        chain,
        depth,
        origin_subject_id,
        actor_subject_id,
        delegated,
        age_seconds,
    }
    DelegationHop {
        subject_id,
        subject_type,
        audience,
        scopes_granted,
        authorization_details,
        timestamp,
        ttl_seconds,
        strategy,
        from_cache,
    }
    AuthorizationDetail {
        detail_type,
        locations,
        actions,
        datatypes,
        identifier,
        privileges,
        extra,
    }
    CandidateConstraintExtension {
        allow_models,
        deny_models,
        allow_regions,
        allow_sites,
        max_cost_tiers,
        custom,
        on_empty,
    }
}

variants! {
    OnEmpty { Deny, Fallback }
}
