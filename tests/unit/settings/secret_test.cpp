#include "settings/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <concepts>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::settings {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
    out << value;
};
static_assert(!Printable<Secret>);
static_assert(!std::convertible_to<Secret, std::string>);
static_assert(!std::convertible_to<Secret, std::string_view>);

// The VmFlags of the mapping that holds `address`.
std::string mapping_flags(const void* address) {
    std::ifstream maps("/proc/self/smaps");
    bool ours = false;
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t begin = 0;
        std::uintptr_t end = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
            const auto wanted = reinterpret_cast<std::uintptr_t>(address);
            ours = begin <= wanted && wanted < end;
        } else if (ours && line.starts_with("VmFlags:")) {
            return line;
        }
    }
    return {};
}

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

TEST(Secret, is_held_once_in_memory_that_core_files_leave_out) {
    const auto secret = Secret::of("swordfish");
    const Secret copy = secret;
    EXPECT_EQ(copy.reveal().data(), secret.reveal().data());
    EXPECT_EQ(copy.reveal().data()[copy.reveal().size()], '\0');
    EXPECT_EQ(CRYPTO_secure_allocated(secret.reveal().data()), 1);
    // "dd" is MADV_DONTDUMP, "lo" a locked mapping (proc(5), smaps).
    const std::string flags = mapping_flags(secret.reveal().data());
    EXPECT_THAT(flags, ::testing::HasSubstr(" dd"));
    EXPECT_EQ(flags.find(" lo") != std::string::npos, secrets_are_locked());
}

TEST(Secret, wipes_what_it_was_made_of) {
    std::string text = "a password longer than any text that a string holds in itself";
    const char* const bytes = text.data();
    const auto secret = Secret::taken_from(text);
    EXPECT_TRUE(secret.matches("a password longer than any text that a string holds in itself"));
    EXPECT_EQ(bytes, text.data());
    EXPECT_EQ(std::string_view(bytes, 10), std::string_view("\0\0\0\0\0\0\0\0\0\0", 10));
}

TEST(Secret, one_that_the_locked_memory_has_no_room_for_is_a_secret_too) {
    std::vector<Secret> many;
    for (int i = 0; i < 64; ++i) many.push_back(Secret::of(std::string(60'000, 'x')));
    EXPECT_EQ(CRYPTO_secure_allocated(many.back().reveal().data()), 0);
    EXPECT_TRUE(many.back().matches(std::string(60'000, 'x')));
}

TEST(Secret, equals_one_of_the_same_text_or_the_same_file) {
    EXPECT_EQ(Secret::of("one"), Secret::of("one"));
    EXPECT_EQ(Secret(), Secret());
    EXPECT_FALSE(Secret::of("one") == Secret::of("two"));
    EXPECT_FALSE(Secret::of("one") == Secret());
    EXPECT_EQ(Secret::in_file("/{tenant}"), Secret::in_file("/{tenant}"));
    EXPECT_FALSE(Secret::in_file("/{tenant}") == Secret::in_file("/other/{tenant}"));
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
    EXPECT_EQ(secret.reveal_for("acme").reveal(), "hers");
    EXPECT_TRUE(secret.reveal_for("nobody").empty());
}

TEST_F(SecretFile, tenant_can_not_lead_out_of_the_folder) {
    const auto secret = Secret::in_file((folder_ / "{tenant}").string());
    const auto outside = "../" + folder_.filename().string() + "-outside";
    ASSERT_TRUE(std::filesystem::exists(folder_ / outside));
    EXPECT_TRUE(secret.reveal_for(outside).empty());
    EXPECT_TRUE(secret.reveal_for("..").empty());
    EXPECT_TRUE(secret.reveal_for("").empty());
}

TEST_F(SecretFile, text_that_is_the_same_for_all_ignores_the_tenant) {
    EXPECT_EQ(Secret::of("one").reveal_for("acme").reveal(), "one");
}

}  // namespace
}  // namespace weir::settings
