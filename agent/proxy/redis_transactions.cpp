// A Redis client's MULTI: sent whole among the commands of others when it has come whole, else on a
// connection of its own.
#include "proxy/pool_loop.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_server.h"
#include "proxy/redis_session.h"
#include "wire/redis/transaction.h"

namespace weir::proxy {

using telemetry::PinReason;
using telemetry::TransactionEnd;

RedisSession::Verdict RedisSession::multi(Request& request, std::string_view buffer) {
    const bool alone = request.arguments.size() == 1;  // else the server will refuse it
    // A reply that is skipped is that of MULTI alone.
    const bool shared = !lease_.held && !lease_.kept && !lease_.waits && !skips_ && alone &&
                        buffer.data() == request.bytes.data();
    const auto whole = shared
                           ? wire::redis::whole_transaction(buffer.substr(request.taken), most_due)
                           : std::nullopt;
    if (!whole) {
        const Verdict verdict = forward_alone(PinReason::multi, request);
        if (verdict == Verdict::done && alone) {
            if (!lease_.multi) multi_since_ = home_.now();
            lease_.multi = true;
        }
        return verdict;
    }
    if (!obtain(false, PinReason::multi)) return Verdict::later;
    request.taken += whole->size;
    request.bytes = buffer.substr(0, request.taken);
    return forward(request, 1 + whole->commands, home_.now());
}

RedisSession::Verdict RedisSession::end_multi(const Request& request) {
    const bool ends = lease_.multi && request.arguments.size() == 1;
    const Verdict verdict = ends ? forward(request, 1, multi_since_) : forward(request);
    if (verdict == Verdict::done && ends) lease_.multi = lease_.watch = false;
    return verdict;
}

// Its MULTI found no connection: nothing of what follows may be run outside of it.
RedisSession::Verdict RedisSession::in_refused_multi(Command command) {
    if (command != Command::exec && command != Command::discard) {
        return answer(redis_error("ERR not queued: MULTI has failed"));
    }
    refused_multi_ = false;
    return answer(command == Command::discard
                      ? std::string(redis_ok)
                      : redis_error("EXECABORT Transaction discarded because MULTI has failed"));
}

void RedisSession::abandon_transaction() {
    if (!lease_.multi) return;
    tenant_.pool->probe().transaction_ended(TransactionEnd::abandoned, home_.now() - multi_since_);
}

}  // namespace weir::proxy
