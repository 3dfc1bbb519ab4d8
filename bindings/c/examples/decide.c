/* Asks two plugins about a tool call, and applies what they change. Then the same by look-ups, without JSON. */
#include <stdio.h>
#include <stdlib.h>

#include <cpex_wasmi.h>

#define HOOK "cmf.tool_pre_invoke"

static const char POLICY[] = "capabilities: [read_labels, read_roles]\n"
                             "sandbox_policy:\n"
                             "  isolation: pooled\n"
                             "  resources: {max_execution_time_ms: 1000}\n";

static const char REQUEST[] =
    "{\"payload\": {\"message\": {\"role\": \"assistant\", \"content\": [{\"content_type\": \"tool_call\","
    " \"content\": {\"tool_call_id\": \"1\", \"name\": \"get_compensation\","
    " \"arguments\": {\"ssn\": \"123-45-6789\"}}}]}},"
    " \"extensions\": {\"security\": {\"labels\": [\"PII\"], \"subject\": {\"roles\": [\"hr_admin\"]}}}}";

/* Ends the program, if there is an error. */
static void check(cpex_wasmi_error *error)
{
    if (error == NULL)
        return;
    fprintf(stderr, "%.*s\n", CPEX_WASMI_PRINTED(cpex_wasmi_error_message(error)));
    cpex_wasmi_error_free(error);
    exit(1);
}

static cpex_wasmi_plugin *load(const cpex_wasmi_engine *engine, const char *folder, const char *name)
{
    char path[1024];
    cpex_wasmi_policy *policy;
    cpex_wasmi_plugin *plugin;

    snprintf(path, sizeof path, "%s/%s.wasm", folder, name);
    check(cpex_wasmi_policy_parse(cpex_wasmi_text_of(POLICY), &policy));
    check(cpex_wasmi_plugin_load_file(engine, cpex_wasmi_text_of(path), policy, &plugin));
    cpex_wasmi_policy_free(policy);
    return plugin;
}

/* Prints what came of a call, and frees it. Returns true if the operation may go on. */
static bool report(const cpex_wasmi_plugin *plugin, cpex_wasmi_outcome *outcome)
{
    cpex_wasmi_decision decision = cpex_wasmi_outcome_decision(outcome);
    cpex_wasmi_violation violation;
    cpex_wasmi_receipt receipt;

    printf("%.*s: ", CPEX_WASMI_PRINTED(cpex_wasmi_plugin_name(plugin)));
    if (decision == CPEX_WASMI_DECISION_ALLOW) {
        printf("allow\n");
        if (cpex_wasmi_outcome_is_changed(outcome))
            printf("  changes: %.*s\n", CPEX_WASMI_PRINTED(cpex_wasmi_outcome_changes(outcome)));
    } else if (cpex_wasmi_outcome_violation(outcome, &violation)) {
        printf("deny, %.*s: %.*s\n", CPEX_WASMI_PRINTED(violation.code), CPEX_WASMI_PRINTED(violation.reason));
    } else {
        const cpex_wasmi_error *error = cpex_wasmi_outcome_error(outcome);
        printf("%.*s: %.*s\n", CPEX_WASMI_PRINTED(cpex_wasmi_error_name(error)),
               CPEX_WASMI_PRINTED(cpex_wasmi_error_message(error)));
    }
    if (cpex_wasmi_outcome_receipt(outcome, &receipt))
        printf("  %llu fuel, %llu host calls, %llu bytes read, %llu KiB of memory\n",
               (unsigned long long)receipt.fuel, (unsigned long long)receipt.host_calls,
               (unsigned long long)receipt.bytes_read, (unsigned long long)receipt.peak_memory_bytes / 1024);
    cpex_wasmi_outcome_free(outcome);
    return decision == CPEX_WASMI_DECISION_ALLOW;
}

/* A tool call in a type of the program's own. */
struct call {
    const char *tool;
    const char *label;
    const char *role;
};

static int64_t count(void *data, uint32_t field)
{
    (void)data;
    return field == CPEX_WASMI_FIELD_SECURITY || field == CPEX_WASMI_FIELD_TOOL_CALL_NAME;
}

static uint32_t look_up(void *data, uint32_t field, size_t index, cpex_wasmi_answer *answer)
{
    const struct call *call = data;

    (void)index;
    switch (field) {
    case CPEX_WASMI_FIELD_TOOL_CALL_NAME:
        cpex_wasmi_answer_text(answer, cpex_wasmi_text_of(call->tool));
        return CPEX_WASMI_ANSWERED_FOUND;
    case CPEX_WASMI_FIELD_SECURITY_LABELS:
        cpex_wasmi_answer_member(answer, cpex_wasmi_text_of(call->label));
        return CPEX_WASMI_ANSWERED_FOUND;
    case CPEX_WASMI_FIELD_SUBJECT_ROLES:
        cpex_wasmi_answer_member(answer, cpex_wasmi_text_of(call->role));
        return CPEX_WASMI_ANSWERED_FOUND;
    default:
        return CPEX_WASMI_ANSWERED_ABSENT;
    }
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "fixtures";
    struct call call = {"get_compensation", "PII", "engineer"};
    cpex_wasmi_engine *engine;
    cpex_wasmi_plugin *plugins[2];
    cpex_wasmi_request *request;
    cpex_wasmi_outcome *outcome;
    cpex_wasmi_view view = {0};
    size_t i;

    if (cpex_wasmi_abi_version() >> 16 != CPEX_WASMI_ABI_VERSION >> 16)
        return 1;
    check(cpex_wasmi_engine_new(&engine));
    plugins[0] = load(engine, folder, "pii_guard");
    plugins[1] = load(engine, folder, "argument_redactor");

    check(cpex_wasmi_request_parse(cpex_wasmi_text_of(REQUEST), &request));
    for (i = 0; i < 2; i++) {
        cpex_wasmi_plugin_call(plugins[i], cpex_wasmi_text_of(HOOK), request, &outcome);
        if (cpex_wasmi_outcome_decision(outcome) == CPEX_WASMI_DECISION_ALLOW)
            check(cpex_wasmi_request_apply(request, outcome));
        if (!report(plugins[i], outcome))
            break;
    }

    view.data = &call;
    view.count = count;
    view.value = look_up;
    cpex_wasmi_plugin_call_view(plugins[0], cpex_wasmi_text_of(HOOK), &view, &outcome);
    report(plugins[0], outcome);

    cpex_wasmi_request_free(request);
    for (i = 0; i < 2; i++) {
        check(cpex_wasmi_plugin_shutdown(plugins[i]));
        cpex_wasmi_plugin_free(plugins[i]);
    }
    cpex_wasmi_engine_free(engine);
    return 0;
}
