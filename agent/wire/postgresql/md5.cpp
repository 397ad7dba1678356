#include "wire/postgresql/md5.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <string>

namespace weir::wire::postgresql {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

std::optional<std::string> md5_hex(std::string_view text) {
    std::array<unsigned char, 16> digest{};
    if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_md5(), nullptr) != 1) {
        return std::nullopt;
    }
    std::string hex;
    for (const unsigned byte : digest) {
        hex.push_back(hex_digits[byte >> 4U]);
        hex.push_back(hex_digits[byte & 0xfU]);
    }
    return hex;
}

}  // namespace

Md5Verifier::~Md5Verifier() { OPENSSL_cleanse(hash.data(), hash.size()); }

std::optional<Md5Verifier> parse_md5_verifier(std::string_view text) {
    Md5Verifier verifier;
    if (!text.starts_with(md5_prefix)) return std::nullopt;
    text.remove_prefix(md5_prefix.size());
    // The server compares lower-case digits, so that others would never match there either.
    if (text.size() != verifier.hash.size() ||
        text.find_first_not_of(hex_digits) != std::string_view::npos) {
        return std::nullopt;
    }
    std::copy(text.begin(), text.end(), verifier.hash.begin());
    return verifier;
}

bool is_md5_password(const Md5Verifier& verifier, std::string_view user,
                     std::string_view password) {
    std::string both(password);
    both.append(user);
    const auto hex = md5_hex(both);
    OPENSSL_cleanse(both.data(), both.size());
    return hex && CRYPTO_memcmp(hex->data(), verifier.hash.data(), verifier.hash.size()) == 0 &&
           verifier.genuine;
}

// The client sends "md5" + md5(hash + salt) in hex, and a NUL.
bool check_md5_answer(const Md5Verifier& verifier, const Md5Salt& salt, std::string_view body) {
    std::string salted(verifier.hash.data(), verifier.hash.size());
    salted.append(salt.data(), salt.size());
    const auto hex = md5_hex(salted);
    OPENSSL_cleanse(salted.data(), salted.size());
    if (!hex) return false;
    std::string expected(md5_prefix);
    expected.append(*hex).push_back('\0');
    const bool equal = body.size() == expected.size() &&
                       CRYPTO_memcmp(body.data(), expected.data(), expected.size()) == 0;
    return equal && verifier.genuine;
}

}  // namespace weir::wire::postgresql
