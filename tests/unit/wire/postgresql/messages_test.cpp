#include "wire/postgresql/messages.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace weir::wire::postgresql {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(Messages, an_error_has_its_fields_in_order) {
    EXPECT_EQ(error_response("FATAL", "53300", "full", "detail", "hint"),
              "E\0\0\0\x2eSFATAL\0VFATAL\0C53300\0Mfull\0Ddetail\0Hhint\0\0"s);
}

TEST(Messages, an_error_without_detail_and_hint_leaves_them_out) {
    EXPECT_EQ(error_response("ERROR", "08006", "gone"),
              "E\0\0\0\x20SERROR\0VERROR\0C08006\0Mgone\0\0"s);
}

TEST(Messages, a_nul_inside_of_a_text_ends_it) {
    EXPECT_EQ(error_response("ERROR", "08006", "gone\0Cfake"sv),
              error_response("ERROR", "08006", "gone"));
}

TEST(Messages, what_is_built_can_be_read_again) {
    const std::string message = error_response("FATAL", "57P01", "bye", "detail");
    const auto fields = read_error(std::string_view(message).substr(5));
    ASSERT_TRUE(fields);
    EXPECT_EQ(fields->severity, "FATAL");
    EXPECT_EQ(fields->sqlstate, "57P01");
    EXPECT_EQ(fields->message, "bye");
}

TEST(Messages, severity_is_read_untranslated_where_there_is_one) {
    EXPECT_EQ(read_error("SFEHLER\0VERROR\0C42601\0\0"sv)->severity, "ERROR");
    EXPECT_EQ(read_error("VERROR\0SFEHLER\0C42601\0\0"sv)->severity, "ERROR");
    EXPECT_EQ(read_error("SFEHLER\0C42601\0\0"sv)->severity, "FEHLER");
}

TEST(Messages, malformed_errors_are_not_read) {
    for (const std::string_view body :
         {""sv, "\0"sv, "S"sv, "SERROR"sv, "SERROR\0C42601"sv, "SERROR\0C42601\0"sv, "SERROR\0\0"sv,
          "SERROR\0C42601\0\0x"sv}) {
        EXPECT_FALSE(read_error(body)) << body.size();
    }
}

TEST(Messages, every_fixed_message_is_as_documented) {
    EXPECT_EQ(ready_for_query(TransactionStatus::in_transaction), "Z\0\0\0\5T"s);
    EXPECT_EQ(parameter_status("a", "b"),
              "S\0\0\0\x8"
              "a\0b\0"s);
    EXPECT_EQ(backend_key_data(0x01020304, "wxyz"), "K\0\0\0\xc\1\2\3\4wxyz"s);
    EXPECT_EQ(authentication_ok(), "R\0\0\0\x8\0\0\0\0"s);
    EXPECT_EQ(authentication_md5_password("salt"), "R\0\0\0\xc\0\0\0\x5salt"s);
    EXPECT_EQ(authentication_sasl({"SCRAM-SHA-256"}), "R\0\0\0\x17\0\0\0\xaSCRAM-SHA-256\0\0"s);
    EXPECT_EQ(authentication_sasl_continue("r=x"), "R\0\0\0\xb\0\0\0\xbr=x"s);
    EXPECT_EQ(authentication_sasl_final("v=x"), "R\0\0\0\xb\0\0\0\xcv=x"s);
    EXPECT_EQ(negotiate_protocol_version(0, {"_pq_.x"}), "v\0\0\0\x13\0\3\0\0\0\0\0\1_pq_.x\0"s);
    EXPECT_EQ(query("ROLLBACK"), "Q\0\0\0\xdROLLBACK\0"s);
    EXPECT_EQ(sync(), "S\0\0\0\4"s);
    EXPECT_EQ(terminate(), "X\0\0\0\4"s);
    EXPECT_EQ(copy_fail("no"), "f\0\0\0\7no\0"s);
    EXPECT_EQ(notice_response("01000", "n"), "N\0\0\0\x1fSNOTICE\0VNOTICE\0C01000\0Mn\0\0"s);
}

TEST(Messages, c_strings_are_taken_off_the_front) {
    std::string_view bytes = "one\0\0rest"sv;
    EXPECT_EQ(read_c_string(bytes), "one");
    EXPECT_EQ(read_c_string(bytes), "");
    EXPECT_EQ(read_c_string(bytes), "");
    EXPECT_EQ(bytes, "rest");
}

TEST(Messages, parameter_status_is_read_only_when_whole) {
    const auto parameter = read_parameter_status("TimeZone\0UTC\0"sv);
    ASSERT_TRUE(parameter);
    EXPECT_EQ(parameter->name, "TimeZone");
    EXPECT_EQ(parameter->value, "UTC");
    EXPECT_TRUE(read_parameter_status("application_name\0\0"sv));
    for (const std::string_view body : {""sv, "a"sv, "a\0"sv, "a\0b"sv, "\0b\0"sv, "a\0b\0c"sv}) {
        EXPECT_FALSE(read_parameter_status(body));
    }
}

TEST(Messages, sasl_initial_response_has_mechanism_and_data) {
    const auto initial = read_sasl_initial("SCRAM-SHA-256\0\0\0\0\5n,,n="sv);
    ASSERT_TRUE(initial);
    EXPECT_EQ(initial->mechanism, "SCRAM-SHA-256");
    EXPECT_EQ(initial->data, "n,,n=");
    EXPECT_EQ(read_sasl_initial("M\0\xff\xff\xff\xff"sv)->data, "");
}

TEST(Messages, sasl_initial_response_of_another_length_is_not_read) {
    for (const std::string_view body :
         {""sv, "M"sv, "M\0"sv, "M\0\0\0\0"sv, "M\0\0\0\0\2x"sv, "M\0\0\0\0\1xx"sv,
          "M\0\xff\xff\xff\xff"
          "x"sv,
          "M\0\x7f\xff\xff\xffx"sv, "\0\0\0\0\1x"sv}) {
        EXPECT_FALSE(read_sasl_initial(body)) << body.size();
    }
}

}  // namespace
}  // namespace weir::wire::postgresql
