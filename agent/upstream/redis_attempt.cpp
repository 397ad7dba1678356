#include "upstream/redis_attempt.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/fd.h"
#include "upstream/redis_tls.h"

namespace weir::upstream {
namespace {

using telemetry::CreateFailure;

constexpr std::string_view hello = "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n";
constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";
constexpr std::string_view pong = "+PONG\r\n";

struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

int number(const std::string& port) {
    int value = 0;
    std::from_chars(port.data(), port.data() + port.size(), value);
    return value;
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
                           const settings::Upstream& upstream, base::Instant now)
    : request_(std::move(request)),
      tls_settings_(upstream.tls),
      done_(std::move(done)),
      begun_(now) {}

std::optional<DialResult> RedisAttempt::start(std::vector<Endpoint> endpoints,
                                              base::Instant /*now*/) {
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
    return std::nullopt;
}

short RedisAttempt::events() const { return talk_ != nullptr ? talk_->events() : short{POLLOUT}; }

std::optional<DialResult> RedisAttempt::advance(short /*ready*/, base::Instant now) {
    return talk_ == nullptr ? connected(now) : talk(now);
}

std::optional<DialResult> RedisAttempt::connected(base::Instant now) {
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
    steps_.note(&DialSteps::connected, now);
    const settings::Secret password = request_.password.reveal_for(request_.tenant);
    if (request_.password.per_tenant() && password.empty()) {
        return failed(CreateFailure::auth,
                      fmt::format("the password file of tenant \"{}\" is missing, unreadable or "
                                  "empty",
                                  request_.tenant));
    }
    request_.password = password;
    std::unique_ptr<loop::Tls> tls;
    if (wants_redis_tls(tls_settings_)) {
        auto made = begin_redis_tls(tls_settings_, endpoints_[present_].host);
        if (!made) return failed(CreateFailure::tls, made.error().message);
        tls = std::move(*made);
    }
    reader_.reset(redisReaderCreate());
    talk_ = std::make_unique<RedisConversation>(base::Fd(redisFreeKeepFd(context_.release())),
                                                std::move(tls));
    log_in();
    return talk(now);
}

// Everything at once: a server that refuses the first refuses the others for the same reason.
void RedisAttempt::log_in() {
    if (!request_.password.empty()) {
        const std::string_view password = request_.password.reveal();
        // Alone it is that of the account "default", for servers older than 6, too.
        if (request_.user.empty() || request_.user == "default") {
            ask(Asked::auth, {"AUTH", password});
        } else {
            ask(Asked::auth, {"AUTH", request_.user, password});
        }
    }
    if (request_.database != "0") ask(Asked::select, {"SELECT", request_.database});
    ask(Asked::ping, {"PING"});
}

void RedisAttempt::ask(Asked what, std::initializer_list<std::string_view> words) {
    std::vector<const char*> arguments;
    std::vector<std::size_t> sizes;
    for (const std::string_view word : words) {
        arguments.push_back(word.data());
        sizes.push_back(word.size());
    }
    char* bytes = nullptr;
    const int size = redisFormatCommandArgv(&bytes, static_cast<int>(arguments.size()),
                                            arguments.data(), sizes.data());
    if (size < 0) return;  // without memory the answer never comes
    asked_.push_back(what);
    talk_->say({bytes, static_cast<std::size_t>(size)});
    OPENSSL_cleanse(bytes, static_cast<std::size_t>(size));
    redisFreeCommand(bytes);
}

std::optional<DialResult> RedisAttempt::talk(base::Instant now) {
    const bool shook_hands = !talk_->shaking_hands();
    const RedisConversation::Outcome outcome = talk_->advance();
    if (outcome == RedisConversation::Outcome::tls_failed) {
        return failed(CreateFailure::tls,
                      fmt::format("{}: {}", shown(endpoints_[present_]), talk_->failure()));
    }
    if (wants_redis_tls(tls_settings_) && !talk_->shaking_hands()) {
        steps_.note(&DialSteps::encrypted, now);
    }
    // A server that is full says so and hangs up: its words come before the end of file.
    if (auto result = said_hello_ ? hear_hello(now) : hear()) return result;
    if (!said_hello_ && answered_ == asked_.size()) {
        steps_.note(&DialSteps::authenticated, now);
        if (!request_.resp3) return hand_over(now, false);
        said_hello_ = true;
        talk_->say(hello);
        talk_->say(ping);
        return talk(now);
    }
    if (outcome == RedisConversation::Outcome::goes_on) return std::nullopt;
    const bool encrypting = wants_redis_tls(tls_settings_) && !shook_hands;
    return failed(encrypting ? CreateFailure::tls : CreateFailure::refused,
                  fmt::format("{}: the server ended the connection{}", shown(endpoints_[present_]),
                              encrypting ? " instead of beginning TLS" : ""));
}

// The answers to what log_in() asked.
std::optional<DialResult> RedisAttempt::hear() {
    std::string heard = std::exchange(talk_->heard(), {});
    redisReaderFeed(reader_.get(), heard.data(), heard.size());
    while (answered_ < asked_.size()) {
        void* taken = nullptr;
        if (redisReaderGetReply(reader_.get(), &taken) != REDIS_OK) {
            return failed(CreateFailure::protocol, "what answers is no Redis server");
        }
        const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(taken));
        if (reply == nullptr) return std::nullopt;
        if (reply->type == REDIS_REPLY_ERROR) {
            return refused_with({reply->str, static_cast<std::size_t>(reply->len)});
        }
        if (reply->type != REDIS_REPLY_STATUS) {
            return failed(CreateFailure::protocol, "what answers is no Redis server");
        }
        ++answered_;
    }
    if (reader_->pos != reader_->len) {
        return failed(CreateFailure::protocol, "the server says more than it was asked");
    }
    return std::nullopt;
}

// A map that hiredis 0.14 can't read, or an error of one that speaks RESP2 only; then the end,
// which is known by its PONG.
std::optional<DialResult> RedisAttempt::hear_hello(base::Instant now) {
    const std::string& heard = talk_->heard();
    if (!heard.ends_with(pong)) return std::nullopt;
    if (heard.front() == '-') return hand_over(now, false);
    if (heard.front() == '%') return hand_over(now, true);
    return failed(CreateFailure::protocol, "the server answers HELLO by no map");
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

DialResult RedisAttempt::hand_over(base::Instant now, bool resp3) {
    Established established;
    established.tls = talk_->take_tls();
    established.connection = loop::own(talk_->take_fd());
    established.resp3 = resp3;
    established.address = shown(endpoints_[present_]);
    established.took = now - begun_;
    return established;
}

DialFailure RedisAttempt::overdue(base::Duration limit) const {
    const std::string_view what = !started()         ? "host name not resolved"
                                  : talk_ == nullptr ? "the server did not take the connection"
                                  : talk_->shaking_hands()
                                      ? "the server did not begin TLS"
                                      : "the server took the connection but did not answer";
    return {started() ? CreateFailure::timeout : CreateFailure::dns,
            {},
            fmt::format("{} within {} s", what, base::seconds(limit))};
}

}  // namespace weir::upstream
