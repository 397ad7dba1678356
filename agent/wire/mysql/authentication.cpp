#include "wire/mysql/authentication.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <cassert>
#include <cstddef>
#include <initializer_list>
#include <utility>

#include "base/wipe.h"
#include "wire/mysql/handshake.h"

namespace weir::wire::mysql {

namespace {

struct Digest {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    [[nodiscard]] std::string_view view() const {
        return {reinterpret_cast<const char*>(bytes.data()), size};
    }
    Digest() = default;
    Digest(const Digest&) = default;
    Digest& operator=(const Digest&) = default;
    ~Digest() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

Digest digest(const EVP_MD* kind, std::initializer_list<std::string_view> parts) {
    Digest out;
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    bool fine = context != nullptr && EVP_DigestInit_ex(context, kind, nullptr) == 1;
    for (const std::string_view part : parts) {
        fine = fine && EVP_DigestUpdate(context, part.data(), part.size()) == 1;
    }
    fine = fine && EVP_DigestFinal_ex(context, out.bytes.data(), &out.size) == 1;
    EVP_MD_CTX_free(context);
    if (!fine) out.size = 0;  // matches nothing: see equal()
    ERR_clear_error();
    return out;
}

std::string exclusive_or(std::string_view a, std::string_view b) {
    std::string out(a);
    for (std::size_t i = 0; i < out.size() && i < b.size(); ++i) {
        out[i] = static_cast<char>(out[i] ^ b[i]);
    }
    return out;
}

bool equal(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// An empty response is an empty password's; every other one is compared in the same time.
bool matches(std::string_view password, std::string_view expected, std::string_view response) {
    if (password.empty()) return response.empty();
    return !expected.empty() && equal(expected, response);
}

struct FreeContext {
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_PKEY_CTX, FreeContext>;

EVP_PKEY* key_of(const void* key) { return static_cast<EVP_PKEY*>(const_cast<void*>(key)); }

}  // namespace

// SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password)))
std::string native_password_response(std::string_view password, std::string_view scramble) {
    if (password.empty()) return {};
    const Digest once = digest(EVP_sha1(), {password});
    const Digest twice = digest(EVP_sha1(), {once.view()});
    const Digest salted = digest(EVP_sha1(), {scramble, twice.view()});
    return exclusive_or(once.view(), salted.view());
}

// SHA256(password) XOR SHA256(SHA256(SHA256(password)) + scramble)
std::string caching_sha2_response(std::string_view password, std::string_view scramble) {
    if (password.empty()) return {};
    const Digest once = digest(EVP_sha256(), {password});
    const Digest twice = digest(EVP_sha256(), {once.view()});
    const Digest salted = digest(EVP_sha256(), {twice.view(), scramble});
    return exclusive_or(once.view(), salted.view());
}

bool native_password_matches(std::string_view password, std::string_view scramble,
                             std::string_view response) {
    return matches(password, native_password_response(password, scramble), response);
}

bool caching_sha2_matches(std::string_view password, std::string_view scramble,
                          std::string_view response) {
    // MySQL's own clients say "no password" with a NUL.
    if (password.empty() && response == std::string_view("\0", 1)) return true;
    return matches(password, caching_sha2_response(password, scramble), response);
}

bool clear_password_matches(std::string_view password, std::string_view response) {
    if (!response.ends_with('\0')) return false;
    response.remove_suffix(1);
    return equal(password, response);
}

void RsaKey::Free::operator()(void* key) const { EVP_PKEY_free(static_cast<EVP_PKEY*>(key)); }
RsaKey::RsaKey(RsaKey&&) noexcept = default;
RsaKey& RsaKey::operator=(RsaKey&&) noexcept = default;
RsaKey::~RsaKey() = default;

base::Result<RsaKey> RsaKey::generate(unsigned bits) {
    RsaKey made;
    made.key_.reset(EVP_RSA_gen(bits));
    BIO* const memory = BIO_new(BIO_s_mem());
    char* text = nullptr;
    if (made.key_ && memory != nullptr &&
        PEM_write_bio_PUBKEY(memory, key_of(made.key_.get())) == 1) {
        const long size = BIO_get_mem_data(memory, &text);
        made.public_pem_.assign(text, static_cast<std::size_t>(size));
    }
    BIO_free(memory);
    ERR_clear_error();
    if (made.public_pem_.empty()) return base::error("no RSA key could be made");
    return made;
}

bool RsaKey::proves(std::string_view scramble, std::string_view response,
                    const std::function<bool(std::string_view)>& is_right) const {
    assert(key_ && scramble.size() == scramble_size);
    const auto size = static_cast<std::size_t>(EVP_PKEY_get_size(key_of(key_.get())));
    if (response.size() != size) return false;
    const Context context(EVP_PKEY_CTX_new(key_of(key_.get()), nullptr));
    std::string clear(size, '\0');
    std::size_t clear_size = clear.size();
    const bool decrypted =
        context && EVP_PKEY_decrypt_init(context.get()) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
        EVP_PKEY_decrypt(context.get(), reinterpret_cast<unsigned char*>(clear.data()), &clear_size,
                         reinterpret_cast<const unsigned char*>(response.data()),
                         response.size()) == 1;
    ERR_clear_error();
    bool right = false;
    if (decrypted) {
        for (std::size_t i = 0; i < clear_size; ++i) {
            clear[i] = static_cast<char>(clear[i] ^ scramble[i % scramble.size()]);
        }
        const std::string_view given = std::string_view(clear).substr(0, clear_size);
        right = given.ends_with('\0') && is_right(given.substr(0, given.size() - 1));
    }
    base::wipe(clear);
    return right;
}

}  // namespace weir::wire::mysql
