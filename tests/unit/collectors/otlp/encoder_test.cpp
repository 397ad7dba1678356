#include "collectors/otlp/encoder.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "collectors/otlp/some_spans.h"

namespace weir::collectors::otlp {
namespace encoder_test {

using settings::TraceProtocol;
using telemetry::Span;
using testing::named;

const Resource resource{{{"service.name", std::string("weir")}, {"process.pid", std::int64_t{7}}},
                        "0.1"};

std::string encoded(const Resource& of, const std::vector<Span>& spans, TraceProtocol protocol) {
    std::string room;
    return std::string(encode(of, spans, protocol, room));
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        text += digits[static_cast<unsigned char>(c) >> 4];
        text += digits[static_cast<unsigned char>(c) & 15];
    }
    return text;
}

nlohmann::json as_json(const Span& span) {
    const auto request = nlohmann::json::parse(encoded(resource, {span}, TraceProtocol::http_json));
    return request["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
}

// Everything that a span may have.
Span full() {
    Span span = named("transaction app");
    span.parent = 0x00F067AA0BA902B7;
    span.trace_state = std::make_shared<const std::string>("ot=th:fd70a4");
    span.failed = true;
    span.status_message = "gone";
    span.attributes = {{"weir.tenant", std::string("acme")},
                       {"server.port", std::int64_t{5432}},
                       {"ratio", 0.5},
                       {"pinned", false}};
    span.links = {{{{0, 1}, 2, true}, {{"why", std::string("holds")}}}};
    span.events = {{"dns", 1'700'000'000'000'000'100, {{"n", std::int64_t{-1}}}}};
    return span;
}

TEST(Encoder, json_has_ids_in_hexadecimal_enums_as_numbers_and_64_bits_as_texts) {
    EXPECT_EQ(encoded(resource, {full()}, TraceProtocol::http_json),
              R"({"resourceSpans":[{"resource":{"attributes":[)"
              R"({"key":"service.name","value":{"stringValue":"weir"}},)"
              R"({"key":"process.pid","value":{"intValue":"7"}}]},)"
              R"("scopeSpans":[{"scope":{"name":"weir","version":"0.1"},"spans":[{)"
              R"("traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331",)"
              R"("traceState":"ot=th:fd70a4","parentSpanId":"00f067aa0ba902b7",)"
              R"("name":"transaction app","kind":2,"startTimeUnixNano":"1700000000000000001",)"
              R"("endTimeUnixNano":"1700000000000000258","attributes":[)"
              R"({"key":"weir.tenant","value":{"stringValue":"acme"}},)"
              R"({"key":"server.port","value":{"intValue":"5432"}},)"
              R"({"key":"ratio","value":{"doubleValue":0.5}},)"
              R"({"key":"pinned","value":{"boolValue":false}}],)"
              R"("events":[{"timeUnixNano":"1700000000000000100","name":"dns",)"
              R"("attributes":[{"key":"n","value":{"intValue":"-1"}}]}],)"
              R"("links":[{"traceId":"00000000000000000000000000000001",)"
              R"("spanId":"0000000000000002","attributes":[{"key":"why","value":)"
              R"({"stringValue":"holds"}}],"flags":1}],)"
              R"("status":{"message":"gone","code":2},"flags":1}]}]}]})");
}

TEST(Encoder, protobuf_has_the_bytes_that_the_encoding_prescribes) {
    const Resource small{{{"a", std::string("b")}}, "1"};
    Span span = named("x");
    span.attributes = {{"n", std::int64_t{300}}, {"d", 0.5}, {"t", true}};
    EXPECT_EQ(hex(encoded(small, {span}, TraceProtocol::http_protobuf)),
              // ResourceSpans 1; resource 1; KeyValue 1: key 1 "a", value 2 { string_value 1 "b" }
              "0a8281808000"
              "0a8b808080000a88000a016112030a0162"
              // ScopeSpans 2; scope 1: name 1 "weir", version 2 "1"; Span 2
              "12eb80808000"
              "0a89000a0477656972120131"
              "12dc00"
              // trace_id 1, span_id 2
              "0a100af7651916cd43dd8448eb211c80319c1208b7ad6b7169203331"
              // name 5 "x", kind 6 SERVER, start 7 and end 8 as fixed64
              "2a01783002"
              "3901002a36fe9c9717"
              "4102012a36fe9c9717"
              // attributes 9: int_value 3, double_value 4, bool_value 2
              "4a080a016e120318ac02"
              "4a0e0a0164120921000000000000e03f"
              "4a070a017412021001"
              // flags 16 as fixed32
              "850101000000");
}

TEST(Encoder, what_many_spans_say_alike_is_written_as_if_each_said_it_alone) {
    using telemetry::SpanAttributes;
    const SpanAttributes of_one = {{"weir.tenant", std::string("acme")}},
                         of_another = {{"weir.tenant", std::string("bolt")},
                                       {"server.port", std::int64_t{5432}}};
    const SpanAttributes idle = {{"weir.acquire.source", std::string("idle")}};
    std::vector<Span> alike, alone;
    for (const SpanAttributes& said : {of_one, of_another}) {
        const auto shared = std::make_shared<const SpanAttributes>(said);
        for (const char* reason : {"ratio", "slow"}) {
            Span span = named(reason);
            span.subject = shared;
            span.circumstances = &idle;
            span.attributes = {{"weir.sampling.reason", std::string(reason)}};
            alike.push_back(span);
            span.subject = nullptr;
            span.circumstances = nullptr;
            span.attributes.insert(span.attributes.begin(), idle.begin(), idle.end());
            span.attributes.insert(span.attributes.begin(), said.begin(), said.end());
            alone.push_back(span);
        }
    }
    std::swap(alike[1], alike[2]);
    std::swap(alone[1], alone[2]);
    for (const auto protocol : {TraceProtocol::http_json, TraceProtocol::http_protobuf}) {
        EXPECT_EQ(encoded(resource, alike, protocol), encoded(resource, alone, protocol));
    }
}

TEST(Encoder, what_a_span_does_not_have_is_left_out) {
    Span span = named("x");
    span.context.sampled = false;
    const auto json = as_json(span);
    for (const char* absent :
         {"parentSpanId", "traceState", "attributes", "events", "links", "status", "flags"}) {
        EXPECT_FALSE(json.contains(absent)) << absent;
    }
    span.failed = true;
    EXPECT_EQ(as_json(span)["status"], nlohmann::json({{"code", 2}}));
}

TEST(Encoder, values_are_written_also_when_they_are_zero) {
    Span span = named("x");
    span.attributes = {{"n", std::int64_t{0}}, {"s", std::string()}};
    const auto attributes = as_json(span)["attributes"];
    EXPECT_EQ(attributes[0]["value"]["intValue"], "0");
    EXPECT_EQ(attributes[1]["value"]["stringValue"], "");
}

TEST(Encoder, text_that_is_no_utf8_is_replaced_in_both_forms) {
    Span span = named("m\xFCnchen");
    EXPECT_EQ(as_json(span)["name"], "m\xEF\xBF\xBDnchen");
    const std::string bytes = encoded(resource, {span}, TraceProtocol::http_protobuf);
    EXPECT_NE(bytes.find("m\xEF\xBF\xBDnchen"), std::string::npos);
}

TEST(Encoder, room_that_was_used_before_makes_no_difference) {
    for (const TraceProtocol protocol : {TraceProtocol::http_json, TraceProtocol::http_protobuf}) {
        std::string room;
        (void)encode(resource, {full(), full()}, protocol, room);
        EXPECT_EQ(encode(resource, {named("x")}, protocol, room),
                  encoded(resource, {named("x")}, protocol));
    }
}

TEST(Encoder, numbers_that_json_does_not_know_are_words) {
    Span span = named("x");
    span.attributes = {{"a", std::numeric_limits<double>::quiet_NaN()},
                       {"b", -std::numeric_limits<double>::infinity()}};
    const auto attributes = as_json(span)["attributes"];
    EXPECT_EQ(attributes[0]["value"]["doubleValue"], "NaN");
    EXPECT_EQ(attributes[1]["value"]["doubleValue"], "-Infinity");
}

TEST(Encoder, lengths_of_more_than_one_byte_are_varints) {
    Span span = named(std::string(300, 'x'));
    const std::string bytes = encoded({{}, "1"}, {span}, TraceProtocol::http_protobuf);
    EXPECT_NE(bytes.find("\x2a\xac\x02" + std::string(300, 'x')), std::string::npos);
}

TEST(Encoder, a_length_for_which_no_room_was_left_moves_what_it_measures) {
    const std::string text(20000, 'x');
    Span span = named("x");
    span.attributes = {{"t", text}};
    const std::string bytes = encoded({{}, "1"}, {span}, TraceProtocol::http_protobuf);
    // A Span, an attribute, its value and the text, each with a length of three bytes.
    EXPECT_NE(hex(bytes).find("12e89c010a10"), std::string::npos);
    const std::string end =
        "4aab9c01"
        "0a0174"
        "12a49c01"
        "0aa09c01" +
        hex(text) + "850101000000";
    EXPECT_TRUE(hex(bytes).ends_with(end));
}

}  // namespace encoder_test
}  // namespace weir::collectors::otlp
