#include "wire/mysql/query_attributes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/mysql/bytes.h"
#include "wire/mysql/encoding.h"
#include "wire/mysql/prepared.h"

namespace weir::wire::mysql {
namespace query_attributes_test {

using test::hex;

const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

// A parameter: its type with the flag, its name, its value as it is sent; no value: NULL.
struct Sent {
    std::uint16_t type;
    std::string name, value;
    bool null = false;
};

std::string text_value(std::string_view text) {
    std::string out;
    put_length_encoded(out, text);
    return out;
}

// From the NULL bitmap to the values.
std::string block(const std::vector<Sent>& all, bool bound = true) {
    std::string out((all.size() + 7) / 8, '\0'), types, values;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].null) out[i / 8] = static_cast<char>(out[i / 8] | 1 << i % 8);
        put_u16(types, all[i].type);
        put_length_encoded(types, std::string_view(all[i].name));
        values += all[i].value;
    }
    put_u8(out, bound ? 1 : 0);
    return out + (bound ? types : std::string()) + values;
}

std::string query(const std::vector<Sent>& all, std::string_view text) {
    std::string out = "\x03";
    put_length_encoded(out, all.size());
    put_length_encoded(out, 1);
    if (!all.empty()) out += block(all);
    return out.append(text);
}

std::string execute(const std::vector<Sent>& all, bool bound = true) {
    std::string out = hex("17 01 00 00 00 09 01 00 00 00");
    put_length_encoded(out, all.size());
    return all.empty() ? out : out + block(all, bound);
}

const Sent traceparent{254, "traceparent", text_value(trace)};

// One of every type that there is, and two that are NULL.
const std::vector<Sent> every_type{
    {0, "decimal", text_value("1.5")},
    {1, "tiny", hex("ff")},
    {2, "short", hex("01 02")},
    {0x8003, "unsigned long", hex("01 02 03 04")},
    {4, "float", hex("00 00 80 3f")},
    {5, "double", hex("00 00 00 00 00 00 f0 3f")},
    {6, "null", ""},
    {7, "timestamp", hex("07 e8 07 02 1d 0c 1e 00")},
    {8, "long long", hex("01 02 03 04 05 06 07 08")},
    {9, "int24", hex("01 02 03 00")},
    {10, "date", hex("04 e8 07 02 1d")},
    {11, "time", hex("00")},
    {12, "datetime", hex("0b e8 07 02 1d 0c 1e 00 40 42 0f 00")},
    {13, "year", hex("e8 07")},
    {15, "varchar", text_value("a")},
    {16, "bit", text_value("\1")},
    {242, "vector", text_value("abcd")},
    {244, "bool", hex("01")},
    {245, "json", text_value("{}")},
    {246, "new decimal", text_value("-1")},
    {247, "enum", text_value("e")},
    {248, "set", text_value("s")},
    {249, "tiny blob", text_value("")},
    {250, "medium blob", text_value(std::string(300, 'm'))},
    {251, "long blob", text_value(std::string(70'000, 'l'))},
    {252, "blob", text_value("b")},
    {253, "var string", text_value("v")},
    {255, "geometry", text_value("g")},
    {8, "no number", "", true},
    {254, "no string", "", true},
};

TEST(QueryAttributes, a_query_without_any_has_its_text_behind_two_bytes) {
    const auto read = read_query_attributes(hex("03 00 01") + "SELECT 1");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->text_at, 3u);
    EXPECT_EQ(read->traceparent, "");
    EXPECT_EQ(read_query_attributes(hex("03 00 01"))->text_at, 3u) << "no text";
}

TEST(QueryAttributes, the_documentation_s_example_is_read) {
    const std::string payload =
        hex("03 01 01 00 01 fe 00 01 61 01 31 73 65 6c 65 63 74 20 40 40 76 65 72 73 69 6f 6e 5f"
            "63 6f 6d 6d 65 6e 74 20 6c 69 6d 69 74 20 31");
    const auto read = read_query_attributes(payload);
    ASSERT_TRUE(read);
    EXPECT_EQ(payload.substr(read->text_at), "select @@version_comment limit 1");
    EXPECT_EQ(read->traceparent, "");
}

TEST(QueryAttributes, a_traceparent_is_found_among_others_of_every_type) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{7}, every_type.size()}) {
        std::vector<Sent> all = every_type;
        all.insert(all.begin() + static_cast<std::ptrdiff_t>(at), traceparent);
        const std::string payload = query(all, "SELECT 1");
        const auto read = read_query_attributes(payload);
        ASSERT_TRUE(read) << at;
        EXPECT_EQ(payload.substr(read->text_at), "SELECT 1");
        EXPECT_EQ(read->traceparent, trace);
    }
}

