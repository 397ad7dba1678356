// Reading the admin API's JSON without exceptions: what is missing or of another type reads as
// empty, so that the commands work with an older or newer agent, too.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::cli {

using Document = nlohmann::json;

// Fails when `body` is no JSON object: not an agent that answers.
[[nodiscard]] base::Result<Document> parse_document(const std::string& body);

[[nodiscard]] std::string text_at(const Document& object, std::string_view key);
[[nodiscard]] double number_at(const Document& object, std::string_view key);
[[nodiscard]] bool flag_at(const Document& object, std::string_view key);
// A count as text; "" where there is none.
[[nodiscard]] std::string count_at(const Document& object, std::string_view key);
// The array; an empty one where there is none.
[[nodiscard]] const Document& rows_at(const Document& object, std::string_view key);

}  // namespace weir::cli
