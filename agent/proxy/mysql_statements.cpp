#include "proxy/mysql_statements.h"

#include <array>
#include <cassert>

namespace weir::proxy {

std::string mysql_analysis(const ParameterSet& settings) {
    constexpr std::array names = std::to_array<std::string_view>(
        {"character_set_client", "character_set_connection", "collation_connection", "sql_mode"});
    std::string analysis;
    for (const std::string_view name : names) {
        const std::string* const value = settings.find(name);
        if (value != nullptr) analysis += *value;
        analysis.push_back('\0');
    }
    return analysis;
}

MysqlStatementRef MysqlStatementCatalogue::obtain(std::string_view text,
                                                  std::string_view analysed_under,
                                                  wire::mysql::Traits traits,
                                                  wire::mysql::Verb verb, unsigned copy) {
    std::string key(analysed_under);  // says itself where it ends
    key += text;
    if (copy > 0) key.append(1, '\0').append(std::to_string(copy));
    if (const auto found = known_.find(key); found != known_.end()) return found->second.lock();
    auto made = std::make_unique<MysqlStatement>();
    made->key = std::move(key);
    made->text = std::string_view(made->key).substr(analysed_under.size(), text.size());
    made->copy = copy;
    made->traits = traits;
    made->verb = verb;
    made->number = ++last_number_;
    const std::string_view known_as = made->key;
    MysqlStatementRef statement(made.release(), [this](const MysqlStatement* last) {
        known_.erase(last->key);
        delete last;
    });
    known_.emplace(known_as, statement);
    return statement;
}

MysqlServerStatements::Entry* MysqlServerStatements::use(const MysqlStatement& statement) {
    const auto found = by_number_.find(statement.number);
    if (found == by_number_.end()) return nullptr;
    entries_.splice(entries_.end(), entries_, found->second);
    return &*found->second;
}

MysqlServerStatements::Entry& MysqlServerStatements::add(MysqlStatementRef statement,
                                                         std::uint32_t id) {
    const std::uint32_t number = statement->number;
    assert(!by_number_.contains(number));
    const auto entry = entries_.insert(entries_.end(), Entry{std::move(statement), id, {}});
    by_number_.emplace(number, entry);
    return *entry;
}

std::uint32_t MysqlServerStatements::evict(std::size_t limit, const MysqlStatement& kept) {
    if (size() <= limit || entries_.front().statement.get() == &kept) return 0;
    const std::uint32_t id = entries_.front().id;
    by_number_.erase(entries_.front().statement->number);
    entries_.pop_front();
    return id;
}

void MysqlServerStatements::clear() {
    entries_.clear();
    by_number_.clear();
}

}  // namespace weir::proxy
