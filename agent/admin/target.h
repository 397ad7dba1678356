// The target of a request taken apart: path segments and query parameters, percent-decoded after
// they were split, so that an encoded '/' stays inside its name. PURE.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::admin {

struct Target {
    std::vector<std::string> segments;              // of "/api/v1/pools": api, v1, pools
    std::map<std::string, std::string> parameters;  // the first of each name

    [[nodiscard]] const std::string* parameter(const std::string& name) const;
};

// Nothing when an escape is not two hex digits, when a byte decodes to a control character, or when
// the path does not begin with '/'. An empty segment (a doubled '/') is kept: it matches no route.
[[nodiscard]] std::optional<Target> parse_target(std::string_view path, std::string_view query);

}  // namespace weir::admin
