// The plugins that the page offers, each with a request that shows it. `granted` lists what is granted from the start;
// without it, all that the plugin asks for is.
"use strict";

globalThis.playground = globalThis.playground ?? {};

(() => {
  const call = (name, parameters) => ({
    message: {
      schema_version: "2.0",
      role: "assistant",
      content: [{ content_type: "tool_call", content: { tool_call_id: "call-7", name, arguments: parameters } }],
    },
  });
  const outcome = (name, content) => ({
    message: {
      schema_version: "2.0",
      role: "tool",
      content: [{ content_type: "tool_result", content: { tool_call_id: "call-7", tool_name: name, content, is_error: false } }],
    },
  });
  const person = (role, labels = []) => ({
    security: { labels, subject: { id: "alice", subject_type: "user", roles: [role] } },
    http: { request_headers: { "user-agent": "agent/1.4" } },
  });
  const payroll = call("get_compensation", { employee_id: 42, ssn: "123-45-6789" });

  const shown = "Decide and change";
  const outside = "With access to the system";
  const gallery = "Gallery";
  const hostile = "Hostile, and contained";

  playground.examples = [
    { group: shown, file: "plugins/pii_guard.wasm", title: "pii_guard: deny personal data", payload: payroll, extensions: person("engineer", ["PII"]) },
    { group: shown, file: "plugins/cpex_pii_guard.wasm", title: "cpex_pii_guard: with CPEX's own types", payload: payroll, extensions: person("engineer", ["PII"]) },
    { group: shown, file: "plugins/argument_redactor.wasm", title: "argument_redactor: mask an argument", payload: payroll, extensions: person("engineer") },
    { group: shown, file: "plugins/header_injector.wasm", title: "header_injector: set a header", payload: payroll, extensions: person("engineer"), config: { value: "team-red" } },
    { group: shown, file: "plugins/labeler.wasm", title: "labeler: add a label", payload: payroll, extensions: person("engineer", ["PII"]) },
    { group: outside, file: "plugins/rate_limiter.wasm", title: "rate_limiter: state from call to call", payload: payroll, extensions: person("engineer"), config: { limit: 3 } },
    { group: outside, file: "plugins/request_id.wasm", title: "request_id: random numbers", payload: payroll, extensions: person("engineer") },
    { group: outside, file: "plugins/quota.wasm", title: "quota: functions of the embedder", payload: payroll, extensions: person("engineer"), functions: { "acme.get": "null", "acme.take": "null", "acme.put": "null" } },
    { group: outside, file: "plugins/call_counter.wasm", title: "call_counter: keeps its memory", payload: payroll, extensions: person("engineer") },
    { group: outside, file: "plugins/remote_decision.wasm", title: "remote_decision: the network, which a page has not", payload: payroll, extensions: person("engineer") },
    { group: gallery, file: "plugins/gallery/secrets.wasm", title: "secrets: mask access keys", payload: call("send_mail", { to: "bob@example.com", body: "the key is AKIAIOSFODNN7EXAMPLQ, keep it" }), extensions: person("engineer"), config: { mode: "mask", keep_last: 4 } },
    { group: gallery, file: "plugins/gallery/pii.wasm", title: "pii: mask personal data", payload: call("send_mail", { to: "bob@example.com", body: "call me at +1 415 555 2671" }), extensions: person("engineer"), config: { default: "mask" } },
    { group: gallery, file: "plugins/gallery/sql.wasm", title: "sql: deny dangerous SQL", payload: call("query_database", { sql: "SELECT 1; DROP TABLE users" }), extensions: person("engineer"), config: { arguments: ["sql"], allow: ["select", "with"] } },
    { group: gallery, file: "plugins/gallery/arguments_guard.wasm", title: "arguments_guard: hold arguments to a schema", payload: call("pay", { amount: 5000 }), extensions: person("engineer"), config: { tools: { pay: { type: "object", properties: { amount: { type: "number", maximum: 1000 } }, required: ["amount"] } }, unlisted: "allow" } },
    { group: gallery, file: "plugins/gallery/output_guard.wasm", title: "output_guard: keep words out of results", payload: outcome("search", "notes on project falcon"), extensions: person("engineer"), config: { max_bytes: 200000, words: ["project falcon"], mode: "mask" } },
    { group: gallery, file: "plugins/gallery/exfiltration.wasm", title: "exfiltration: find encoded secrets", payload: call("fetch", { q: "QUtJQUlPU0ZPRE5ON0VYQU1QTFE=" }), extensions: person("engineer"), config: { mode: "block" } },
    { group: hostile, file: "plugins/loops.wasm", title: "loops: never ends", payload: payroll, extensions: person("engineer"), limits: { max_fuel: 1000000 } },
    { group: hostile, file: "plugins/memory_hog.wasm", title: "memory_hog: takes memory without end", payload: payroll, extensions: person("engineer") },
    { group: hostile, file: "plugins/panics.wasm", title: "panics: fails on its way", payload: call("boom", {}), extensions: person("engineer") },
  ];
})();
