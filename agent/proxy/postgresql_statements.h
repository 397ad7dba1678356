// Prepared statements that clients share. A client's statement is known to all server connections
// of its tenant under one name of ours; which of them a connection has, and in which order they
// were used, is kept beside the connection. On the tenant's home loop; knows nothing of messages'
// order. Source: PostgreSQL documentation, "Extended Query", and "PREPARE".
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir::proxy {

// What a text may do to its session each time that it is executed.
struct StatementActs {
    std::uint32_t effects = 0;          // wire::postgresql::Effect bits: can't be carried
    std::vector<std::string> settings;  // that it sets
    std::vector<std::string> resets;    // that it resets
    bool resets_all = false;
    bool sets_locally = false;      // for the rest of its transaction
    bool drops_statements = false;  // all of them perhaps
    [[nodiscard]] bool any() const {
        return effects != 0 || !settings.empty() || !resets.empty() || resets_all || sets_locally ||
               drops_statements;
    }
};

struct PreparedStatement {
    std::string name;            // on every server connection
    std::string definition;      // Parse's body behind the name: text, NUL, parameter types
    std::string key;             // the definition and what else its analysis depended on
    std::string analysed_under;  // an analysis (session_settings.h); empty: uncertain
    std::string used_under;      // likewise, where that is another one
    StatementActs acts;
    std::uint32_t number = 0;
};

using Statement = std::shared_ptr<const PreparedStatement>;

// The statements that clients of a tenant know or connections have. Outlives all of them.
class StatementCatalogue {
  public:
    // What our names begin with; a client's own name never reaches the server in this form.
    static constexpr std::string_view prefix = "_weir_";

    // `analysed_under`: the settings that act when the text is analysed; a literal or a table's
    // name may mean something else under others. Empty: they are about to change, nobody shares it.
    // `used_under`: those of a client that has changed them since. Such clients share one of their
    // own, because the server may analyse it again, under these, at any time.
    [[nodiscard]] Statement obtain(std::string_view definition, std::string_view analysed_under,
                                   StatementActs acts, std::string_view used_under = {});
    [[nodiscard]] std::size_t size() const { return known_.size(); }

  private:
    std::unordered_map<std::string_view, std::weak_ptr<const PreparedStatement>> known_;
    std::uint32_t last_number_ = 0;
};

// What one server connection has, least recently used first.
class ServerStatements {
  public:
    enum class Standing {
        absent,
        doubtful,  // it may be there, in one form or another: to be closed first
        present
    };
    // A use of it in the batch that is being sent.
    [[nodiscard]] Standing use(const PreparedStatement& statement);
    // Its Parse was sent.
    void add(Statement statement);
    // Its Close was sent.
    void remove(const PreparedStatement& statement);
    // Its Parse or Close may have been skipped. Precondition: added.
    void doubt(const PreparedStatement& statement);
    // Every statement used since the batch began.
    void doubt_recent();
    // The connection forgot them all.
    void clear();
    // The one to close for another, when there are `limit` or more: none that this batch uses.
    [[nodiscard]] Statement surplus(std::size_t limit) const;
    void batch_began() { ++batch_; }
    [[nodiscard]] std::size_t size() const { return by_number_.size(); }

  private:
    struct Entry {
        Statement statement;
        std::uint64_t batch;  // of its last use
        bool doubtful = false;
    };
    std::list<Entry> entries_;
    std::unordered_map<std::uint32_t, std::list<Entry>::iterator> by_number_;
    std::uint64_t batch_ = 0;
};

}  // namespace weir::proxy
