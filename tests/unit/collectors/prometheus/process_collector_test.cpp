#include "collectors/prometheus/process_collector.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "base/fd.h"
#include "collectors/prometheus/sample_of.h"

namespace weir::collectors {
namespace {

TEST(ProcessCollector, an_opened_descriptor_is_counted) {
    const ProcessCollector collector;
    const auto before = sample_of(collector.Collect(), "process_open_fds", {});
    std::vector<base::Fd> some;
    for (int i = 0; i < 10; ++i) some.emplace_back(::open("/dev/null", O_RDONLY));
    const auto after = sample_of(collector.Collect(), "process_open_fds", {});
    ASSERT_TRUE(before && after);
    EXPECT_EQ(*after, *before + 10);
}

TEST(ProcessCollector, tells_what_the_kernel_says_of_this_process) {
    const auto families = ProcessCollector().Collect();
    const auto told = [&](const char* name) { return sample_of(families, name, {}).value_or(-1); };
    const double now =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    EXPECT_GT(told("process_resident_memory_bytes"), 1e5);
    EXPECT_GT(told("process_virtual_memory_bytes"), told("process_resident_memory_bytes"));
    EXPECT_GE(told("process_cpu_seconds_total"), 0);
    EXPECT_GT(told("process_max_fds"), told("process_open_fds"));
    EXPECT_GT(told("process_start_time_seconds"), now - 3600);
    EXPECT_LT(told("process_start_time_seconds"), now + 60);
    EXPECT_GE(told("process_threads"), 1);
}

}  // namespace
}  // namespace weir::collectors
