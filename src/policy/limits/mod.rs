//! The limits of a plugin, and how a policy sets them.

mod table;

use alloc::format;

use serde_json::Value;

use super::Policy;
use super::keys::{RESOURCES, Shape};
use super::values::{PolicyReader, present};

pub(super) use table::KEYS;
pub use table::Limits;

impl Limits {
    /// The largest module that is loaded, in bytes: `invalid_module`.
    pub const MAX_MODULE_BYTES: usize = 16 << 20;
}

impl PolicyReader {
    pub(super) fn resources(&mut self, value: Option<&Value>, path: &str, policy: &mut Policy) {
        let Some(value) = present(value) else { return };
        let Some(map) = self.object(value, path, &RESOURCES) else { return };
        for key in RESOURCES.keys {
            let Some(value) = present(map.get(key.name)) else { continue };
            let Shape::Whole(least, most) = key.shape else { continue };
            let path = format!("{path}.{}", key.name);
            let Some(number) = self.whole(value, &path, least, most) else { continue };
            match key.name {
                "max_instances" => {
                    policy.max_instances = usize::try_from(number).unwrap_or(usize::MAX);
                }
                // Read along with `when_exhausted`.
                "max_wait_ms" => {}
                limit => policy.limits.set(limit, number),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use core::time::Duration;

    use super::super::MAX_INSTANCES;
    use super::*;
    use crate::policy::WhenExhausted;
    use crate::policy::keys::Key;

    fn told(key: &Key) -> (String, Value) {
        let number: u64 = key.default().unwrap().parse().unwrap();
        (key.name.into(), number.into())
    }

    #[test]
    fn the_defaults_that_are_told_are_the_defaults() {
        let resources: serde_json::Map<_, _> = KEYS.iter().map(told).collect();
        let policy = serde_json::json!({ "resources": resources, "when_exhausted": "wait" });
        let (told, default) = (Policy::from_value(&policy).unwrap(), Policy::default());
        let clock = |limits: Limits| match cfg!(feature = "std") {
            true => limits,
            false => limits.deadline(None).init_deadline(None),
        };
        assert_eq!(clock(told.limits), default.limits);
        assert_eq!(told.max_instances, default.max_instances);
        assert_eq!(told.when_exhausted, WhenExhausted::Wait(Policy::DEFAULT_MAX_WAIT));
    }

    #[test]
    fn each_key_sets_a_limit_of_its_own() {
        let mut seen = alloc::vec::Vec::new();
        for key in KEYS {
            let Shape::Whole(_, most) = key.shape else { panic!("{} is no number", key.name) };
            let policy = serde_json::json!({
                "resources": { key.name: most }, "when_exhausted": "wait",
            });
            let policy = Policy::from_value(&policy).unwrap();
            assert_ne!(format!("{policy:?}"), format!("{:?}", Policy::default()), "{}", key.name);
            let shown = format!("{policy:?}");
            assert!(!seen.contains(&shown), "{} sets what another does", key.name);
            seen.push(shown);
        }
    }

    #[test]
    fn as_many_instances_may_be_asked_for_as_are_kept() {
        let range = RESOURCES.find("max_instances").map(|key| key.shape);
        assert!(matches!(range, Some(Shape::Whole(1, most)) if most == u64::from(MAX_INSTANCES)));
    }

    #[test]
    fn a_deadline_can_be_taken_away() {
        let limits = Limits::default().deadline(Duration::from_secs(2));
        assert_eq!(limits.deadline, Some(Duration::from_secs(2)));
        assert_eq!(limits.deadline(None).deadline, None);
    }
}
