// The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding, and PostgreSQL's
// stored verifiers "SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey". Pure but for randomness,
// which the caller passes in. An unknown user is taken through the same exchange, in the same time.
// Passwords are taken byte for byte: SASLprep changes nothing in ASCII, nor in precomposed UTF-8
// without compatibility characters, and PostgreSQL itself falls back to the bytes where SASLprep
// refuses; a password that SASLprep would change needs a stored verifier.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::wire::postgresql {

using ScramKey = std::array<unsigned char, 32>;

struct ScramVerifier {
    std::uint32_t iterations = 4096;
    std::string salt;  // raw bytes
    ScramKey stored_key{}, server_key{};
    bool genuine = true;  // false: made up for an unknown user, never matches
};

// Nothing when `text` is no such verifier.
[[nodiscard]] std::optional<ScramVerifier> parse_scram_verifier(std::string_view text);
// Costly (PBKDF2): once a user, not at each login. Precondition: iterations > 0.
[[nodiscard]] ScramVerifier derive_scram_verifier(std::string_view password, std::string_view salt,
                                                  std::uint32_t iterations = 4096);
// The same for the same name and `secret`, so that an unknown user can't be told by its salt.
[[nodiscard]] ScramVerifier mock_scram_verifier(std::string_view user, std::string_view secret);
// The ServerSignature for `auth_message` (RFC 5802, 3) when `proof` shows that the client has the
// verifier's password; nothing when it doesn't, after the same time.
[[nodiscard]] std::optional<ScramKey> check_scram_proof(const ScramVerifier& verifier,
                                                        std::string_view auth_message,
                                                        std::string_view proof);

// One login: first(), then final(), each once.
class ScramExchange {
  public:
    // `nonce`: at least 18 random bytes, printable or not (encoded here).
    ScramExchange(ScramVerifier verifier, std::string_view nonce);
    // client-first-message → server-first-message; nothing when it is malformed or asks for
    // channel binding that was not offered.
    [[nodiscard]] std::optional<std::string> first(std::string_view client_first);
    // client-final-message → server-final-message; nothing when malformed or the proof is wrong.
    [[nodiscard]] std::optional<std::string> final(std::string_view client_final);

  private:
    ScramVerifier verifier_;
    std::string nonce_, client_first_bare_, server_first_, gs2_header_;
};

}  // namespace weir::wire::postgresql
