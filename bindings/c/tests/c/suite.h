/* Shared by the tests in C: checks, files, and loading plugins. */
#ifndef SUITE_H
#define SUITE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpex_wasmi.h>

#define HOOK cpex_wasmi_text_of("cmf.tool_pre_invoke")

/* Ends the program unless something is so. */
#define CHECK(so)                                                                                  \
    do {                                                                                           \
        if (!(so)) {                                                                               \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #so);                       \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* True if a text is this, or has this in it. */
static inline bool text_is(cpex_wasmi_text text, const char *other)
{
    return text.len == strlen(other) && memcmp(text.data, other, text.len) == 0;
}

static inline bool text_has(cpex_wasmi_text text, const char *part)
{
    size_t at, len = strlen(part);

    for (at = 0; at + len <= text.len; at++)
        if (memcmp(text.data + at, part, len) == 0)
            return true;
    return false;
}

/* Ends the program with the message of an error, if there is one. */
static inline void fine(cpex_wasmi_error *error)
{
    if (error == NULL)
        return;
    fprintf(stderr, "%.*s\n", CPEX_WASMI_PRINTED(cpex_wasmi_error_message(error)));
    cpex_wasmi_error_free(error);
    exit(1);
}

/* Ends the program unless there is an error with this code and text. Frees it. */
static inline void fails(cpex_wasmi_error *error, cpex_wasmi_code code, const char *says)
{
    CHECK(error != NULL);
    if (cpex_wasmi_error_code(error) != code || !text_has(cpex_wasmi_error_message(error), says)) {
        fprintf(stderr, "another error: %u, %.*s\n", (unsigned)cpex_wasmi_error_code(error),
                CPEX_WASMI_PRINTED(cpex_wasmi_error_message(error)));
        exit(1);
    }
    cpex_wasmi_error_free(error);
}

/* Ends the program unless the outcome is an error with this code and text. Frees it. */
static inline void failed(cpex_wasmi_decision decision, cpex_wasmi_outcome *outcome, cpex_wasmi_code code,
                          const char *says)
{
    const cpex_wasmi_error *error = cpex_wasmi_outcome_error(outcome);

    CHECK(decision == CPEX_WASMI_DECISION_ERROR);
    CHECK(cpex_wasmi_outcome_decision(outcome) == CPEX_WASMI_DECISION_ERROR);
    CHECK(error != NULL);
    if (cpex_wasmi_error_code(error) != code || !text_has(cpex_wasmi_error_message(error), says)) {
        fprintf(stderr, "another error: %u, %.*s\n", (unsigned)cpex_wasmi_error_code(error),
                CPEX_WASMI_PRINTED(cpex_wasmi_error_message(error)));
        exit(1);
    }
    CHECK(cpex_wasmi_outcome_changes(outcome).len == 0);
    CHECK(text_has(cpex_wasmi_outcome_json(outcome), "\"decision\":\"error\""));
    cpex_wasmi_outcome_free(outcome);
}

/* Loads a plugin of a folder under a policy in YAML. */
static inline cpex_wasmi_plugin *loaded(const cpex_wasmi_engine *engine, const char *folder, const char *name,
                                        const char *yaml)
{
    char path[1024];
    cpex_wasmi_policy *policy;
    cpex_wasmi_plugin *plugin;

    snprintf(path, sizeof path, "%s/%s.wasm", folder, name);
    fine(cpex_wasmi_policy_parse(cpex_wasmi_text_of(yaml), &policy));
    fine(cpex_wasmi_plugin_load_file(engine, cpex_wasmi_text_of(path), policy, &plugin));
    cpex_wasmi_policy_free(policy);
    return plugin;
}

/* Reads a file. The bytes have a NUL behind them, and are to be freed. */
static inline char *file(const char *path, size_t *len)
{
    FILE *stream = fopen(path, "rb");
    char *bytes;
    long size;

    if (stream == NULL)
        return NULL;
    CHECK(fseek(stream, 0, SEEK_END) == 0);
    size = ftell(stream);
    CHECK(size >= 0 && fseek(stream, 0, SEEK_SET) == 0);
    bytes = malloc((size_t)size + 1);
    CHECK(bytes != NULL);
    *len = fread(bytes, 1, (size_t)size, stream);
    CHECK(*len == (size_t)size);
    bytes[size] = 0;
    fclose(stream);
    return bytes;
}

/* A request about a tool call, with labels and roles. */
#define TOOL_CALL(security) CALL_OF("get", security)

/* A request about a call of a tool. */
#define CALL_OF(tool, security)                                                                    \
    "{\"payload\": {\"message\": {\"role\": \"assistant\", \"content\": [{\"content_type\": "      \
    "\"tool_call\", \"content\": {\"tool_call_id\": \"1\", \"name\": \"" tool "\", \"arguments\": "     \
    "{\"ssn\": \"123-45-6789\"}}}]}}, \"extensions\": {\"security\": " security "}}"

#endif
