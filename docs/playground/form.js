// The form: fields for what the plugin asks for, and the question that they make.
"use strict";

globalThis.playground = globalThis.playground ?? {};

(() => {
  const LIMITS = [
    ["max_fuel", "Fuel"],
    ["max_execution_time_ms", "Time (ms)"],
    ["max_memory_bytes", "Memory (bytes)"],
    ["max_host_calls", "Host calls"],
  ];
  const TEXTS = ["payload", "extensions", "context", "config", "policy"];
  const field = (id) => document.getElementById(id);

  // Makes an element. Texts are set as texts, never as HTML: they may be the plugin's.
  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children);
    return made;
  }

  function checkbox(group, value, title, words, checked) {
    const input = element("input", { type: "checkbox", name: group, value });
    input.checked = checked;
    const label = element("label", { class: "check" }, input, element("span", {}, element("code", {}, title), element("small", {}, words)));
    return label;
  }

  function bytes(count) {
    return count < 10240 ? `${count.toLocaleString("en")} B` : `${Math.round(count / 1024).toLocaleString("en")} KiB`;
  }

  // Shows what a module is and asks for. `granted` lists what is granted from the start: by default all.
  function show(module, granted) {
    const has = (name) => granted === undefined || granted.includes(name);
    const imports = module.imports.map((of) => element("li", {}, element("code", {}, of.name), ` ${of.description}`));
    const parts = [
      element("p", {}, element("strong", {}, module.name), ` ${module.version} · ${bytes(module.file_bytes)} · ABI ${module.abi}`),
      element("p", {}, module.description || "It has no description."),
      element("details", {}, element("summary", {}, `What it may ask the host for (${imports.length})`),
        element("ul", {}, ...(imports.length ? imports : [element("li", {}, "Nothing: it imports no function.")]))),
      element("details", {}, element("summary", {}, "Digest, memory, schema of its configuration"),
        element("p", {}, "SHA-256 ", element("code", {}, module.sha256)),
        element("p", {}, `Memory at the start: ${bytes(module.initial_memory_bytes)}`),
        element("pre", {}, module.config_schema === null ? "It has no schema." : JSON.stringify(module.config_schema, null, 2))),
    ];
    field("about").replaceChildren(...parts);

    const asked = module.capabilities.map(({ name, description }) => checkbox("capability", name, name, description, has(name)));
    field("capabilities").replaceChildren(...(asked.length ? asked : [element("p", { class: "hint" }, "It asks for none: what it sees is open to each plugin.")]));

    const access = [];
    for (const { request, description, function: name, variable } of module.access) {
      access.push(checkbox("access", request, request, `It may ${description}`, has(request)));
      if (name) access.push(element("label", {}, `Answer of ${name}, as JSON`, element("input", { type: "text", "data-function": name, value: "true" })));
      if (variable && !variable.includes("*")) {
        access.push(element("label", {}, `Value of ${variable}`, element("input", { type: "text", "data-variable": variable })));
      }
    }
    if (module.stateful) {
      access.push(checkbox("state", "allow_state", "allow_state", "It may keep its memory from call to call, in an instance of its own.", has("allow_state")));
    }
    field("access").replaceChildren(...access);
    field("access-group").hidden = access.length === 0;
    field("grant-all").disabled = asked.length + access.length === 0;
    field("forget").hidden = !module.stateful && !module.access.some(({ request }) => request.startsWith("state:"));

    field("limits").replaceChildren(...LIMITS.map(([key, title]) =>
      element("label", {}, title, element("input", { type: "number", min: 1, step: 1, inputmode: "numeric", "data-limit": key, placeholder: module.limits[key] }))));
    field("hook").replaceChildren(...module.hooks.map((hook) => element("option", {}, hook)));
  }

  // Empties what a plugin that could not be read has no use for.
  function clear() {
    for (const id of ["about", "capabilities", "access", "hook", "limits"]) field(id).replaceChildren();
    field("access-group").hidden = true;
    field("forget").hidden = true;
  }

  // Fills in an example. What it leaves out stays as a person wrote it, if `keeps` says so.
  function fill(example, keeps) {
    for (const id of TEXTS) {
      const value = example[id];
      if (value === undefined && keeps) continue;
      field(id).value = value === undefined ? "" : JSON.stringify(value, null, 2);
    }
    if (example.hook) field("hook").value = example.hook;
    for (const [key, value] of Object.entries(example.limits ?? {})) document.querySelector(`[data-limit="${key}"]`).value = value;
    for (const [name, value] of Object.entries(example.functions ?? {})) document.querySelector(`[data-function="${name}"]`).value = value;
  }

  const checked = (group) => [...document.querySelectorAll(`input[name="${group}"]:checked`)].map(({ value }) => value);

  // Reads a number that stands for a limit; an odd one goes to the host as a text, which says what is wrong.
  function limit(input) {
    if (input.validity.badInput) return "not a number";
    const number = Number(input.value);
    return Number.isSafeInteger(number) ? number : input.value;
  }

  // The question that the form makes. Throws words if the policy is no JSON object.
  function question() {
    const access = [...field("access").querySelectorAll("input")];
    let policy = {};
    if (field("policy").value.trim() !== "") {
      try {
        policy = JSON.parse(field("policy").value);
      } catch (error) {
        throw new playground.Trouble(`the policy: ${error.message}`);
      }
      if (policy === null || typeof policy !== "object" || Array.isArray(policy)) throw new playground.Trouble("the policy: it is not an object");
    }
    const inputs = [...document.querySelectorAll("[data-limit]")].filter((input) => input.value !== "" || input.validity.badInput);
    const limits = Object.fromEntries(inputs.map((input) => [input.dataset.limit, limit(input)]));
    if (inputs.length) policy.resources = { ...policy.resources, ...limits };
    if (checked("state").length) policy = { isolation: "pooled", allow_state: true, ...policy };
    const texts = Object.fromEntries(["payload", "extensions", "context", "config"].map((id) => [id, field(id).value]));
    const functions = access.filter(({ dataset }) => dataset.function).map(({ dataset, value }) => [dataset.function, value]);
    const environment = access.filter(({ dataset, value }) => dataset.variable && value !== "").map(({ dataset, value }) => [dataset.variable, value]);
    return {
      hook: field("hook").value,
      ...texts,
      policy,
      capabilities: checked("capability"),
      access: checked("access"),
      functions: Object.fromEntries(functions),
      environment: Object.fromEntries(environment),
    };
  }

  // Marks the field that a problem is about.
  const NAMES = { "the payload": "payload", "the extensions": "extensions", "the context": "context", "the configuration": "config", "the policy": "policy" };
  function mark(problem = "") {
    for (const id of TEXTS) field(id).removeAttribute("aria-invalid");
    const id = NAMES[Object.keys(NAMES).find((name) => problem.startsWith(`${name}:`))] ??
      ["payload", "extensions", "context"].find((name) => problem.includes(`in \`${name}\``));
    if (!id) return;
    field(id).setAttribute("aria-invalid", "true");
    field(id).setAttribute("aria-describedby", "status");
    field(id).closest("details")?.setAttribute("open", "");
  }

  Object.assign(playground, { element, field, bytes, form: { show, clear, fill, question, mark } });
})();
