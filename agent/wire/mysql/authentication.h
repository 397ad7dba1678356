// The server's side of mysql_native_password and caching_sha2_password against a password that is
// known. Pure but for OpenSSL's digests, and for its random numbers where a key is made. Each
// answer takes the same time for a right and a wrong password of the same length. Source:
// "Authentication plugins": "mysql_native_password", "caching_sha2_password".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::wire::mysql {

// `response` as the client sent it, `scramble` the 20 bytes it was given (without the NUL that
// follows them in packets). The response to an empty password is empty.
[[nodiscard]] bool native_password_matches(std::string_view password, std::string_view scramble,
                                           std::string_view response);
// caching_sha2_password's fast way.
[[nodiscard]] bool caching_sha2_matches(std::string_view password, std::string_view scramble,
                                        std::string_view response);
// The password itself, with the NUL behind it: the full way of caching_sha2_password under TLS or
// on a unix socket, and mysql_clear_password.
[[nodiscard]] bool clear_password_matches(std::string_view password, std::string_view response);

// The response that a client gives: for Weir's own logins and for tests.
[[nodiscard]] std::string native_password_response(std::string_view password,
                                                   std::string_view scramble);
[[nodiscard]] std::string caching_sha2_response(std::string_view password,
                                                std::string_view scramble);

// The key of the full way without TLS. Immutable: any thread. Making one takes tens of
// milliseconds, so that it is best made when the first client asks.
class RsaKey {
  public:
    [[nodiscard]] static base::Result<RsaKey> generate(unsigned bits = 2048);
    RsaKey(RsaKey&&) noexcept;
    RsaKey& operator=(RsaKey&&) noexcept;
    ~RsaKey();

    [[nodiscard]] std::string_view public_pem() const { return public_pem_; }
    // Whether `is_right` says so of the password in `response`: it and its NUL, each byte XORed
    // with the scramble's, encrypted with OAEP. What is decrypted is wiped; false when nothing can
    // be.
    [[nodiscard]] bool proves(std::string_view scramble, std::string_view response,
                              const std::function<bool(std::string_view)>& is_right) const;

  private:
    struct Free {
        void operator()(void* key) const;
    };
    RsaKey() = default;
    std::unique_ptr<void, Free> key_;  // EVP_PKEY
    std::string public_pem_;
};

}  // namespace weir::wire::mysql
