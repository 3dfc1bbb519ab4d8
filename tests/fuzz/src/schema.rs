//! A configuration against a schema, of which both may be anything.

use cpex_wasmi::testing::Session;
use cpex_wasmi::{ErrorKind, LogRecord, Manifest, Policy, visible};
use cpex_wasmi_schema::Schema;
use serde_json::{Map, Value};

/// Checks a configuration by a schema: what comes after and before the first zero byte. What does not fit is told in
/// messages that can be shown, and no plugin is given it.
pub fn schema(data: &[u8]) {
    let mut halves = data.splitn(2, |byte| *byte == 0);
    let (Some(schema), Some(config)) = (halves.next(), halves.next()) else { return };
    let (Ok(schema), Ok(config)) =
        (str::from_utf8(schema), serde_json::from_slice::<Map<String, Value>>(config))
    else {
        return;
    };
    let fits = match Schema::parse(schema) {
        Ok(schema) => {
            let wrong = schema.check(&Value::Object(config.clone()));
            wrong.iter().for_each(|wrong| shows(&format!("{} {}", wrong.path, wrong.message)));
            assert!(wrong.len() <= 21, "{} mismatches", wrong.len());
            wrong.is_empty()
        }
        Err(problems) => {
            problems.iter().for_each(|problem| shows(problem));
            assert!((1..=20).contains(&problems.len()), "{} problems", problems.len());
            false
        }
    };
    let mut manifest = Manifest::new("fuzz", "1.0.0");
    manifest.hooks.push("cmf.tool_pre_invoke".into());
    manifest.config_schema = Some(schema.into());
    let mut policy = Policy::default();
    policy.config = config.into_iter().collect();
    match Session::new(&manifest, policy, |_: &LogRecord<'_>| {}) {
        Ok(_) => assert!(fits, "a plugin is given what does not fit"),
        Err(error) => {
            let kind = error.kind();
            assert!(matches!(kind, ErrorKind::InvalidModule | ErrorKind::InvalidPolicy), "{error}");
        }
    }
}

/// A message has nothing in it that people do not see.
fn shows(message: &str) {
    assert_eq!(visible(message), message);
}
