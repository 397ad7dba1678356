// PostgreSQL's md5 verifiers, "md5" and 32 hex digits of md5(password + user), and the check of
// what a client makes of one for AuthenticationMD5Password. Pure; randomness is passed in. For
// roles whose password has not been changed since their server learnt SCRAM. Source: PostgreSQL
// documentation, "Message Flow", "Start-up", AuthenticationMD5Password.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::wire::postgresql {

inline constexpr std::string_view md5_prefix = "md5";
using Md5Salt = std::array<char, 4>;

// Its hash is wiped when it dies.
struct Md5Verifier {
    std::array<char, 32> hash{};  // lower-case hex digits
    bool genuine = true;          // false: made up for an unknown user, never matches

    Md5Verifier() = default;
    Md5Verifier(const Md5Verifier&) = default;
    Md5Verifier& operator=(const Md5Verifier&) = default;
    ~Md5Verifier();
};

// Nothing when `text` is no such verifier.
[[nodiscard]] std::optional<Md5Verifier> parse_md5_verifier(std::string_view text);
// Whether it is that of this password of `user`; the same time either way.
[[nodiscard]] bool is_md5_password(const Md5Verifier& verifier, std::string_view user,
                                   std::string_view password);
// Whether a PasswordMessage's body answers `salt` with the verifier's password; takes the same time
// either way. False where OpenSSL is not allowed to compute MD5.
[[nodiscard]] bool check_md5_answer(const Md5Verifier& verifier, const Md5Salt& salt,
                                    std::string_view body);

}  // namespace weir::wire::postgresql
