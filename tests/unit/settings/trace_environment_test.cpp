#include "settings/trace_environment.h"

#include "loading.h"

namespace weir::settings {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

constexpr const char* endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

class TraceEnvironment : public ::testing::Test {
  protected:
    std::optional<TraceExport> read(const Environment& environment) {
        Report report;
        auto found = trace_export(traces_, environment, report);
        warnings_ = texts_of(report.problems());
        return found;
    }
    // Of an agent that has somewhere to export to.
    TraceExport exported(Environment environment) {
        environment.emplace(endpoint, "http://h:4318");
        return read(environment).value_or(TraceExport{});
    }
    std::vector<std::string> headers(const std::string& text) {
        std::vector<std::string> lines;
        for (const auto& [name, value] : exported({{"OTEL_EXPORTER_OTLP_HEADERS", text}}).headers) {
            lines.push_back(name + "=" + std::string(value.reveal()));
        }
        return lines;
    }

    Traces traces_;
    std::vector<std::string> warnings_;
};

TEST_F(TraceEnvironment, without_an_endpoint_there_is_no_tracing) {
    EXPECT_FALSE(read({}));
    EXPECT_FALSE(read({{"OTEL_EXPORTER_OTLP_HEADERS", "a=b"}, {endpoint, ""}}));
    EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(TraceEnvironment, path_is_added_to_the_endpoint_of_all_signals_and_of_the_file) {
    traces_.endpoint = "http://file:4318";
    EXPECT_EQ(read({})->url, "http://file:4318/v1/traces");
    EXPECT_EQ(read({{endpoint, "https://h/otlp"}})->url, "https://h/otlp/v1/traces");
    EXPECT_EQ(read({{endpoint, "https://h/otlp/"}})->url, "https://h/otlp/v1/traces");
}

TEST_F(TraceEnvironment, endpoint_of_traces_is_taken_as_it_is_and_comes_first) {
    const Environment both{{endpoint, "http://all"},
                           {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://h:1/in?key=2"}};
    EXPECT_EQ(read(both)->url, "http://h:1/in?key=2");
}

TEST_F(TraceEnvironment, endpoint_that_is_none_is_told_and_the_files_holds) {
    traces_.endpoint = "http://file";
    for (const char* wrong : {"h:4318", "http://", "http://:4318", "http://u:hidden@h", "ftp://h",
                              "http://h/ b", "http://h/#x", "http://h?key=hidden"}) {
        EXPECT_EQ(read({{endpoint, wrong}})->url, "http://file/v1/traces") << wrong;
        EXPECT_THAT(warnings_, ElementsAre(HasSubstr(endpoint))) << wrong;
        EXPECT_THAT(warnings_[0], Not(HasSubstr("hidden")));
    }
}

TEST_F(TraceEnvironment, sdk_disabled_ends_all_tracing) {
    EXPECT_FALSE(read({{endpoint, "http://h"}, {"OTEL_SDK_DISABLED", "True"}}));
    EXPECT_TRUE(read({{endpoint, "http://h"}, {"OTEL_SDK_DISABLED", "false"}}));
    EXPECT_THAT(warnings_, IsEmpty());
    EXPECT_TRUE(read({{endpoint, "http://h"}, {"OTEL_SDK_DISABLED", "1"}}));
    EXPECT_THAT(warnings_, ElementsAre(HasSubstr("OTEL_SDK_DISABLED")));
}

TEST_F(TraceEnvironment, protocol_is_the_environments_or_the_files) {
    EXPECT_EQ(exported({}).protocol, TraceProtocol::http_json);
    EXPECT_EQ(exported({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}}).protocol,
              TraceProtocol::http_protobuf);
    traces_.protocol = TraceProtocol::http_protobuf;
    EXPECT_EQ(exported({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"},
                        {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"}})
                  .protocol,
              TraceProtocol::http_json);
    EXPECT_EQ(exported({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}).protocol,
              TraceProtocol::http_protobuf);
    EXPECT_THAT(warnings_, ElementsAre(HasSubstr("expected http/json or http/protobuf")));
}

TEST_F(TraceEnvironment, headers_are_a_list_that_is_percent_encoded) {
    EXPECT_THAT(headers("authorization=Basic%20YTpi, x-tenant = a%3Db ,x-empty="),
                ElementsAre("authorization=Basic YTpi", "x-tenant=a=b", "x-empty="));
    EXPECT_THAT(headers("a=b=c,"), ElementsAre("a=b=c"));
    EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(TraceEnvironment, headers_that_are_wrong_are_told_without_their_values_and_none_is_added) {
    for (const char* wrong : {"a=topsecret,b", "=topsecret", "a b=topsecret", "a=topsecret%0D%0Ax",
                              "a=topsecret%2", "a%3A=topsecret", "a=topsecret%00"}) {
        EXPECT_THAT(headers(wrong), IsEmpty()) << wrong;
        EXPECT_THAT(warnings_, ElementsAre(HasSubstr("OTEL_EXPORTER_OTLP_HEADERS"))) << wrong;
        EXPECT_THAT(warnings_[0], Not(HasSubstr("topsecret")));
    }
}

TEST_F(TraceEnvironment, headers_of_traces_stand_instead_of_those_of_all_signals) {
    const auto found = exported(
        {{"OTEL_EXPORTER_OTLP_HEADERS", "a=1,b=2"}, {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "c=3"}});
    ASSERT_EQ(found.headers.size(), 1U);
    EXPECT_EQ(found.headers[0].first, "c");
}

TEST_F(TraceEnvironment, resource_attributes_are_decoded_and_the_services_name_comes_first) {
    const auto found = exported({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=a,deployment=b%2Cc"},
                                 {"OTEL_SERVICE_NAME", "gate"}});
    EXPECT_THAT(found.resource,
                ElementsAre(Pair("service.name", "gate"), Pair("deployment", "b,c")));
    EXPECT_THAT(exported({{"OTEL_RESOURCE_ATTRIBUTES", "a=1,b"}}).resource, IsEmpty());
    EXPECT_THAT(warnings_, ElementsAre(HasSubstr("OTEL_RESOURCE_ATTRIBUTES")));
}

TEST_F(TraceEnvironment, limits_are_milliseconds_and_zero_is_no_limit) {
    const auto found = exported({{"OTEL_EXPORTER_OTLP_TIMEOUT", "1500"},
                                 {"OTEL_BSP_EXPORT_TIMEOUT", "0"},
                                 {"OTEL_BSP_SCHEDULE_DELAY", " 250 "}});
    EXPECT_EQ(found.request_timeout, milliseconds(1500));
    EXPECT_GE(found.batch_timeout, std::chrono::hours(1));
    EXPECT_EQ(found.delay, milliseconds(250));
    EXPECT_EQ(
        exported({{"OTEL_EXPORTER_OTLP_TIMEOUT", "1"}, {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2"}})
            .request_timeout,
        milliseconds(2));
}

TEST_F(TraceEnvironment, number_that_is_none_is_told_and_the_default_holds) {
    for (const char* wrong : {"5s", "-1", "0", "1e3", "99999999999999999999"}) {
        EXPECT_EQ(exported({{"OTEL_BSP_SCHEDULE_DELAY", wrong}}).delay, milliseconds(5000))
            << wrong;
        EXPECT_THAT(warnings_, ElementsAre(HasSubstr("OTEL_BSP_SCHEDULE_DELAY"))) << wrong;
    }
}

TEST_F(TraceEnvironment, batch_is_never_more_than_the_queue) {
    EXPECT_EQ(exported({}).queue, 2048U);
    EXPECT_EQ(exported({}).batch, 512U);
    EXPECT_EQ(exported({{"OTEL_BSP_MAX_QUEUE_SIZE", "100"}}).batch, 100U);
    EXPECT_THAT(warnings_, IsEmpty());
    EXPECT_EQ(
        exported({{"OTEL_BSP_MAX_QUEUE_SIZE", "100"}, {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "101"}})
            .batch,
        100U);
    EXPECT_THAT(warnings_, ElementsAre(HasSubstr("OTEL_BSP_MAX_EXPORT_BATCH_SIZE")));
}

TEST_F(TraceEnvironment, certificates_are_files_and_compression_is_said_to_be_none) {
    const auto found = exported({{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca"},
                                 {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/cert"},
                                 {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "/key"},
                                 {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}});
    EXPECT_EQ(found.ca, "/ca");
    EXPECT_EQ(found.certificate, "/cert");
    EXPECT_EQ(found.key, "/key");
    EXPECT_THAT(warnings_, ElementsAre(HasSubstr("OTEL_EXPORTER_OTLP_COMPRESSION")));
}

TEST(TraceExport, is_part_of_what_is_loaded_and_its_headers_are_shown_nowhere) {
    const auto all = loaded(small("[traces]\nendpoint = \"http://h:4318\"\n"),
                            {{"OTEL_EXPORTER_OTLP_HEADERS", "authorization=topsecret"}});
    ASSERT_TRUE(all.settings.trace_export);
    EXPECT_EQ(all.settings.trace_export->url, "http://h:4318/v1/traces");
    EXPECT_THAT(masked_json(all.settings), Not(HasSubstr("topsecret")));
    EXPECT_THAT(texts_of(all.notices), IsEmpty());
    EXPECT_THAT(texts_of(all.warnings), IsEmpty());
}

TEST(TraceExport, endpoint_of_the_file_must_be_an_address) {
    EXPECT_THAT(problems_before("[traces]\nendpoint = \"h:4318\"\n"),
                ElementsAre(HasSubstr("weir.toml:2:12: traces.endpoint: expected an address")));
    EXPECT_THAT(problems_before("[traces]\nendpoint = \"http://h?a=b\"\n"),
                ElementsAre(HasSubstr("without a query")));
}

}  // namespace
}  // namespace weir::settings
