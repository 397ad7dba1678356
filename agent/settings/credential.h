// What a [[user]] gives to be recognised by: a password, or a verifier that shows whether a client
// has it without telling it. Pure; any thread.
#pragma once

#include <string_view>

#include "settings/settings.h"

namespace weir::settings {

// "md5" and 32 hex digits, as pg_authid.rolpassword holds it: PostgreSQL takes no password of that
// form for one either.
[[nodiscard]] bool is_md5_verifier(std::string_view text);
// Whether Weir can log in to a server as this user: it has the password itself.
[[nodiscard]] bool has_password(const User& user);

}  // namespace weir::settings
