// The page: picks a plugin, runs it, and stops it.
"use strict";

(() => {
  const { field, element, form, result, status, examples } = playground;
  // Larger files are not read. The host's own bound is lower.
  const MAX_FILE = 64 << 20;
  // The module that the form is about, as bytes; none if it could not be read.
  let wasm;
  let running = false;
  // The worker knows the module. Not after it was ended.
  let known = false;
  // Counts what was picked, so that what comes late is left alone.
  let picked = 0;

  function busy(is) {
    running = is;
    // Not `disabled`, which would take the focus from who has just pressed it.
    field("run").setAttribute("aria-disabled", String(is || wasm === undefined));
    if (!is && document.activeElement === field("stop")) field("run").focus();
    field("stop").disabled = !is;
  }

  function trouble(error) {
    field("trouble").textContent = error.message;
    field("trouble").hidden = false;
    status("error", `No decision: ${error.message}`);
  }

  // Reads a module, and shows what it is. Gives true if it can be run.
  async function read(name, bytes, example, keeps, isLast) {
    wasm = undefined;
    known = false;
    form.clear();
    result.clear();
    form.mark();
    status("", `${name} is read.`);
    const reply = await playground.inspect(bytes);
    if (!isLast()) return false;
    if (!reply.answer || reply.answer.error) {
      result.show(reply);
      if (reply.answer) {
        field("about").replaceChildren(element("p", {}, `${name} is refused. The result says what is wrong with it.`));
      }
      return false;
    }
    wasm = bytes;
    known = true;
    form.show(reply.answer, example.granted);
    form.fill(example, keeps);
    status("", `${name} is ready: ${reply.answer.name}.`);
    return true;
  }

  // Has one thing done at a time, and what goes wrong said.
  async function alone(work) {
    if (running) {
      playground.stop();
      known = false;
    }
    picked += 1;
    const mine = picked;
    busy(true);
    field("trouble").hidden = true;
    try {
      await work(() => mine === picked);
    } catch (error) {
      if (mine === picked) trouble(error);
    } finally {
      if (mine === picked) busy(false);
    }
  }

  async function call(isLast) {
    let question;
    form.mark();
    try {
      question = form.question();
    } catch (error) {
      status("error", `No decision: ${error.message}`);
      form.mark(error.message);
      result.clear();
      return;
    }
    status("", "Running.");
    if (!known) {
      const reply = await playground.inspect(wasm);
      if (!reply.answer) return isLast() ? result.show(reply) : undefined;
      known = true;
    }
    const reply = await playground.call(question);
    if (!reply.answer) known = false;
    if (!isLast()) return;
    result.show(reply);
    form.mark(reply.answer?.error?.problems[0]);
  }

  const run = () => {
    if (running) return;
    if (wasm === undefined) status("error", "No decision: there is no plugin to run. Pick an example or a file.");
    else alone(call);
  };

  function pickExample() {
    const example = examples.find(({ file }) => file === field("example").value) ?? examples[0];
    field("file").value = "";
    alone(async (isLast) => {
      const bytes = await playground.load(example.file);
      if (isLast() && await read(example.file.split("/").pop(), bytes, example, false, isLast)) await call(isLast);
    });
  }

  // A module of the visitor's own. It is granted nothing at first, and keeps the request that is there.
  function pickFile(file) {
    if (!file) return;
    alone(async (isLast) => {
      if (file.size > MAX_FILE) throw new playground.Trouble(`${file.name} is larger than any plugin may be.`);
      const bytes = new Uint8Array(await file.arrayBuffer());
      if (!isLast()) return;
      field("example").value = "";
      await read(file.name, bytes, { granted: [] }, true, isLast);
    });
  }

  const groups = Map.groupBy ? Map.groupBy(examples, ({ group }) => group)
    : examples.reduce((map, example) => map.set(example.group, [...map.get(example.group) ?? [], example]), new Map());
  field("example").append(element("option", { value: "", hidden: true }, "a file of yours"));
  for (const [group, members] of groups) {
    const options = members.map(({ file, title }) => element("option", { value: file }, title));
    field("example").append(element("optgroup", { label: group }, ...options));
  }

  field("example").addEventListener("change", pickExample);
  field("file").addEventListener("change", ({ target }) => pickFile(target.files[0]));
  field("form").addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  field("stop").addEventListener("click", () => {
    playground.stop();
    known = false;
    field("run").focus();
  });
  field("forget").addEventListener("click", () => {
    if (running) return;
    playground.stop();
    known = false;
    result.clear();
    status("", "Its state is forgotten.");
  });
  field("grant-all").addEventListener("click", () => {
    for (const box of document.querySelectorAll("#capabilities input, #access input[type=checkbox]")) box.checked = true;
    status("", "All that it asks for is granted. Run shows what that changes.");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    }
    if (event.key === "Escape" && running) field("stop").click();
  });
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      document.body.classList.toggle("dropping", kind === "dragenter" || kind === "dragover");
      if (kind === "drop") pickFile(event.dataTransfer.files[0]);
    });
  }
  field("example").value = examples[0].file;
  pickExample();
})();
