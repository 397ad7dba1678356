#include "upstream/redis_attempt.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/fd.h"

namespace weir::upstream {
namespace {

using telemetry::CreateFailure;

DialResult failed(CreateFailure reason, std::string message) {
    return tl::make_unexpected(DialFailure{reason, {}, std::move(message)});
}

struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

int number(const std::string& port) {
    int value = 0;
    std::from_chars(port.data(), port.data() + port.size(), value);
    return value;
}

std::string shown(const Endpoint& endpoint) {
    if (endpoint.unix_socket()) return endpoint.host;
    const bool bracketed = endpoint.host.find(':') != std::string::npos;
    return (bracketed ? '[' + endpoint.host + ']' : endpoint.host) + ':' + endpoint.port;
}

redisContext* begin(const Endpoint& endpoint) {
    if (endpoint.unix_socket()) return redisConnectUnixNonBlock(endpoint.host.c_str());
    const std::string& address = endpoint.numeric.empty() ? endpoint.host : endpoint.numeric;
    return redisConnectNonBlock(address.c_str(), number(endpoint.port));
}

}  // namespace

CreateFailure classify_redis_failure(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, CreateFailure>, 10> clues{{
        {"max number of clients", CreateFailure::too_many},
        {"max clients", CreateFailure::too_many},
        {"LOADING", CreateFailure::refused},
        {"MASTERDOWN", CreateFailure::refused},
        {"WRONGPASS", CreateFailure::auth},
        {"NOAUTH", CreateFailure::auth},
        {"NOPERM", CreateFailure::auth},
        {"DENIED", CreateFailure::auth},
        {"DB index", CreateFailure::database},
        {"SELECT", CreateFailure::database},
    }};
    for (const auto& [clue, reason] : clues) {
        if (text.find(clue) != std::string_view::npos) return reason;
    }
    // "ERR invalid password", "ERR AUTH <password> called without any password configured …"
    return text.find("password") != std::string_view::npos ? CreateFailure::auth
                                                           : CreateFailure::protocol;
}

RedisAttempt::RedisAttempt(DialRequest request, std::function<void(DialResult)> done,
                           base::Instant now)
    : request_(std::move(request)), done_(std::move(done)), begun_(now) {}

std::optional<DialResult> RedisAttempt::start(std::vector<Endpoint> endpoints) {
    endpoints_ = std::move(endpoints);
    return connect();
}

std::optional<DialResult> RedisAttempt::connect() {
    for (;;) {
        context_.reset(begin(endpoints_[present_]));
        if (context_ == nullptr) return failed(CreateFailure::refused, "no memory");
        if (context_->err == 0) break;
        if (present_ + 1 == endpoints_.size()) {
            return failed(CreateFailure::refused, context_->errstr);
        }
        ++present_;
    }
    step_ = Step::connecting;
    events_ = POLLOUT;
    return std::nullopt;
}

std::optional<DialResult> RedisAttempt::advance(base::Instant now) {
    switch (step_) {
        case Step::connecting:
            return connected();
        case Step::writing:
            return write();
        case Step::reading:
            return read(now);
    }
    return std::nullopt;
}

std::optional<DialResult> RedisAttempt::connected() {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) {
        if (present_ + 1 == endpoints_.size()) {
            const auto reason =
                error == ETIMEDOUT ? CreateFailure::timeout : CreateFailure::refused;
            return failed(reason, fmt::format("connecting to {} failed: {}",
                                              shown(endpoints_[present_]), strerror(error)));
        }
        ++present_;
        return connect();
    }
    const settings::Secret password = request_.password.reveal_for(request_.tenant);
    if (request_.password.per_tenant() && password.empty()) {
        return failed(CreateFailure::auth,
                      fmt::format("the password file of tenant \"{}\" is missing, unreadable or "
                                  "empty",
                                  request_.tenant));
    }
    request_.password = password;
    if (!say_hello()) return failed(CreateFailure::refused, "no memory");
    step_ = Step::writing;
    return write();
}

