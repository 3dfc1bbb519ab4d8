/* Hostile modules: those of tests/hostile with the limits that most of them have, each with what comes of it.
 *
 *   hostile FOLDER
 */
#include "suite.h"

static const char POLICY[] = "{\"resources\": {\"max_fuel\": 20000000, \"init_fuel\": 1000000,"
                             " \"max_memory_bytes\": 16777216, \"max_execution_time_ms\": 20000}}";

static const char HARMLESS[] =
    "{\"payload\": {\"message\": {\"role\": \"assistant\", \"content\": [{\"content_type\": \"tool_call\","
    " \"content\": {\"tool_call_id\": \"call-1\", \"name\": \"search\"}}]}}}";

/* The word for what came of a call or a load. */
static cpex_wasmi_text told(const cpex_wasmi_outcome *outcome)
{
    switch (cpex_wasmi_outcome_decision(outcome)) {
    case CPEX_WASMI_DECISION_ALLOW:
        return cpex_wasmi_text_of("allow");
    case CPEX_WASMI_DECISION_DENY:
        return cpex_wasmi_text_of("deny");
    default:
        return cpex_wasmi_error_name(cpex_wasmi_outcome_error(outcome));
    }
}

static void expect(cpex_wasmi_text word, const char *expected, const char *name)
{
    if (text_is(word, expected))
        return;
    fprintf(stderr, "%s: %.*s, and not %s\n", name, CPEX_WASMI_PRINTED(word), expected);
    exit(1);
}

/* Cuts a line off. */
static char *line(char **rest)
{
    char *start = *rest, *end = strchr(start, '\n');

    CHECK(end != NULL);
    *end = 0;
    *rest = end + 1;
    return start;
}

int main(int argc, char **argv)
{
    cpex_wasmi_engine *engine;
    cpex_wasmi_policy *policy;
    unsigned number;

    CHECK(argc == 2);
    fine(cpex_wasmi_engine_new(&engine));
    fine(cpex_wasmi_policy_parse(cpex_wasmi_text_of(POLICY), &policy));
    for (number = 0;; number++) {
        char path[1024], *text, *rest, *expected, *next, *name, *request, *wasm;
        size_t len;
        cpex_wasmi_error *error;
        cpex_wasmi_plugin *plugin;
        cpex_wasmi_outcome *outcome;

        snprintf(path, sizeof path, "%s/%u.case", argv[1], number);
        text = file(path, &len);
        if (text == NULL)
            break;
        rest = text;
        expected = line(&rest);
        next = line(&rest);
        name = line(&rest);
        request = line(&rest);
        snprintf(path, sizeof path, "%s/%u.wasm", argv[1], number);
        wasm = file(path, &len);
        CHECK(wasm != NULL);

        error = cpex_wasmi_plugin_load(engine, cpex_wasmi_bytes_of(wasm, len), policy, &plugin);
        free(wasm);
        CHECK((error == NULL) == (plugin != NULL));
        if (error != NULL) {
            expect(cpex_wasmi_error_name(error), expected, name);
            cpex_wasmi_error_free(error);
        } else {
            cpex_wasmi_plugin_call_json(plugin, HOOK, cpex_wasmi_text_of(request), &outcome);
            expect(told(outcome), expected, name);
            cpex_wasmi_outcome_free(outcome);
            cpex_wasmi_plugin_call_json(plugin, HOOK, cpex_wasmi_text_of(HARMLESS), &outcome);
            expect(told(outcome), next, name);
            cpex_wasmi_outcome_free(outcome);
            cpex_wasmi_plugin_free(plugin);
        }
        free(text);
    }
    cpex_wasmi_policy_free(policy);
    cpex_wasmi_engine_free(engine);
    printf("%u hostile modules came to what they should\n", number);
    return number > 500 ? 0 : 1;
}
