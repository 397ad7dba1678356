#include "wire/postgresql/md5.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::wire::postgresql {
namespace {

// Of user "app" with the password "pencil", as PostgreSQL makes it; and what libpq answers to the
// salt 01 02 03 04.
const std::string stored = "md506d701b4dd9f7cbb00816251a451b978";
const std::string answer("md54bfca4ca571b8df74c2fc2247888d96f", 36);
constexpr Md5Salt salt{1, 2, 3, 4};

TEST(Md5, a_verifier_is_md5_and_32_digits) {
    EXPECT_TRUE(parse_md5_verifier(stored));
    for (std::size_t size = 0; size < stored.size(); ++size) {
        EXPECT_FALSE(parse_md5_verifier(stored.substr(0, size))) << size;
    }
    for (const std::string& text :
         {stored + "0", "MD5" + stored.substr(3), "md5" + std::string(32, 'A'),
          "md5" + std::string(32, 'g'), std::string("SCRAM-SHA-256$4096:c2FsdA==$a:b")}) {
        EXPECT_FALSE(parse_md5_verifier(text)) << text;
    }
}

TEST(Md5, the_right_password_for_this_salt_is_let_in) {
    const Md5Verifier verifier = *parse_md5_verifier(stored);
    EXPECT_TRUE(check_md5_answer(verifier, salt, answer));
    EXPECT_FALSE(check_md5_answer(verifier, {1, 2, 3, 5}, answer));
}

TEST(Md5, anything_else_is_refused) {
    const Md5Verifier verifier = *parse_md5_verifier(stored);
    std::string changed = answer;
    changed[20] = static_cast<char>(changed[20] ^ 1);
    const std::string without_nul = answer.substr(0, 35);
    const std::string stored_itself = stored + std::string(1, '\0');
    for (const std::string& body :
         {std::string(), changed, without_nul, answer + answer, stored_itself}) {
        EXPECT_FALSE(check_md5_answer(verifier, salt, body)) << body;
    }
}

TEST(Md5, an_unknown_user_is_refused_whatever_it_answers) {
    Md5Verifier matching = *parse_md5_verifier(stored);
    matching.genuine = false;
    EXPECT_FALSE(check_md5_answer(matching, salt, answer));
}

}  // namespace
}  // namespace weir::wire::postgresql
