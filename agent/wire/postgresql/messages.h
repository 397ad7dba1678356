// Building the few messages that Weir itself says, and reading the fields of those it must
// understand. Pure; a builder returns one whole message, a reader gets a body without its header
// and returns views into it, or nothing when it is malformed. Texts are cut at a NUL of their own.
// Source: "Message Formats", "Error and Notice Message Fields".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/postgresql/reply_tracker.h"

namespace weir::wire::postgresql {

// -- to clients
// `severity`: FATAL closes the connection in the client's eyes, ERROR does not.
[[nodiscard]] std::string error_response(std::string_view severity, std::string_view sqlstate,
                                         std::string_view message, std::string_view detail = {},
                                         std::string_view hint = {});
[[nodiscard]] std::string notice_response(std::string_view sqlstate, std::string_view message);
[[nodiscard]] std::string ready_for_query(TransactionStatus status);
[[nodiscard]] std::string parameter_status(std::string_view name, std::string_view value);
[[nodiscard]] std::string backend_key_data(std::uint32_t process_id, std::string_view secret);
[[nodiscard]] std::string authentication_ok();
// `salt`: 4 random bytes.
[[nodiscard]] std::string authentication_md5_password(std::string_view salt);
[[nodiscard]] std::string authentication_sasl(const std::vector<std::string_view>& mechanisms);
[[nodiscard]] std::string authentication_sasl_continue(std::string_view data);
[[nodiscard]] std::string authentication_sasl_final(std::string_view data);
// `newest_minor`: of protocol 3; `unknown_options` as Startup found them.
[[nodiscard]] std::string negotiate_protocol_version(
    std::uint32_t newest_minor, const std::vector<std::string>& unknown_options);

// -- to servers
[[nodiscard]] std::string query(std::string_view sql);
[[nodiscard]] std::string sync();
[[nodiscard]] std::string terminate();
[[nodiscard]] std::string copy_fail(std::string_view reason);
// `definition`: all of a Parse that follows the statement's name, as it came.
[[nodiscard]] std::string parse(std::string_view statement, std::string_view definition);
[[nodiscard]] std::string execute(std::string_view portal = {});  // all rows
[[nodiscard]] std::string describe_statement(std::string_view statement);
[[nodiscard]] std::string close_statement(std::string_view statement);
[[nodiscard]] std::string close_portal(std::string_view portal);
// Appends the beginning of a Bind whose parameters and formats, `rest` bytes, follow it.
void put_bind_head(std::string& out, std::string_view portal, std::string_view statement,
                   std::size_t rest);
// The name of a parameter as servers report it; PostgreSQL spells a few with capitals.
[[nodiscard]] std::string_view reported_name(std::string_view lower_case);
void put_length(std::string& message);  // of a whole message that was changed
[[nodiscard]] std::string parse_complete();
[[nodiscard]] std::string close_complete();

// -- read
// The statement in the body of a Parse, as far as it has come.
[[nodiscard]] std::string_view parsed_text(std::string_view body);
// Of an ErrorResponse or NoticeResponse; severity untranslated.
struct ErrorFields {
    std::string_view severity, sqlstate, message;
};
[[nodiscard]] std::optional<ErrorFields> read_error(std::string_view body);
struct Parameter {
    std::string_view name, value;
};
[[nodiscard]] std::optional<Parameter> read_parameter_status(std::string_view body);
[[nodiscard]] std::string_view read_c_string(
    std::string_view& bytes);  // empty and unchanged without a NUL

// SASLInitialResponse / SASLResponse ('p' messages).
struct SaslInitial {
    std::string_view mechanism, data;
};
[[nodiscard]] std::optional<SaslInitial> read_sasl_initial(std::string_view body);

}  // namespace weir::wire::postgresql
