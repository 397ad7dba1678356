// Replies of a server. A conversation that the input decides, as a server would hold it, must be
// followed to its very end, however it is cut: as many replies as commands, each complete with its
// last byte. And any bytes at all are followed alike however they are cut, without losing one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "wire/mysql/encoding.h"
#include "wire/mysql/packets.h"
#include "wire/mysql/prepared.h"
#include "wire/mysql/reply_tracker.h"

using namespace weir::wire::mysql;
using Kind = ReplyTracker::Kind;
using Verdict = ReplyTracker::Verdict;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

class Input {
  public:
    explicit Input(std::string_view bytes) : rest_(bytes) {}
    unsigned next(unsigned below) {
        if (rest_.empty()) return 0;
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return byte % below;
    }
    [[nodiscard]] bool empty() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

// A server in miniature: what it would say to commands, and how much each reply comes to.
class Server {
  public:
    Server(Input& input, std::uint32_t capabilities) : input_(input), capabilities_(capabilities) {}

    struct Answer {
        AskedCommand asked;
        std::string bytes;
        std::uint64_t rows = 0;
        bool failed = false;
    };

    Answer answer() {
        static constexpr Command commands[] = {
            Command::query,      Command::stmt_execute, Command::stmt_prepare,
            Command::stmt_fetch, Command::field_list,   Command::statistics,
            Command::ping,       Command::set_option,   Command::process_info};
        answer_ = Answer{};
        answer_.asked.command = commands[input_.next(9)];
        answer_.asked.last_sequence = static_cast<std::uint8_t>(input_.next(256));
        sequence_ = static_cast<std::uint8_t>(answer_.asked.last_sequence + 1U);
        switch (answer_.asked.command) {
            case Command::query:
            case Command::process_info:
                results(answer_.asked.command == Command::query);
                break;
            case Command::stmt_execute:
                answer_.asked.cursor = input_.next(2) == 1;
                if (answer_.asked.cursor && input_.next(2) == 1) {
                    open_cursor();
                } else {
                    results(true);
                }
                break;
            case Command::stmt_prepare:
                prepared();
                break;
            case Command::stmt_fetch:
                rows(0);
                break;
            case Command::field_list:
                definitions(input_.next(4));
                end(0);
                break;
            case Command::statistics:
                put(std::string(input_.next(40), 'u'));
                break;
            case Command::set_option:
                end(0);
                break;
            default:
                ok(0);
        }
        return answer_;
    }

  private:
    void put(std::string_view payload) { append_packets(answer_.bytes, sequence_, payload); }
    void ok(std::uint16_t flags) {
        Ok packet;
        packet.affected_rows = input_.next(256) * 100000U;
        packet.status = flags;
        append_ok(answer_.bytes, sequence_, packet, capabilities_);
    }
    void error() {
        append_error(answer_.bytes, sequence_, {1054, "42S22", "Unknown column"});
        answer_.failed = true;
    }
    [[nodiscard]] bool deprecates_eof() const {
        return (capabilities_ & capability::deprecate_eof) != 0;
    }
    void end(std::uint16_t flags) {
        append_end(answer_.bytes, sequence_, {0, flags}, capabilities_);
    }
    void block_end(std::uint16_t flags) {
        if (!deprecates_eof()) append_eof(answer_.bytes, sequence_, {0, flags});
    }
    void definitions(unsigned count) {
        for (unsigned i = 0; i < count; ++i)
            put("\x03"
                "def" +
                std::string(input_.next(30), 'd'));
    }
    unsigned columns() {
        const unsigned count = input_.next(5) + 1;
        std::string payload;
        put_length_encoded(payload, std::uint64_t{count});
        put(payload);
        definitions(count);
        return count;
    }
    // True: they ended with an error.
    bool rows(std::uint16_t flags) {
        answer_.rows = input_.next(6);
        for (std::uint64_t i = 0; i < answer_.rows; ++i) {
            const unsigned kind = input_.next(5);
            if (kind == 0 && !deprecates_eof()) {
                put("\xfe" + std::string(8, '\0') + "a long value");
            } else {
                put((kind == 1 ? "\xfb" : "\x05") + std::string(input_.next(90), 'r'));
            }
        }
        if (input_.next(8) == 0) {
            error();
            return true;
        }
        end(flags);
        return false;
    }
    void open_cursor() {
        columns();
        end(status::cursor_exists);
    }
    void results(bool may_be_many) {
        for (;;) {
            const bool more = may_be_many && input_.next(4) == 0;
            std::uint16_t flags = more ? status::more_results : 0;
            if (more && input_.next(2) == 0) flags |= status::cursor_exists;  // a procedure's own
            switch (input_.next(4)) {
                case 0:
                    return error();
                case 1:
                    ok(flags);
                    break;
                default:
                    columns();
                    block_end(flags);
                    if (rows(flags)) return;
            }
            if (!more) return;
        }
    }
    void prepared() {
        if (input_.next(6) == 0) return error();
        PreparedOk head;
        head.parameters = static_cast<std::uint16_t>(input_.next(4));
        head.columns = static_cast<std::uint16_t>(input_.next(4));
        append_prepared_ok(answer_.bytes, sequence_, head);
        for (const unsigned count : {head.parameters, head.columns}) {
            if (count == 0) continue;
            definitions(count);
            block_end(0);
        }
    }

