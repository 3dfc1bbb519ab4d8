/* Functions of the embedder's, sinks for log and audit, settings, and the memory behind them.
 *
 *   services GUESTS FIXTURES
 */
#include "suite.h"

/* Data of a callback, which knows when it is freed. */
struct seen {
    unsigned calls;
    unsigned *released;
    uint32_t answers;
    char last[256];
};

static struct seen *seen_new(unsigned *released, uint32_t answers)
{
    struct seen *seen = calloc(1, sizeof *seen);

    CHECK(seen != NULL);
    seen->released = released;
    seen->answers = answers;
    return seen;
}

static void release(void *data)
{
    struct seen *seen = data;

    ++*seen->released;
    free(seen);
}

static void log_line(void *data, const cpex_wasmi_log_record *record)
{
    struct seen *seen = data;

    seen->calls++;
    snprintf(seen->last, sizeof seen->last, "%u %.*s %.*s %.*s", record->level, CPEX_WASMI_PRINTED(record->plugin),
             CPEX_WASMI_PRINTED(record->hook), CPEX_WASMI_PRINTED(record->message));
}

static void audit(void *data, const cpex_wasmi_audit_event *event)
{
    struct seen *seen = data;

    seen->calls++;
    snprintf(seen->last, sizeof seen->last, "%.*s %.*s %.*s %.*s %llu %llu", CPEX_WASMI_PRINTED(event->access),
             CPEX_WASMI_PRINTED(event->operation), CPEX_WASMI_PRINTED(event->target),
             CPEX_WASMI_PRINTED(event->outcome), (unsigned long long)event->bytes_sent,
             (unsigned long long)event->bytes_received);
}

static uint32_t add(void *data, const cpex_wasmi_invocation *invocation, cpex_wasmi_answer *answer)
{
    struct seen *seen = data;

    seen->calls++;
    CHECK(text_is(invocation->plugin, "guest"));
    CHECK(text_is(invocation->hook, "cmf.tool_pre_invoke"));
    CHECK(invocation->remaining_nanoseconds > 0);
    cpex_wasmi_answer_charge(answer, 1000);
    if (seen->answers != CPEX_WASMI_ANSWERED_FOUND)
        return seen->answers;
    if (invocation->is_json) {
        CHECK(invocation->argument.len == 5 && memcmp(invocation->argument.data, "[1,2]", 5) == 0);
        cpex_wasmi_answer_u64(answer, 3);
    } else {
        const uint8_t *numbers = invocation->argument.data;
        const uint8_t sum = (uint8_t)(numbers[0] + numbers[1]);
        CHECK(invocation->argument.len == 2);
        cpex_wasmi_answer_bytes(answer, cpex_wasmi_bytes_of(&sum, 1));
    }
    return CPEX_WASMI_ANSWERED_FOUND;
}

/* An answer that is of no use: bytes in the place of JSON, or JSON in the place of bytes. */
static uint32_t odd(void *data, const cpex_wasmi_invocation *invocation, cpex_wasmi_answer *answer)
{
    (void)data;
    if (invocation->is_json)
        cpex_wasmi_answer_bytes(answer, cpex_wasmi_bytes_of("a", 1));
    else
        cpex_wasmi_answer_json(answer, cpex_wasmi_text_of("{}"));
    return CPEX_WASMI_ANSWERED_FOUND;
}

static const char GRANTED[] = "allowed_functions: [acme.add]";

static cpex_wasmi_decision call(const cpex_wasmi_plugin *plugin, cpex_wasmi_outcome **outcome)
{
    return cpex_wasmi_plugin_call_json(plugin, HOOK, cpex_wasmi_text_of(TOOL_CALL("{}")), outcome);
}

