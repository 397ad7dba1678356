#include "collectors/prometheus/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "collectors/prometheus/catalogue.h"
#include "collectors/prometheus/filled_registry.h"

namespace weir::collectors {
namespace exposition_test {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t occurrences(std::string_view text, std::string_view of) {
    std::size_t count = 0;
    for (auto i = text.find(of); i != std::string_view::npos; i = text.find(of, i + 1)) ++count;
    return count;
}

struct Verdict {
    int status = -1;
    std::string said;
};

Verdict promtool(const std::string& text) {
    const auto file = std::filesystem::temp_directory_path() /
                      ("weir_metrics_" + std::to_string(::getpid()) + ".txt");
    std::ofstream(file) << text;
    Verdict verdict;
    const std::string command = "promtool check metrics < " + file.string() + " 2>&1";
    if (FILE* pipe = ::popen(command.c_str(), "r")) {
        std::array<char, 4096> part{};
        while (const std::size_t n = std::fread(part.data(), 1, part.size(), pipe)) {
            verdict.said.append(part.data(), n);
        }
        verdict.status = ::pclose(pipe);
    }
    std::filesystem::remove(file);
    return verdict;
}

// The names and labels of all samples.
std::set<std::string> series(const std::string& text) {
    std::set<std::string> all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with('#')) all.insert(line.substr(0, line.rfind(' ')));
    }
    return all;
}

double thread_cpu_milliseconds() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

class ExpositionTest : public ::testing::Test {
  protected:
    telemetry::Registry registry_;
    FixedFacts facts_;
};

TEST_F(ExpositionTest, promtool_has_no_complaint_about_a_filled_registry) {
    fill(registry_);
    Exposition exposition(registry_, facts_, 256);
    (void)exposition.metrics_text(Format::text);
    const Verdict verdict = promtool(exposition.metrics_text(Format::text));
    EXPECT_EQ(verdict.status, 0) << "is Debian's package prometheus installed?";
    EXPECT_EQ(verdict.said, "");
}

TEST_F(ExpositionTest, promtool_has_no_complaint_about_an_empty_registry) {
    const Verdict verdict = promtool(Exposition(registry_, facts_, 256).metrics_text(Format::text));
    EXPECT_EQ(verdict.status, 0);
    EXPECT_EQ(verdict.said, "");
}

TEST_F(ExpositionTest, promtool_does_complain_about_a_bad_name) {
    const Verdict verdict = promtool("# HELP x_count y\n# TYPE x_count gauge\nx_count 1\n");
    EXPECT_NE(verdict.said, "");
}

TEST_F(ExpositionTest, every_family_prints_help_and_type_once_with_and_without_samples) {
    const std::string empty = Exposition(registry_, facts_, 256).metrics_text(Format::text);
    fill(registry_);
    const std::string filled = Exposition(registry_, facts_, 256).metrics_text(Format::text);
    for (const catalogue::Metric* metric : catalogue::all) {
        for (const std::string& text : {empty, filled}) {
            EXPECT_EQ(occurrences(text, "# HELP " + std::string(metric->name) + " "), 1u)
                << metric->name;
            EXPECT_EQ(occurrences(text, "# TYPE " + std::string(metric->name) + " "), 1u)
                << metric->name;
        }
        EXPECT_EQ(occurrences(filled, "\n" + std::string(metric->name)) > 0, true)
            << metric->name << " has no sample";
    }
    EXPECT_EQ(occurrences(filled, "# TYPE "), catalogue::all.size());
}

TEST_F(ExpositionTest, closed_vocabularies_start_at_zero) {
    (void)registry_.pool(pool_labels("app"), 0);
    const std::string text = Exposition(registry_, facts_, 256).metrics_text(Format::text);
    for (
        const std::string line :
        {R"(weir_pool_connections{pool="app",engine="postgresql",state="cancelling"} 0)",
         R"(weir_acquires_total{pool="app",engine="postgresql",outcome="cancelled"} 0)",
         R"(weir_acquire_wait_seconds_count{pool="app",engine="postgresql",outcome="failed"} 0)",
         R"(weir_connection_create_failures_total{pool="app",engine="postgresql",upstream="primary",reason="too_many"} 0)",
         R"(weir_pins_total{pool="app",engine="postgresql",reason="advisory_lock"} 0)",
         R"(weir_query_errors_total{pool="app",engine="postgresql",class="42"} 0)",
         R"(weir_query_errors_total{pool="app",engine="postgresql",class="other"} 0)",
         R"(weir_network_bytes_total{pool="app",engine="postgresql",side="upstream",direction="out"} 0)",
         R"(weir_tenants{pool="app",state="saturated"} 0)"}) {
        EXPECT_THAT(text, HasSubstr(line + "\n"));
    }
}

