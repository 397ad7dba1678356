// Redis and Valkey by hiredis: AUTH and INFO in one write (Redis documentation, "INFO").
#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <openssl/crypto.h>

#include <array>
#include <charconv>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/wipe.h"
#include "collectors/servers/questions.h"
#include "collectors/servers/redis_channel.h"

namespace weir::collectors {
namespace {

struct Free {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, Free>;

// Adds one command to those that are sent together.
void put(std::string& request, std::initializer_list<std::string_view> words) {
    std::vector<const char*> arguments;
    std::vector<std::size_t> sizes;
    for (const std::string_view word : words) {
        arguments.push_back(word.data());
        sizes.push_back(word.size());
    }
    char* text = nullptr;
    const long long size = redisFormatCommandArgv(&text, static_cast<int>(arguments.size()),
                                                  arguments.data(), sizes.data());
    if (size <= 0) return;
    request.append(text, static_cast<std::size_t>(size));
    OPENSSL_cleanse(text, static_cast<std::size_t>(size));
    redisFreeCommand(text);
}

base::Result<Reply> next_reply(RedisChannel& channel, const Patience& patience) {
    for (;;) {
        void* reply = nullptr;
        if (redisReaderGetReply(channel.reader(), &reply) != REDIS_OK) {
            return base::error("what answers is no Redis server");
        }
        if (reply != nullptr) return Reply(static_cast<redisReply*>(reply));
        std::array<char, 16384> bytes{};
        const auto received = channel.receive(bytes, patience);
        if (!received) return tl::make_unexpected(received.error());
        redisReaderFeed(channel.reader(), received->data(), received->size());
    }
}

// A server that does not know AUTH would repeat its arguments.
std::string without_arguments(std::string_view error) {
    return first_line(error.substr(0, error.find(", with args")));
}

base::Result<Reply> answered(RedisChannel& channel, const Patience& patience) {
    auto reply = next_reply(channel, patience);
    if (!reply || (*reply)->type != REDIS_REPLY_ERROR) return reply;
    return base::error(without_arguments({(*reply)->str, static_cast<std::size_t>((*reply)->len)}));
}

std::optional<std::uint64_t> whole(std::string_view text) {
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc()) return std::nullopt;
    return value;
}

// "name:value" on a line of its own.
std::optional<std::uint64_t> figure(std::string_view info, std::string_view name) {
    const std::string line = fmt::format("\n{}:", name);
    const auto at = info.find(line);
    if (at == std::string_view::npos) return std::nullopt;
    return whole(info.substr(at + line.size()));
}

void read_info(const redisReply& reply, telemetry::ServerReading& reading) {
    const std::string_view info(reply.str, static_cast<std::size_t>(reply.len));
    const auto read = [&](std::string_view name, telemetry::ServerReading::Count& into) {
        if (const auto value = figure(info, name)) into = value;
    };
    read("maxclients", reading.max_connections);
    read("connected_clients", reading.connections);
    read("blocked_clients", reading.blocked_clients);
    read("rejected_connections", reading.rejected_connections);
}

// Before version 7 INFO has no maxclients. A server that does not let us ask says no more.
base::Result<void> ask_limit(RedisChannel& channel, const Patience& patience,
                             telemetry::ServerReading& reading) {
    std::string request;
    put(request, {"CONFIG", "GET", "maxclients"});
    if (auto sent = channel.send(request, patience); !sent) return sent;
    const auto reply = next_reply(channel, patience);
    if (!reply) return tl::make_unexpected(reply.error());
    const redisReply& pair = **reply;
    if (pair.type == REDIS_REPLY_ARRAY && pair.elements == 2 && pair.element[1]->str != nullptr) {
        reading.max_connections = whole(pair.element[1]->str);
    }
    return {};
}

}  // namespace

Asked ask_redis(const settings::Upstream& upstream, const Place& place, settings::Target /*target*/,
                const Patience& patience) {
    auto channel = RedisChannel::open(place, upstream.tls, patience);
    if (!channel) return tl::make_unexpected(channel.error());
    const settings::Observe& observe = upstream.observe;
    const bool has_password = !observe.password.empty();
    std::string request;
    request.reserve(observe.user.size() + observe.password.reveal().size() + 256);
    if (has_password && observe.user == "default") {
        put(request, {"AUTH", observe.password.reveal()});  // servers older than 6 know it, too
    } else if (has_password) {
        put(request, {"AUTH", observe.user, observe.password.reveal()});
    }
    put(request, {"INFO", "clients"});
    put(request, {"INFO", "stats"});
    const auto sent = channel->send(request, patience);
    base::wipe(request);
    if (!sent) return tl::make_unexpected(sent.error());
    if (has_password) {
        if (auto welcome = answered(*channel, patience); !welcome) {
            return tl::make_unexpected(welcome.error());
        }
    }
    Answer answer;
    answer.reading.reserved = 0;  // what the server keeps for itself is not of maxclients
    for (int i = 0; i < 2; ++i) {
        const auto info = answered(*channel, patience);
        if (!info) return tl::make_unexpected(info.error());
        if ((*info)->str == nullptr) return base::error("what answers is no Redis server");
        read_info(**info, answer.reading);
    }
    if (!answer.reading.max_connections) {
        if (auto asked = ask_limit(*channel, patience, answer.reading); !asked) {
            return tl::make_unexpected(asked.error());
        }
    }
    answer.left = copy_of(channel->fd());
    return answer;
}

}  // namespace weir::collectors
