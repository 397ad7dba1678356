#include "settings/credential.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::settings {
namespace {

const std::string md5 = "md50123456789abcdef0123456789abcdef";

TEST(Credential, an_md5_verifier_is_md5_and_32_lower_case_digits) {
    EXPECT_TRUE(is_md5_verifier(md5));
    for (const std::string& text : {std::string(), std::string("md5"), md5 + "0", md5.substr(1),
                                    md5.substr(0, 34), "md5" + std::string(32, 'A'), "x" + md5}) {
        EXPECT_FALSE(is_md5_verifier(text)) << text;
    }
}

TEST(Credential, a_verifier_is_no_password) {
    User user;
    EXPECT_FALSE(has_password(user));
    user.scram = Secret::of("SCRAM-SHA-256$4096:…");
    EXPECT_FALSE(has_password(user));
    user.password = Secret::of(md5);
    EXPECT_FALSE(has_password(user));
    user.password = Secret::of("md5 is not enough");
    EXPECT_TRUE(has_password(user));
}

}  // namespace
}  // namespace weir::settings