static void functions_and_sinks_are_called(const char *modules)
{
    const char *names[] = {"adds_json", "adds_postcard"};
    const char *results[] = {"3 guest cmf.tool_pre_invoke 3", "3 guest cmf.tool_pre_invoke \\u{3}"};
    size_t at;

    for (at = 0; at < 2; at++) {
        unsigned released = 0;
        struct seen *logged = seen_new(&released, 0), *audited = seen_new(&released, 0);
        struct seen *added = seen_new(&released, CPEX_WASMI_ANSWERED_FOUND);
        cpex_wasmi_engine_builder *builder = cpex_wasmi_engine_builder_new();
        cpex_wasmi_engine *engine;
        cpex_wasmi_plugin *plugin;
        cpex_wasmi_outcome *outcome;
        cpex_wasmi_receipt receipt;

        cpex_wasmi_engine_builder_log_sink(builder, log_line, logged, release);
        cpex_wasmi_engine_builder_audit_sink(builder, audit, audited, release);
        cpex_wasmi_engine_builder_function(builder, cpex_wasmi_text_of("acme.add"), add, added, release);
        cpex_wasmi_engine_builder_measure_time(builder);
        cpex_wasmi_engine_builder_fuel_slice(builder, 1000);
        cpex_wasmi_engine_builder_stack_bytes(builder, 100000);
        cpex_wasmi_engine_builder_recursion_depth(builder, 100);
        cpex_wasmi_engine_builder_interpreters(builder, 2);
        cpex_wasmi_engine_builder_redact(builder, cpex_wasmi_text_of("hunter2"));
        fine(cpex_wasmi_engine_build(builder, &engine));
        plugin = loaded(engine, modules, names[at], GRANTED);
        /* The plugin keeps what it needs. */
        cpex_wasmi_engine_free(engine);
        CHECK(released == 0);
        CHECK(call(plugin, &outcome) == CPEX_WASMI_DECISION_ALLOW);
        CHECK(added->calls == 1 && logged->calls == 1 && audited->calls == 1);
        CHECK(strcmp(logged->last, results[at]) == 0);
        CHECK(strncmp(audited->last, "function call acme.add allowed", 30) == 0);
        CHECK(cpex_wasmi_outcome_receipt(outcome, &receipt));
        CHECK(receipt.is_timed && receipt.host_call_nanoseconds > 0 && receipt.host_calls == 2);
        CHECK(receipt.fuel > 500 && receipt.log_bytes == 1 && receipt.peak_memory_bytes == 65536);
        cpex_wasmi_outcome_free(outcome);
        cpex_wasmi_plugin_free(plugin);
        CHECK(released == 3);
    }
}

static void a_function_that_fails_tells_the_plugin(const char *modules)
{
    const uint32_t answers[] = {CPEX_WASMI_ANSWERED_FAILED, CPEX_WASMI_ANSWERED_ABSENT, CPEX_WASMI_ANSWERED_FOUND + 40,
                                CPEX_WASMI_ANSWERED_IN_WHOLE};
    const char *says[] = {"Unavailable", "Absent", "Unavailable", "Unavailable"};
    size_t at;

    for (at = 0; at < 6; at++) {
        unsigned released = 0;
        struct seen *added = seen_new(&released, at < 4 ? answers[at] : 0);
        cpex_wasmi_engine_builder *builder = cpex_wasmi_engine_builder_new();
        cpex_wasmi_engine *engine;
        cpex_wasmi_plugin *plugin;
        cpex_wasmi_outcome *outcome;
        cpex_wasmi_decision decision;

        cpex_wasmi_engine_builder_function(builder, cpex_wasmi_text_of("acme.add"), at < 4 ? add : odd, added, release);
        fine(cpex_wasmi_engine_build(builder, &engine));
        plugin = loaded(engine, modules, at == 5 ? "adds_postcard" : "adds_json", GRANTED);
        decision = call(plugin, &outcome);
        failed(decision, outcome, CPEX_WASMI_CODE_PLUGIN_FAILED, at < 4 ? says[at] : "Unavailable");
        cpex_wasmi_plugin_free(plugin);
        cpex_wasmi_engine_free(engine);
        CHECK(released == 1);
    }
}

