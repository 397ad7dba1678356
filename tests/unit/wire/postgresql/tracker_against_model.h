// One conversation of a client, the reply tracker and the model server, all decided by `bytes`:
// messages and replies lag behind as they like. Returns what was found wrong, empty when nothing.
#pragma once

#include <string>
#include <string_view>

#include "tests/unit/wire/postgresql/server_model.h"
#include "wire/postgresql/reply_tracker.h"

namespace weir::wire::postgresql::test {

class TrackedConversation {
  public:
    explicit TrackedConversation(std::string_view bytes) : choices_(bytes), server_(choices_) {}

    std::string run() {
        while (!choices_.used_up() && fault_.empty() && !over_) {
            switch (choices_.below(3)) {
                case 0:
                    send("QPBDECSHFdcfQPBDES"[choices_.below(18)]);
                    break;
                case 1:
                    server_.step();
                    break;
                default:
                    deliver();
            }
            check_settled();
        }
        finish();
        return fault_.empty() ? fault_ : fault_ + " after " + log_;
    }

  private:
    void send(char type) {
        log_ += {' ', '>', type};
        server_.input.push_back(type);
        tracker_.sent(type);
    }

    void deliver() {
        if (server_.output.empty()) {
            over_ = over_ || server_.dead();
            return;
        }
        const char type = server_.output.front();
        server_.output.pop_front();
        log_ += {' ', '<', type};
        const bool doubtful = tracker_.in_doubt();
        const auto verdict = tracker_.replied(type, type == 'Z' ? "I" : "");
        if (verdict == ReplyTracker::Verdict::forward) return;
        over_ = true;  // the connection gets closed
        if (!doubtful && !server_.dead()) fault_ = "a legal reply was not taken for one";
    }

    void check_settled() {
        if (!tracker_.settled() || over_) return;
        if (!server_.output.empty()) fault_ = "settled with replies under way";
        if (!server_.input_is_mute()) fault_ = "settled with requests unanswered";
        if (!server_.at_rest()) fault_ = "settled in the middle of a batch or COPY";
    }

    void drain() {
        while (fault_.empty() && !over_) {
            while (!server_.input.empty() && !server_.dead()) server_.step();
            if (server_.output.empty()) return;
            deliver();
            check_settled();
        }
    }

    // The client ends what it began; then all must come to rest.
    void finish() {
        drain();
        while (server_.copying() && !server_.dead() && !over_ && fault_.empty()) {
            if (!tracker_.copying_in()) fault_ = "a COPY went unnoticed";
            send('f');
            drain();
        }
        if (tracker_.batch_open()) send('S');
        drain();
        if (over_ || !fault_.empty() || server_.dead()) return;
        if (!tracker_.settled() && !tracker_.in_doubt()) fault_ = "not settled at the end";
        if (!tracker_.in_doubt() && tracker_.ready_due() != 0) fault_ = "waits for no more Z";
    }

    Choices choices_;
    ServerModel server_;
    ReplyTracker tracker_;
    std::string fault_, log_;
    bool over_ = false;
};

}  // namespace weir::wire::postgresql::test
