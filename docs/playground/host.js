// The page's side of the worker: starts it, asks it, and ends it.
"use strict";

globalThis.playground = globalThis.playground ?? {};

(() => {
  const encoder = new TextEncoder();
  // A page that was opened as a file may not fetch: what it needs is in a script then.
  const isFile = location.protocol === "file:";
  let module;
  let worker;
  let number = 0;
  let waiting = new Map();

  class Trouble extends Error {}

  // Loads the file beside the page that holds all others.
  let embedding;
  function embedded(name) {
    embedding ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = "embedded.js";
      script.onload = resolve;
      script.onerror = () => {
        const advice = "run scripts/build-playground and open the page again, or serve this folder: python3 -m http.server";
        reject(new Trouble(`A page that was opened as a file needs embedded.js beside it: ${advice}.`));
      };
      document.head.append(script);
    });
    return embedding.then(() => {
      const base64 = playground.embedded[name];
      if (base64 === undefined) throw new Trouble(`embedded.js has no ${name}.`);
      return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    });
  }

  // The bytes of a file beside the page.
  async function load(name) {
    if (isFile) return embedded(name);
    const response = await fetch(name).catch(() => undefined);
    if (response?.ok !== true) {
      throw new Trouble(`${name} is not there. It is built, with what else the page loads, by scripts/build-playground.`);
    }
    return new Uint8Array(await response.arrayBuffer());
  }

  async function start() {
    try {
      module ??= await WebAssembly.compile(await load("host.wasm"));
    } catch (error) {
      if (error instanceof Trouble) throw error;
      throw new Trouble(`This browser does not run the host: ${error.message}`);
    }
    if (worker) return;
    // A file may not start a worker of another file.
    const url = isFile ? URL.createObjectURL(new Blob([await load("worker.js")], { type: "text/javascript" })) : "worker.js";
    const started = new Worker(url);
    started.onmessage = ({ data }) => {
      const asked = waiting.get(data.number);
      waiting.delete(data.number);
      // A host that has crashed is not asked again.
      if (data.crashed !== undefined) stop();
      asked?.resolve(data);
    };
    started.onerror = (event) => {
      event.preventDefault();
      stop(new Trouble(`The worker that runs the host has failed: ${event.message ?? "it did not start"}`));
    };
    started.postMessage(module);
    worker = started;
  }

  // Ends the worker, whatever it does, and with it the state of plugins. What waits for it is told.
  function stop(reason) {
    worker?.terminate();
    worker = undefined;
    const asked = [...waiting.values()];
    waiting = new Map();
    for (const { resolve, reject } of asked) reason ? reject(reason) : resolve({ stopped: true });
  }

  async function ask(kind, bytes) {
    await start();
    return new Promise((resolve, reject) => {
      number += 1;
      waiting.set(number, { resolve, reject });
      worker.postMessage({ number, kind, bytes });
    });
  }

  Object.assign(playground, {
    Trouble,
    load,
    stop,
    inspect: (wasm) => ask("inspect", wasm),
    call: (question) => ask("call", encoder.encode(JSON.stringify(question))),
  });
})();
