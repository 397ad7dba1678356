#include "cli/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "settings/load.h"

namespace weir::cli {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Check : public ::testing::Test {
  protected:
    Check() {
        // What the surroundings of this test say of WEIR_ names is not meant for the files here.
        for (const auto& [name, value] : settings::process_environment()) {
            if (name.starts_with("WEIR_")) unsetenv(name.c_str());
        }
        auto name = (std::filesystem::temp_directory_path() / "weir-check-XXXXXX").string();
        folder_ = mkdtemp(name.data());
    }
    ~Check() override { std::filesystem::remove_all(folder_); }

    // The exit code; what was printed is in out_ and err_.
    int check_text(const std::string& text) {
        std::ofstream(folder_ / "weir.toml") << text;
        return check_file((folder_ / "weir.toml").string());
    }
    int check_file(const std::string& file) {
        ::testing::internal::CaptureStdout();
        ::testing::internal::CaptureStderr();
        const int exit_code = check(file, false);
        out_ = ::testing::internal::GetCapturedStdout();
        err_ = ::testing::internal::GetCapturedStderr();
        return exit_code;
    }

    std::filesystem::path folder_;
    std::string out_, err_;
};

constexpr const char* sound = R"(
[[upstream]]
name = "main"
address = "127.0.0.1:5432"
[[pool]]
name = "app"
upstream = "main"
match = "app"
[[user]]
name = "ann"
password = "x"
)";

TEST_F(Check, reference_has_no_errors) {
    EXPECT_EQ(check_file(WEIR_SOURCE_DIR "/config/weir.toml"), 0);
    EXPECT_THAT(out_, EndsWith("weir.toml: no errors\n"));
    EXPECT_THAT(err_, IsEmpty());
}

TEST_F(Check, every_error_has_its_line_on_standard_error) {
    EXPECT_EQ(check_text("[agent]\nlops = 1\n[log]\nlevel = \"loud\"\n" + std::string(sound)), 1);
    EXPECT_THAT(out_, IsEmpty());
    EXPECT_THAT(err_, AllOf(HasSubstr("weir.toml:2:1: agent.lops: unknown key"),
                            HasSubstr("\nerror: "), HasSubstr("weir.toml:4:9: log.level: expected"),
                            EndsWith("weir.toml: 2 errors\n")));
}

TEST_F(Check, what_serve_would_refuse_fails) {
    EXPECT_EQ(check_text("[admin]\ntls = { cert = \"c\", key = \"k\" }\n" + std::string(sound)), 1);
    EXPECT_THAT(err_, AllOf(HasSubstr("admin.tls.cert"), HasSubstr("not yet in effect"),
                            HasSubstr("less safe than asked")));
}

TEST_F(Check, file_that_is_missing_fails_with_one_line) {
    EXPECT_EQ(check_file("/nonexistent/weir.toml"), 1);
    EXPECT_THAT(err_, HasSubstr("can't read the file"));
}

}  // namespace
}  // namespace weir::cli
