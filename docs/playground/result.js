// The result: what a call came to, in words, and what it changed, cost, logged and used.
"use strict";

globalThis.playground = globalThis.playground ?? {};

(() => {
  const SIGNS = { added: "Added", member: "Added", removed: "Removed", changed: "Changed" };
  // Built when all scripts are there.
  const make = (...all) => playground.element(...all);
  // Words for who does not see signs and colours.
  const heard = (words) => make("span", { class: "heard" }, `${words} `);
  const count = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;

  function status(kind, words) {
    const place = playground.field("status");
    if (kind) place.dataset.kind = kind;
    else delete place.dataset.kind;
    place.textContent = words;
  }

  function list(title, items) {
    return items.length === 0 ? [] : [make("h3", {}, title), make("ul", {}, ...items)];
  }

  function change({ kind, path, before, after }) {
    return make("li", { class: "change" }, `${SIGNS[kind]} `, make("code", {}, path),
      ...(before === undefined ? [] : [make("del", {}, heard("before:"), `− ${before}`)]),
      ...(after === undefined ? [] : [make("ins", {}, heard("after:"), `+ ${after}`)]));
  }

  function pairs(entries) {
    return make("dl", {}, ...entries.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  }

  function receipt(of, milliseconds) {
    if (!of) return [];
    const rows = [
      ["Fuel", of.fuel.toLocaleString("en")],
      ["Fuel to initialise", of.init_fuel.toLocaleString("en")],
      ["Memory", playground.bytes(of.peak_memory_bytes)],
      ["Host calls", of.host_calls.toLocaleString("en")],
      ["Read, written", `${playground.bytes(of.bytes_read)}, ${playground.bytes(of.bytes_written)}`],
      ["Logged", playground.bytes(of.log_bytes) + (of.log_lines_dropped ? `, ${count(of.log_lines_dropped, "line")} dropped` : "")],
      ["Slices of fuel", of.slices.toLocaleString("en")],
      ["Time in this page", `${milliseconds.toFixed(1)} ms, with loading it`],
    ];
    if (of.state_lost) rows.push(["State", "lost: the call failed on its way"]);
    return [make("h3", {}, "Receipt"), pairs(rows)];
  }

  function notes({ log = [], audit = [], audit_left_out: leftOut = 0 }) {
    const lines = log.map(({ level, hook, message }) => make("li", {}, make("code", {}, level), ` ${hook === "host" ? "the host: " : ""}${message}`));
    const uses = audit.map(({ access, operation, target, outcome }) => make("li", {}, make("code", {}, outcome), ` ${access} ${operation} ${target}`));
    if (leftOut) uses.push(make("li", {}, `and ${count(leftOut, "more use")}`));
    return [...list("Log", lines), ...list("What it asked the system for", uses)];
  }

  function decided(answer, milliseconds) {
    const { decision, violation, changes } = answer;
    const changed = changes.length ? `${count(changes.length, "change")}.` : "No changes.";
    if (decision === "allow") status("allow", `Allowed. ${changed}`);
    else status("deny", `Denied, ${violation.code}: ${violation.reason}${changes.length ? ` (${changed})` : ""}`);
    const parts = [];
    if (violation?.description) parts.push(make("p", {}, violation.description));
    const details = Object.entries(violation?.details ?? {});
    if (violation?.proto_error_code != null) details.push(["protocol error code", String(violation.proto_error_code)]);
    if (details.length) parts.push(make("h3", {}, "Details"), pairs(details));
    parts.push(...list("Changes", changes.map(change)));
    const reported = [...Object.entries(answer.metrics).map(([name, value]) => [name, value.toLocaleString("en")]), ...Object.entries(answer.metadata)];
    if (reported.length) parts.push(make("h3", {}, "Reported"), pairs(reported));
    parts.push(...list("Warnings", answer.warnings.map((words) => make("li", {}, words))));
    parts.push(...notes(answer), ...receipt(answer.receipt, milliseconds));
    return parts;
  }

  function failed(answer, milliseconds) {
    const { code, problems } = answer.error;
    status("error", `No decision, ${code}: ${problems[0] ?? "no more is known"}`);
    const parts = list("Also", problems.slice(1).map((words) => make("li", {}, words)));
    if (["capability_denied", "access_denied"].includes(code)) parts.push(make("p", {}, "Tick what is missing under Grants, and run again."));
    return [...parts, ...notes(answer), ...receipt(answer.receipt, milliseconds)];
  }

  // Shows a reply of the worker: an answer, a failure, or the end of the host.
  function show({ answer, crashed, stopped, milliseconds = 0 }) {
    let parts = [];
    if (stopped) status("error", "No decision: stopped. The plugin and its state are gone; the next run begins anew.");
    else if (crashed !== undefined) status("error", `No decision: the host itself came to an end (${crashed}). The next run begins anew.`);
    else parts = answer.error ? failed(answer, milliseconds) : decided(answer, milliseconds);
    fill(parts);
  }

  function fill(parts) {
    playground.field("answer").replaceChildren(...parts);
    playground.field("answer").hidden = parts.length === 0;
  }

  Object.assign(playground, { status, result: { show, clear: () => fill([]) } });
})();
