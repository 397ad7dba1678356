// A collector on loopback that answers as told and remembers what it was sent, one connection a
// request, for as long as the object lives.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "collectors/servers/silent_server.h"

namespace weir::collectors::testing {

class HttpCollector {
  public:
    static constexpr const char* lost = "";           // closes without an answer
    static constexpr const char* silence = "silent";  // never answers, until it ends itself

    // What the first requests are answered: "503 Busy\r\nRetry-After: 1", perhaps with a body after
    // an empty line. All others are taken.
    explicit HttpCollector(std::deque<std::string> answers = {})
        : answers_(std::move(answers)), thread_([this] { serve(); }) {}
    ~HttpCollector() {
        eventfd_write(end_.get(), 1);
        thread_.join();
    }
    HttpCollector(const HttpCollector&) = delete;
    HttpCollector& operator=(const HttpCollector&) = delete;

    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + listener_.place().port + "/v1/traces";
    }
    // The requests, head and body, once there are so many; fewer when they do not come.
    std::vector<std::string> requests(std::size_t count) {
        std::unique_lock lock(mutex_);
        arrived_.wait_for(lock, std::chrono::seconds(30),
                          [&] { return requests_.size() >= count; });
        return requests_;
    }

  private:
    void serve() {
        while (wait_for(listener_.fd())) answer(listener_.accept());
    }
    // False: the end has come.
    [[nodiscard]] bool wait_for(int fd) const {
        pollfd watched[]{{fd, POLLIN, 0}, {end_.get(), POLLIN, 0}};
        ::poll(watched, 2, -1);
        return watched[1].revents == 0;
    }
    void answer(const base::Fd& client) {
        std::string request;
        char bytes[4096];
        while (!complete(request)) {
            if (!wait_for(client.get())) return;
            const auto got = ::recv(client.get(), bytes, sizeof bytes, 0);
            if (got <= 0) return;
            request.append(bytes, static_cast<std::size_t>(got));
        }
        std::string told = "200 OK\r\n\r\n{}";
        {
            const std::scoped_lock lock(mutex_);
            requests_.push_back(std::move(request));
            if (!answers_.empty()) {
                told = answers_.front();
                answers_.pop_front();
            }
        }
        arrived_.notify_all();
        if (told == lost) return;
        if (told == silence) {
            static_cast<void>(wait_for(-1));
            return;
        }
        if (told.find("\r\n\r\n") == std::string::npos) told += "\r\n\r\n";
        told.insert(told.find("\r\n"), "\r\nConnection: close");
        told.insert(0, "HTTP/1.1 ");
        ::send(client.get(), told.data(), told.size(), MSG_NOSIGNAL);
    }
    static bool complete(const std::string& request) {
        const auto end = request.find("\r\n\r\n");
        const auto length = request.find("Content-Length: ");
        return end != std::string::npos && length != std::string::npos &&
               request.size() >= end + 4 + std::stoul(request.substr(length + 16));
    }

    SilentServer listener_;
    const base::Fd end_{eventfd(0, EFD_CLOEXEC)};
    std::mutex mutex_;  // guards the two below
    std::deque<std::string> answers_;
    std::vector<std::string> requests_;
    std::condition_variable arrived_;
    std::thread thread_;
};

}  // namespace weir::collectors::testing
