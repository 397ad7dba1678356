// A real Redis that speaks TLS only, with a password, for as long as the object lives.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

#include "collectors/servers/server_access.h"
#include "collectors/servers/silent_server.h"
#include "loop/certificates.h"

namespace weir::collectors::testing {

class RedisServer {
  public:
    RedisServer() : place_(SilentServer().place()) {  // a port that was free just now
        using loop::testing::Certificates;
        const std::string cert = Certificates::of("server.crt");
        const std::string key = Certificates::of("server.key");
        const std::string ca = Certificates::of("ca.crt");
        process_ = ::fork();
        if (process_ == 0) {
            ::execlp("redis-server", "redis-server", "--port", "0", "--bind", "127.0.0.1",
                     "--tls-port", place_.port.c_str(), "--tls-cert-file", cert.c_str(),
                     "--tls-key-file", key.c_str(), "--tls-ca-cert-file", ca.c_str(),
                     "--tls-auth-clients", "no", "--save", "", "--logfile", "/dev/null",
                     "--requirepass", "secret", static_cast<char*>(nullptr));
            ::_exit(127);
        }
    }
    ~RedisServer() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;
    [[nodiscard]] const Place& place() const { return place_; }

  private:
    Place place_;
    pid_t process_ = -1;
};

}  // namespace weir::collectors::testing