    Input& input_;
    std::uint32_t capabilities_;
    std::uint8_t sequence_ = 0;
    Answer answer_;
};

void conversation(std::string_view bytes, std::uint32_t capabilities, std::size_t piece) {
    Input input(bytes);
    std::vector<Server::Answer> answers;
    std::string stream;
    ReplyTracker tracker;
    tracker.reset(capabilities);
    while (!input.empty() && answers.size() < 50) {
        answers.push_back(Server(input, capabilities).answer());
        stream += answers.back().bytes;
        tracker.sent(answers.back().asked);
    }
    std::string seen;
    std::size_t done = 0, due = 0;
    ReplyTracker::Part part;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        std::string_view chunk = std::string_view(stream).substr(at, piece);
        for (;;) {
            const Verdict verdict = tracker.next(chunk, part);
            if (verdict == Verdict::need_more) break;
            require(verdict == Verdict::part);
            seen.append(part.carried).append(part.bytes);
            if (!part.done) continue;
            due += answers[done].bytes.size();
            require(seen.size() == due);
            require(part.asked.command == answers[done].asked.command);
            require(tracker.outcome().failed == answers[done].failed);
            if (!answers[done].failed) require(tracker.outcome().rows == answers[done].rows);
            ++done;
        }
        require(chunk.empty());
    }
    require(done == answers.size() && tracker.settled() && seen == stream);
}

// Everything that was told of a stream.
std::string told(std::string_view stream, std::uint32_t capabilities, std::size_t piece) {
    ReplyTracker tracker;
    tracker.reset(capabilities);
    const unsigned char command = stream.empty() ? 3 : static_cast<unsigned char>(stream.front());
    for (unsigned i = 0; i < 4; ++i) {
        const auto code = static_cast<Command>((command + i * 5U) % 0x1d);
        const bool unfit = code == Command::change_user || code == Command::binlog_dump;
        tracker.sent({.command = unfit ? Command::query : code, .cursor = i == 1});
    }
    std::string seen, out;
    ReplyTracker::Part part;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        std::string_view chunk = stream.substr(at, piece);
        for (;;) {
            const Verdict verdict = tracker.next(chunk, part);
            if (verdict == Verdict::need_more) break;
            if (verdict == Verdict::desync) return out + "!";
            if (verdict == Verdict::farewell) return out + "bye";
            seen.append(part.carried).append(part.bytes);
            require(stream.starts_with(seen));
            if (part.whole) out += "k" + std::to_string(static_cast<int>(part.kind));
            if (part.done) out += "d" + std::to_string(tracker.outcome().rows) + "\n";
            if (tracker.wants_file()) tracker.file_sent(part.sequence);
        }
        require(chunk.empty());
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    for (const std::uint32_t capabilities :
         {std::uint32_t{0}, capability::deprecate_eof,
          capability::deprecate_eof | capability::session_track}) {
        for (const std::size_t piece : {std::size_t{1} << 20U, std::size_t{1}, data[0] + 1UL}) {
            conversation(bytes, capabilities, piece);
        }
        const std::string whole = told(bytes, capabilities, bytes.size());
        require(told(bytes, capabilities, 1) == whole);
        require(told(bytes, capabilities, data[0] + 1U) == whole);
    }
    return 0;
}
