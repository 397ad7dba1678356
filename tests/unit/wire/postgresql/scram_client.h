// The client's side of SCRAM-SHA-256, straight from RFC 5802, to hold the server's side against.
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>
#include <string_view>

namespace weir::wire::postgresql::test {

inline std::string sha_hmac(std::string_view key, std::string_view data) {
    std::string out(32, '\0');
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(data.data()), data.size(),
         reinterpret_cast<unsigned char*>(out.data()), nullptr);
    return out;
}

inline std::string base64(std::string_view raw) {
    std::string text((raw.size() + 2) / 3 * 4 + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                    reinterpret_cast<const unsigned char*>(raw.data()),
                    static_cast<int>(raw.size()));
    text.pop_back();
    return text;
}

inline std::string salted_password(std::string_view password, std::string_view salt,
                                   int iterations) {
    std::string out(32, '\0');
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                      reinterpret_cast<const unsigned char*>(salt.data()),
                      static_cast<int>(salt.size()), iterations, EVP_sha256(), 32,
                      reinterpret_cast<unsigned char*>(out.data()));
    return out;
}

// ClientProof, raw.
inline std::string client_proof(std::string_view salted, std::string_view auth_message) {
    const std::string client_key = sha_hmac(salted, "Client Key");
    std::string stored_key(32, '\0');
    EVP_Digest(client_key.data(), client_key.size(),
               reinterpret_cast<unsigned char*>(stored_key.data()), nullptr, EVP_sha256(), nullptr);
    std::string proof = sha_hmac(stored_key, auth_message);
    for (std::size_t i = 0; i < proof.size(); ++i) {
        proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
    }
    return proof;
}

inline std::string server_signature(std::string_view salted, std::string_view auth_message) {
    return sha_hmac(sha_hmac(salted, "Server Key"), auth_message);
}

}  // namespace weir::wire::postgresql::test
