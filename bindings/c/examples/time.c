/* Measures the time of a call, of three kinds. It takes a library built for release, and a quiet machine. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cpex_wasmi.h>

#define CALLS 20000
#define RUNS 5

static const char HOOK[] = "cmf.tool_pre_invoke";

static const char POLICY[] = "capabilities: [read_labels, read_roles]\n"
                             "sandbox_policy: {isolation: pooled}\n";

static const char REQUEST[] =
    "{\"payload\": {\"message\": {\"role\": \"assistant\", \"content\": [{\"content_type\": \"tool_call\","
    " \"content\": {\"tool_call_id\": \"1\", \"name\": \"lookup\", \"arguments\": {\"ssn\": \"123-45-6789\", \"page\": 1}}}]}},"
    " \"extensions\": {\"security\": {\"labels\": [\"PII\"], \"subject\": {\"id\": \"a\", \"roles\": [\"hr_admin\"]}}}}";

/* A plugin, and a request that is parsed. */
struct subject {
    cpex_wasmi_plugin *plugin;
    cpex_wasmi_request *request;
};

/* Ends the program, if there is an error. */
static void check(cpex_wasmi_error *error)
{
    if (error == NULL)
        return;
    fprintf(stderr, "%.*s\n", CPEX_WASMI_PRINTED(cpex_wasmi_error_message(error)));
    exit(1);
}

static void finish(cpex_wasmi_outcome *outcome)
{
    if (cpex_wasmi_outcome_decision(outcome) != CPEX_WASMI_DECISION_ALLOW) {
        fprintf(stderr, "%.*s\n", CPEX_WASMI_PRINTED(cpex_wasmi_outcome_json(outcome)));
        exit(1);
    }
    cpex_wasmi_outcome_free(outcome);
}

static void by_request(const struct subject *subject)
{
    cpex_wasmi_outcome *outcome;

    cpex_wasmi_plugin_call(subject->plugin, cpex_wasmi_text_of(HOOK), subject->request, &outcome);
    finish(outcome);
}

static void by_json(const struct subject *subject)
{
    cpex_wasmi_request *request;
    cpex_wasmi_outcome *outcome;

    check(cpex_wasmi_request_parse(cpex_wasmi_text_of(REQUEST), &request));
    cpex_wasmi_plugin_call(subject->plugin, cpex_wasmi_text_of(HOOK), request, &outcome);
    if (cpex_wasmi_outcome_json(outcome).len == 0)
        exit(1);
    finish(outcome);
    cpex_wasmi_request_free(request);
}

static int64_t count(void *data, uint32_t field)
{
    (void)data;
    return field == CPEX_WASMI_FIELD_SECURITY || field == CPEX_WASMI_FIELD_TOOL_CALL_NAME;
}

static uint32_t look_up(void *data, uint32_t field, size_t index, cpex_wasmi_answer *answer)
{
    (void)data;
    (void)index;
    switch (field) {
    case CPEX_WASMI_FIELD_TOOL_CALL_NAME:
        cpex_wasmi_answer_text(answer, cpex_wasmi_text_of("lookup"));
        return CPEX_WASMI_ANSWERED_FOUND;
    case CPEX_WASMI_FIELD_SECURITY_LABELS:
        cpex_wasmi_answer_member(answer, cpex_wasmi_text_of("PII"));
        return CPEX_WASMI_ANSWERED_FOUND;
    case CPEX_WASMI_FIELD_SUBJECT_ROLES:
        cpex_wasmi_answer_member(answer, cpex_wasmi_text_of("hr_admin"));
        return CPEX_WASMI_ANSWERED_FOUND;
    default:
        return CPEX_WASMI_ANSWERED_ABSENT;
    }
}

static void by_view(const struct subject *subject)
{
    cpex_wasmi_outcome *outcome;
    cpex_wasmi_view view = {0};

    view.count = count;
    view.value = look_up;
    cpex_wasmi_plugin_call_view(subject->plugin, cpex_wasmi_text_of(HOOK), &view, &outcome);
    finish(outcome);
}

/* Returns the least time of a call in microseconds, of some runs. */
static double time_of(void (*call)(const struct subject *), const struct subject *subject)
{
    double least = 0;
    int run, i;

    for (run = 0; run < RUNS; run++) {
        struct timespec begin, end;
        double time;

        clock_gettime(CLOCK_MONOTONIC, &begin);
        for (i = 0; i < CALLS; i++)
            call(subject);
        clock_gettime(CLOCK_MONOTONIC, &end);
        time = ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / CALLS / 1e3;
        if (run == 0 || time < least)
            least = time;
    }
    return least;
}

static void row(const cpex_wasmi_engine *engine, const char *folder, const char *name)
{
    char path[1024];
    cpex_wasmi_policy *policy;
    struct subject subject;

    snprintf(path, sizeof path, "%s/%s.wasm", folder, name);
    check(cpex_wasmi_policy_parse(cpex_wasmi_text_of(POLICY), &policy));
    check(cpex_wasmi_plugin_load_file(engine, cpex_wasmi_text_of(path), policy, &subject.plugin));
    check(cpex_wasmi_request_parse(cpex_wasmi_text_of(REQUEST), &subject.request));
    printf("| `%s` | %.2f µs | %.2f µs |", name, time_of(by_request, &subject), time_of(by_json, &subject));
    /* There are no arguments in the view that could be masked. */
    if (strcmp(name, "argument_redactor") == 0)
        printf(" – |\n");
    else
        printf(" %.2f µs |\n", time_of(by_view, &subject));
    cpex_wasmi_request_free(subject.request);
    cpex_wasmi_plugin_free(subject.plugin);
    cpex_wasmi_policy_free(policy);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "fixtures";
    cpex_wasmi_engine *engine;

    check(cpex_wasmi_engine_new(&engine));
    printf("| plugin | request in memory | request and outcome in JSON | by look-ups |\n");
    printf("| --- | ---: | ---: | ---: |\n");
    row(engine, folder, "noop");
    row(engine, folder, "pii_guard");
    row(engine, folder, "argument_redactor");
    cpex_wasmi_engine_free(engine);
    return 0;
}
