#include "loop/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "certificates.h"

namespace weir::loop {
namespace {

using testing::Certificates;
using ::testing::HasSubstr;

std::string wrong_with(const TlsFiles& files) {
    const auto made = TlsContext::load(files);
    return made ? "" : made.error().message;
}

TlsFiles good() {
    return {Certificates::of("server.crt"), Certificates::of("server.key"),
            Certificates::of("ca.crt"), "postgresql"};
}

TEST(TlsContext, good_files_are_taken) { EXPECT_EQ(wrong_with(good()), ""); }

TEST(TlsContext, missing_file_is_named_with_the_reason) {
    TlsFiles files = good();
    files.key = "/nowhere/server.key";
    EXPECT_EQ(wrong_with(files),
              "the private key /nowhere/server.key can't be read: No such file or directory");
    files = good();
    files.cert = "/nowhere/server.crt";
    EXPECT_THAT(wrong_with(files), HasSubstr("the certificate /nowhere/server.crt can't be read"));
    files = good();
    files.ca = "/nowhere/ca.crt";
    EXPECT_THAT(wrong_with(files), HasSubstr("the authority /nowhere/ca.crt can't be read"));
}

TEST(TlsContext, key_of_another_certificate_is_told) {
    TlsFiles files = good();
    files.key = Certificates::of("client.key");
    EXPECT_THAT(wrong_with(files), HasSubstr(files.key));
}

TEST(TlsContext, what_is_no_certificate_is_told) {
    const std::string broken = Certificates::of("broken.crt");
    std::ofstream(broken) << "-----BEGIN CERTIFICATE-----\nnonsense\n";
    TlsFiles files = good();
    files.cert = broken;
    EXPECT_THAT(wrong_with(files), HasSubstr("the certificate " + broken + ": "));
}

}  // namespace
}  // namespace weir::loop
