/* Null pointers, texts that are none, lengths that cannot be, and the use of what was not made.
 *
 *   misuse FIXTURES
 */
#include "suite.h"

static const cpex_wasmi_text NO_TEXT = {NULL, 3}, HUGE_TEXT = {"a", SIZE_MAX}, NO_UTF8 = {"a\xff", 2};

static void null_is_an_error_and_never_an_allow(void)
{
    const cpex_wasmi_code code = CPEX_WASMI_CODE_INVALID_ARGUMENT;
    const cpex_wasmi_text text = cpex_wasmi_text_of("a");
    const cpex_wasmi_bytes bytes = cpex_wasmi_bytes_of("a", 1);
    cpex_wasmi_engine *engine;
    cpex_wasmi_module *module;
    cpex_wasmi_plugin *plugin;
    cpex_wasmi_outcome *outcome;
    cpex_wasmi_decision decision;

    fails(cpex_wasmi_engine_new(NULL), code, "the place for the engine is null");
    fails(cpex_wasmi_engine_build(NULL, &engine), code, "the builder is null");
    CHECK(engine == NULL);
    fails(cpex_wasmi_engine_build(cpex_wasmi_engine_builder_new(), NULL), code, "the place for the engine is null");
    fails(cpex_wasmi_policy_parse(text, NULL), code, "the place for the policy is null");
    fails(cpex_wasmi_policy_set_name(NULL, text), code, "the policy is null");
    fails(cpex_wasmi_policy_set_config(NULL, text), code, "the policy is null");
    fails(cpex_wasmi_module_load(NULL, bytes, &module), code, "the engine is null");
    CHECK(module == NULL);
    fails(cpex_wasmi_module_load_file(NULL, text, &module), code, "the engine is null");
    fails(cpex_wasmi_module_load(NULL, bytes, NULL), code, "the place for the module is null");
    fails(cpex_wasmi_plugin_new(NULL, NULL, &plugin), code, "the module is null");
    CHECK(plugin == NULL);
    fails(cpex_wasmi_plugin_load(NULL, bytes, NULL, &plugin), code, "the engine is null");
    fails(cpex_wasmi_plugin_load_file(NULL, text, NULL, &plugin), code, "the engine is null");
    fails(cpex_wasmi_plugin_initialize(NULL, NULL), code, "the plugin is null");
    fails(cpex_wasmi_plugin_shutdown(NULL), code, "the plugin is null");
    fails(cpex_wasmi_request_parse(text, NULL), code, "the place for the request is null");
    fails(cpex_wasmi_request_apply(NULL, NULL), code, "the request is null");

    CHECK(cpex_wasmi_plugin_call(NULL, text, NULL, NULL) == CPEX_WASMI_DECISION_ERROR);
    CHECK(cpex_wasmi_plugin_call_json(NULL, text, text, NULL) == CPEX_WASMI_DECISION_ERROR);
    CHECK(cpex_wasmi_plugin_call_view(NULL, text, NULL, NULL) == CPEX_WASMI_DECISION_ERROR);
    decision = cpex_wasmi_plugin_call(NULL, text, NULL, &outcome);
    failed(decision, outcome, code, "the plugin is null");

    CHECK(cpex_wasmi_outcome_decision(NULL) == CPEX_WASMI_DECISION_ERROR);
    CHECK(cpex_wasmi_outcome_error(NULL) == NULL);
    CHECK(!cpex_wasmi_outcome_violation(NULL, NULL) && !cpex_wasmi_outcome_is_changed(NULL));
    CHECK(!cpex_wasmi_outcome_receipt(NULL, NULL));
    CHECK(cpex_wasmi_outcome_json(NULL).len == 0 && cpex_wasmi_outcome_changes(NULL).len == 0);
    CHECK(cpex_wasmi_error_code(NULL) == CPEX_WASMI_CODE_NONE && text_is(cpex_wasmi_error_name(NULL), "none"));
    CHECK(cpex_wasmi_error_message(NULL).len == 0 && cpex_wasmi_error_plugin(NULL).len == 0);
    CHECK(cpex_wasmi_error_problem_count(NULL) == 0 && !cpex_wasmi_error_problem(NULL, 0, NULL));
    CHECK(!cpex_wasmi_error_receipt(NULL, NULL));
    CHECK(cpex_wasmi_module_name(NULL).len == 0 && cpex_wasmi_module_version(NULL).len == 0);
    CHECK(cpex_wasmi_module_hook(NULL, 0).len == 0 && cpex_wasmi_plugin_name(NULL).len == 0);
    CHECK(cpex_wasmi_plugin_warning(NULL, 0).len == 0 && cpex_wasmi_request_json(NULL).len == 0);

    cpex_wasmi_answer_text(NULL, text);
    cpex_wasmi_answer_bool(NULL, true);
    cpex_wasmi_answer_u64(NULL, 1);
    cpex_wasmi_answer_f64(NULL, 1);
    cpex_wasmi_answer_json(NULL, text);
    cpex_wasmi_answer_member(NULL, text);
    cpex_wasmi_answer_entry(NULL, text, text);
    cpex_wasmi_answer_bytes(NULL, bytes);
    cpex_wasmi_answer_failure(NULL, text);
    cpex_wasmi_answer_charge(NULL, SIZE_MAX);
    cpex_wasmi_engine_builder_redact(NULL, text);
    cpex_wasmi_engine_builder_fuel_slice(NULL, 1);
    cpex_wasmi_engine_builder_stack_bytes(NULL, 1);
    cpex_wasmi_engine_builder_recursion_depth(NULL, 1);
    cpex_wasmi_engine_builder_interpreters(NULL, 1);
    cpex_wasmi_engine_builder_measure_time(NULL);
    cpex_wasmi_engine_builder_http_client(NULL);

    cpex_wasmi_engine_builder_free(NULL);
    cpex_wasmi_engine_free(NULL);
    cpex_wasmi_error_free(NULL);
    cpex_wasmi_module_free(NULL);
    cpex_wasmi_outcome_free(NULL);
    cpex_wasmi_plugin_free(NULL);
    cpex_wasmi_policy_free(NULL);
    cpex_wasmi_request_free(NULL);
}

