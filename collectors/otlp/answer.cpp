#include "collectors/otlp/answer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace weir::collectors::otlp {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_pause{500}, longest_pause{8'000};
constexpr double spread = 0.5;  // pauses are from a half to one and a half of the usual one
constexpr std::chrono::seconds longest_asked{3600};

// -- the binary form, read as far as an ExportTraceServiceResponse needs

class ProtobufReader {
  public:
    explicit ProtobufReader(std::string_view bytes) : bytes_(bytes) {}

    struct Entry {
        std::uint64_t field = 0;
        std::uint64_t number = 0;  // of a varint
        std::string_view bytes;    // of what has a length
    };
    // Nothing at the end and at anything that is no protobuf.
    std::optional<Entry> next() {
        if (bytes_.empty()) return std::nullopt;
        const auto tag = varint();
        if (!tag) return std::nullopt;
        Entry entry{*tag >> 3, 0, {}};
        const auto type = *tag & 7;
        if (type == 0) {
            const auto number = varint();
            if (!number) return std::nullopt;
            entry.number = *number;
            return entry;
        }
        std::optional<std::uint64_t> length;
        if (type == 1) length = 8;
        if (type == 2) length = varint();
        if (type == 5) length = 4;
        if (!length || *length > bytes_.size()) return std::nullopt;
        entry.bytes = bytes_.substr(0, *length);
        bytes_.remove_prefix(*length);
        return entry;
    }

  private:
    std::optional<std::uint64_t> varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(bytes_.front());
            bytes_.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) return value;
        }
        return std::nullopt;
    }

    std::string_view bytes_;
};

std::uint64_t not_negative(std::uint64_t number) {  // of an int64
    return static_cast<std::int64_t>(number) < 0 ? 0 : number;
}

// ExportTraceServiceResponse.partial_success = 1; in it rejected_spans = 1, error_message = 2.
PartialSuccess of_protobuf(std::string_view body) {
    PartialSuccess found;
    ProtobufReader response(body);
    while (const auto entry = response.next()) {
        if (entry->field != 1) continue;
        ProtobufReader partial(entry->bytes);
        while (const auto inner = partial.next()) {
            if (inner->field == 1) found.rejected = not_negative(inner->number);
            if (inner->field == 2) found.message = inner->bytes;
        }
    }
    return found;
}

PartialSuccess of_json(std::string_view body) {
    const auto response = nlohmann::json::parse(body, nullptr, false);
    PartialSuccess found;
    if (!response.is_object() || !response.contains("partialSuccess")) return found;
    const auto& partial = response["partialSuccess"];
    if (!partial.is_object()) return found;
    if (const auto rejected = partial.find("rejectedSpans"); rejected != partial.end()) {
        if (rejected->is_number_unsigned()) {
            found.rejected = rejected->get<std::uint64_t>();
        } else if (rejected->is_string()) {  // as 64 bits are written
            const auto& text = rejected->get_ref<const std::string&>();
            std::from_chars(text.data(), text.data() + text.size(), found.rejected);
        }
    }
    if (const auto message = partial.find("errorMessage");
        message != partial.end() && message->is_string()) {
        found.message = message->get<std::string>();
    }
    return found;
}

}  // namespace

Meaning meaning(const Answer& answer) {
    if (answer.status == 0) return Meaning::later;
    if (answer.status >= 200 && answer.status < 300) return Meaning::taken;
    for (const long again : {429L, 502L, 503L, 504L}) {
        if (answer.status == again) return Meaning::later;
    }
    return answer.status >= 400 && answer.status < 500 ? Meaning::refused : Meaning::broken_down;
}

PartialSuccess partial_success(std::string_view body, settings::TraceProtocol protocol) {
    return protocol == settings::TraceProtocol::http_json ? of_json(body) : of_protobuf(body);
}

milliseconds retry_pause(unsigned attempt, std::optional<std::chrono::seconds> retry_after,
                         double jitter) {
    const unsigned doublings = std::min(attempt == 0 ? 0 : attempt - 1, 16U);
    const milliseconds usual =
        std::min<milliseconds>(first_pause * (1LL << doublings), longest_pause);
    const double factor = 1 - spread + 2 * spread * jitter;
    const milliseconds own(std::llround(static_cast<double>(usual.count()) * factor));
    if (!retry_after || retry_after->count() <= 0) return own;
    return std::max<milliseconds>(own, std::min(*retry_after, longest_asked));
}

}  // namespace weir::collectors::otlp
