/* Look-ups: what is asked for, and callbacks that answer nonsense.
 *
 *   views GUESTS
 */
#include "suite.h"

/* What a view does when it is asked for a field. */
struct view {
    uint32_t field;
    void (*put)(cpex_wasmi_answer *answer);
    uint32_t answered;
    int64_t counted;
    unsigned asked;
};

static int64_t count(void *data, uint32_t field)
{
    const struct view *view = data;

    return field == CPEX_WASMI_FIELD_TOOL_CALL_NAME ? view->counted : 1;
}

static uint32_t value(void *data, uint32_t field, size_t index, cpex_wasmi_answer *answer)
{
    struct view *view = data;

    CHECK(index == 0);
    if (field != view->field)
        return CPEX_WASMI_ANSWERED_ABSENT;
    view->asked++;
    if (view->put != NULL)
        view->put(answer);
    return view->answered;
}

static void nothing(cpex_wasmi_answer *answer) { (void)answer; }
static void member(cpex_wasmi_answer *answer) { cpex_wasmi_answer_member(answer, cpex_wasmi_text_of("PII")); }
static void number(cpex_wasmi_answer *answer) { cpex_wasmi_answer_u64(answer, 7); }
static void truth(cpex_wasmi_answer *answer) { cpex_wasmi_answer_bool(answer, true); }
static void infinity(cpex_wasmi_answer *answer) { cpex_wasmi_answer_f64(answer, 1e308 * 10); }
static void entry(cpex_wasmi_answer *answer)
{
    cpex_wasmi_answer_entry(answer, cpex_wasmi_text_of("a"), cpex_wasmi_text_of("b"));
}
static void bytes(cpex_wasmi_answer *answer) { cpex_wasmi_answer_bytes(answer, cpex_wasmi_bytes_of("a", 1)); }
static void broken(cpex_wasmi_answer *answer) { cpex_wasmi_answer_json(answer, cpex_wasmi_text_of("[\"PII\"")); }
static void twice(cpex_wasmi_answer *answer)
{
    cpex_wasmi_answer_json(answer, cpex_wasmi_text_of("{\"labels\": [\"PII\"], \"labels\": []}"));
}
static void misspelt(cpex_wasmi_answer *answer)
{
    cpex_wasmi_answer_json(answer, cpex_wasmi_text_of("{\"lables\": [\"PII\"]}"));
}
static void latin(cpex_wasmi_answer *answer)
{
    cpex_wasmi_answer_member(answer, cpex_wasmi_text_of("PII"));
    cpex_wasmi_answer_member(answer, cpex_wasmi_text_of("\xe4"));
}
static void no_text(cpex_wasmi_answer *answer)
{
    cpex_wasmi_text text = {NULL, 5};

    cpex_wasmi_answer_member(answer, text);
}
static void huge(cpex_wasmi_answer *answer)
{
    cpex_wasmi_text text = {"PII", SIZE_MAX};

    cpex_wasmi_answer_text(answer, text);
}
static void reason(cpex_wasmi_answer *answer)
{
    cpex_wasmi_answer_failure(answer, cpex_wasmi_text_of("the table is gone"));
}

/* Calls a plugin about a view, which is to fail. */
static void wrong(const cpex_wasmi_plugin *plugin, uint32_t field, void (*put)(cpex_wasmi_answer *), uint32_t answered,
                  int64_t counted, const char *says)
{
    struct view data = {field, put, answered, counted, 0};
    cpex_wasmi_view view = {0};
    cpex_wasmi_outcome *outcome;
    cpex_wasmi_receipt receipt;
    cpex_wasmi_decision decision;

    view.data = &data;
    view.count = count;
    view.value = value;
    decision = cpex_wasmi_plugin_call_view(plugin, HOOK, &view, &outcome);
    CHECK(cpex_wasmi_outcome_receipt(outcome, &receipt) && receipt.fuel > 0);
    failed(decision, outcome, CPEX_WASMI_CODE_INVALID_REQUEST, says);
}

