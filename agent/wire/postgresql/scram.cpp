#include "wire/postgresql/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <utility>

namespace weir::wire::postgresql {

namespace {

const unsigned char* unsigned_bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view view(const ScramKey& key) {
    return {reinterpret_cast<const char*>(key.data()), key.size()};
}

// The digests below fail only when OpenSSL has no memory or no SHA-256.
void must(bool worked) {
    if (!worked) throw std::runtime_error("OpenSSL can't compute SHA-256");
}

ScramKey hmac(std::string_view key, std::string_view data) {
    ScramKey result;
    unsigned size = 0;
    must(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), unsigned_bytes(data),
              data.size(), result.data(), &size) != nullptr);
    return result;
}

ScramKey sha256(std::string_view data) {
    ScramKey result;
    unsigned size = 0;
    must(EVP_Digest(data.data(), data.size(), result.data(), &size, EVP_sha256(), nullptr) == 1);
    return result;
}

std::string to_base64(std::string_view raw) {
    std::string text((raw.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL adds a NUL
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), unsigned_bytes(raw),
                    static_cast<int>(raw.size()));
    text.pop_back();
    return text;
}

// Stricter than OpenSSL, which takes white space and padding in the middle.
std::optional<std::string> from_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0 || text.size() > 4096) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    const std::string_view digits = text.substr(0, text.size() - padding);
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (digits.find_first_not_of(alphabet) != std::string_view::npos) return std::nullopt;
    std::string raw(text.size() / 4 * 3, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(raw.data()),
                                     unsigned_bytes(text), static_cast<int>(text.size()));
    if (size < 0) return std::nullopt;
    raw.resize(static_cast<std::size_t>(size) - padding);
    return raw;
}

std::optional<ScramKey> read_key(std::string_view base64) {
    const auto raw = from_base64(base64);
    ScramKey key;
    if (!raw || raw->size() != key.size()) return std::nullopt;
    std::copy(raw->begin(), raw->end(), key.begin());
    return key;
}

// Takes "x=value" with its comma off the front; nothing when another attribute comes first.
std::optional<std::string_view> take_attribute(std::string_view& text, char name) {
    if (text.size() < 2 || text[0] != name || text[1] != '=') return std::nullopt;
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view value = text.substr(2, end - 2);
    text.remove_prefix(std::min(end + 1, text.size()));
    return value;
}

// Takes what is before `separator` off the front, and the separator.
std::optional<std::string_view> take_until(std::string_view& text, char separator) {
    const std::size_t end = text.find(separator);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end + 1);
    return part;
}

bool is_nonce(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return c > ' ' && c < '\x7f' && c != ','; });
}

void wipe(ScramKey& key) { OPENSSL_cleanse(key.data(), key.size()); }

}  // namespace

ScramVerifier::~ScramVerifier() {
    wipe(stored_key);
    wipe(server_key);
}

std::optional<ScramVerifier> parse_scram_verifier(std::string_view text) {
    constexpr std::string_view scheme = "SCRAM-SHA-256$";
    if (!text.starts_with(scheme)) return std::nullopt;
    text.remove_prefix(scheme.size());
    const auto iterations = take_until(text, ':');
    const auto salt = iterations ? take_until(text, '$') : std::nullopt;
    const auto stored_key = salt ? take_until(text, ':') : std::nullopt;
    if (!stored_key) return std::nullopt;

    ScramVerifier verifier;
    const char* const end = iterations->data() + iterations->size();
    const auto [stop, error] = std::from_chars(iterations->data(), end, verifier.iterations);
    if (error != std::errc{} || stop != end || verifier.iterations == 0) return std::nullopt;
    auto raw_salt = from_base64(*salt);
    const auto stored = read_key(*stored_key);
    const auto server = read_key(text);
    if (!raw_salt || !stored || !server) return std::nullopt;
    verifier.salt = std::move(*raw_salt);
    verifier.stored_key = *stored;
    verifier.server_key = *server;
    return verifier;
}

ScramVerifier derive_scram_verifier(std::string_view password, std::string_view salt,
                                    std::uint32_t iterations) {
    assert(iterations > 0);
    ScramKey salted;
    must(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), unsigned_bytes(salt),
                           static_cast<int>(salt.size()), static_cast<int>(iterations),
                           EVP_sha256(), static_cast<int>(salted.size()), salted.data()) == 1);
    ScramVerifier verifier;
    verifier.iterations = iterations;
    verifier.salt = salt;
    ScramKey client_key = hmac(view(salted), "Client Key");
    verifier.stored_key = sha256(view(client_key));
    verifier.server_key = hmac(view(salted), "Server Key");
    wipe(client_key);
    wipe(salted);
    return verifier;
}

