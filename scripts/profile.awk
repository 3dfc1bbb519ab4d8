# A table of where the instructions of one call go, of four files of callgrind: few and many calls in the loop's
# build, and the same in that of tail calls. See scripts/instructions.

function group(name) {
    if (name ~ /^(__)?(_?malloc|_int_|free|realloc|calloc|unlink_chunk|tcache)/ || name ~ /__rust_(no_)?alloc|__rdl_/) return "memory"
    if (name ~ /^__?mem(cpy|move|set|cmp)|^bcmp/) return "copying"
    if (name ~ /call_resumable|func_resumable|root_func|init_wasm_func_call/) return "around"
    if (name ~ /settle_stopped|[Rr]esum|HostTrap|[^x]wasmi::error|^wasmi::error|instance::paused/) return "stops"
    if (name ~ /call_host|call_wasm_or_host|call_imported|prepare_host_frame|into_func|wasmi::func::/) return "host"
    if (name ~ /(^|[^x])_?wasmi(_ir|_core)?::|wasmi_ir|wasmi_core/ && name ~ /executor::handler|wasmi_ir|wasmi_core/) return "plugin"
    if (name ~ /cpex_wasmi::(session|view|changes|outcome|redact)|cpex_wasmi_abi|cpex_wasmi::instance::(serve|answer|fuel)|cpex_wasmi::cpex::(view|collections|mirror|outcome)|serde|postcard|core::str|core::fmt|core::hash|std::hash/) return "host"
    return "around"
}

FNR == 1 { file++; fn = ""; split("", names); below = 0 }
/^c?fn=/ {
    at = index($0, ")")
    id = substr($0, index($0, "=") + 1, at - index($0, "="))
    if (length($0) > at) names[id] = substr($0, at + 2)
    if ($0 ~ /^fn/) fn = names[id]
    else callee = names[id]
    next
}
/^calls=/ {
    # What it took follows, and is its own.
    below = 1
    split(substr($1, 7), made, " ")
    if (callee ~ /Executor::/) executed[file] += made[1]
    if (callee ~ /Session::dispatch_with/) asked[file] += made[1]
    if (callee ~ /ResumableCallHostTrap<.*>::resume/) stopped[file] += made[1]
    next
}
/^[0-9+*-]/ {
    if (below) { below = 0; next }
    taken[file, group(fn)] += $2
    all[file] += $2
    next
}

function of(build, what) { return (taken[build + 1, what] - taken[build, what]) / calls }
function row(label, loop, tail) { printf "| %s | %d | %d |\n", label, loop + 0.5, tail + 0.5 }

END {
    printf "\n| %s | loop | tail calls |\n| --- | ---: | ---: |\n", name
    row("the plugin, in the interpreter", of(1, "plugin"), of(3, "plugin"))
    row("host functions", of(1, "host"), of(3, "host"))
    row("stopping for what is lent, and resuming", of(1, "stops"), of(3, "stops"))
    row("the host's allocator", of(1, "memory"), of(3, "memory"))
    row("copying and comparing bytes", of(1, "copying"), of(3, "copying"))
    row("around the call", of(1, "around"), of(3, "around"))
    row("**all**", (all[2] - all[1]) / calls, (all[4] - all[3]) / calls)
    if (natively) printf "| times native, which takes %d | %.1f | %.1f |\n", natively, \
        (all[2] - all[1]) / calls / natively, (all[4] - all[3]) / calls / natively
    operations = (executed[2] - executed[1]) / calls
    row("host calls", (asked[2] - asked[1]) / calls, (asked[4] - asked[3]) / calls)
    row("of them, with a stop", (stopped[2] - stopped[1]) / calls, (stopped[4] - stopped[3]) / calls)
    row("instructions of the interpreter", operations, operations)
    if (operations) printf "| each of them, in instructions of the processor | %.1f | %.1f |\n", \
        of(1, "plugin") / operations, of(3, "plugin") / operations
}
