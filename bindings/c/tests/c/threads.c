/* One engine, module, plugin and request, used by several threads at once, while others load and free.
 *
 *   threads GUESTS FIXTURES
 */
#include <pthread.h>

#include "suite.h"

#define THREADS 8
#define CALLS 200

static const cpex_wasmi_engine *engine;
static const cpex_wasmi_module *module;
static const cpex_wasmi_plugin *guard, *adds;
static const cpex_wasmi_request *engineer, *admin;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned added, logged;

static void log_line(void *data, const cpex_wasmi_log_record *record)
{
    (void)data;
    CHECK(text_is(record->message, "3"));
    pthread_mutex_lock(&lock);
    logged++;
    pthread_mutex_unlock(&lock);
}

static uint32_t add(void *data, const cpex_wasmi_invocation *invocation, cpex_wasmi_answer *answer)
{
    (void)data;
    CHECK(invocation->is_json);
    pthread_mutex_lock(&lock);
    added++;
    pthread_mutex_unlock(&lock);
    cpex_wasmi_answer_u64(answer, 3);
    return CPEX_WASMI_ANSWERED_FOUND;
}

static int64_t count(void *data, uint32_t field)
{
    (void)data;
    return field == CPEX_WASMI_FIELD_SECURITY || field == CPEX_WASMI_FIELD_TOOL_CALL_NAME;
}

static uint32_t value(void *data, uint32_t field, size_t index, cpex_wasmi_answer *answer)
{
    (void)index;
    switch (field) {
    case CPEX_WASMI_FIELD_TOOL_CALL_NAME:
        cpex_wasmi_answer_text(answer, cpex_wasmi_text_of("get"));
        return CPEX_WASMI_ANSWERED_FOUND;
    case CPEX_WASMI_FIELD_SECURITY_LABELS:
        cpex_wasmi_answer_member(answer, cpex_wasmi_text_of("PII"));
        return CPEX_WASMI_ANSWERED_FOUND;
    case CPEX_WASMI_FIELD_SUBJECT_ROLES:
        cpex_wasmi_answer_member(answer, cpex_wasmi_text_of(data));
        return CPEX_WASMI_ANSWERED_FOUND;
    default:
        return CPEX_WASMI_ANSWERED_ABSENT;
    }
}

static void *work(void *data)
{
    const size_t number = *(const size_t *)data;
    unsigned call;

    for (call = 0; call < CALLS; call++) {
        const bool is_admin = (call + number) % 2 != 0;
        const cpex_wasmi_decision expected = is_admin ? CPEX_WASMI_DECISION_ALLOW : CPEX_WASMI_DECISION_DENY;
        char role[16];
        cpex_wasmi_view view = {0};
        cpex_wasmi_outcome *outcome;

        CHECK(cpex_wasmi_plugin_call(guard, HOOK, is_admin ? admin : engineer, &outcome) == expected);
        cpex_wasmi_outcome_free(outcome);
        strcpy(role, is_admin ? "hr_admin" : "engineer");
        view.data = role;
        view.count = count;
        view.value = value;
        CHECK(cpex_wasmi_plugin_call_view(guard, HOOK, &view, NULL) == expected);
        CHECK(cpex_wasmi_plugin_call(adds, HOOK, admin, NULL) == CPEX_WASMI_DECISION_ALLOW);
        if (call % 50 == 0) {
            cpex_wasmi_policy *policy;
            cpex_wasmi_plugin *own;
            cpex_wasmi_engine *other;

            fine(cpex_wasmi_policy_parse(cpex_wasmi_text_of("capabilities: [read_labels, read_roles]"), &policy));
            fine(cpex_wasmi_plugin_new(module, policy, &own));
            cpex_wasmi_policy_free(policy);
            CHECK(cpex_wasmi_plugin_call(own, HOOK, engineer, NULL) == CPEX_WASMI_DECISION_DENY);
            cpex_wasmi_plugin_free(own);
            fine(cpex_wasmi_engine_new(&other));
            cpex_wasmi_engine_free(other);
        }
    }
    return NULL;
}

