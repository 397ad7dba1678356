#include "collectors/otlp/encoder.h"

#include <endian.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <type_traits>

#include "base/utf8.h"
#include "collectors/otlp/json_writer.h"
#include "collectors/otlp/protobuf_writer.h"

namespace weir::collectors::otlp {
namespace {

using settings::TraceProtocol;
using telemetry::Span;
using telemetry::SpanAttributes;

constexpr std::string_view scope_name = "weir";
constexpr std::uint32_t status_error = 2;               // STATUS_CODE_ERROR
constexpr std::uint32_t flag_sampled = 1;               // the flags of W3C Trace Context
constexpr std::array<std::uint32_t, 3> kinds{1, 2, 3};  // SPAN_KIND_INTERNAL, _SERVER, _CLIENT

// The bytes of an id, the highest first.
template <class... Words>
void write_id(Writer& out, Field field, Words... words) {
    const std::uint64_t bytes[] = {htobe64(words)...};
    out.id(field, {reinterpret_cast<const char*>(bytes), sizeof bytes});
}

void write_text(Writer& out, Field field, std::string_view text) {
    if (base::is_utf8(text)) {
        out.text(field, text);
    } else {
        out.text(field, base::replaced_utf8(text));
    }
}

// One of an AnyValue's fields is always there, whatever its value: it says which type it has.
struct ValueWriter {
    Writer& out;
    void operator()(const std::string& text) const { write_text(out, any_value::text, text); }
    void operator()(std::int64_t number) const { out.whole(any_value::whole, number); }
    void operator()(double number) const { out.real(any_value::real, number); }
    void operator()(bool flag) const { out.boolean(any_value::boolean, flag); }
};

// `key`: UTF-8.
template <class Value>
void write_attribute(Writer& out, Field field, std::string_view key, const Value& value) {
    out.message(field, [&] {
        out.text(key_value::key, key);
        out.message(key_value::value, [&] { std::visit(ValueWriter{out}, value); });
    });
}

void write_each(Writer& out, Field field, const SpanAttributes& attributes) {
    for (const auto& one : attributes) write_attribute(out, field, one.key, one.value);
}

void write_attributes(Writer& out, Field field, const SpanAttributes& attributes) {
    if (!attributes.empty()) out.list(field, [&] { write_each(out, field, attributes); });
}

void write_attributes(Writer& out, const Span& span) {
    const SpanAttributes* const shared[] = {span.subject.get(), span.circumstances};
    const bool any = std::any_of(std::begin(shared), std::end(shared), [](const auto* attributes) {
        return attributes != nullptr && !attributes->empty();
    });
    if (!any) return write_attributes(out, span::attributes, span.attributes);
    out.list(span::attributes, [&] {
        for (const SpanAttributes* const attributes : shared) {
            if (attributes == nullptr) continue;
            out.repeated(attributes, [&] { write_each(out, span::attributes, *attributes); });
        }
        write_each(out, span::attributes, span.attributes);
    });
}

void write_ids(Writer& out, Field trace, Field span, const telemetry::SpanContext& context) {
    write_id(out, trace, context.trace.high, context.trace.low);
    write_id(out, span, context.span);
}

void write_events(Writer& out, const Span& span) {
    if (span.events.empty()) return;
    out.list(span::events, [&] {
        for (const auto& one : span.events) {
            out.message(span::events, [&] {
                out.instant(event::time, static_cast<std::uint64_t>(one.unix_ns));
                write_text(out, event::name, one.name);
                write_attributes(out, event::attributes, one.attributes);
            });
        }
    });
}

void write_links(Writer& out, const Span& span) {
    if (span.links.empty()) return;
    out.list(span::links, [&] {
        for (const auto& one : span.links) {
            out.message(span::links, [&] {
                write_ids(out, link::trace_id, link::span_id, one.context);
                write_attributes(out, link::attributes, one.attributes);
                if (one.context.sampled) out.flags(link::flags, flag_sampled);
            });
        }
    });
}

void write_span(Writer& out, const Span& span) {
    write_ids(out, span::trace_id, span::span_id, span.context);
    if (span.trace_state != nullptr && !span.trace_state->empty()) {
        write_text(out, span::trace_state, *span.trace_state);
    }
    if (span.parent != 0) write_id(out, span::parent_span_id, span.parent);
    write_text(out, span::name, span.name);
    out.number(span::kind, kinds[static_cast<std::size_t>(span.kind)]);
    out.instant(span::start_time, static_cast<std::uint64_t>(span.start_unix_ns));
    out.instant(span::end_time, static_cast<std::uint64_t>(span.end_unix_ns));
    write_attributes(out, span);
    write_events(out, span);
    write_links(out, span);
    if (span.failed) {
        out.message(span::status, [&] {
            if (!span.status_message.empty()) {
                write_text(out, status::message, span.status_message);
            }
            out.number(status::code, status_error);
        });
    }
    if (span.context.sampled) out.flags(span::flags, flag_sampled);
}

void write_batch(Writer& out, const Resource& resource, const std::vector<Span>& spans) {
    const auto write_scope_spans = [&] {
        out.message(scope_spans::scope, [&] {
            out.text(scope::name, scope_name);
            write_text(out, scope::version, resource.version);
        });
        out.list(scope_spans::spans, [&] {
            for (const Span& span : spans) {
                out.message(scope_spans::spans, [&] { write_span(out, span); });
            }
        });
    };
    const auto write_resource_spans = [&] {
        out.message(resource_spans::resource, [&] {
            out.list(resource::attributes, [&] {
                for (const auto& [key, value] : resource.attributes) {
                    write_attribute(out, resource::attributes, key, value);
                }
            });
        });
        out.list(resource_spans::scope_spans,
                 [&] { out.message(resource_spans::scope_spans, write_scope_spans); });
    };
    out.list(request::resource_spans,
             [&] { out.message(request::resource_spans, write_resource_spans); });
}

}  // namespace

std::string_view encode(const Resource& resource, const std::vector<Span>& spans,
                        TraceProtocol protocol, std::string& room) {
    JsonWriter json(room);
    ProtobufWriter protobuf(room);
    const bool as_json = protocol == TraceProtocol::http_json;
    Writer& out = as_json ? static_cast<Writer&>(json) : protobuf;
    write_batch(out, resource, spans);
    return out.take();
}

std::string_view content_type(TraceProtocol protocol) {
    return protocol == TraceProtocol::http_json ? "application/json" : "application/x-protobuf";
}

}  // namespace weir::collectors::otlp
