#include "wire/mysql/authentication.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <functional>
#include <memory>
#include <string>

#include "wire/mysql/bytes.h"

namespace weir::wire::mysql {
namespace {

using test::hex;

const std::string scramble = "abcdefghijklmnopqrst";

// A client's side: the password as it is sent without TLS.
std::string encrypted(std::string_view pem, std::string_view password) {
    std::string clear = std::string(password) + '\0';
    for (std::size_t i = 0; i < clear.size(); ++i) {
        clear[i] = static_cast<char>(clear[i] ^ scramble[i % scramble.size()]);
    }
    BIO* const memory = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    EVP_PKEY* const key = PEM_read_bio_PUBKEY(memory, nullptr, nullptr, nullptr);
    EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new(key, nullptr);
    std::string out(512, '\0');
    std::size_t size = out.size();
    EXPECT_EQ(EVP_PKEY_encrypt_init(context), 1);
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING), 1);
    EXPECT_EQ(EVP_PKEY_encrypt(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                               reinterpret_cast<const unsigned char*>(clear.data()), clear.size()),
              1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    BIO_free(memory);
    out.resize(size);
    return out;
}

// What PyMySQL answers to this password and scramble.
const std::string native_answer = hex("8817c50fa779daef010ee7577825b0847df9842e");
const std::string sha2_answer =
    hex("c76e2898612a4cf042c77fa8c4702c4c64c0c2c5"
        "57c53c4d75595aaa6abae809");

TEST(Authentication, lets_in_who_knows_the_password) {
    EXPECT_TRUE(native_password_matches("secret", scramble, native_answer));
    EXPECT_TRUE(caching_sha2_matches("secret", scramble, sha2_answer));
    EXPECT_EQ(native_password_response("secret", scramble), native_answer);
    EXPECT_EQ(caching_sha2_response("secret", scramble), sha2_answer);
    EXPECT_TRUE(clear_password_matches("secret", std::string("secret\0", 7)));
}

TEST(Authentication, lets_nobody_in_with_another_password_scramble_or_length) {
    for (const auto matches : {&native_password_matches, &caching_sha2_matches}) {
        const std::string& answer =
            matches == &native_password_matches ? native_answer : sha2_answer;
        EXPECT_FALSE(matches("Secret", scramble, answer));
        EXPECT_FALSE(matches("secret", "abcdefghijklmnopqrsT", answer));
        EXPECT_FALSE(matches("secret", scramble, ""));
        EXPECT_FALSE(matches("secret", scramble, answer.substr(1)));
        EXPECT_FALSE(matches("secret", scramble, answer + "x"));
        EXPECT_FALSE(matches("secret", scramble, "secret"));
    }
    EXPECT_FALSE(clear_password_matches("secret", "secret"));
    EXPECT_FALSE(clear_password_matches("secret", std::string("secret\0\0", 8)));
    EXPECT_FALSE(clear_password_matches("secret", ""));
}

TEST(Authentication, an_empty_password_is_proved_by_nothing) {
    EXPECT_EQ(native_password_response("", scramble), "");
    EXPECT_TRUE(native_password_matches("", scramble, ""));
    EXPECT_FALSE(native_password_matches("", scramble, native_answer));
    EXPECT_TRUE(caching_sha2_matches("", scramble, ""));
    EXPECT_TRUE(caching_sha2_matches("", scramble, std::string(1, '\0')));
    EXPECT_FALSE(caching_sha2_matches("", scramble, sha2_answer));
    EXPECT_FALSE(caching_sha2_matches("secret", scramble, std::string(1, '\0')));
    EXPECT_TRUE(clear_password_matches("", std::string(1, '\0')));
}

std::function<bool(std::string_view)> is(std::string password) {
    return [password = std::move(password)](std::string_view given) { return given == password; };
}

TEST(Authentication, opens_a_password_that_was_encrypted_for_its_key) {
    const auto key = RsaKey::generate(1024);
    ASSERT_TRUE(key);
    EXPECT_TRUE(key->public_pem().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    const std::string lengthy = "a password longer than the scramble is";
    EXPECT_TRUE(key->proves(scramble, encrypted(key->public_pem(), lengthy), is(lengthy)));
    const std::string right = encrypted(key->public_pem(), "secret");
    EXPECT_TRUE(key->proves(scramble, right, is("secret")));
    EXPECT_FALSE(key->proves(scramble, right, is("secrets")));
    EXPECT_FALSE(key->proves("tsrqponmlkjihgfedcba", right, is("secret")));
    EXPECT_FALSE(key->proves(scramble, right.substr(1), is("secret")));
    std::string spoiled = right;
    spoiled[5] = static_cast<char>(spoiled[5] ^ 1);
    EXPECT_FALSE(key->proves(scramble, spoiled, is("secret")));
    const auto other = RsaKey::generate(1024);
    ASSERT_TRUE(other);
    EXPECT_FALSE(other->proves(scramble, right, is("secret")));
}

}  // namespace
}  // namespace weir::wire::mysql
