#include "admin/negotiation.h"

#include <gtest/gtest.h>

namespace weir::admin {
namespace {

using collectors::Format;

TEST(NegotiationTest, openmetrics_is_for_who_asks_for_it_by_name) {
    for (const char* accept :
         {"application/openmetrics-text", "application/openmetrics-text; version=1.0.0",
          "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
          "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
          "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
          "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,"
          "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
          "text/plain, APPLICATION/OpenMetrics-Text ; VERSION=1.0.0"}) {
        EXPECT_EQ(preferred_format(accept), Format::openmetrics) << accept;
    }
}

TEST(NegotiationTest, everybody_else_gets_the_text_format) {
    for (const char* accept :
         {"", "*/*", "text/plain", "text/html,application/xhtml+xml,*/*;q=0.8",
          "application/openmetrics-text;version=0.0.1", "application/openmetrics-text;q=0",
          "application/openmetrics-text;version=1.0.0;q=0.4,text/plain;q=0.5",
          "application/openmetrics-text;q=x", "application/*", ",;,=;q", "text/plain;q=0"}) {
        EXPECT_EQ(preferred_format(accept), Format::text) << accept;
    }
}

TEST(NegotiationTest, gzip_is_for_who_takes_it) {
    for (const char* accept : {"gzip", "deflate, gzip;q=0.1", "x-gzip", "*", "GZIP ; q=1.0"}) {
        EXPECT_TRUE(takes_gzip(accept)) << accept;
    }
    for (const char* accept :
         {"", "identity", "gzip;q=0", "*, gzip;q=0", "*;q=0", "gzipped", "br, deflate"}) {
        EXPECT_FALSE(takes_gzip(accept)) << accept;
    }
}

}  // namespace
}  // namespace weir::admin
