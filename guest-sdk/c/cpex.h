/* What a plugin in C or C++ can ask of its host, and its manifest. docs/abi.md describes all of it.
 *
 * Build it with clang and wasi-libc, as a reactor:
 *
 *   clang --target=wasm32-wasip1 -mexec-model=reactor -Os -o plugin.wasm plugin.c
 *
 * Constants and functions are written by `cargo xtask codegen`.
 */
#ifndef CPEX_H
#define CPEX_H

#include <stdint.h>

#define CPEX_IMPORT(name) __attribute__((import_module("cpex"), import_name(name)))

/* The plugin's only entry: int32_t CPEX_INVOKE(uint32_t hook), with the position of the hook in the
 * manifest. Returns CPEX_ALLOW, CPEX_DENY, or the code that the plugin gives up with. */
#define CPEX_INVOKE __attribute__((export_name("cpex_invoke"))) cpex_invoke

#define CPEX_ALLOW 0
#define CPEX_DENY 1

/* As the length of a key: there is none. */
#define CPEX_NO_KEY UINT32_MAX
/* As an index: the field has none. */
#define CPEX_NO_INDEX UINT32_MAX
/* As a field: the key is the input itself. */
#define CPEX_MEMORY UINT32_MAX

#define CPEX_LOG_ERROR 1u
#define CPEX_LOG_WARN 2u
#define CPEX_LOG_INFO 3u
#define CPEX_LOG_DEBUG 4u
#define CPEX_LOG_TRACE 5u

/* The manifest, once in a plugin and outside of any function. All texts are literals without escapes:
 *
 *   CPEX_MANIFEST("guard", "1.0.0", "Denies what it must",
 *                 CPEX_LIST("1") CPEX_TEXT("cmf.tool_pre_invoke"),
 *                 CPEX_LIST("0"),
 *                 CPEX_LIST("1") CPEX_TEXT("fs:read-only:rules"))
 *
 * with hooks, capabilities and system access. Each list begins with how many texts it has, up to 127. */
#define CPEX_MANIFEST(name, version, description, hooks, capabilities, access)           \
    __asm__(".section .custom_section.cpex.manifest,\"\",@\n.byte 1, 0\n"                 \
            CPEX_TEXT(name) CPEX_TEXT(version) CPEX_TEXT(description)                      \
            hooks capabilities access ".byte 0, 0\n.text\n");
#define CPEX_LIST(count) ".byte " count "\n"
#define CPEX_TEXT(text) ".uleb128 9f - 8f\n8: .ascii \"" text "\"\n9:\n"

