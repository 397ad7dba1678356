// The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), and PostgreSQL's
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
#include <vector>

namespace weir::wire::postgresql {

using ScramKey = std::array<unsigned char, 32>;

// Its keys are wiped when it dies.
struct ScramVerifier {
    static constexpr std::uint32_t usual_iterations = 4096;
    static constexpr std::size_t usual_salt_size = 16;  // PostgreSQL's own salts are as long

    std::uint32_t iterations = usual_iterations;
    std::string salt;  // raw bytes
    ScramKey stored_key{}, server_key{};
    bool genuine = true;  // false: made up for an unknown user, never matches

    ScramVerifier() = default;
    ScramVerifier(const ScramVerifier&) = default;
    ScramVerifier& operator=(const ScramVerifier&) = default;
    ~ScramVerifier();
};

// Nothing when `text` is no such verifier.
[[nodiscard]] std::optional<ScramVerifier> parse_scram_verifier(std::string_view text);
// Costly (PBKDF2): once a user, not at each login. Precondition: iterations > 0.
[[nodiscard]] ScramVerifier derive_scram_verifier(
    std::string_view password, std::string_view salt,
    std::uint32_t iterations = ScramVerifier::usual_iterations);
// The same for the same name and `secret`, so that an unknown user can't be told by its salt.
// `salt_size` is at most 32.
[[nodiscard]] ScramVerifier mock_scram_verifier(
    std::string_view user, std::string_view secret,
    std::uint32_t iterations = ScramVerifier::usual_iterations,
    std::size_t salt_size = ScramVerifier::usual_salt_size);
// The ServerSignature for `auth_message` (RFC 5802, 3) when `proof` shows that the client has the
// verifier's password; nothing when it doesn't, after the same time.
[[nodiscard]] std::optional<ScramKey> check_scram_proof(const ScramVerifier& verifier,
                                                        std::string_view auth_message,
                                                        std::string_view proof);

inline constexpr std::string_view scram_mechanism = "SCRAM-SHA-256";
inline constexpr std::string_view scram_plus_mechanism = "SCRAM-SHA-256-PLUS";

// One login: first(), then final(), each once. Under TLS the client may bind it to our certificate,
// so that nobody between can pass it on: `end_point` is the binding data of tls-server-end-point
// (RFC 5929, 4.1), the certificate's hash; empty where there is none to bind to.
class ScramExchange {
  public:
    // `nonce`: at least 18 random bytes, printable or not (encoded here).
    ScramExchange(const ScramVerifier& verifier, std::string_view nonce,
                  std::string_view end_point = {});
    // What to offer the client, the better one first.
    [[nodiscard]] std::vector<std::string_view> mechanisms() const;
    // client-first-message → server-first-message; nothing when `mechanism` was not offered, when
    // the message is malformed, or when it says of channel binding what does not fit (RFC 5802, 6).
    [[nodiscard]] std::optional<std::string> first(std::string_view mechanism,
                                                   std::string_view client_first);
    // client-final-message → server-final-message; nothing when malformed or the proof is wrong.
    [[nodiscard]] std::optional<std::string> final(std::string_view client_final);

  private:
    ScramVerifier verifier_;
    std::string nonce_, end_point_, client_first_bare_, server_first_;
    std::string binding_;  // what the client must repeat in "c="
};

}  // namespace weir::wire::postgresql
