// Certificates for tests, made once a program by the openssl command in a folder of its own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace weir::loop::testing {

class Certificates {
  public:
    static const Certificates& made() {
        static const Certificates one;
        return one;
    }
    [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
    // An authority "ca", and "server" and "client", which it has signed: name.crt and name.key.
    static std::string of(const std::string& name) { return made().path(name); }

  private:
    Certificates() {
        std::string pattern = std::filesystem::temp_directory_path() / "weir-tls-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
            "-subj /CN=authority -keyout ca.key -out ca.crt");
        sign("server", "/CN=localhost");
        sign("client", "/CN=ann");
    }
    ~Certificates() { std::filesystem::remove_all(folder_); }

    void sign(const std::string& name, const std::string& subject) const {
        run("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj " + subject +
            " -keyout " + name + ".key -out " + name + ".csr");
        run("x509 -req -days 2 -CA ca.crt -CAkey ca.key -CAcreateserial -in " + name +
            ".csr -out " + name + ".crt");
    }
    void run(const std::string& words) const {
        const std::string line = "cd " + folder_ + " && openssl " + words + " 2>openssl.log";
        EXPECT_EQ(std::system(line.c_str()), 0) << line;
    }

    std::string folder_;
};

}  // namespace weir::loop::testing