static void a_setting_that_is_wrong_is_told_in_the_end(void)
{
    unsigned released = 0, at;
    cpex_wasmi_engine *engine;

    for (at = 0; at < 8; at++) {
        const char *says[] = {"at least 1 unit", "the stack needs", "1 to 1024 shards", "the log sink is null",
                              "the function is null", "cannot be the name", "there is a function `a`", "at least 4"};
        const cpex_wasmi_code code = at == 3 || at == 4 ? CPEX_WASMI_CODE_INVALID_ARGUMENT
                                                        : CPEX_WASMI_CODE_INVALID_CONFIG;
        cpex_wasmi_engine_builder *builder = cpex_wasmi_engine_builder_new();

        switch (at) {
        case 0:
            cpex_wasmi_engine_builder_fuel_slice(builder, 0);
            break;
        case 1:
            cpex_wasmi_engine_builder_stack_bytes(builder, 1);
            break;
        case 2:
            cpex_wasmi_engine_builder_interpreters(builder, SIZE_MAX);
            break;
        case 3:
            cpex_wasmi_engine_builder_log_sink(builder, NULL, seen_new(&released, 0), release);
            break;
        case 4:
            cpex_wasmi_engine_builder_function(builder, cpex_wasmi_text_of("a"), NULL, seen_new(&released, 0), release);
            break;
        case 5:
            cpex_wasmi_engine_builder_function(builder, cpex_wasmi_text_of("a b"), add, seen_new(&released, 0), release);
            break;
        case 6:
            cpex_wasmi_engine_builder_function(builder, cpex_wasmi_text_of("a"), add, seen_new(&released, 0), release);
            cpex_wasmi_engine_builder_function(builder, cpex_wasmi_text_of("a"), add, seen_new(&released, 0), release);
            break;
        default:
            cpex_wasmi_engine_builder_redact(builder, cpex_wasmi_text_of("abc"));
        }
        /* The first thing that is wrong counts. */
        if (at != 0)
            cpex_wasmi_engine_builder_fuel_slice(builder, 1);
        fails(cpex_wasmi_engine_build(builder, &engine), code, says[at]);
        CHECK(engine == NULL);
    }
    CHECK(released == 5);
}

static void what_no_engine_is_made_of_is_freed(void)
{
    unsigned released = 0;
    cpex_wasmi_engine_builder *builder = cpex_wasmi_engine_builder_new();

    cpex_wasmi_engine_builder_log_sink(builder, log_line, seen_new(&released, 0), release);
    cpex_wasmi_engine_builder_log_sink(builder, log_line, seen_new(&released, 0), release);
    CHECK(released == 1);
    cpex_wasmi_engine_builder_free(builder);
    CHECK(released == 2);
    cpex_wasmi_engine_builder_log_sink(NULL, log_line, seen_new(&released, 0), release);
    CHECK(released == 3);
}

static void requests_go_from_plugin_to_plugin(const char *fixtures)
{
    cpex_wasmi_engine *engine;
    cpex_wasmi_plugin *redactor;
    cpex_wasmi_request *request;
    cpex_wasmi_outcome *outcome;
    cpex_wasmi_receipt receipt;

    fine(cpex_wasmi_engine_new(&engine));
    redactor = loaded(engine, fixtures, "argument_redactor", "isolation: pooled");
    fine(cpex_wasmi_plugin_initialize(redactor, &receipt));
    fine(cpex_wasmi_plugin_initialize(redactor, NULL));
    fine(cpex_wasmi_request_parse(cpex_wasmi_text_of(TOOL_CALL("{\"labels\": [\"a\"]}")), &request));
    CHECK(text_has(cpex_wasmi_request_json(request), "123-45-6789"));
    CHECK(cpex_wasmi_plugin_call(redactor, HOOK, request, &outcome) == CPEX_WASMI_DECISION_ALLOW);
    CHECK(cpex_wasmi_outcome_is_changed(outcome));
    CHECK(text_has(cpex_wasmi_outcome_changes(outcome), "***-**-****"));
    CHECK(text_has(cpex_wasmi_outcome_json(outcome), "\"decision\":\"allow\""));
    fine(cpex_wasmi_request_apply(request, outcome));
    cpex_wasmi_outcome_free(outcome);
    CHECK(!text_has(cpex_wasmi_request_json(request), "123-45-6789"));
    CHECK(text_has(cpex_wasmi_request_json(request), "\"labels\":[\"a\"]"));
    cpex_wasmi_request_free(request);
    fine(cpex_wasmi_plugin_shutdown(redactor));
    cpex_wasmi_plugin_free(redactor);
    cpex_wasmi_engine_free(engine);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    functions_and_sinks_are_called(argv[1]);
    a_function_that_fails_tells_the_plugin(argv[1]);
    a_setting_that_is_wrong_is_told_in_the_end();
    what_no_engine_is_made_of_is_freed();
    requests_go_from_plugin_to_plugin(argv[2]);
    return 0;
}
