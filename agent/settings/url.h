// A database's URL taken apart: scheme://user:password@host:port/database?name=value. Only the form
// and the percent-decoding; what the parts mean is for the caller.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::settings {

struct Url {
    std::string scheme, user, password;
    std::string host;  // as written, IPv6 in its brackets; may be empty
    std::string port;  // may be empty
    std::string path;  // without the first "/"
    std::map<std::string, std::string> parameters;
};

// The message of a failure never repeats any part of the text: it may hold a password.
[[nodiscard]] base::Result<Url> parse_url(std::string_view text);

}  // namespace weir::settings
