// A PostgreSQL server as far as the order of its replies goes: what its main loop and its COPY do
// with the messages it reads, outcomes chosen by a stream of bytes. The reply tracker is held
// against it by a seeded test and by a fuzz target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

namespace weir::wire::postgresql::test {

// Bytes that decide; zero when they are used up.
class Choices {
  public:
    explicit Choices(std::string_view bytes) : bytes_(bytes) {}
    unsigned below(unsigned bound) {
        if (at_ >= bytes_.size()) return 0;
        return static_cast<unsigned char>(bytes_[at_++]) % bound;
    }
    [[nodiscard]] bool used_up() const { return at_ >= bytes_.size(); }

  private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

class ServerModel {
  public:
    explicit ServerModel(Choices& choices) : choices_(choices) {}

    std::deque<char> input, output;  // types of messages

    [[nodiscard]] bool dead() const { return dead_; }
    // Neither in COPY nor skipping to a Sync.
    [[nodiscard]] bool at_rest() const { return copy_ == Copy::none && !skipping_; }
    [[nodiscard]] bool copying() const { return copy_ != Copy::none; }
    // Nothing in the input will be answered or change how later messages are taken.
    [[nodiscard]] bool input_is_mute() const {
        for (const char type : input) {
            if (std::string_view("dcfH").find(type) == std::string_view::npos) return false;
        }
        return true;
    }

    // Reads a message, or lets a running COPY fail before it reads one.
    void step() {
        if (dead_ || input.empty()) return;
        if (copy_ != Copy::none && choices_.below(8) == 7) return fail_copy();
        const char type = input.front();
        input.pop_front();
        if (copy_ != Copy::none) return copy_message(type);
        if (skipping_ && type != 'S') return;
        message(type);
    }

  private:
    enum class Copy { none, of_query, of_execute };

    bool fails() { return choices_.below(6) == 5; }
    void say(std::string_view types) { output.insert(output.end(), types.begin(), types.end()); }
    void rows() {
        for (unsigned i = choices_.below(3); i > 0; --i) say("D");
    }

    void message(char type) {
        switch (type) {
            case 'Q':
                return statements(true);
            case 'P':
                return extended("1");
            case 'B':
                return extended("2");
            case 'C':
                return extended("3");
            case 'D':
                return extended(choices_.below(2) == 0 ? "tT" : "n");
            case 'E':
                return execute();
            case 'F':
                return say(fails() ? "EZ" : "VZ");
            case 'S':
                skipping_ = false;
                say(to_commit_ && fails() ? "EZ" : "Z");
                to_commit_ = false;
                return;
            default:  // Flush, and COPY's messages outside of one
                return;
        }
    }

    void extended(std::string_view reply) {
        skipping_ = fails();
        to_commit_ = !skipping_;
        say(skipping_ ? "E" : reply);
    }

    void execute() {
        to_commit_ = true;
        switch (choices_.below(6)) {
            case 0:
                rows();
                return say(choices_.below(2) == 0 ? "C" : "s");
            case 1:
                return say("I");
            case 2:
                say("G");
                copy_ = Copy::of_execute;
                return;
            case 3:
                return say("HddcC");
            default:
                rows();
                return extended("C");
        }
    }

    void statements(bool first) {
        to_commit_ = false;
        for (; choices_.below(3) != 0 || first; first = false) {
            switch (choices_.below(6)) {
                case 0:
                    if (first) return say("IZ");
                    break;
                case 1:
                    return say("EZ");
                case 2:
                    say("G");
                    copy_ = Copy::of_query;
                    return;
                case 3:
                    say("HdcC");
                    break;
                case 4:
                    say("C");
                    break;
                default:
                    say("T");
                    rows();
                    if (fails()) return say("EZ");
                    say("C");
            }
            if (choices_.used_up()) break;
        }
        say("Z");
    }

    void copy_message(char type) {
        switch (type) {
            case 'd':
                if (fails()) fail_copy();
                return;
            case 'S':
            case 'H':
                return;
            case 'c':
                if (fails()) return fail_copy();
                say("C");
                if (copy_ == Copy::of_execute) {
                    copy_ = Copy::none;
                } else {
                    copy_ = Copy::none;
                    statements(false);
                }
                return;
            case 'f':
                return fail_copy();
            default:  // FATAL: protocol synchronization was lost
                say("EE");
                dead_ = true;
        }
    }

    void fail_copy() {
        say(copy_ == Copy::of_query ? "EZ" : "E");
        skipping_ = copy_ == Copy::of_execute;
        copy_ = Copy::none;
        to_commit_ = false;
    }

    Choices& choices_;
    Copy copy_ = Copy::none;
    bool skipping_ = false;
    bool to_commit_ = false;  // a batch ran without error: its commit, at Sync, may fail
    bool dead_ = false;
};

}  // namespace weir::wire::postgresql::test