TEST(QueryAttributes, only_a_text_of_exactly_this_name_is_a_traceparent) {
    for (const std::uint16_t type : std::vector<std::uint16_t>{15, 249, 250, 251, 252, 253, 254}) {
        const std::string payload = query({{type, "traceparent", text_value(trace)}}, "x");
        EXPECT_EQ(read_query_attributes(payload)->traceparent, trace) << type;
    }
    const std::vector<Sent> others{{254, "Traceparent", text_value(trace)},
                                   {254, "traceparent ", text_value(trace)},
                                   {254, "", text_value(trace)},
                                   {245, "traceparent", text_value(trace)},
                                   {8, "traceparent", hex("01 02 03 04 05 06 07 08")},
                                   {254, "traceparent", "", true}};
    for (const Sent& other : others) {
        const std::string payload = query({other}, "x");
        EXPECT_EQ(read_query_attributes(payload)->traceparent, "") << other.name << other.type;
    }
    std::string again = query({traceparent, {254, "traceparent", text_value("other")}}, "x");
    EXPECT_EQ(read_query_attributes(again)->traceparent, trace) << "the first";
}

TEST(QueryAttributes, a_prefix_that_is_cut_short_is_none) {
    std::vector<Sent> all{every_type[3], every_type[11], traceparent, every_type[29],
                          every_type[7]};
    const std::string payload = query(all, "");
    for (std::size_t size = 0; size < payload.size(); ++size) {
        EXPECT_FALSE(read_query_attributes(std::string_view(payload).substr(0, size))) << size;
    }
    EXPECT_EQ(read_query_attributes(payload)->text_at, payload.size());
}