// Everything at once: a server that refuses the first refuses the others for the same reason.
bool RedisAttempt::say_hello() {
    bool fine = true;
    if (!request_.password.empty()) {
        const std::string_view password = request_.password.reveal();
        // Alone it is that of the account "default", for servers older than 6, too.
        fine = request_.user.empty() || request_.user == "default"
                   ? ask(Asked::auth, {"AUTH", password})
                   : ask(Asked::auth, {"AUTH", request_.user, password});
    }
    if (request_.database != "0") fine = fine && ask(Asked::select, {"SELECT", request_.database});
    return fine && ask(Asked::ping, {"PING"});
}

bool RedisAttempt::ask(Asked what, std::initializer_list<std::string_view> words) {
    std::vector<const char*> arguments;
    std::vector<std::size_t> sizes;
    for (const std::string_view word : words) {
        arguments.push_back(word.data());
        sizes.push_back(word.size());
    }
    asked_.push_back(what);
    return redisAppendCommandArgv(context_.get(), static_cast<int>(arguments.size()),
                                  arguments.data(), sizes.data()) == REDIS_OK;
}

std::optional<DialResult> RedisAttempt::write() {
    int done = 0;
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) {
        // One that is full has said so and hung up already.
        std::array<char, 256> words{};
        const ssize_t size = recv(fd(), words.data(), words.size(), MSG_DONTWAIT);
        if (size > 1 && words[0] == '-') {
            const std::string_view text(words.data() + 1, static_cast<std::size_t>(size) - 1);
            return refused_with(text.substr(0, text.find('\r')));
        }
        return tl::make_unexpected(broken());
    }
    events_ = POLLOUT;
    if (done != 0) {
        step_ = Step::reading;
        events_ = POLLIN;
    }
    return std::nullopt;
}

std::optional<DialResult> RedisAttempt::read(base::Instant now) {
    // A server that is full says so and hangs up: its words come before the end of file.
    const bool ended = redisBufferRead(context_.get()) != REDIS_OK;
    while (answered_ < asked_.size()) {
        void* taken = nullptr;
        if (redisReaderGetReply(context_->reader, &taken) != REDIS_OK) {
            return failed(CreateFailure::protocol, "what answers is no Redis server");
        }
        const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(taken));
        if (reply == nullptr) break;
        if (reply->type == REDIS_REPLY_ERROR) {
            return refused_with({reply->str, static_cast<std::size_t>(reply->len)});
        }
        if (reply->type != REDIS_REPLY_STATUS) {
            return failed(CreateFailure::protocol, "what answers is no Redis server");
        }
        ++answered_;
    }
    if (answered_ == asked_.size()) return hand_over(now);
    if (ended) return tl::make_unexpected(broken());
    return std::nullopt;
}

DialResult RedisAttempt::refused_with(std::string_view error) const {
    CreateFailure reason = classify_redis_failure(error);
    if (reason == CreateFailure::protocol && answered_ < asked_.size()) {
        if (asked_[answered_] == Asked::auth) reason = CreateFailure::auth;
        if (asked_[answered_] == Asked::select) reason = CreateFailure::database;
    }
    // A server that does not know AUTH would repeat its arguments.
    return failed(reason, std::string(error.substr(0, error.find(", with args"))));
}

DialResult RedisAttempt::hand_over(base::Instant now) {
    if (context_->reader->pos != context_->reader->len) {
        return failed(CreateFailure::protocol, "the server says more than it was asked");
    }
    Established established;
    established.connection = loop::own(base::Fd(redisFreeKeepFd(context_.release())));
    established.address = shown(endpoints_[present_]);
    established.took = now - begun_;
    return established;
}

DialFailure RedisAttempt::broken() const {
    return {CreateFailure::refused,
            {},
            fmt::format("{}: {}", shown(endpoints_[present_]), context_->errstr)};
}

DialFailure RedisAttempt::overdue(base::Duration limit) const {
    const std::string_view what = !started() ? "host name not resolved"
                                  : step_ == Step::connecting
                                      ? "the server did not take the connection"
                                      : "the server took the connection but did not answer";
    return {started() ? CreateFailure::timeout : CreateFailure::dns,
            {},
            fmt::format("{} within {} s", what, base::seconds(limit))};
}

}  // namespace weir::upstream
