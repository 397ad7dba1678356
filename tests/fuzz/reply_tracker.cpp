// A conversation with a model of the server, decided by the input, must be followed without fault;
// and any two streams of message types at all must not upset the tracker's own accounts.
#include "wire/postgresql/reply_tracker.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/unit/wire/postgresql/tracker_against_model.h"

using weir::wire::postgresql::ReplyTracker;

namespace {

void any_types(std::string_view bytes) {
    ReplyTracker tracker;
    std::size_t asked = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        const char type = static_cast<char>(bytes[i + 1] & 0x7f);
        if ((bytes[i] & 1) != 0) {
            tracker.sent(type, (bytes[i] & 2) != 0);
            ++asked;
        } else if (tracker.replied(type, type == 'Z' ? "T" : "") == ReplyTracker::Verdict::desync) {
            return;
        }
        if (tracker.ready_due() > asked) std::abort();
        if (tracker.settled() && (tracker.ready_due() != 0 || tracker.copying_in())) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::string fault = weir::wire::postgresql::test::TrackedConversation(bytes).run();
    if (!fault.empty()) {
        std::fprintf(stderr, "%s\n", fault.c_str());
        std::abort();
    }
    any_types(bytes);
    return 0;
}
