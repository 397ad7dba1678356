// What is read of clients' and servers' bytes to carry a session along: a DataRow's values lie
// within its body, the name that a DEALLOCATE drops stands in its text, and settings that a text
// names can be written into a statement of ours.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/postgresql/deallocation.h"
#include "wire/postgresql/settings_messages.h"
#include "wire/postgresql/statement_scan.h"

namespace pg = weir::wire::postgresql;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto row = pg::read_data_row(text)) {
        std::size_t total = 0;
        for (const auto& value : *row) total += value ? value->size() : 0;
        require(total <= size);
    }
    if (const auto name = pg::deallocated_statement(text)) require(name->size() < size);
    pg::StatementScan scan;
    scan.feed(text);
    scan.finish();
    for (const std::string& name : scan.words().settings()) {
        if (!pg::is_setting_name(name)) continue;
        require(name.find_first_of("\"'; ") == std::string::npos);
        require(!pg::ask_settings({name}, {name}).bytes.empty());
    }
    return 0;
}
