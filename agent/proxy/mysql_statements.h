// Prepared statements of MySQL clients as values that are shared: a text, and the settings that act
// when it is analysed. A server connection prepares it when a client's EXECUTE first needs it there
// and keeps those used last. On the tenant's home loop; knows nothing of messages' order.
// Source: MySQL documentation, "COM_STMT_PREPARE", "COM_STMT_EXECUTE".
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proxy/session_settings.h"
#include "wire/mysql/statement_traits.h"

namespace weir::proxy {

struct MysqlStatement {
    std::string key;        // the text, and before it what its analysis depends on
    std::string_view text;  // within
    unsigned copy = 0;      // another one than that of the same text
    wire::mysql::Traits traits = 0;
    wire::mysql::Verb verb = wire::mysql::Verb::other;
    std::uint32_t number = 0;
};
using MysqlStatementRef = std::shared_ptr<const MysqlStatement>;

// Of the client's settings, those that act when a text is analysed.
[[nodiscard]] std::string mysql_analysis(const ParameterSet& settings);

// The statements that clients of a tenant know or connections have. Outlives all of them.
class MysqlStatementCatalogue {
  public:
    [[nodiscard]] MysqlStatementRef obtain(std::string_view text, std::string_view analysed_under,
                                           wire::mysql::Traits traits, wire::mysql::Verb verb,
                                           unsigned copy = 0);
    [[nodiscard]] std::size_t size() const { return known_.size(); }

  private:
    std::unordered_map<std::string_view, std::weak_ptr<const MysqlStatement>> known_;
    std::uint32_t last_number_ = 0;
};

// What one server connection has, least recently used first.
class MysqlServerStatements {
  public:
    struct Entry {
        MysqlStatementRef statement;
        std::uint32_t id = 0;  // the server's
        std::string types;     // of its parameters, as it was last told
    };
    // The one that it has, which is now the most recently used; nullptr: it has not.
    [[nodiscard]] Entry* use(const MysqlStatement& statement);
    // Precondition: it has not.
    Entry& add(MysqlStatementRef statement, std::uint32_t id);
    // Forgets the least recently used one, other than `kept`, and gives its id; 0: there are not
    // more than `limit`.
    [[nodiscard]] std::uint32_t evict(std::size_t limit, const MysqlStatement& kept);
    void clear();
    [[nodiscard]] std::size_t size() const { return by_number_.size(); }

  private:
    std::list<Entry> entries_;
    std::unordered_map<std::uint32_t, std::list<Entry>::iterator> by_number_;
};

}  // namespace weir::proxy
