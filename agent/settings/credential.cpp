#include "settings/credential.h"

namespace weir::settings {

bool is_md5_verifier(std::string_view text) {
    constexpr std::string_view prefix = "md5";
    constexpr std::size_t digits = 32;
    return text.starts_with(prefix) && text.size() == prefix.size() + digits &&
           text.find_first_not_of("0123456789abcdef", prefix.size()) == std::string_view::npos;
}

bool has_password(const User& user) {
    return !user.password.empty() && !is_md5_verifier(user.password.reveal());
}

}  // namespace weir::settings