static void texts_and_bytes_are_checked(const cpex_wasmi_engine *engine, const cpex_wasmi_plugin *plugin)
{
    const cpex_wasmi_code code = CPEX_WASMI_CODE_INVALID_ARGUMENT;
    const cpex_wasmi_text texts[] = {NO_TEXT, HUGE_TEXT, NO_UTF8};
    const char *says[] = {"is null, with a length of 3", "which cannot be", "is not UTF-8, at byte 1"};
    cpex_wasmi_bytes bytes = {NULL, 8};
    cpex_wasmi_policy *policy = cpex_wasmi_policy_new(), *other;
    cpex_wasmi_module *module;
    cpex_wasmi_plugin *loaded;
    cpex_wasmi_request *request;
    cpex_wasmi_outcome *outcome;
    cpex_wasmi_decision decision;
    size_t at;

    for (at = 0; at < 3; at++) {
        fails(cpex_wasmi_policy_parse(texts[at], &other), code, says[at]);
        CHECK(other == NULL);
        fails(cpex_wasmi_policy_set_name(policy, texts[at]), code, says[at]);
        fails(cpex_wasmi_policy_set_config(policy, texts[at]), code, says[at]);
        fails(cpex_wasmi_module_load_file(engine, texts[at], &module), code, says[at]);
        CHECK(module == NULL);
        fails(cpex_wasmi_plugin_load_file(engine, texts[at], NULL, &loaded), code, says[at]);
        fails(cpex_wasmi_request_parse(texts[at], &request), code, says[at]);
        CHECK(request == NULL);
        decision = cpex_wasmi_plugin_call_json(plugin, HOOK, texts[at], &outcome);
        failed(decision, outcome, code, says[at]);
        decision = cpex_wasmi_plugin_call_json(plugin, texts[at], cpex_wasmi_text_of(TOOL_CALL("{}")), &outcome);
        failed(decision, outcome, code, says[at]);
    }
    fails(cpex_wasmi_plugin_load(engine, bytes, NULL, &loaded), code, "is null, with a length of 8");
    bytes.data = (const uint8_t *)"a";
    bytes.len = SIZE_MAX / 2 + 1;
    fails(cpex_wasmi_module_load(engine, bytes, &module), code, "which cannot be");
    cpex_wasmi_policy_free(policy);
}