/* What one thread makes, another frees. */
static void *make(void *place)
{
    cpex_wasmi_plugin_call(guard, HOOK, engineer, place);
    return NULL;
}

int main(int argc, char **argv)
{
    const char *yaml = "capabilities: [read_labels, read_roles]\nsandbox_policy: {isolation: pooled}";
    cpex_wasmi_engine_builder *builder = cpex_wasmi_engine_builder_new();
    cpex_wasmi_engine *made_engine;
    cpex_wasmi_module *made_module;
    cpex_wasmi_policy *policy;
    cpex_wasmi_plugin *made_guard, *made_adds;
    cpex_wasmi_request *requests[2];
    cpex_wasmi_outcome *outcome = NULL;
    pthread_t threads[THREADS];
    size_t numbers[THREADS], number;
    char path[1024];

    CHECK(argc == 3);
    cpex_wasmi_engine_builder_log_sink(builder, log_line, NULL, NULL);
    cpex_wasmi_engine_builder_function(builder, cpex_wasmi_text_of("acme.add"), add, NULL, NULL);
    fine(cpex_wasmi_engine_build(builder, &made_engine));
    snprintf(path, sizeof path, "%s/pii_guard.wasm", argv[2]);
    fine(cpex_wasmi_module_load_file(made_engine, cpex_wasmi_text_of(path), &made_module));
    CHECK(text_is(cpex_wasmi_module_name(made_module), "pii-guard"));
    CHECK(cpex_wasmi_module_version(made_module).len > 0);
    CHECK(text_is(cpex_wasmi_module_hook(made_module, 0), "cmf.tool_pre_invoke"));
    CHECK(cpex_wasmi_module_hook(made_module, 1000).len == 0);
    fine(cpex_wasmi_policy_parse(cpex_wasmi_text_of(yaml), &policy));
    fine(cpex_wasmi_policy_set_name(policy, cpex_wasmi_text_of("guard")));
    fine(cpex_wasmi_plugin_new(made_module, policy, &made_guard));
    CHECK(text_is(cpex_wasmi_plugin_name(made_guard), "guard"));
    cpex_wasmi_policy_free(policy);
    made_adds = loaded(made_engine, argv[1], "adds_json", "allowed_functions: [acme.add]");
    fine(cpex_wasmi_request_parse(
        cpex_wasmi_text_of(TOOL_CALL("{\"labels\": [\"PII\"], \"subject\": {\"roles\": [\"engineer\"]}}")),
        &requests[0]));
    fine(cpex_wasmi_request_parse(
        cpex_wasmi_text_of(TOOL_CALL("{\"labels\": [\"PII\"], \"subject\": {\"roles\": [\"hr_admin\"]}}")),
        &requests[1]));
    engine = made_engine;
    module = made_module;
    guard = made_guard;
    adds = made_adds;
    engineer = requests[0];
    admin = requests[1];
    CHECK(engine != NULL);

    for (number = 0; number < THREADS; number++) {
        numbers[number] = number;
        CHECK(pthread_create(&threads[number], NULL, work, &numbers[number]) == 0);
    }
    for (number = 0; number < THREADS; number++)
        CHECK(pthread_join(threads[number], NULL) == 0);
    CHECK(added == THREADS * CALLS && logged == THREADS * CALLS);

    CHECK(pthread_create(&threads[0], NULL, make, &outcome) == 0);
    CHECK(pthread_join(threads[0], NULL) == 0);
    CHECK(cpex_wasmi_outcome_decision(outcome) == CPEX_WASMI_DECISION_DENY);
    cpex_wasmi_outcome_free(outcome);

    cpex_wasmi_request_free(requests[0]);
    cpex_wasmi_request_free(requests[1]);
    cpex_wasmi_plugin_free(made_adds);
    cpex_wasmi_plugin_free(made_guard);
    cpex_wasmi_module_free(made_module);
    cpex_wasmi_engine_free(made_engine);
    return 0;
}