/* generated: constants */
#define CPEX_FIELD_PAYLOAD 256u
#define CPEX_FIELD_MESSAGE_SCHEMA_VERSION 257u
#define CPEX_FIELD_MESSAGE_ROLE 258u
#define CPEX_FIELD_MESSAGE_CHANNEL 259u
#define CPEX_FIELD_MESSAGE_TEXT 260u
#define CPEX_FIELD_PART 261u
#define CPEX_FIELD_PART_TYPE 262u
#define CPEX_FIELD_PART_TEXT 263u
#define CPEX_FIELD_PAYLOAD_TYPE 264u
#define CPEX_FIELD_MESSAGE_THINKING 265u
#define CPEX_FIELD_TOOL_CALL 288u
#define CPEX_FIELD_TOOL_CALL_ID 289u
#define CPEX_FIELD_TOOL_CALL_NAME 290u
#define CPEX_FIELD_TOOL_CALL_NAMESPACE 291u
#define CPEX_FIELD_TOOL_CALL_ARGUMENTS 292u
#define CPEX_FIELD_TOOL_CALL_FLAT 293u
#define CPEX_FIELD_TOOL_RESULT 320u
#define CPEX_FIELD_TOOL_RESULT_CALL_ID 321u
#define CPEX_FIELD_TOOL_RESULT_NAME 322u
#define CPEX_FIELD_TOOL_RESULT_CONTENT 323u
#define CPEX_FIELD_TOOL_RESULT_IS_ERROR 324u
#define CPEX_FIELD_RESOURCE 336u
#define CPEX_FIELD_RESOURCE_URI 337u
#define CPEX_FIELD_RESOURCE_CONTENT 338u
#define CPEX_FIELD_RESOURCE_MIME_TYPE 339u
#define CPEX_FIELD_RESOURCE_REF 344u
#define CPEX_FIELD_RESOURCE_REF_URI 345u
#define CPEX_FIELD_PROMPT_REQUEST 352u
#define CPEX_FIELD_PROMPT_REQUEST_NAME 353u
#define CPEX_FIELD_PROMPT_REQUEST_ARGUMENTS 354u
#define CPEX_FIELD_PROMPT_RESULT 360u
#define CPEX_FIELD_PROMPT_RESULT_NAME 361u
#define CPEX_FIELD_PROMPT_RESULT_CONTENT 362u
#define CPEX_FIELD_PAYLOAD_RAW_TOKEN 384u
#define CPEX_FIELD_PAYLOAD_BEARER_TOKEN 385u
#define CPEX_FIELD_PAYLOAD_ACTOR_TOKEN 386u
#define CPEX_FIELD_SECURITY 512u
#define CPEX_FIELD_SECURITY_LABELS 513u
#define CPEX_FIELD_SECURITY_CLASSIFICATION 514u
#define CPEX_FIELD_SUBJECT 515u
#define CPEX_FIELD_SUBJECT_ID 516u
#define CPEX_FIELD_SUBJECT_TYPE 517u
#define CPEX_FIELD_SUBJECT_ROLES 518u
#define CPEX_FIELD_SUBJECT_PERMISSIONS 519u
#define CPEX_FIELD_SUBJECT_TEAMS 520u
#define CPEX_FIELD_SUBJECT_CLAIMS 521u
#define CPEX_FIELD_SECURITY_AUTH_METHOD 522u
#define CPEX_FIELD_SECURITY_CLIENT 523u
#define CPEX_FIELD_SECURITY_CALLER_WORKLOAD 524u
#define CPEX_FIELD_SECURITY_THIS_WORKLOAD 525u
#define CPEX_FIELD_SECURITY_OBJECTS 526u
#define CPEX_FIELD_SECURITY_DATA 527u
#define CPEX_FIELD_CLIENT_ID 528u
#define CPEX_FIELD_CLIENT_TRUST_LEVEL 529u
#define CPEX_FIELD_CALLER_WORKLOAD_SPIFFE_ID 530u
#define CPEX_FIELD_THIS_WORKLOAD_SPIFFE_ID 531u
#define CPEX_FIELD_SUBJECT_CLAIM_VALUES 532u
#define CPEX_FIELD_SECURITY_FLAT 576u
#define CPEX_FIELD_HTTP 768u
#define CPEX_FIELD_HTTP_REQUEST_HEADERS 769u
#define CPEX_FIELD_HTTP_RESPONSE_HEADERS 770u
#define CPEX_FIELD_HTTP_METHOD 771u
#define CPEX_FIELD_HTTP_PATH 772u
#define CPEX_FIELD_HTTP_HOST 773u
#define CPEX_FIELD_HTTP_SCHEME 774u
#define CPEX_FIELD_HTTP_STATUS 775u
#define CPEX_FIELD_HTTP_FLAT 832u
#define CPEX_FIELD_REQUEST 1024u
#define CPEX_FIELD_REQUEST_ENVIRONMENT 1025u
#define CPEX_FIELD_REQUEST_ID 1026u
#define CPEX_FIELD_REQUEST_TIMESTAMP 1027u
#define CPEX_FIELD_REQUEST_TRACE_ID 1028u
#define CPEX_FIELD_REQUEST_SPAN_ID 1029u
#define CPEX_FIELD_META 1280u
#define CPEX_FIELD_META_ENTITY_TYPE 1281u
#define CPEX_FIELD_META_ENTITY_NAME 1282u
#define CPEX_FIELD_META_TAGS 1283u
#define CPEX_FIELD_META_SCOPE 1284u
#define CPEX_FIELD_META_PROPERTIES 1285u
#define CPEX_FIELD_META_FLAT 1344u
#define CPEX_FIELD_CUSTOM 1536u
#define CPEX_FIELD_CONTEXT_LOCAL 1792u
#define CPEX_FIELD_CONTEXT_GLOBAL 1793u
#define CPEX_FIELD_CONFIG 2048u
#define CPEX_FIELD_AGENT 2304u
#define CPEX_FIELD_AGENT_INPUT 2305u
#define CPEX_FIELD_AGENT_SESSION_ID 2306u
#define CPEX_FIELD_AGENT_CONVERSATION_ID 2307u
#define CPEX_FIELD_AGENT_TURN 2308u
#define CPEX_FIELD_AGENT_ID 2309u
#define CPEX_FIELD_AGENT_PARENT_ID 2310u
#define CPEX_FIELD_AGENT_CONVERSATION 2311u
#define CPEX_FIELD_DELEGATION 2560u
#define CPEX_FIELD_DELEGATION_DEPTH 2561u
#define CPEX_FIELD_DELEGATION_ORIGIN 2562u
#define CPEX_FIELD_DELEGATION_ACTOR 2563u
#define CPEX_FIELD_DELEGATED 2564u
#define CPEX_FIELD_DELEGATION_AGE 2565u
#define CPEX_FIELD_DELEGATION_HOP 2566u
#define CPEX_FIELD_CANDIDATE_CONSTRAINT 2816u
#define CPEX_FIELD_MCP 3072u
#define CPEX_FIELD_MCP_TOOL_NAME 3073u
#define CPEX_FIELD_MCP_TOOL_SERVER_ID 3074u
#define CPEX_FIELD_MCP_TOOL_INPUT_SCHEMA 3075u
#define CPEX_FIELD_MCP_TOOL_OUTPUT_SCHEMA 3076u
#define CPEX_FIELD_MCP_RESOURCE_URI 3077u
#define CPEX_FIELD_MCP_RESOURCE_SERVER_ID 3078u
#define CPEX_FIELD_MCP_PROMPT_NAME 3079u
#define CPEX_FIELD_MCP_PROMPT_SERVER_ID 3080u
#define CPEX_FIELD_COMPLETION 3328u
#define CPEX_FIELD_COMPLETION_STOP_REASON 3329u
#define CPEX_FIELD_COMPLETION_MODEL 3330u
#define CPEX_FIELD_COMPLETION_LATENCY 3331u
#define CPEX_FIELD_PROVENANCE 3584u
#define CPEX_FIELD_PROVENANCE_SOURCE 3585u
#define CPEX_FIELD_PROVENANCE_MESSAGE_ID 3586u
#define CPEX_FIELD_PROVENANCE_PARENT_ID 3587u
#define CPEX_FIELD_LLM 3840u
#define CPEX_FIELD_LLM_MODEL_ID 3841u
#define CPEX_FIELD_LLM_PROVIDER 3842u
#define CPEX_FIELD_FRAMEWORK 4096u
#define CPEX_FIELD_FRAMEWORK_NAME 4097u
#define CPEX_FIELD_FRAMEWORK_VERSION 4098u
#define CPEX_FIELD_FRAMEWORK_NODE_ID 4099u
#define CPEX_FIELD_FRAMEWORK_GRAPH_ID 4100u
#define CPEX_FIELD_FRAMEWORK_METADATA 4101u
#define CPEX_FIELD_RAW_CREDENTIALS 4352u
#define CPEX_FIELD_INBOUND_TOKEN 4353u
#define CPEX_FIELD_DELEGATED_TOKEN 4354u
#define CPEX_FIELD_LLM_REQUEST 4608u

