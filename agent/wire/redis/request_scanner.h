// Finds the requests of a Redis client: arrays of bulk strings, and inline commands for people.
// Picks up where it stopped when more bytes have come, so that a request that arrives byte by byte
// costs no more than one that comes at once. Pure; one scanner for each client.
// Source: Redis documentation, "Redis serialization protocol specification".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::wire::redis {

struct Request {
    // As a server is to be sent it: the client's own bytes, or an inline command made an array, so
    // that both sides can't read its quotes differently. Lies in the buffer or in the scanner.
    std::string_view bytes;
    std::vector<std::string_view> arguments;  // the command's name first; empty: an empty line
    std::size_t taken = 0;                    // of the buffer
};

class RequestScanner {
  public:
    enum class Status : std::uint8_t {
        request,
        need_more,
        // Longer than `gathered`: what has come of its arguments is told, whole ones only, and it
        // goes on through pass().
        long_request,
        invalid  // error() says why; for good
    };
    struct Limits {
        std::size_t arguments = 1024 * 1024;   // Redis' own
        std::size_t bulk = 512 * 1024 * 1024;  // of one argument, Redis' own
        std::size_t gathered = std::size_t{32} * 1024;
    };
    static constexpr std::size_t longest_inline = std::size_t{64} * 1024;

    // Before a client has logged in it may ask for little: Redis' own bounds.
    static constexpr Limits before_login{10, 16384, std::size_t{10} * 16384 + 1024};

    explicit RequestScanner(Limits limits) : limits_(limits) {}
    void limit(Limits limits) { limits_ = limits; }

    // `buffer` begins with the request's first byte and holds at least what it held at the last
    // call. After `request` the caller takes request.taken bytes off its front. A long_request is
    // told again until pass() is called.
    [[nodiscard]] Status next(std::string_view buffer, Request& request);
    // How many bytes at the front of `chunk`, which continues the buffer that was a long_request,
    // still belong to it. Fewer than there are: it has ended there.
    [[nodiscard]] std::size_t pass(std::string_view chunk);
    [[nodiscard]] bool passing() const { return passing_; }
    [[nodiscard]] std::string_view error() const { return error_; }

  private:
    struct Part {
        std::size_t begin, size;
    };
    enum class Line : std::uint8_t { whole, need_more, broken };

    Status next_array(std::string_view buffer, Request& request);
    Status next_inline(std::string_view buffer, Request& request);
    Line read_length(std::string_view buffer, char mark, std::int64_t& length);
    Status fail(std::string_view why);
    void tell(std::string_view buffer, Request& request) const;
    void begin_anew();

    Limits limits_;
    std::string_view error_;
    std::size_t at_ = 0;              // everything before is understood
    std::size_t searched_ = 0;        // no line end before
    std::int64_t left_ = -1;          // arguments that are due; -1: the array's header is
    std::int64_t bulk_ = -1;          // length of the argument at at_; -1: its header is due
    std::vector<Part> parts_;         // the arguments that have come
    std::string canonical_;           // an inline command as an array
    std::vector<std::string> words_;  // of an inline command
    std::string split_;               // while passing: a header that a chunk's end has cut
    std::size_t skip_ = 0;            // while passing: bytes of the argument that are to come
    bool passing_ = false;
};

// One request as an array of bulk strings.
void append_request(std::string& to, const std::vector<std::string_view>& arguments);

}  // namespace weir::wire::redis
