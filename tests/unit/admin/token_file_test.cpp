#include "admin/token_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace weir::admin {
namespace {

namespace fs = std::filesystem;

class TokenFileTest : public testing::Test {
  protected:
    TokenFileTest() {
        std::string pattern = (fs::temp_directory_path() / "weir-token-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~TokenFileTest() override { fs::remove_all(folder_); }

    [[nodiscard]] std::string path() const { return folder_ / "token"; }
    [[nodiscard]] std::set<std::string> files() const {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder_)) {
            names.insert(entry.path().filename());
        }
        return names;
    }
    static mode_t mode(const std::string& path) {
        struct stat seen {};
        EXPECT_EQ(::stat(path.c_str(), &seen), 0);
        return seen.st_mode & 07777;
    }
    static std::string first_line(const std::string& path) {
        std::ifstream file(path);
        std::string line;
        std::getline(file, line);
        return line;
    }

    fs::path folder_;
};

TEST_F(TokenFileTest, published_file_holds_the_token_and_only_its_owner_reads_it) {
    const auto file = TokenFile::prepare(path());
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE((*file)->publish());
    EXPECT_EQ((*file)->token().size(), 64U);
    EXPECT_EQ((*file)->token().find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(first_line(path()), (*file)->token());
    EXPECT_EQ(mode(path()), 0600U);
    EXPECT_EQ(files(), std::set<std::string>{"token"});
}

TEST_F(TokenFileTest, prepared_file_is_private_before_it_is_in_place) {
    const mode_t old = ::umask(0);
    const auto file = TokenFile::prepare(path());
    ::umask(old);
    ASSERT_TRUE(file);
    ASSERT_EQ(files().size(), 1U);
    EXPECT_EQ(mode(folder_ / *files().begin()), 0600U);
    EXPECT_FALSE(fs::exists(path()));
}

TEST_F(TokenFileTest, hostile_umask_does_not_lock_the_owner_out) {
    const mode_t old = ::umask(0777);
    const auto file = TokenFile::prepare(path());
    ::umask(old);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->publish());
    EXPECT_EQ(mode(path()), 0600U);
}

TEST_F(TokenFileTest, every_start_has_another_token) {
    const auto first = TokenFile::prepare(path());
    const auto second = TokenFile::prepare(path());
    ASSERT_TRUE(first && second);
    EXPECT_NE((*first)->token(), (*second)->token());
}

TEST_F(TokenFileTest, readable_file_of_a_crashed_agent_is_replaced) {
    std::ofstream(path()) << "old\n";
    ::chmod(path().c_str(), 0644);
    const auto file = TokenFile::prepare(path());
    ASSERT_TRUE(file && (*file)->publish());
    EXPECT_EQ(first_line(path()), (*file)->token());
    EXPECT_EQ(mode(path()), 0600U);
}

TEST_F(TokenFileTest, agent_that_never_starts_leaves_the_running_ones_file) {
    std::ofstream(path()) << "running\n";
    { const auto file = TokenFile::prepare(path()); }
    EXPECT_EQ(first_line(path()), "running");
    EXPECT_EQ(files(), std::set<std::string>{"token"});
}

TEST_F(TokenFileTest, file_goes_with_its_agent_but_not_a_successors) {
    {
        const auto file = TokenFile::prepare(path());
        ASSERT_TRUE(file && (*file)->publish());
    }
    EXPECT_TRUE(files().empty());
    {
        const auto file = TokenFile::prepare(path());
        ASSERT_TRUE(file && (*file)->publish());
        std::ofstream(path()) << "successor\n";
    }
    EXPECT_EQ(first_line(path()), "successor");
}

TEST_F(TokenFileTest, missing_folder_is_made_but_not_its_parents) {
    const auto file = TokenFile::prepare(folder_ / "run" / "token");
    EXPECT_TRUE(file);
    const auto deep = TokenFile::prepare(folder_ / "a" / "b" / "token");
    ASSERT_FALSE(deep);
    EXPECT_NE(deep.error().message.find("a/b"), std::string::npos) << deep.error().message;
}

TEST_F(TokenFileTest, folder_in_the_files_place_is_an_error_that_leaves_nothing_behind) {
    fs::create_directory(path());
    {
        const auto file = TokenFile::prepare(path());
        ASSERT_TRUE(file);
        EXPECT_FALSE((*file)->publish());
    }
    EXPECT_EQ(files(), std::set<std::string>{"token"});
}

}  // namespace
}  // namespace weir::admin