#define CPEX_ABSENT (-1)
#define CPEX_UNKNOWN_FIELD (-2)
#define CPEX_CAPABILITY_DENIED (-3)
#define CPEX_READ_ONLY (-4)
#define CPEX_INVALID_ARGUMENT (-5)
#define CPEX_MALFORMED (-6)
#define CPEX_NO_TEXT_FORM (-7)
#define CPEX_TOO_LARGE (-8)
#define CPEX_NOT_DURING_INIT (-9)
#define CPEX_ALREADY_DENIED (-10)
#define CPEX_WRONG_PAYLOAD (-11)
#define CPEX_LOG_FULL (-12)
#define CPEX_FAILED (-13)
#define CPEX_CREDENTIALS_DENIED (-14)
#define CPEX_ACCESS_DENIED (-15)
#define CPEX_UNKNOWN_FUNCTION (-16)
#define CPEX_UNAVAILABLE (-17)
#define CPEX_QUOTA_EXCEEDED (-18)
#define CPEX_INVALID_TOKEN (-19)
/* end */

#ifdef __cplusplus
extern "C" {
#endif

/* generated: functions */
/* Reads a value as postcard. Returns its length; copies nothing if that is more than the buffer holds. */
CPEX_IMPORT("read") int32_t cpex_read(uint32_t field, uint32_t index, const void *key, uint32_t key_len, void *out, uint32_t out_len);
/* As `read`, but as JSON text. */
CPEX_IMPORT("read_json") int32_t cpex_read_json(uint32_t field, uint32_t index, const void *key, uint32_t key_len, void *out, uint32_t out_len);
/* As `read`, but as bare UTF-8 text. Only for text, numbers and booleans. */
CPEX_IMPORT("read_text") int32_t cpex_read_text(uint32_t field, uint32_t index, const void *key, uint32_t key_len, void *out, uint32_t out_len);
/* Reads the name of one entry of a map or one member of a set as text, by its position in sorted order. */
CPEX_IMPORT("read_key") int32_t cpex_read_key(uint32_t field, uint32_t index, uint32_t position, void *out, uint32_t out_len);
/* Returns 1 if the set has that member, the map that key, or the record that place, or if the plain value is there. Otherwise returns 0. */
CPEX_IMPORT("contains") int32_t cpex_contains(uint32_t field, uint32_t index, const void *key, uint32_t key_len);
/* Returns how many entries a map has, members a set, or, with the index `NO_INDEX`, how many values an indexed field. */
CPEX_IMPORT("count") int32_t cpex_count(uint32_t field, uint32_t index);
/* Returns the slots of the extensions that are there and that the plugin may read: bit `n` is set for the slot whose field has the number `n` × 256. */
CPEX_IMPORT("slots") int32_t cpex_slots();
/* Sets a value given as postcard: a field, an entry of a map, a place in a record, or a new member of a set. Returns 0. */
CPEX_IMPORT("write") int32_t cpex_write(uint32_t field, uint32_t index, const void *key, uint32_t key_len, const void *value, uint32_t value_len);
/* As `write`, but given as JSON text. */
CPEX_IMPORT("write_json") int32_t cpex_write_json(uint32_t field, uint32_t index, const void *key, uint32_t key_len, const void *value, uint32_t value_len);
/* As `write`, but given as bare UTF-8 text: a string, except in a field that is a boolean or a number. */
CPEX_IMPORT("write_text") int32_t cpex_write_text(uint32_t field, uint32_t index, const void *key, uint32_t key_len, const void *value, uint32_t value_len);
/* Removes an entry of a map, or the candidate constraint. Returns 1 if it was there, otherwise 0. */
CPEX_IMPORT("remove") int32_t cpex_remove(uint32_t field, uint32_t index, const void *key, uint32_t key_len);
/* Denies the operation, with a postcard `Violation`. Returns 0. What the plugin wrote to payload and extensions is dropped. */
CPEX_IMPORT("deny") int32_t cpex_deny(const void *violation, uint32_t violation_len);
/* Denies the operation, with code and reason as text. Returns 0. */
CPEX_IMPORT("deny_text") int32_t cpex_deny_text(const void *code, uint32_t code_len, const void *reason, uint32_t reason_len);
/* Denies the operation, with the JSON object that CPEX writes for a violation. Returns 0. */
CPEX_IMPORT("deny_json") int32_t cpex_deny_json(const void *violation, uint32_t violation_len);
/* Calls a function that the operator granted, by name, with a postcard argument. Returns the length of its result in postcard, which is copied if the buffer holds it, and kept for `call_result`. */
CPEX_IMPORT("call") int32_t cpex_call(const void *name, uint32_t name_len, const void *argument, uint32_t argument_len, void *out, uint32_t out_len);
/* As `call`, but argument and result are JSON text. */
CPEX_IMPORT("call_json") int32_t cpex_call_json(const void *name, uint32_t name_len, const void *argument, uint32_t argument_len, void *out, uint32_t out_len);
/* Copies the result of the last `call` or `call_json` from an offset on, as much as the buffer holds. Returns how many bytes that were. */
CPEX_IMPORT("call_result") int32_t cpex_call_result(uint32_t offset, void *out, uint32_t out_len);
/* Compiles a regular expression. Returns its number, and writes the names of its groups into the buffer. If it is not valid, returns `Malformed` and writes the reason as text into the buffer, as much as it holds. */
CPEX_IMPORT("pattern") int32_t cpex_pattern(const void *text, uint32_t text_len, uint32_t flags, void *out, uint32_t out_len);
/* Makes a set of patterns, given as their numbers: four bytes each, the lowest first. Returns its number. */
CPEX_IMPORT("pattern_set") int32_t cpex_pattern_set(const void *patterns, uint32_t patterns_len);
/* Gives back a pattern or a set. Returns 0. */
CPEX_IMPORT("pattern_drop") int32_t cpex_pattern_drop(uint32_t pattern);
/* Searches an input for the matches of a pattern, or of each pattern of a set. Returns the number of records in the buffer; its head says where to go on. */
CPEX_IMPORT("search") int32_t cpex_search(uint32_t field, uint32_t index, const void *key, uint32_t key_len, uint32_t pattern, uint32_t first, uint32_t from, uint32_t what, void *out, uint32_t out_len);
/* As `search`, but in each text of a structure. A record ends with the JSON Pointer of its text. */
CPEX_IMPORT("scan") int32_t cpex_scan(uint32_t field, uint32_t index, const void *key, uint32_t key_len, uint32_t pattern, uint32_t first, uint32_t from, uint32_t text, void *out, uint32_t out_len);
/* Replaces the matches of a pattern, or of each pattern of a set, in each text of a field. A write as others are. Returns the number of replacements; the head in the buffer says where to go on. */
CPEX_IMPORT("replace") int32_t cpex_replace(uint32_t field, uint32_t index, const void *key, uint32_t key_len, uint32_t pattern, uint32_t first, uint32_t text, uint32_t how, const void *template, uint32_t template_len, void *out, uint32_t out_len);
/* Hashes an input. Returns the length of the digest. */
CPEX_IMPORT("digest") int32_t cpex_digest(uint32_t field, uint32_t index, const void *key, uint32_t key_len, uint32_t algorithm, void *out, uint32_t out_len);
/* Makes the HMAC of an input, by SHA-256 or SHA-512. Returns its length. */
CPEX_IMPORT("hmac") int32_t cpex_hmac(uint32_t field, uint32_t index, const void *key, uint32_t key_len, uint32_t algorithm, const void *secret, uint32_t secret_len, void *out, uint32_t out_len);
/* Writes an input as text. Returns the length of the text. */
CPEX_IMPORT("encode") int32_t cpex_encode(uint32_t field, uint32_t index, const void *key, uint32_t key_len, uint32_t encoding, void *out, uint32_t out_len);
/* Reads the bytes that an input is the text of. Returns their length. */
CPEX_IMPORT("decode") int32_t cpex_decode(uint32_t field, uint32_t index, const void *key, uint32_t key_len, uint32_t encoding, void *out, uint32_t out_len);
/* Returns the Shannon entropy of an input, in thousandths of a bit for each byte: 0 to 8000. */
CPEX_IMPORT("entropy") int32_t cpex_entropy(uint32_t field, uint32_t index, const void *key, uint32_t key_len);
/* Returns 1 if an input is equal to other bytes, otherwise 0. It takes the same time wherever they differ. */
CPEX_IMPORT("equal") int32_t cpex_equal(uint32_t field, uint32_t index, const void *key, uint32_t key_len, const void *other, uint32_t other_len);
/* Returns 1 if an input, an IP address as text, is in one of networks such as `10.0.0.0/8`, otherwise 0. */
CPEX_IMPORT("in_networks") int32_t cpex_in_networks(uint32_t field, uint32_t index, const void *key, uint32_t key_len, const void *networks, uint32_t networks_len);
/* Reads an input as a URL, as browsers do, and gives its parts as postcard. Returns their length. */
CPEX_IMPORT("url") int32_t cpex_url(uint32_t field, uint32_t index, const void *key, uint32_t key_len, void *out, uint32_t out_len);
/* As `url`, but as JSON text. */
CPEX_IMPORT("url_json") int32_t cpex_url_json(uint32_t field, uint32_t index, const void *key, uint32_t key_len, void *out, uint32_t out_len);
/* Writes the public suffix of an input, a host name, or its registrable domain. Returns the length. */
CPEX_IMPORT("public_suffix") int32_t cpex_public_suffix(uint32_t field, uint32_t index, const void *key, uint32_t key_len, uint32_t part, void *out, uint32_t out_len);
/* Compiles a JSON Schema. Returns its number. If it is invalid, or has what this host does not check, returns `Malformed` and writes the reason as text into the buffer, as much as it holds. */
CPEX_IMPORT("schema") int32_t cpex_schema(const void *text, uint32_t text_len, void *out, uint32_t out_len);
/* Gives back a schema. Returns 0. */
CPEX_IMPORT("schema_drop") int32_t cpex_schema_drop(uint32_t schema);
/* Checks an input by a schema: a value of the request, or a JSON text. Returns 0 if it fits, otherwise the length of its faults as postcard. */
CPEX_IMPORT("schema_check") int32_t cpex_schema_check(uint32_t field, uint32_t index, const void *key, uint32_t key_len, uint32_t schema, void *out, uint32_t out_len);
/* As `schema_check`, but gives the faults as JSON text. */
CPEX_IMPORT("schema_check_json") int32_t cpex_schema_check_json(uint32_t field, uint32_t index, const void *key, uint32_t key_len, uint32_t schema, void *out, uint32_t out_len);
/* Returns 1 if a signature of an input is valid under a public key, otherwise 0. A key that is invalid, weak or for another algorithm is `Malformed`. */
CPEX_IMPORT("verify") int32_t cpex_verify(uint32_t field, uint32_t index, const void *key, uint32_t key_len, uint32_t algorithm, const void *public_key, uint32_t public_key_len, const void *signature, uint32_t signature_len);
/* Checks an input as a JSON Web Token, by rules in postcard and by keys, and gives its claims as a postcard `Value`. Returns their length; or `InvalidToken`, with the fault as text in the buffer. */
CPEX_IMPORT("jwt") int32_t cpex_jwt(uint32_t field, uint32_t index, const void *key, uint32_t key_len, const void *rules, uint32_t rules_len, const void *keys, uint32_t keys_len, void *out, uint32_t out_len);
/* As `jwt`, but rules and claims are JSON text. */
CPEX_IMPORT("jwt_json") int32_t cpex_jwt_json(uint32_t field, uint32_t index, const void *key, uint32_t key_len, const void *rules, uint32_t rules_len, const void *keys, uint32_t keys_len, void *out, uint32_t out_len);
/* Writes a line to the plugin's log: level 1 error, 2 warn, 3 info, 4 debug, 5 trace. Returns 0. */
CPEX_IMPORT("log") int32_t cpex_log(uint32_t level, const void *message, uint32_t message_len);
/* Tells the host why the plugin is about to trap, or to return the code of a status. Returns 0; the trap is the plugin's to make. */
CPEX_IMPORT("panic") int32_t cpex_panic(const void *message, uint32_t message_len);
/* Ends the call with a status, as if the export had returned its code. Does not return. */
CPEX_IMPORT("fail") int32_t cpex_fail(uint32_t status);
/* Adds to a counter that is told with the outcome of the call. Returns 0. */
CPEX_IMPORT("metric") int32_t cpex_metric(const void *name, uint32_t name_len, uint32_t value);
/* Attaches a value, given as a postcard `Value`, to the outcome of the call, in the place of one with that key. Returns 0. */
CPEX_IMPORT("metadata") int32_t cpex_metadata(const void *key, uint32_t key_len, const void *value, uint32_t value_len);
/* As `metadata`, but given as JSON text. */
CPEX_IMPORT("metadata_json") int32_t cpex_metadata_json(const void *key, uint32_t key_len, const void *value, uint32_t value_len);
/* end */

#ifdef __cplusplus
}
#endif

#endif
