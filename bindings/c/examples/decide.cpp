// Asks a plugin about tool calls, with objects that free themselves and errors that are exceptions.
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <cpex_wasmi.h>

namespace cpex {

template <typename T, void (*free_)(T *)> struct Free {
    void operator()(T *object) const { free_(object); }
};
template <typename T, void (*free_)(T *)> using Owned = std::unique_ptr<T, Free<T, free_>>;

using Engine = Owned<cpex_wasmi_engine, cpex_wasmi_engine_free>;
using Outcome = Owned<cpex_wasmi_outcome, cpex_wasmi_outcome_free>;
using Plugin = Owned<cpex_wasmi_plugin, cpex_wasmi_plugin_free>;
using Policy = Owned<cpex_wasmi_policy, cpex_wasmi_policy_free>;
using Error = Owned<cpex_wasmi_error, cpex_wasmi_error_free>;

inline cpex_wasmi_text text(const std::string &text) { return {text.data(), text.size()}; }
inline std::string string(cpex_wasmi_text text) { return std::string(text.data, text.len); }

// Throws the error, if there is one. Null is none.
inline void check(cpex_wasmi_error *raw)
{
    Error error(raw);
    if (error)
        throw std::runtime_error(string(cpex_wasmi_error_message(error.get())));
}

// Owns what a function puts into a place, or throws its error.
template <typename T, typename Make> T made(Make make)
{
    typename T::pointer raw = nullptr;
    cpex_wasmi_error *error = make(&raw);
    T owned(raw);
    check(error);
    return owned;
}

} // namespace cpex

// A log sink: nothing may be thrown out of it.
static void log_line(void *, const cpex_wasmi_log_record *record) noexcept
{
    std::printf("log: %.*s: %.*s\n", CPEX_WASMI_PRINTED(record->plugin), CPEX_WASMI_PRINTED(record->message));
}

int main(int argc, char **argv)
try {
    const std::string folder = argc > 1 ? argv[1] : "fixtures";

    const auto engine = cpex::made<cpex::Engine>([](cpex_wasmi_engine **place) {
        cpex_wasmi_engine_builder *builder = cpex_wasmi_engine_builder_new();
        cpex_wasmi_engine_builder_log_sink(builder, log_line, nullptr, nullptr);
        return cpex_wasmi_engine_build(builder, place);
    });
    const auto policy = cpex::made<cpex::Policy>([](cpex_wasmi_policy **place) {
        return cpex_wasmi_policy_parse(cpex::text("isolation: pooled"), place);
    });
    const auto plugin = cpex::made<cpex::Plugin>([&](cpex_wasmi_plugin **place) {
        const std::string path = folder + "/argument_redactor.wasm";
        return cpex_wasmi_plugin_load_file(engine.get(), cpex::text(path), policy.get(), place);
    });

    for (const char *ssn : {"123-45-6789", "unknown"}) {
        const std::string request =
            std::string("{\"payload\": {\"message\": {\"role\": \"assistant\", \"content\": [{\"content_type\": "
                        "\"tool_call\", \"content\": {\"tool_call_id\": \"1\", \"name\": \"lookup\", \"arguments\": "
                        "{\"ssn\": \"") +
            ssn + "\"}}}]}}}";
        cpex_wasmi_outcome *raw = nullptr;
        const cpex_wasmi_decision decision =
            cpex_wasmi_plugin_call_json(plugin.get(), cpex::text("cmf.tool_pre_invoke"), cpex::text(request), &raw);
        const cpex::Outcome outcome(raw);
        std::printf("%s, changes %s\n", decision == CPEX_WASMI_DECISION_ALLOW ? "allow" : "no",
                    cpex::string(cpex_wasmi_outcome_changes(outcome.get())).c_str());
    }

    try {
        cpex::made<cpex::Policy>([](cpex_wasmi_policy **place) {
            return cpex_wasmi_policy_parse(cpex::text("isolation: poled"), place);
        });
    } catch (const std::exception &error) {
        std::printf("%s\n", error.what());
    }
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
