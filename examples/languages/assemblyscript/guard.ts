// A plugin in AssemblyScript: denies one tool.

// Of docs/abi.md, "Fields".
const TOOL_CALL_NAME: u32 = 290;
const NO_KEY: u32 = u32.MAX_VALUE;

// @ts-ignore: decorator
@external("cpex", "read_text")
declare function readText(
  field: u32, index: u32, key: usize, keyLen: u32, out: usize, outLen: u32,
): i32;

// @ts-ignore: decorator
@external("cpex", "deny_text")
declare function denyText(code: usize, codeLen: u32, reason: usize, reasonLen: u32): i32;

function deny(code: string, reason: string): i32 {
  const codeBytes = String.UTF8.encode(code);
  const reasonBytes = String.UTF8.encode(reason);
  denyText(
    changetype<usize>(codeBytes), codeBytes.byteLength,
    changetype<usize>(reasonBytes), reasonBytes.byteLength,
  );
  return 1;
}

export function cpex_invoke(hook: u32): i32 {
  const buffer = new ArrayBuffer(256);
  const length = readText(
    TOOL_CALL_NAME, 0, 0, NO_KEY, changetype<usize>(buffer), buffer.byteLength,
  );
  if (length < 0) return length;
  if (length > buffer.byteLength) {
    return deny("unknown_tool", "its name is too long for any that is known");
  }
  const tool = String.UTF8.decode(buffer.slice(0, length));
  if (tool == "get_compensation") {
    return deny("denied_tool", tool + " is not to be called");
  }
  return 0;
}