ScramVerifier mock_scram_verifier(std::string_view user, std::string_view secret,
                                  std::uint32_t iterations, std::size_t salt_size) {
    ScramVerifier verifier;
    verifier.iterations = iterations;
    verifier.salt = view(hmac(secret, user)).substr(0, salt_size);
    verifier.genuine = false;
    return verifier;
}

std::optional<ScramKey> check_scram_proof(const ScramVerifier& verifier,
                                          std::string_view auth_message, std::string_view proof) {
    ScramKey client_key = hmac(view(verifier.stored_key), auth_message);
    if (proof.size() != client_key.size()) return std::nullopt;
    for (std::size_t i = 0; i < proof.size(); ++i) {
        client_key[i] =
            static_cast<unsigned char>(client_key[i] ^ static_cast<unsigned char>(proof[i]));
    }
    const ScramKey hashed = sha256(view(client_key));
    wipe(client_key);  // whoever has it can log in as this user
    const ScramKey signature = hmac(view(verifier.server_key), auth_message);
    const bool equal = CRYPTO_memcmp(hashed.data(), verifier.stored_key.data(), hashed.size()) == 0;
    if (!equal || !verifier.genuine) return std::nullopt;
    return signature;
}

ScramExchange::ScramExchange(const ScramVerifier& verifier, std::string_view nonce,
                             std::string_view end_point)
    : verifier_(verifier), nonce_(to_base64(nonce)), end_point_(end_point) {
    assert(nonce.size() >= 18);
}

std::vector<std::string_view> ScramExchange::mechanisms() const {
    if (end_point_.empty()) return {scram_mechanism};
    return {scram_plus_mechanism, scram_mechanism};
}

// gs2-cbind-flag "," [authzid] "," "n=" user "," "r=" nonce ["," extensions]. The user name is
// the start-up packet's: PostgreSQL's clients leave it empty here. "p" goes with PLUS alone; "y"
// (the client could bind, but was not offered it) is in order only where it was not: else somebody
// between took our offer away. An identity to act as and mandatory extensions are unknown to us.
std::optional<std::string> ScramExchange::first(std::string_view mechanism,
                                                std::string_view client_first) {
    if (!server_first_.empty()) return std::nullopt;
    std::string_view header;
    if (mechanism == scram_plus_mechanism && !end_point_.empty()) {
        header = "p=tls-server-end-point,,";
        binding_ = std::string(header) + end_point_;
    } else if (mechanism == scram_mechanism) {
        header = client_first.starts_with("y,,") && end_point_.empty() ? "y,," : "n,,";
        binding_ = header;
    }
    if (header.empty() || !client_first.starts_with(header)) return std::nullopt;
    client_first_bare_ = client_first.substr(header.size());

    std::string_view rest = client_first_bare_;
    if (!take_attribute(rest, 'n')) return std::nullopt;
    const auto client_nonce = take_attribute(rest, 'r');
    if (!client_nonce || !is_nonce(*client_nonce)) return std::nullopt;
    nonce_.insert(0, *client_nonce);
    server_first_ = "r=" + nonce_ + ",s=" + to_base64(verifier_.salt) +
                    ",i=" + std::to_string(verifier_.iterations);
    return server_first_;
}

// "c=" base64(gs2 header and binding data) "," "r=" nonce ["," extensions] "," "p=" base64(proof).
std::optional<std::string> ScramExchange::final(std::string_view client_final) {
    if (server_first_.empty()) return std::nullopt;
    const std::size_t proof_at = client_final.rfind(",p=");
    if (proof_at == std::string_view::npos) return std::nullopt;
    const std::string_view without_proof = client_final.substr(0, proof_at);
    const auto proof = from_base64(client_final.substr(proof_at + 3));

    std::string_view rest = without_proof;
    const auto binding = take_attribute(rest, 'c');
    const auto nonce = binding ? take_attribute(rest, 'r') : std::nullopt;
    if (!proof || !nonce || *binding != to_base64(binding_) || *nonce != nonce_) {
        return std::nullopt;
    }
    std::string auth_message = client_first_bare_;
    auth_message.append(",").append(server_first_).append(",").append(without_proof);
    const auto signature = check_scram_proof(verifier_, auth_message, *proof);
    if (!signature) return std::nullopt;
    return "v=" + to_base64(view(*signature));
}

}  // namespace weir::wire::postgresql
