#include "settings/secret.h"

#include <gtest/gtest.h>

#include <concepts>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <type_traits>
#include <utility>

namespace weir::settings {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
    out << value;
};
static_assert(!Printable<Secret>);
static_assert(!std::convertible_to<Secret, std::string>);
static_assert(!std::convertible_to<Secret, std::string_view>);

TEST(Secret, matches_only_the_same_text) {
    const auto secret = Secret::of("swordfish");
    EXPECT_TRUE(secret.matches("swordfish"));
    EXPECT_FALSE(secret.matches("swordfisH"));
    EXPECT_FALSE(secret.matches("swordfis"));
    EXPECT_FALSE(secret.matches("swordfishswordfish"));
    EXPECT_FALSE(secret.matches(""));
}

TEST(Secret, empty_one_matches_nothing) {
    EXPECT_TRUE(Secret{}.empty());
    EXPECT_FALSE(Secret{}.matches(""));
    EXPECT_FALSE(Secret{}.matches("x"));
}

TEST(Secret, copies_and_moves_keep_the_text) {
    auto first = Secret::of("short");
    const Secret copy = first;
    const Secret moved = std::move(first);
    EXPECT_EQ(copy.reveal(), "short");
    EXPECT_EQ(moved.reveal(), "short");
    auto assigned = Secret::of("before");
    assigned = copy;
    EXPECT_EQ(assigned.reveal(), "short");
    assigned = Secret::of("after");
    EXPECT_EQ(assigned.reveal(), "after");
}

class SecretFile : public ::testing::Test {
  protected:
    SecretFile() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-secret-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        std::ofstream(folder_ / "acme") << "hers\n";
        std::ofstream(folder_.string() + "-outside") << "stranger's\n";
    }
    ~SecretFile() override {
        std::filesystem::remove_all(folder_);
        std::filesystem::remove(folder_.string() + "-outside");
    }
    std::filesystem::path folder_;
};

TEST_F(SecretFile, of_a_tenant_is_read_when_asked_for) {
    const auto secret = Secret::in_file((folder_ / "{tenant}").string());
    EXPECT_TRUE(secret.per_tenant());
    EXPECT_FALSE(secret.empty());
    EXPECT_EQ(secret.reveal_for("acme"), "hers");
    EXPECT_EQ(secret.reveal_for("nobody"), "");
}

TEST_F(SecretFile, tenant_can_not_lead_out_of_the_folder) {
    const auto secret = Secret::in_file((folder_ / "{tenant}").string());
    const auto outside = "../" + folder_.filename().string() + "-outside";
    ASSERT_TRUE(std::filesystem::exists(folder_ / outside));
    EXPECT_EQ(secret.reveal_for(outside), "");
    EXPECT_EQ(secret.reveal_for(".."), "");
    EXPECT_EQ(secret.reveal_for(""), "");
}

TEST_F(SecretFile, text_that_is_the_same_for_all_ignores_the_tenant) {
    EXPECT_EQ(Secret::of("one").reveal_for("acme"), "one");
}

}  // namespace
}  // namespace weir::settings
