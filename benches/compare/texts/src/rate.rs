//! Counts calls in the memory of the plugin or the program.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

/// For each user, the minute of the last call and the calls in it.
static CALLS: LazyLock<Mutex<HashMap<String, (String, i64)>>> = LazyLock::new(Mutex::default);

/// Counts a call, and gives the number of the user's calls in the minute of the time: `2026-06-30T12:00:00Z`, say. A plugin
/// of a sandbox without a clock has only the request's.
pub fn calls_in_minute(user: &str, time: &str) -> i64 {
    let minute = time.get(..16).unwrap_or(time);
    let mut calls = CALLS.lock().unwrap();
    if !calls.contains_key(user) {
        calls.insert(user.into(), (minute.into(), 0));
    }
    let Some((last, count)) = calls.get_mut(user) else { return 1 };
    if last != minute {
        (*last, *count) = (minute.into(), 0);
    }
    *count += 1;
    *count
}
