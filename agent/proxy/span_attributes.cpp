#include "proxy/span_attributes.h"

namespace weir::proxy {

void add_text(telemetry::SpanAttributes& attributes, const char* key, std::string_view text) {
    telemetry::SpanAttribute& added = attributes.emplace_back();
    added.key = key;
    added.value.emplace<std::string>(text);
}

void add_number(telemetry::SpanAttributes& attributes, const char* key, std::int64_t number) {
    telemetry::SpanAttribute& added = attributes.emplace_back();
    added.key = key;
    added.value.emplace<std::int64_t>(number);
}

}  // namespace weir::proxy
