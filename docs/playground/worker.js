// Runs the host in a worker, so that a plugin that does not end leaves the page alone.
//
// The first message is the compiled host. Each later one has a `kind`, `inspect` or `call`, and `bytes`; the reply has the
// same `number` and an `answer`, or `crashed` if the host itself came to an end.
"use strict";

let host;

function start(module) {
  const text = new TextDecoder();
  let panic = "";
  const page = {
    now: () => performance.now(),
    time_of_day: () => Date.now(),
    // `crypto` gives at most 65,536 bytes at a time.
    fill_random: (to, length) => {
      const room = new Uint8Array(exports.memory.buffer, to >>> 0, length >>> 0);
      for (let at = 0; at < room.length; at += 65536) crypto.getRandomValues(room.subarray(at, at + 65536));
    },
    panicked: (message, length) => {
      panic = text.decode(new Uint8Array(exports.memory.buffer, message >>> 0, length >>> 0));
    },
  };
  const exports = new WebAssembly.Instance(module, { page }).exports;
  return (kind, bytes) => {
    try {
      const at = exports.input(bytes.length) >>> 0;
      // The memory may have grown, and its buffer be another.
      new Uint8Array(exports.memory.buffer).set(bytes, at);
      const length = exports[kind === "inspect" ? "inspect" : "call"]() >>> 0;
      return { answer: JSON.parse(text.decode(new Uint8Array(exports.memory.buffer, exports.output() >>> 0, length))) };
    } catch (error) {
      return { crashed: panic || String(error) };
    }
  };
}

onmessage = ({ data }) => {
  if (data instanceof WebAssembly.Module) {
    host = start(data);
    return;
  }
  const { number, kind, bytes } = data;
  const begun = performance.now();
  const reply = host(kind, bytes);
  postMessage({ number, ...reply, milliseconds: performance.now() - begun });
};
