#include "proxy/postgresql_statements.h"

namespace weir::proxy {

Statement StatementCatalogue::obtain(std::string_view definition, std::string_view analysed_under,
                                     StatementActs acts, std::string_view used_under) {
    std::string key(definition);
    key += analysed_under;  // the definition says itself where it ends
    if (!used_under.empty()) key.append(1, '\0').append(used_under);  // no setting's name is empty
    if (analysed_under.empty()) key += std::to_string(last_number_ + 1);
    if (const auto found = known_.find(key); found != known_.end()) return found->second.lock();
    auto made = std::make_unique<PreparedStatement>();
    made->number = ++last_number_;
    made->name = std::string(prefix) + std::to_string(made->number);
    made->definition = definition;
    made->key = std::move(key);
    made->analysed_under = analysed_under;
    made->used_under = used_under;
    made->acts = std::move(acts);
    const std::string_view known_as = made->key;
    Statement statement(made.release(), [this](const PreparedStatement* last) {
        known_.erase(last->key);
        delete last;
    });
    known_.emplace(known_as, statement);
    return statement;
}

ServerStatements::Standing ServerStatements::use(const PreparedStatement& statement) {
    const auto found = by_number_.find(statement.number);
    if (found == by_number_.end()) return Standing::absent;
    entries_.splice(entries_.end(), entries_, found->second);
    found->second->batch = batch_;
    return found->second->doubtful ? Standing::doubtful : Standing::present;
}

void ServerStatements::add(Statement statement) {
    const std::uint32_t number = statement->number;
    if (const auto found = by_number_.find(number); found != by_number_.end()) {
        found->second->doubtful = false;
        return;
    }
    by_number_.emplace(number,
                       entries_.insert(entries_.end(), Entry{std::move(statement), batch_}));
}

void ServerStatements::remove(const PreparedStatement& statement) {
    const auto found = by_number_.find(statement.number);
    if (found == by_number_.end()) return;
    entries_.erase(found->second);
    by_number_.erase(found);
}

void ServerStatements::doubt(const PreparedStatement& statement) {
    by_number_.at(statement.number)->doubtful = true;
}

void ServerStatements::doubt_recent() {
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
        if (entry->batch != batch_) return;
        entry->doubtful = true;
    }
}

void ServerStatements::clear() {
    entries_.clear();
    by_number_.clear();
}

Statement ServerStatements::surplus(std::size_t limit) const {
    if (size() < limit || entries_.empty() || entries_.front().batch == batch_) return nullptr;
    return entries_.front().statement;
}

}  // namespace weir::proxy