TEST(QueryAttributes, what_can_t_be_is_refused) {
    EXPECT_FALSE(read_query_attributes(hex("03 00 00") + "SELECT 1")) << "no set";
    EXPECT_FALSE(read_query_attributes(hex("03 00 02") + "SELECT 1")) << "two sets";
    EXPECT_FALSE(read_query_attributes(hex("03 fb 01") + "SELECT 1")) << "NULL is no number";
    EXPECT_FALSE(read_query_attributes(hex("03 01 01 00 00 fe 00 01 61 01 31") + "SELECT 1"));
    EXPECT_FALSE(read_query_attributes(hex("03 01 01 00 02 fe 00 01 61 01 31") + "SELECT 1"));
    EXPECT_FALSE(read_query_attributes(hex("03 01 01 00 01 64 00 01 61 01 31") + "SELECT 1"));
    EXPECT_FALSE(read_query_attributes(hex("03 01 01 00 01 fe 01 01 61 01 31") + "SELECT 1"));
    EXPECT_FALSE(read_query_attributes(hex("03 fd 00 00 01 01") + std::string(300'000, '\0')));
    EXPECT_FALSE(read_query_attributes(hex("03 fe ff ff ff ff ff ff ff ff 01") + "SELECT 1"));
    EXPECT_FALSE(read_query_attributes(hex("16 00 01") + "SELECT 1")) << "no query";
}

// Of a statement with two parameters, of which the client has named one.
const std::vector<Sent> own{{0x8003, "", hex("02 00 00 00")}, {253, "b", text_value("x")}};
const std::string own_plain =
    hex("17 01 00 00 00 01 01 00 00 00 00 01 03 80 fd 00 02 00 00 00 01 78");

std::vector<Sent> with(std::vector<Sent> all, const std::vector<Sent>& more) {
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

TEST(QueryAttributes, an_execute_goes_on_with_its_own_parameters) {
    std::string out = "before";
    EXPECT_EQ(append_plain_execute(out, execute(own), 2, {}, true).value(), "");
    EXPECT_EQ(out, "before" + own_plain);
    for (const auto& more : {std::vector<Sent>{traceparent}, with(every_type, {traceparent}),
                             with({traceparent}, every_type)}) {
        out.clear();
        const std::string payload = execute(with(own, more));
        const auto found = append_plain_execute(out, payload, 2, {}, true);
        ASSERT_TRUE(found);
        EXPECT_EQ(*found, trace);
        EXPECT_EQ(out, own_plain);
        EXPECT_TRUE(read_execute(out, 2));
    }
}

TEST(QueryAttributes, own_parameters_of_every_type_are_walked) {
    const auto parameters = static_cast<std::uint16_t>(every_type.size());
    const std::string payload = execute(with(every_type, {traceparent}));
    std::string out;
    EXPECT_EQ(append_plain_execute(out, payload, parameters, {}, true).value(), trace);
    const auto request = read_execute(out, parameters);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->null_bitmap, hex("00 00 00 30")) << "the last two";
    std::string types, values;
    for (const Sent& one : every_type) {
        put_u16(types, one.type);
        values += one.value;
    }
    EXPECT_EQ(request->types, types);
    EXPECT_EQ(request->values, values);
}

TEST(QueryAttributes, an_execute_without_own_parameters_has_nothing_left) {
    const std::string plain = hex("17 01 00 00 00 01 01 00 00 00");
    for (const auto& [payload, found] :
         {std::pair{execute({}), std::string()}, std::pair{execute({traceparent}), trace},
          std::pair{execute(with({traceparent}, every_type)), trace},
          std::pair{plain, std::string()}}) {
        std::string out;
        EXPECT_EQ(append_plain_execute(out, payload, 0, {}, true).value(), found);
        EXPECT_EQ(out, plain);
    }
}

TEST(QueryAttributes, an_execute_s_own_parameter_is_no_attribute) {
    const std::vector<Sent> named{{254, "traceparent", text_value(trace)}};
    std::string out;
    EXPECT_EQ(append_plain_execute(out, execute(named), 1, {}, true).value(), "");
    EXPECT_EQ(append_plain_execute(out, execute(with(named, {every_type[3]})), 1, {}, true).value(),
              "");
}

TEST(QueryAttributes, null_bits_of_attributes_are_not_those_of_parameters) {
    const std::vector<Sent> sent{{8, "", "", true}, {8, "n", "", true}, traceparent};
    std::string out;
    EXPECT_EQ(append_plain_execute(out, execute(sent), 1, {}, true).value(), trace);
    EXPECT_EQ(out, hex("17 01 00 00 00 01 01 00 00 00 01 01 08 00"));
    std::vector<Sent> eight(8, {1, "", hex("07")});
    eight[7] = {1, "", "", true};
    out.clear();
    EXPECT_EQ(append_plain_execute(out, execute(with(eight, {sent[1], traceparent})), 8, {}, true)
                  .value(),
              trace);
    const auto request = read_execute(out, 8);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->null_bitmap, hex("80"));
    EXPECT_EQ(request->values, hex("07 07 07 07 07 07 07"));
}

TEST(QueryAttributes, parameters_that_were_sent_on_their_own_have_no_value) {
    const std::vector<Sent> sent{own[0], {252, "", ""}, own[1], traceparent};
    std::string out;
    EXPECT_EQ(append_plain_execute(out, execute(sent), 3, hex("02"), true).value(), trace);
    EXPECT_EQ(read_execute(out, 3)->values, hex("02 00 00 00 01 78"));
    out.clear();
    EXPECT_EQ(
        append_plain_execute(out, execute({sent[1], traceparent}), 1, hex("ff ff"), true).value(),
        trace)
        << "an attribute can't be";
}

TEST(QueryAttributes, an_execute_that_relies_on_types_sent_before_keeps_its_values) {
    std::string out;
    EXPECT_EQ(append_plain_execute(out, execute(own, false), 2, {}, true).value(), "");
    EXPECT_EQ(out, hex("17 01 00 00 00 01 01 00 00 00 00 00 02 00 00 00 01 78"));
    out.clear();
    EXPECT_EQ(
        append_plain_execute(out, execute(with(own, {traceparent}), false), 2, {}, true).value(),
        "");
    EXPECT_EQ(out,
              hex("17 01 00 00 00 01 01 00 00 00 00 00 02 00 00 00 01 78") + traceparent.value);
}

TEST(QueryAttributes, an_execute_s_head_is_enough_for_its_own) {
    const std::string payload = execute(with(own, {traceparent}));
    const std::size_t head = payload.size() - 4 - 2 - traceparent.value.size();
    for (std::size_t size = 0; size <= payload.size(); ++size) {
        std::string out;
        const std::string_view cut = std::string_view(payload).substr(0, size);
        const auto found = append_plain_execute(out, cut, 2, {}, false);
        EXPECT_EQ(found.has_value(), size >= head) << size;
        if (!found) {
            EXPECT_EQ(out, "") << size;
            continue;
        }
        EXPECT_EQ(*found, "");
        EXPECT_EQ(out, own_plain.substr(0, own_plain.size() - 6).append(cut.substr(head)));
    }
}

TEST(QueryAttributes, an_execute_that_is_cut_short_is_refused) {
    const std::string payload = execute(with(own, {traceparent}));
    for (std::size_t size = 0; size < payload.size(); ++size) {
        std::string out;
        const std::string_view cut = std::string_view(payload).substr(0, size);
        EXPECT_FALSE(append_plain_execute(out, cut, 2, {}, true)) << size;
        EXPECT_EQ(out, "");
    }
}

TEST(QueryAttributes, an_execute_that_can_t_be_is_refused) {
    const auto refused = [](const std::string& payload, std::uint16_t parameters) {
        std::string out;
        return !append_plain_execute(out, payload, parameters, {}, true) && out.empty();
    };
    EXPECT_TRUE(refused(execute(own), 3)) << "fewer than the statement has";
    EXPECT_TRUE(refused(execute({}), 1));
    EXPECT_TRUE(refused(hex("17 01 00 00 00 08 01 00 00 00 fb"), 0));
    EXPECT_TRUE(refused(hex("17 01 00 00 00 08 01 00 00 00 fe ff ff ff ff ff ff ff ff"), 0));
    EXPECT_TRUE(refused(hex("17 01 00 00 00 08 01 00 00 00 01 00 02 fe 00 00 00"), 0));
    EXPECT_TRUE(refused(hex("17 01 00 00 00 08 01 00 00 00 01 00 01 64 00 00 00"), 0));
    EXPECT_TRUE(refused(hex("18 01 00 00 00 08 01 00 00 00 00"), 0));
}

}  // namespace query_attributes_test
}  // namespace weir::wire::mysql