static void what_is_wrong_has_a_code_and_a_place(const cpex_wasmi_engine *engine, const char *fixtures)
{
    const char *yaml = "sandbox_policy:\n  isolation: poled\n  resources: {max_fule: 1}\n";
    cpex_wasmi_policy *policy = cpex_wasmi_policy_new(), *none;
    cpex_wasmi_module *module;
    cpex_wasmi_plugin *plugin;
    cpex_wasmi_request *request;
    cpex_wasmi_problem problem;
    cpex_wasmi_error *error;
    char path[1024];

    error = cpex_wasmi_policy_parse(cpex_wasmi_text_of(yaml), &none);
    CHECK(cpex_wasmi_error_problem_count(error) == 2);
    CHECK(cpex_wasmi_error_problem(error, 0, &problem) && !cpex_wasmi_error_problem(error, 2, &problem));
    CHECK(cpex_wasmi_error_problem(error, 1, &problem));
    CHECK(problem.code == CPEX_WASMI_CODE_INVALID_POLICY && problem.column > 0);
    CHECK(problem.line == 2 || problem.line == 3);
    CHECK(problem.path.len > 0 && problem.message.len > 0);
    fails(error, CPEX_WASMI_CODE_INVALID_POLICY, "did you mean `pooled`?");

    fails(cpex_wasmi_policy_set_config(policy, cpex_wasmi_text_of("[]")), CPEX_WASMI_CODE_INVALID_POLICY,
          "is not an object");
    fails(cpex_wasmi_policy_set_config(policy, cpex_wasmi_text_of("{\"a\": 1, \"a\": 2}")),
          CPEX_WASMI_CODE_INVALID_POLICY, "stands twice");
    fine(cpex_wasmi_policy_set_config(policy, cpex_wasmi_text_of("{\"a\": 1}")));
    fails(cpex_wasmi_module_load(engine, cpex_wasmi_bytes_of("\0asm", 4), &module), CPEX_WASMI_CODE_INVALID_MODULE, "");
    fails(cpex_wasmi_module_load(engine, cpex_wasmi_bytes_of(NULL, 0), &module), CPEX_WASMI_CODE_INVALID_MODULE, "");
    fails(cpex_wasmi_module_load_file(engine, cpex_wasmi_text_of("/no/such.wasm"), &module),
          CPEX_WASMI_CODE_UNREADABLE_FILE, "/no/such.wasm: ");
    fails(cpex_wasmi_module_load_file(engine, cpex_wasmi_text_of("/"), &module), CPEX_WASMI_CODE_UNREADABLE_FILE, "/: ");
    fails(cpex_wasmi_module_load_file(engine, cpex_wasmi_text_of("/dev/zero"), &module), CPEX_WASMI_CODE_INVALID_MODULE,
          "");
    fails(cpex_wasmi_request_parse(cpex_wasmi_text_of("{"), &request), CPEX_WASMI_CODE_INVALID_REQUEST, "not valid JSON");
    fails(cpex_wasmi_request_parse(cpex_wasmi_text_of("{}"), &request), CPEX_WASMI_CODE_INVALID_REQUEST,
          "has no `payload`");
    fails(cpex_wasmi_request_parse(cpex_wasmi_text_of(TOOL_CALL("{\"lables\": []}")), &request),
          CPEX_WASMI_CODE_INVALID_REQUEST, "`security.lables` is not known");

    snprintf(path, sizeof path, "%s/pii_guard.wasm", fixtures);
    fails(cpex_wasmi_plugin_load_file(engine, cpex_wasmi_text_of(path), NULL, &plugin), CPEX_WASMI_CODE_CAPABILITY_DENIED,
          "");
    fails(cpex_wasmi_plugin_load_file(engine, cpex_wasmi_text_of(path), policy, &plugin),
          CPEX_WASMI_CODE_CAPABILITY_DENIED, "");
    CHECK(plugin == NULL);
    /* What was not made can be used, and is an error. */
    CHECK(cpex_wasmi_plugin_call_json(plugin, HOOK, cpex_wasmi_text_of(TOOL_CALL("{}")), NULL) ==
          CPEX_WASMI_DECISION_ERROR);
    cpex_wasmi_plugin_free(plugin);
    cpex_wasmi_policy_free(policy);
}

