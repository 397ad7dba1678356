#include "wire/redis/request_scanner.h"

#include <algorithm>
#include <charconv>

#include "wire/redis/commands.h"

namespace weir::wire::redis {
namespace {

constexpr std::string_view line_end = "\r\n";
// "*" or "$", a number of at most 19 digits and its sign, and the line end.
constexpr std::size_t longest_header = 1 + 20 + line_end.size();

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

char unescaped(char c) {
    switch (c) {
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case 'b':
            return '\b';
        case 'a':
            return '\a';
        default:
            return c;
    }
}

// Takes one quoted word off the front of `line`; false: its quote does not end, or a word goes on
// behind it.
bool take_quoted(std::string_view& line, std::string& word) {
    const char quote = line.front();
    line.remove_prefix(1);
    while (!line.empty() && line.front() != quote) {
        if (line.front() != '\\' || line.size() < 2) {
            word += line.front();
            line.remove_prefix(1);
        } else if (quote == '\'') {
            const bool escapes = line[1] == '\'';
            word += escapes ? '\'' : '\\';
            line.remove_prefix(escapes ? 2 : 1);
        } else if (line[1] == 'x' && line.size() >= 4 && hex(line[2]) >= 0 && hex(line[3]) >= 0) {
            word += static_cast<char>(hex(line[2]) * 16 + hex(line[3]));
            line.remove_prefix(4);
        } else {
            word += unescaped(line[1]);
            line.remove_prefix(2);
        }
    }
    if (line.empty()) return false;
    line.remove_prefix(1);
    return line.empty() || is_space(line.front());
}

// The words of an inline command, as Redis' own sdssplitargs() takes them apart.
bool split_words(std::string_view line, std::vector<std::string>& words) {
    words.clear();
    for (;;) {
        while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
        if (line.empty()) return true;
        std::string& word = words.emplace_back();
        while (!line.empty() && !is_space(line.front())) {
            if (line.front() == '"' || line.front() == '\'') {
                if (!take_quoted(line, word)) return false;
            } else {
                word += line.front();
                line.remove_prefix(1);
            }
        }
    }
}

void append_header(std::string& to, char mark, std::size_t number) {
    to += mark;
    to += std::to_string(number);
    to += line_end;
}

}  // namespace

void append_request(std::string& to, const std::vector<std::string_view>& arguments) {
    append_header(to, '*', arguments.size());
    for (const std::string_view argument : arguments) {
        append_header(to, '$', argument.size());
        to += argument;
        to += line_end;
    }
}

void RequestScanner::begin_anew() {
    at_ = searched_ = 0;
    left_ = bulk_ = -1;
    parts_.clear();
}

RequestScanner::Status RequestScanner::fail(std::string_view why) {
    error_ = why;
    return Status::invalid;
}

RequestScanner::Status RequestScanner::next(std::string_view buffer, Request& request) {
    if (!error_.empty()) return Status::invalid;
    if (buffer.empty()) return Status::need_more;
    if (passing_) {  // it is asked again
        tell(buffer, request);
        return Status::long_request;
    }
    return buffer.front() == '*' ? next_array(buffer, request) : next_inline(buffer, request);
}

// The number of the header at at_, which is behind it afterwards.
RequestScanner::Line RequestScanner::read_length(std::string_view buffer, char mark,
                                                 std::int64_t& length) {
    const std::string_view rest = buffer.substr(at_);
    if (rest.empty()) return Line::need_more;
    if (rest.front() != mark) return Line::broken;
    const std::size_t end = rest.substr(0, longest_header).find(line_end);
    if (end == std::string_view::npos) {
        return rest.size() < longest_header ? Line::need_more : Line::broken;
    }
    const char* const last = rest.data() + end;
    const auto read = std::from_chars(rest.data() + 1, last, length);
    if (read.ec != std::errc() || read.ptr != last) return Line::broken;
    // Written otherwise ("007", "-0") a server would refuse it and close a connection of many.
    const std::string_view digits = rest.substr(length < 0 ? 2 : 1, end - (length < 0 ? 2 : 1));
    if ((digits.front() == '0' && length != 0) || (length == 0 && end != 2)) return Line::broken;
    at_ += end + line_end.size();
    return Line::whole;
}

void RequestScanner::tell(std::string_view buffer, Request& request) const {
    request.arguments.clear();
    for (const Part& part : parts_) {
        request.arguments.push_back(buffer.substr(part.begin, part.size));
    }
    request.bytes = buffer.substr(0, at_);
    request.taken = at_;
}

RequestScanner::Status RequestScanner::next_array(std::string_view buffer, Request& request) {
    if (left_ < 0) {
        std::int64_t count = 0;
        switch (read_length(buffer, '*', count)) {
            case Line::need_more:
                return Status::need_more;
            case Line::broken:
                return fail("Protocol error: invalid multibulk length");
            case Line::whole:
                break;
        }
        if (count > static_cast<std::int64_t>(limits_.arguments)) {
            return fail("Protocol error: invalid multibulk length");
        }
        left_ = std::max<std::int64_t>(count, 0);
    }
    while (left_ > 0) {
        if (bulk_ < 0) {
            switch (read_length(buffer, '$', bulk_)) {
                case Line::need_more:
                    bulk_ = -1;
                    return Status::need_more;
                case Line::broken:
                    return fail("Protocol error: invalid bulk length");
                case Line::whole:
                    break;
            }
            if (bulk_ < 0 || bulk_ > static_cast<std::int64_t>(limits_.bulk)) {
                return fail("Protocol error: invalid bulk length");
            }
        }
        const auto size = static_cast<std::size_t>(bulk_);
        const std::size_t end = at_ + size + line_end.size();
        if (end > limits_.gathered && !parts_.empty()) {
            tell(buffer, request);
            passing_ = true;
            skip_ = size + line_end.size();
            --left_;
            bulk_ = -1;
            return Status::long_request;
        }
        if (end > limits_.gathered) return fail("Protocol error: too long a command's name");
        if (buffer.size() < end) return Status::need_more;
        if (buffer.substr(end - line_end.size(), line_end.size()) != line_end) {
            return fail("Protocol error: a bulk string does not end where it should");
        }
        parts_.push_back({at_, size});
        at_ = end;
        bulk_ = -1;
        --left_;
    }
    tell(buffer, request);
    begin_anew();
    return Status::request;
}

RequestScanner::Status RequestScanner::next_inline(std::string_view buffer, Request& request) {
    const std::size_t end = buffer.find('\n', searched_);
    if (std::min(end, buffer.size()) > longest_inline) {
        return fail("Protocol error: too big inline request");
    }
    if (end == std::string_view::npos) {
        searched_ = buffer.size();
        return Status::need_more;
    }
    std::string_view line = buffer.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!split_words(line, words_)) return fail("Protocol error: unbalanced quotes in request");
    if (words_.size() > limits_.arguments) return fail("Protocol error: too many arguments");
    // A browser that was made to talk to us: nothing behind its first line is a command.
    if (!words_.empty() && (is_word(words_.front(), "POST") || is_word(words_.front(), "HOST:"))) {
        return fail("Protocol error: this is not a web server");
    }
    request.arguments.assign(words_.begin(), words_.end());
    canonical_.clear();
    if (!words_.empty()) append_request(canonical_, request.arguments);
    request.bytes = canonical_;
    request.taken = end + 1;
    begin_anew();
    return Status::request;
}

std::size_t RequestScanner::pass(std::string_view chunk) {
    std::size_t passed = 0;
    while (passing_ && passed < chunk.size()) {
        const std::string_view rest = chunk.substr(passed);
        if (skip_ > 0) {
            const std::size_t step = std::min(skip_, rest.size());
            skip_ -= step;
            passed += step;
        } else {
            const std::size_t end = rest.find('\n');
            const std::string_view part =
                rest.substr(0, end == std::string_view::npos ? end : end + 1);
            split_ += part;
            passed += part.size();
            if (split_.size() > longest_header) {
                (void)fail("Protocol error: invalid bulk length");
                return passed;
            }
            if (split_.back() != '\n') continue;
            at_ = 0;
            std::int64_t size = 0;
            const Line line = read_length(split_, '$', size);
            if (line != Line::whole || size < 0 || size > static_cast<std::int64_t>(limits_.bulk)) {
                (void)fail("Protocol error: invalid bulk length");
                return passed;
            }
            split_.clear();
            skip_ = static_cast<std::size_t>(size) + line_end.size();
            --left_;
        }
        if (skip_ == 0 && left_ == 0 && split_.empty()) {
            passing_ = false;
            begin_anew();
        }
    }
    return passed;
}

}  // namespace weir::wire::redis
