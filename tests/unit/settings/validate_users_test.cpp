#include "loading.h"

namespace weir::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* verifier =
    "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$"
    "n9Kzq4n3MlOjGvYv3VqZ7k0Zy1mB8nC4p2sT6uW0xY8=:Aa9Kzq4n3MlOjGvYv3VqZ7k0Zy1mB8nC4p2sT6uW0xY=";

std::string with_user(const std::string& lines) {
    return small({}, "[[user]]\nname = \"bob\"\n" + lines + "\n");
}

TEST(ValidateUsers, somebody_must_be_able_to_log_in) {
    const auto nobody = std::string(small_upstream) + std::string(small_pool);
    EXPECT_THAT(problems_of(nobody),
                ElementsAre("weir.toml: user: nobody can log in: no [[user]] is given"));
    EXPECT_THAT(problems_of(nobody + "[auth]\nmode = \"trust\"\n"), IsEmpty());
}

TEST(ValidateUsers, user_has_a_password_or_a_verifier) {
    EXPECT_THAT(problems_of(with_user("")),
                ElementsAre(HasSubstr("user.bob.password: a password (or scram) is required")));
    EXPECT_THAT(
        problems_of(with_user("password = \"x\"\nscram = \"" + std::string(verifier) + "\"")),
        ElementsAre(HasSubstr("user.bob.scram: give either password or scram")));
    EXPECT_THAT(problems_of(with_user("scram = \"" + std::string(verifier) + "\"")), IsEmpty());
    EXPECT_THAT(problems_of(with_user("") + "[auth]\nmode = \"trust\"\n"), IsEmpty());
}

TEST(ValidateUsers, verifier_has_its_form_and_is_never_repeated) {
    for (const std::string text :
         {"hush", "SCRAM-SHA-256$", "SCRAM-SHA-256$0:aGk=$x:y", "SCRAM-SHA-256$4096:hush$a:b",
          "SCRAM-SHA-256$4096:$aGk=:aGk=", "md5hush"}) {
        const auto problems = problems_of(with_user("scram = \"" + text + "\""));
        ASSERT_EQ(problems.size(), 1U) << text;
        EXPECT_THAT(problems[0], HasSubstr("user.bob.scram: expected a verifier"));
        EXPECT_THAT(problems[0], ::testing::Not(HasSubstr("hush")));
    }
}

TEST(ValidateUsers, names_are_given_and_unique) {
    EXPECT_THAT(problems_after("[[user]]\npassword = \"x\"\n"),
                ElementsAre(HasSubstr("user[2].name: a name of 1 to 63 bytes is required")));
    EXPECT_THAT(problems_after("[[user]]\nname = \"ann\"\npassword = \"x\"\n"),
                ElementsAre(HasSubstr("another [[user]] has this name already")));
    EXPECT_THAT(problems_after("[[user]]\nname = \"ann@shop\"\npassword = \"x\"\n"), IsEmpty());
}

TEST(ValidateUsers, pools_and_tenants_are_names_or_stand_for_all) {
    EXPECT_THAT(problems_of(with_user("password = \"x\"\npools = [\"ap\"]")),
                ElementsAre(HasSubstr("user.bob.pools: there is no [[pool]] named \"ap\"; did you "
                                      "mean \"app\"?")));
    EXPECT_THAT(problems_of(with_user("password = \"x\"\ntenants = [\"{tenant}\"]")),
                ElementsAre(HasSubstr("user.bob.tenants: expected a tenant's name")));
    EXPECT_THAT(problems_of(with_user("password = \"x\"\npools = [\"app\", \"*\"]\n"
                                      "tenants = [\"{user}\", \"acme\", \"*\"]")),
                IsEmpty());
    EXPECT_THAT(problems_before("[auth]\nquery_pools = [\"nothing\"]\n"),
                ElementsAre(HasSubstr("auth.query_pools: there is no [[pool]]")));
}

TEST(ValidateUsers, verifier_is_not_enough_to_log_in_as_the_client) {
    const auto scram = "scram = \"" + std::string(verifier) + "\"\n";
    EXPECT_THAT(problems_of(with_user(scram + "pools = [\"app\"]")),
                ElementsAre(HasSubstr("pool.app logs in as the client and needs its password")));
    EXPECT_THAT(texts_of(loaded(with_user(scram)).warnings),
                ElementsAre(HasSubstr("pool.app logs in as the client and needs its password")));
}

TEST(ValidateUsers, md5_verifier_is_not_enough_to_log_in_as_the_client) {
    const std::string md5 = "password = \"md5" + std::string(32, 'a') + "\"\n";
    EXPECT_THAT(problems_of(with_user(md5 + "pools = [\"app\"]")),
                ElementsAre(HasSubstr("user.bob.password: pool.app logs in as the client")));
    const auto other = loaded(with_user(md5));
    EXPECT_THAT(texts_of(other.warnings),
                ElementsAre(HasSubstr("user.bob.password: pool.app logs in as the client")));
    EXPECT_THAT(other.warnings[0].text(), ::testing::Not(HasSubstr("aaaa")));
}

TEST(ValidateUsers, accounts_found_on_the_server_need_pools_with_an_account) {
    const std::string query = "[auth]\nmode = \"query\"\nquery_user = \"q\"\n";
    EXPECT_THAT(problems_before(query),
                ElementsAre(HasSubstr("auth.query_pools: required by the mode \"query\"")));
    EXPECT_THAT(problems_before(query + "query_pools = [\"app\"]\n"),
                ElementsAre(HasSubstr("auth.query_pools: pool.app logs in as the client")));
    EXPECT_THAT(problems_before(query + "query_pools = [\"*\"]\n"), IsEmpty());
}

}  // namespace
}  // namespace weir::settings
