#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "loading.h"

namespace weir::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class SecretSource : public ::testing::Test {
  protected:
    SecretSource() {
        auto name = (std::filesystem::temp_directory_path() / "weir-source-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        std::ofstream(folder_ / "token") << "from the file\n";
        std::ofstream(folder_ / "empty") << "\n";
    }
    ~SecretSource() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::string file(const std::string& name) const {
        return "{ file = \"" + (folder_ / name).string() + "\" }";
    }

    std::filesystem::path folder_;
};

std::string with_token(const std::string& value) {
    return small("[admin]\ntoken = " + value + "\n");
}

TEST_F(SecretSource, is_the_text_the_environment_or_a_file) {
    EXPECT_TRUE(loaded(with_token("\"plain\"")).settings.admin.token.matches("plain"));
    EXPECT_TRUE(loaded(with_token("{ env = \"TOKEN\" }"), {{"TOKEN", "from outside"}})
                    .settings.admin.token.matches("from outside"));
    EXPECT_TRUE(loaded(with_token(file("token"))).settings.admin.token.matches("from the file"));
}

TEST_F(SecretSource, name_that_a_secret_reads_means_something) {
    EXPECT_TRUE(loaded(with_token("{ env = \"WEIR_MY_TOKEN\" }"), {{"WEIR_MY_TOKEN", "x"}})
                    .settings.admin.token.matches("x"));
}

TEST_F(SecretSource, that_is_missing_is_told) {
    EXPECT_THAT(problems_of(with_token("{ env = \"TOKEN\" }")),
                ElementsAre("weir.toml:2:9: admin.token: the environment has no TOKEN"));
    EXPECT_THAT(problems_of(with_token(file("nothing"))),
                ElementsAre(EndsWith("nothing: No such file or directory")));
    EXPECT_THAT(problems_of(with_token(file("empty"))), ElementsAre(EndsWith("empty is empty")));
}

TEST_F(SecretSource, of_another_form_is_refused_without_repeating_it) {
    for (const auto* value : {"271828", "[\"271828\"]", "{ text = \"271828\" }", "{ env = 271828 }",
                              "{ env = \"A\", file = \"271828\" }", "{}"}) {
        const auto problems = problems_of(with_token(value));
        ASSERT_EQ(problems.size(), 1U) << value;
        EXPECT_THAT(problems[0], HasSubstr("admin.token: expected a secret"));
        EXPECT_THAT(problems[0], ::testing::Not(HasSubstr("271828")));
    }
}

TEST_F(SecretSource, tenant_may_stand_in_the_path_of_a_pools_password_only) {
    const auto text = std::string(small_upstream) + std::string(small_user) + R"(
[[pool]]
name = "app"
upstream = "main"
match = "{tenant}"
user = "{tenant}"
password = )" + file("{tenant}");
    EXPECT_TRUE(loaded(text).settings.pool.at(0).password.per_tenant());
    EXPECT_THAT(problems_of(with_token(file("{tenant}"))),
                ElementsAre(HasSubstr("no {tenant} may stand in a secret's path here")));
}

TEST_F(SecretSource, other_places_in_a_path_are_refused) {
    EXPECT_THAT(problems_of(small({},
                                  "[[pool]]\nname=\"b\"\nupstream=\"main\"\n"
                                  "match=\"{tenant}_{app}\"\nuser=\"u\"\npassword=" +
                                      file("{app}"))),
                ElementsAre(HasSubstr("only {tenant} may stand in a secret's path")));
}

}  // namespace
}  // namespace weir::settings
