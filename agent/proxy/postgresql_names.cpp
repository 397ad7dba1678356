// The names that a client has given to its prepared statements: what each stands for, what becomes
// of them when a request fails, and errors told in them instead of in ours.
#include <fmt/format.h>

#include <utility>

#include "proxy/pool_loop.h"
#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
#include "wire/postgresql/messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;

namespace {

bool quotes(std::string_view text, const std::string& name) {
    return text.find('"' + name + '"') != std::string_view::npos;
}

}  // namespace

const Statement* PostgresqlSession::named(std::string_view name) const {
    if (named_.empty()) return nullptr;
    const auto found = named_.find(name);
    return found == named_.end() ? nullptr : &found->second;
}

void PostgresqlSession::renamed(const std::string& name, Statement statement) {
    (void)rename(name, std::move(statement));
}

Statement PostgresqlSession::rename(const std::string& name, Statement statement) {
    if (statement == nullptr) {
        const auto found = named_.find(name);
        if (found == named_.end()) return nullptr;
        Statement before = std::move(found->second);
        named_.erase(found);
        former_names_.emplace_back(before->name, name);
        return before;
    }
    return std::exchange(named_[name], std::move(statement));
}

void PostgresqlSession::names_settled() {
    if (!awaits_names_) return;
    awaits_names_ = false;
    home_.loop().defer(*this);
}

void PostgresqlSession::failed_by_name(const std::string& ours, const std::string& theirs) {
    failed_name_.emplace(ours, theirs);
}

std::string PostgresqlSession::disguised(std::string_view name) {
    return std::string(StatementCatalogue::prefix).append(name);
}

std::string PostgresqlSession::in_its_names(std::string_view error) {
    const auto failed_name = std::exchange(failed_name_, std::nullopt);
    if (!(shares_statements_ || rejects_state_) ||
        error.find(StatementCatalogue::prefix) == std::string_view::npos) {
        return {};
    }
    const std::size_t rejected = error.find(rejected_prefix);
    if (rejected != std::string_view::npos) {
        const std::string_view reason = error.substr(rejected + rejected_prefix.size());
        return pg::error_response(
            "ERROR", "0A000",
            fmt::format(
                "session state that can't be carried between server connections ({}) is not "
                "allowed in this pool",
                reason.substr(0, reason.find('"'))),
            {}, "Use a pool with session_state = \"pin\" or mode = \"session\".");
    }
    std::string told(error);
    const std::string* ours = nullptr;
    const std::string* theirs = nullptr;
    if (failed_name && quotes(told, failed_name->first)) {
        ours = &failed_name->first;
        theirs = &failed_name->second;
    }
    for (const auto& [statement, name] : former_names_) {
        if (ours != nullptr) break;
        if (!quotes(told, statement)) continue;
        ours = &statement;
        theirs = &name;
    }
    for (const auto& [name, statement] : named_) {
        if (ours != nullptr) break;
        if (!quotes(told, statement->name)) continue;
        ours = &statement->name;
        theirs = &name;
    }
    if (ours == nullptr) return {};
    told.replace(told.find('"' + *ours + '"') + 1, ours->size(), *theirs);
    pg::put_length(told);
    return told;
}

}  // namespace weir::proxy
