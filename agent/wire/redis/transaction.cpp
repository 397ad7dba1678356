#include "wire/redis/transaction.h"

#include "wire/redis/commands.h"
#include "wire/redis/request_scanner.h"

namespace weir::wire::redis {

std::optional<WholeTransaction> whole_transaction(std::string_view behind_multi, unsigned most) {
    RequestScanner scanner{RequestScanner::Limits()};
    Request request;
    WholeTransaction whole;
    while (whole.commands < most) {
        const std::string_view rest = behind_multi.substr(whole.size);
        // An inline command would not be sent as it came.
        if (rest.empty() || rest.front() != '*') return std::nullopt;
        if (scanner.next(rest, request) != RequestScanner::Status::request) return std::nullopt;
        if (request.arguments.empty()) return std::nullopt;
        whole.size += request.taken;
        ++whole.commands;
        const bool alone = request.arguments.size() == 1;
        switch (classify(request.arguments)) {
            case Command::ordinary:
            case Command::ping:
            case Command::echo:
            case Command::blocking:  // does not, when it is queued
            case Command::wait:
                break;
            case Command::exec:
            case Command::discard:
                if (alone) return whole;
                return std::nullopt;
            default:
                return std::nullopt;
        }
    }
    return std::nullopt;
}

}  // namespace weir::wire::redis
