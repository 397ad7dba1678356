// Query attributes: named parameters that a client which negotiated CLIENT_QUERY_ATTRIBUTES sends
// with a COM_QUERY or COM_STMT_EXECUTE, and the same commands without them. The one that is looked
// at is `traceparent`. Pure and strict; keeps nothing. Readers get a payload with its command byte;
// views lie in it. Sources: MySQL documentation, "COM_QUERY", "COM_STMT_EXECUTE", "Binary Protocol
// Value", "Query Attributes".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/mysql/protocol.h"

namespace weir::wire::mysql {

struct QueryAttributes {
    std::size_t text_at = 0;       // where the statement's text begins in the payload
    std::string_view traceparent;  // the first attribute of this name that is a text; or empty
};
// Of a COM_QUERY, of which the text may be missing. The error says what is wrong.
[[nodiscard]] base::Result<QueryAttributes> read_query_attributes(std::string_view payload);

// Appends the payload of the same COM_STMT_EXECUTE as a client without attributes would send it,
// and returns the attribute `traceparent`, or an empty view. The statement has so many parameters
// of its own; `long_data`: a bit for each of them whose value was sent by COM_STMT_SEND_LONG_DATA,
// or shorter. Unless the payload is `whole` it may lack values at its end: then the attributes'
// values stay behind the statement's own, where servers don't look, and traceparent is not found.
// They stay as well where no types are sent. Failure: nothing is appended, and the error says what
// is wrong.
[[nodiscard]] base::Result<std::string_view> append_plain_execute(std::string& out,
                                                                  std::string_view payload,
                                                                  std::uint16_t parameters,
                                                                  std::string_view long_data,
                                                                  bool whole);

}  // namespace weir::wire::mysql