static void a_failed_call_has_code_receipt_and_no_changes(const cpex_wasmi_engine *engine, const char *fixtures)
{
    const char *names[] = {"loops", "panics", "memory_hog"};
    const cpex_wasmi_code codes[] = {CPEX_WASMI_CODE_FUEL_EXHAUSTED, CPEX_WASMI_CODE_WASM_TRAP,
                                     CPEX_WASMI_CODE_MEMORY_LIMIT};
    size_t at;

    for (at = 0; at < 3; at++) {
        cpex_wasmi_plugin *plugin = loaded(engine, fixtures, names[at], "resources: {max_fuel: 5000000}");
        cpex_wasmi_request *request;
        cpex_wasmi_outcome *outcome;
        cpex_wasmi_decision decision;
        cpex_wasmi_receipt receipt;

        fine(cpex_wasmi_request_parse(cpex_wasmi_text_of(CALL_OF("boom", "{}")), &request));
        CHECK(cpex_wasmi_plugin_call(plugin, HOOK, request, &outcome) == CPEX_WASMI_DECISION_ERROR);
        CHECK(cpex_wasmi_outcome_receipt(outcome, &receipt) && receipt.fuel > 0);
        CHECK(cpex_wasmi_error_receipt(cpex_wasmi_outcome_error(outcome), NULL));
        CHECK(cpex_wasmi_error_plugin(cpex_wasmi_outcome_error(outcome)).len > 0);
        CHECK(!cpex_wasmi_outcome_violation(outcome, NULL) && !cpex_wasmi_outcome_is_changed(outcome));
        fails(cpex_wasmi_request_apply(request, outcome), CPEX_WASMI_CODE_INVALID_ARGUMENT, "the outcome is an error");
        failed(CPEX_WASMI_DECISION_ERROR, outcome, codes[at], "");
        decision = cpex_wasmi_plugin_call(plugin, cpex_wasmi_text_of("elicit"), request, &outcome);
        failed(decision, outcome, CPEX_WASMI_CODE_UNKNOWN_HOOK, "");
        decision = cpex_wasmi_plugin_call(plugin, HOOK, NULL, &outcome);
        failed(decision, outcome, CPEX_WASMI_CODE_INVALID_ARGUMENT, "the request is null");
        cpex_wasmi_request_free(request);
        cpex_wasmi_plugin_free(plugin);
    }
}

static void codes_have_names(void)
{
    CHECK(cpex_wasmi_abi_version() == CPEX_WASMI_ABI_VERSION);
    CHECK(cpex_wasmi_version().len >= 5);
    CHECK(text_is(cpex_wasmi_code_name(CPEX_WASMI_CODE_TIMEOUT), "timeout"));
    CHECK(text_is(cpex_wasmi_code_name(0), "none"));
    CHECK(cpex_wasmi_code_name(UINT32_MAX).len == 0);
}

int main(int argc, char **argv)
{
    cpex_wasmi_engine *engine;
    cpex_wasmi_plugin *plugin;

    CHECK(argc == 2);
    codes_have_names();
    null_is_an_error_and_never_an_allow();
    fine(cpex_wasmi_engine_new(&engine));
    plugin = loaded(engine, argv[1], "argument_redactor", "");
    texts_and_bytes_are_checked(engine, plugin);
    what_is_wrong_has_a_code_and_a_place(engine, argv[1]);
    a_failed_call_has_code_receipt_and_no_changes(engine, argv[1]);
    cpex_wasmi_plugin_free(plugin);
    cpex_wasmi_engine_free(engine);
    return 0;
}
