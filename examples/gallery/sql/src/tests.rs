//! SQL that passes, that loses its comments, and that is denied.

use cpex_wasmi_guest::testing::{Harness, Outcome, Request, model};
use serde_json::json;

use crate::PLUGIN;

const PRE: &str = "cmf.tool_pre_invoke";

fn harness() -> Harness {
    Harness::new(&PLUGIN).grant_all().module_file_if_built("../../../target/gallery/sql.wasm")
}

fn call(harness: &mut Harness, sql: &str) -> Outcome {
    harness.call(PRE, Request::tool_call("query").argument("sql", sql)).unwrap()
}

#[test]
fn dangerous_statements_are_denied_by_their_rule() {
    let mut harness = harness();
    for (sql, rule) in [
        ("DROP TABLE users", "drop"),
        ("dRoP/**/table users", "drop"),
        ("drop\u{a0}table users", "drop"),
        ("select 1; truncate users", "truncate"),
        ("delete from users", "unbounded"),
        ("update users set admin = true", "unbounded"),
        ("with x as (delete from users returning *) select * from x", "unbounded"),
        ("explain analyze drop table a", "drop"),
        ("select 1; select 2", "several"),
        ("select * into copied from users", "into"),
        ("select 'a\\'; drop table b; -- '", "ambiguous"),
        ("select 1 /*! union select 2 */", "ambiguous"),
    ] {
        let outcome = call(&mut harness, sql);
        let violation = outcome.decision.violation().unwrap_or_else(|| panic!("{sql}"));
        assert_eq!(violation.code, "sql_denied");
        assert_eq!(violation.reason, format!("the SQL is not allowed: {rule}"), "{sql}");
    }
}

#[test]
fn ordinary_statements_pass_unchanged() {
    let mut harness = harness();
    for sql in [
        "select * from users where name = 'drop table users'",
        "delete from users where id = $1",
        "insert into users (name) values ('O''Brien');",
        "weather in Zürich",
        "",
    ] {
        let outcome = call(&mut harness, sql);
        assert!(outcome.decision.is_allow() && outcome.changes.is_empty(), "{sql}");
    }
}

#[test]
fn comments_are_taken_out() {
    let outcome = call(&mut harness(), "select a -- all of it\nfrom b /* c */");
    assert!(outcome.decision.is_allow());
    assert_eq!(outcome.telemetry.metrics["sql.comments"], 1);
    let payload = outcome.changes.payload.unwrap();
    let model::ContentPart::ToolCall { content } =
        &payload.as_message().unwrap().message.content[0]
    else {
        panic!("another part")
    };
    assert_eq!(content.arguments["sql"], "select a  \nfrom b  ");
}

#[test]
fn only_allowed_statements_pass() {
    let mut harness = harness().config("allow", json!(["select", "show"]));
    assert!(call(&mut harness, "SELECT 1").decision.is_allow());
    let outcome = call(&mut harness, "vacuum full");
    assert_eq!(outcome.telemetry.metadata["sql.rule"], "not_allowed");
}

#[test]
fn only_named_arguments_are_looked_at() {
    let arguments = json!(["statement", "batch"]);
    let mut harness = harness().config("arguments", arguments).config("deny", json!(["drop"]));
    assert!(call(&mut harness, "drop table a").decision.is_allow());
    let batch = json!({"list": ["truncate a", "drop table a"]});
    let outcome = harness.call(PRE, Request::tool_call("t").argument("batch", batch)).unwrap();
    assert_eq!(outcome.decision.violation().unwrap().code, "sql_denied");
}
