#include "collectors/prometheus/process_collector.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include "collectors/prometheus/samples.h"

namespace weir::collectors {
namespace {

// proc(5), /proc/[pid]/stat: numbers from 1; the second is a name in parentheses that may itself
// hold blanks and parentheses, so counting begins behind the last one.
std::optional<double> stat_field(int number) {
    std::ifstream file("/proc/self/stat");
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    const std::size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream rest(line.substr(name_end + 1));
    std::string skipped;
    for (int i = 3; i < number; ++i) rest >> skipped;
    double value = 0;
    if (!(rest >> value)) return std::nullopt;
    return value;
}

std::optional<double> boot_time() {
    std::ifstream file("/proc/stat");
    std::string word;
    while (file >> word) {
        double value = 0;
        if (word == "btime" && file >> value) return value;
        file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return std::nullopt;
}

std::optional<double> start_time() {
    const auto boot = boot_time();
    const auto ticks = stat_field(22);
    const long per_second = ::sysconf(_SC_CLK_TCK);
    if (!boot || !ticks || per_second <= 0) return std::nullopt;
    return *boot + *ticks / static_cast<double>(per_second);
}

std::optional<double> cpu_seconds() {
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) != 0) return std::nullopt;
    const auto of = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

std::optional<double> open_descriptors() {
    // Since Linux 6.2 the folder's size is the number of descriptors; listing 10,000 takes long.
    struct stat folder {};
    if (::stat("/proc/self/fd", &folder) != 0) return std::nullopt;
    if (folder.st_size > 0) return static_cast<double>(folder.st_size);
    std::error_code failed;
    double count = 0;
    for (std::filesystem::directory_iterator it("/proc/self/fd", failed), end; !failed && it != end;
         it.increment(failed)) {
        ++count;
    }
    if (failed) return std::nullopt;
    return count - 1;  // without the one that lists
}

std::optional<double> descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
    return static_cast<double>(limit.rlim_cur);
}

::prometheus::MetricFamily family(const catalogue::Metric& metric, std::optional<double> value) {
    Samples samples(metric);
    if (value) samples.add({}, *value);
    return samples.take();
}

}  // namespace

ProcessCollector::ProcessCollector() : start_time_(start_time()) {}

std::vector<::prometheus::MetricFamily> ProcessCollector::Collect() const {
    std::optional<double> resident, virtual_size;
    std::ifstream memory("/proc/self/statm");  // in pages: size, resident, …
    double size_pages = 0, resident_pages = 0;
    if (memory >> size_pages >> resident_pages) {
        const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
        virtual_size = size_pages * page;
        resident = resident_pages * page;
    }
    return {family(catalogue::process_cpu_seconds, cpu_seconds()),
            family(catalogue::process_resident_memory_bytes, resident),
            family(catalogue::process_virtual_memory_bytes, virtual_size),
            family(catalogue::process_open_fds, open_descriptors()),
            family(catalogue::process_max_fds, descriptor_limit()),
            family(catalogue::process_start_time_seconds, start_time_),
            family(catalogue::process_threads, stat_field(20))};
}

}  // namespace weir::collectors
