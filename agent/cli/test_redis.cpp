// `weir test` through hiredis.
#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "cli/test_connection.h"

namespace weir::cli {
namespace {

using base::Clock;

struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, Free>;

base::Result<void> ask(redisContext* context, std::initializer_list<std::string_view> words) {
    std::vector<const char*> arguments;
    std::vector<std::size_t> sizes;
    for (const std::string_view word : words) {
        arguments.push_back(word.data());
        sizes.push_back(word.size());
    }
    const std::unique_ptr<redisReply, Free> reply(static_cast<redisReply*>(redisCommandArgv(
        context, static_cast<int>(arguments.size()), arguments.data(), sizes.data())));
    if (reply == nullptr) return base::error(context->errstr);
    if (reply->type != REDIS_REPLY_ERROR) return {};
    return base::error(std::string(reply->str, static_cast<std::size_t>(reply->len)));
}

class RedisConnection final : public TestConnection {
  public:
    explicit RedisConnection(Context context) : context_(std::move(context)) {}

    // A read of one key: what the agent answers by itself, such as PING, would show nothing.
    base::Result<void> transaction(base::Instant /*end*/) override {
        return ask(context_.get(), {"GET", "weir:test"});
    }
    [[nodiscard]] bool usable() const override { return context_->err == 0; }

  private:
    Context context_;
};

}  // namespace

Connected connect_redis(const TestTarget& target, base::Instant end) {
    const std::string host = target.value("host");
    const std::string port = target.value("port");
    const std::string user = target.value("user");
    const std::string password = target.value("password");
    const std::string database = target.value("dbname");
    const timeval limit{test_connect_limit.count(), 0};
    int number = 0;
    std::from_chars(port.data(), port.data() + port.size(), number);
    Context context(host.starts_with('/') ? redisConnectUnixWithTimeout(host.c_str(), limit)
                                          : redisConnectWithTimeout(host.c_str(), number, limit));
    if (context == nullptr) return base::error("no memory for a connection");
    if (context->err != 0) return base::error(context->errstr);
    const auto left = std::chrono::ceil<std::chrono::seconds>(end - Clock::now()).count();
    redisSetTimeout(context.get(), {std::max<time_t>(left, 1), 0});
    base::Result<void> done;
    if (!password.empty() && !user.empty()) {
        done = ask(context.get(), {"AUTH", user, password});
    } else if (!password.empty()) {
        done = ask(context.get(), {"AUTH", password});
    }
    if (done && !database.empty() && database != "0") {
        done = ask(context.get(), {"SELECT", database});
    }
    if (!done) return tl::make_unexpected(done.error());
    return std::make_unique<RedisConnection>(std::move(context));
}

}  // namespace weir::cli
