// Commands with query attributes: what is read of one lies in it, and what is left of an execute is
// no longer than it was and reads as one without attributes. The first two bytes of the input say
// how many parameters the statement has and which of them were sent on their own.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/mysql/prepared.h"
#include "wire/mysql/query_attributes.h"

using namespace weir::wire::mysql;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void require_inside(std::string_view part, std::string_view whole) {
    if (part.empty()) return;
    require(part.data() >= whole.data() &&
            part.data() + part.size() <= whole.data() + whole.size());
}

void any_query(std::string_view payload) {
    const auto read = read_query_attributes(payload);
    if (!read) {
        require(!read.error().message.empty());
        return;
    }
    require(read->text_at >= 3 && read->text_at <= payload.size());
    require_inside(read->traceparent, payload.substr(0, read->text_at));
    // The text is nothing that they depend on.
    const auto again = read_query_attributes(payload.substr(0, read->text_at));
    require(again && again->text_at == read->text_at && again->traceparent == read->traceparent);
}

void any_execute(std::string_view payload, std::uint16_t parameters, std::string_view long_data) {
    std::string head, plain = "before";
    const auto of_head = append_plain_execute(head, payload, parameters, long_data, false);
    const auto found = append_plain_execute(plain, payload, parameters, long_data, true);
    require(plain.starts_with("before"));
    plain.erase(0, 6);
    if (!found) {
        require(plain.empty() && !found.error().message.empty());
        return;
    }
    require(of_head && of_head->empty() && head.starts_with(plain));
    require_inside(*found, payload);
    require(plain.size() <= payload.size());
    const auto request = read_execute(plain, parameters);
    require(!request || request->statement == statement_of(payload));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::string rest(all.substr(2));
    any_query(rest);
    any_query("\x03" + rest);
    any_execute(rest, data[0], all.substr(1, 1));
    const std::string fixed("\x17\1\0\0\0\x08\1\0\0\0", 10);
    any_execute(fixed + rest, data[0] % 20, all.substr(1, 1));
    return 0;
}