TEST_F(ExpositionTest, a_scrape_appears_in_the_next_one) {
    Exposition exposition(registry_, facts_, 256);
    EXPECT_THAT(exposition.metrics_text(Format::text),
                HasSubstr("weir_scrape_seconds_count{endpoint=\"/metrics\"} 0\n"));
    EXPECT_THAT(exposition.metrics_text(Format::text),
                HasSubstr("weir_scrape_seconds_count{endpoint=\"/metrics\"} 1\n"));
}

TEST_F(ExpositionTest, each_endpoint_tells_what_its_own_scrapes_cost) {
    Exposition exposition(registry_, facts_, 256);
    const std::size_t size = exposition.tenants_text({}, Format::text).size();
    const std::string text = exposition.metrics_text(Format::text);
    EXPECT_THAT(text, HasSubstr("weir_scrape_seconds_count{endpoint=\"/metrics\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("weir_scrape_seconds_count{endpoint=\"/metrics/tenants\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("weir_scrape_bytes{endpoint=\"/metrics/tenants\"} " +
                                std::to_string(size) + "\n"));
}

TEST_F(ExpositionTest, promtool_has_no_complaint_about_the_page_of_tenants) {
    const auto desk = registry_.tenants().desk("app", "postgresql", 0);
    const auto seated = registry_.tenants().opened(*desk, "ac\"me", at(1s));
    seated->acquire_ended(telemetry::AcquireOutcome::timeout, 3s);
    const std::string text = Exposition(registry_, facts_, 256).tenants_text({}, Format::text);
    EXPECT_THAT(text, HasSubstr("tenant=\"ac\\\"me\",outcome=\"timeout\"} 1\n"));
    const Verdict verdict = promtool(text);
    EXPECT_EQ(verdict.status, 0);
    EXPECT_EQ(verdict.said, "");
}

TEST_F(ExpositionTest, the_page_of_tenants_prints_every_family_when_there_is_no_tenant) {
    const std::string text = Exposition(registry_, facts_, 256).tenants_text({}, Format::text);
    for (const catalogue::Metric* metric : catalogue::tenant_families) {
        EXPECT_THAT(text, HasSubstr("# TYPE " + std::string(metric->name) + " "));
        EXPECT_THAT(text, HasSubstr("# HELP " + std::string(metric->name) + " "));
    }
}

TEST_F(ExpositionTest, no_tenant_is_ever_named) {
    fill(registry_);
    const auto desk = registry_.tenants().desk("app", "postgresql", 0);
    const auto probe = registry_.tenants().opened(*desk, "acme-corporation", at(1s));
    probe->leak_suspected();
    const std::string text = Exposition(registry_, facts_, 256).metrics_text(Format::text);
    EXPECT_THAT(text, Not(HasSubstr("acme")));
    EXPECT_THAT(text, Not(HasSubstr("tenant=\"")));
}

TEST_F(ExpositionTest, two_hundred_tenants_cost_little_and_no_more_than_one) {
    fill(registry_);
    Exposition exposition(registry_, facts_, 256);
    const std::size_t size_before = exposition.metrics_text(Format::text).size();
    const auto desk = registry_.tenants().desk("app", "postgresql", 0);
    for (int i = 0; i < 200; ++i) {
        (void)registry_.tenants().opened(*desk, "tenant" + std::to_string(i), at(1s));
        registry_.pool(pool_labels("app"), 0)->tenant_known(1);
    }
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
        const double before = thread_cpu_milliseconds();
        const std::string text = exposition.metrics_text(Format::text);
        best = std::min(best, thread_cpu_milliseconds() - before);
        EXPECT_LT(text.size(), size_before + 256);
    }
    RecordProperty("cpu_ms", std::to_string(best));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__OPTIMIZE__)
    EXPECT_LT(best, 10.0);
#endif
}

TEST_F(ExpositionTest, openmetrics_has_the_series_of_the_text_format) {
    fill(registry_);
    Exposition exposition(registry_, facts_, 256);
    (void)exposition.metrics_text(Format::text);
    const std::string text = exposition.metrics_text(Format::text);
    const std::string openmetrics = exposition.metrics_text(Format::openmetrics);
    EXPECT_GT(series(text).size(), 500U);
    EXPECT_EQ(series(openmetrics), series(text));
    EXPECT_TRUE(openmetrics.ends_with("\n# EOF\n"));
    EXPECT_EQ(series(exposition.tenants_text({}, Format::openmetrics)),
              series(exposition.tenants_text({}, Format::text)));
}

TEST_F(ExpositionTest, every_family_of_openmetrics_is_declared_once_and_no_counter_is_unknown) {
    fill(registry_);
    const std::string text = Exposition(registry_, facts_, 256).metrics_text(Format::openmetrics);
    std::set<std::string> families;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("# TYPE ")) continue;
        EXPECT_THAT(line, Not(::testing::EndsWith(" unknown")));
        EXPECT_TRUE(families.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
    EXPECT_GT(families.size(), 50U);
}

}  // namespace exposition_test
}  // namespace weir::collectors