static void answers_that_are_wrong(const cpex_wasmi_plugin *labels, const cpex_wasmi_plugin *payload,
                                   const cpex_wasmi_plugin *security)
{
    const uint32_t found = CPEX_WASMI_ANSWERED_FOUND, field = CPEX_WASMI_FIELD_SECURITY_LABELS;

    wrong(labels, field, nothing, found, 0, "found something and answered nothing");
    wrong(labels, field, number, found, 0, "not a list of texts");
    wrong(labels, field, truth, found, 0, "not a list of texts");
    wrong(labels, field, entry, found, 0, "not a list of texts");
    wrong(labels, field, infinity, found, 0, "not a finite number");
    wrong(labels, field, bytes, found, 0, "bytes are the answer of a function only");
    wrong(labels, field, broken, found, 0, "not valid JSON");
    wrong(labels, field, latin, found, 0, "a member is not UTF-8, at byte 0");
    wrong(labels, field, no_text, found, 0, "a member is null, with a length of 5");
    wrong(labels, field, huge, found, 0, "which cannot be");
    wrong(labels, field, member, CPEX_WASMI_ANSWERED_ABSENT, 0, "answered, and returned that there is no answer");
    wrong(labels, field, member, CPEX_WASMI_ANSWERED_FAILED, 0, "`security.labels` failed: the callback failed");
    wrong(labels, field, reason, CPEX_WASMI_ANSWERED_FAILED, 0, "`security.labels` failed: the table is gone");
    wrong(labels, field, member, 17, 0, "the callback returned 17");
    wrong(labels, field, member, UINT32_MAX, 0, "the callback returned 4294967295");
    wrong(labels, field, member, found, -1, "`tool_call.name` failed: the callback failed");
    wrong(labels, field, member, found, INT64_MIN, "the callback returned -9223372036854775808");
    wrong(labels, field, member, found, INT64_MAX, "at most 65536 are taken");
    wrong(payload, 0, NULL, found, 0, "there is no `payload`");
    wrong(payload, CPEX_WASMI_FIELD_PAYLOAD, member, found, 0, "in `payload`");
    wrong(payload, CPEX_WASMI_FIELD_PAYLOAD, nothing, CPEX_WASMI_ANSWERED_IN_WHOLE, 0, "the answer is not JSON");
    wrong(security, CPEX_WASMI_FIELD_SECURITY, twice, found, 0, "stands twice");
    wrong(security, CPEX_WASMI_FIELD_SECURITY, misspelt, found, 0, "`security.lables` is not known");
}

static void a_field_is_asked_for_once(const cpex_wasmi_plugin *labels)
{
    struct view data = {CPEX_WASMI_FIELD_SECURITY_LABELS, member, CPEX_WASMI_ANSWERED_FOUND, 3, 0};
    cpex_wasmi_view view = {0};
    cpex_wasmi_outcome *outcome;

    view.data = &data;
    view.count = count;
    view.value = value;
    CHECK(cpex_wasmi_plugin_call_view(labels, HOOK, &view, &outcome) == CPEX_WASMI_DECISION_ALLOW);
    CHECK(cpex_wasmi_outcome_error(outcome) == NULL);
    cpex_wasmi_outcome_free(outcome);
    CHECK(data.asked == 1);
    CHECK(cpex_wasmi_plugin_call_view(labels, HOOK, &view, NULL) == CPEX_WASMI_DECISION_ALLOW);
    CHECK(data.asked == 2);
}

static void a_view_needs_its_callbacks(const cpex_wasmi_plugin *labels)
{
    cpex_wasmi_view view = {0};
    cpex_wasmi_outcome *outcome;
    cpex_wasmi_decision decision;

    decision = cpex_wasmi_plugin_call_view(labels, HOOK, NULL, &outcome);
    failed(decision, outcome, CPEX_WASMI_CODE_INVALID_ARGUMENT, "the view is null");
    decision = cpex_wasmi_plugin_call_view(labels, HOOK, &view, &outcome);
    failed(decision, outcome, CPEX_WASMI_CODE_INVALID_ARGUMENT, "the callback `count` is null");
    view.count = count;
    decision = cpex_wasmi_plugin_call_view(labels, HOOK, &view, &outcome);
    failed(decision, outcome, CPEX_WASMI_CODE_INVALID_ARGUMENT, "the callback `value` is null");
    view.value = value;
    view.payload_type = cpex_wasmi_text_of("\xff");
    decision = cpex_wasmi_plugin_call_view(labels, HOOK, &view, &outcome);
    failed(decision, outcome, CPEX_WASMI_CODE_INVALID_ARGUMENT, "is not UTF-8");
}

int main(int argc, char **argv)
{
    const char *yaml = "capabilities: [read_labels, read_headers, read_roles]";
    cpex_wasmi_engine *engine;
    cpex_wasmi_plugin *labels, *payload, *security;

    CHECK(argc == 2);
    fine(cpex_wasmi_engine_new(&engine));
    labels = loaded(engine, argv[1], "reads_labels", yaml);
    payload = loaded(engine, argv[1], "reads_payload", yaml);
    security = loaded(engine, argv[1], "reads_security", yaml);
    answers_that_are_wrong(labels, payload, security);
    a_field_is_asked_for_once(labels);
    a_view_needs_its_callbacks(labels);
    cpex_wasmi_plugin_free(labels);
    cpex_wasmi_plugin_free(payload);
    cpex_wasmi_plugin_free(security);
    cpex_wasmi_engine_free(engine);
    return 0;
}
