//! A plugin in Zig: denies one tool.

const std = @import("std");

// Of docs/abi.md, "Fields" and "Statuses".
const tool_call_name = 290;
const no_key = std.math.maxInt(u32);
const failed = -13;

extern "cpex" fn read_text(
    field: u32,
    index: u32,
    key: ?[*]const u8,
    key_len: u32,
    out: [*]u8,
    out_len: u32,
) i32;
extern "cpex" fn deny_text(
    code: [*]const u8,
    code_len: u32,
    reason: [*]const u8,
    reason_len: u32,
) i32;

fn deny(code: []const u8, reason: []const u8) i32 {
    _ = deny_text(code.ptr, code.len, reason.ptr, reason.len);
    return 1;
}

export fn cpex_invoke(_: u32) i32 {
    var buffer: [256]u8 = undefined;
    const length = read_text(tool_call_name, 0, null, no_key, &buffer, buffer.len);
    if (length < 0) return length;
    if (length > buffer.len) {
        return deny("unknown_tool", "its name is too long for any that is known");
    }
    const tool = buffer[0..@intCast(length)];
    if (!std.mem.eql(u8, tool, "get_compensation")) return 0;
    var text: [300]u8 = undefined;
    const reason = std.fmt.bufPrint(&text, "{s} is not to be called", .{tool}) catch
        return failed;
    return deny("denied_tool", reason);
}
