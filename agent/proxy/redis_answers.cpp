// What Weir answers a Redis client itself, once nothing is outstanding.
#include <fmt/format.h>

#include <algorithm>

#include "proxy/pool_loop.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_server.h"
#include "proxy/redis_session.h"

namespace weir::proxy {

using wire::redis::is_word;

namespace {

std::string wrong_number(std::string_view name) {
    return redis_error(
        fmt::format("ERR wrong number of arguments for '{}' command", shown_command(name)));
}

}  // namespace

bool RedisSession::may_answer() {
    if (!lease_.relayed) return due_ == 0;
    if (lease_.settled) return true;
    // Within a MULTI the server would queue the question.
    if (!lease_.multi && !server().fenced()) server().fence();
    return false;
}

RedisSession::Verdict RedisSession::answer(std::string_view text) {
    if (!may_answer()) return Verdict::later;
    if (!silent_ && !skips_) say(text);
    return Verdict::done;
}

RedisSession::Verdict RedisSession::answer_here(Command command, const Request& request) {
    const auto& words = request.arguments;
    switch (command) {
        case Command::ping:
            if (words.size() > 2) return answer(wrong_number("ping"));
            return answer(words.size() == 1 ? "+PONG\r\n" : redis_bulk(words[1]));
        case Command::echo:
            return answer(words.size() == 2 ? redis_bulk(words[1]) : wrong_number("echo"));
        case Command::hello:
            return hello(request);
        case Command::auth:
            if (words.size() != 2 && words.size() != 3) return answer(wrong_number("auth"));
            return auth(request);
        case Command::select:
            if (words.size() != 2) return answer(wrong_number("select"));
            return select(request);
        case Command::client_setname:
        case Command::client_setinfo:
            return name_client(command, request);
        case Command::client_getname:
            if (!who_.application_name.empty()) return answer(redis_bulk(who_.application_name));
            return answer(who_.resp3 ? "_\r\n" : "$-1\r\n");
        case Command::client_id:
            return answer(redis_integer(home_.process_id_of(*this)));
        case Command::client_info:
            return answer(redis_bulk(client_info()));
        default:
            return client_reply(request);
    }
}

RedisSession::Verdict RedisSession::name_client(Command command, const Request& request) {
    const auto& words = request.arguments;
    const bool sets_name = command == Command::client_setname;
    if (words.size() != (sets_name ? 3U : 4U)) return answer(wrong_number("client"));
    const std::string_view value = words.back();
    if (std::any_of(value.begin(), value.end(), [](char c) { return c < '!' || c > '~'; })) {
        return answer(
            redis_error("ERR Client names cannot contain spaces, newlines or special characters."));
    }
    const Verdict verdict = answer(redis_ok);
    if (!sets_name && is_word(words[2], "WEIR-TRACEPARENT")) {
        if (verdict != Verdict::done || trace_ == nullptr) return verdict;
        const auto parent = wire::read_traceparent(value);
        trace_->set_standing(parent ? std::optional(wire::TraceComment{*parent, {}}) : std::nullopt);
        return verdict;
    }
    // A library's name is better than none.
    const bool names =
        sets_name || (who_.application_name.empty() && is_word(words[2], "LIB-NAME"));
    if (verdict == Verdict::done && names) who_.application_name = value;
    return verdict;
}

RedisSession::Verdict RedisSession::client_reply(const Request& request) {
    const auto& words = request.arguments;
    if (words.size() != 3) return answer(wrong_number("client"));
    if (!may_answer()) return Verdict::later;
    if (is_word(words[2], "ON")) {
        silent_ = skips_ = false;
        say(redis_ok);
    } else if (is_word(words[2], "OFF")) {
        silent_ = true;
    } else if (is_word(words[2], "SKIP")) {
        skips_ = true;
    } else {
        return answer(redis_error("ERR syntax error"));
    }
    return Verdict::done;
}

RedisSession::Verdict RedisSession::not_allowed(const Request& request) {
    if (lease_.multi) return refuse_queued(request);
    return answer(redis_error(
        fmt::format("NOPERM pool \"{}\" lets no '{}' through: its "
                    "admin_commands is off",
                    tenant_.pool->settings().name, shown_command(request.arguments.front()))));
}

std::string RedisSession::client_info() const {
    return fmt::format("id={} addr={} name={} db={} user={} resp={}\n", home_.process_id_of(*this),
                       who_.address, who_.application_name, who_.database, who_.user,
                       who_.resp3 ? 3 : 2);
}

}  // namespace weir::proxy
