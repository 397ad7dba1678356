// Accounts that only the servers know (auth.mode = "query"), as logins ask for them. An answer is
// remembered for 30 s, one that a login was refused by for 1 s only: a changed password or a new
// role is seen by the next try, and a name that there is not is forgotten no sooner than one that
// there is. At most 4096 answers an upstream are kept; logins of one name at the same time share
// one question. On the lobby's loop; the questions run elsewhere.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "loop/loop.h"
#include "proxy/accounts.h"
#include "upstream/role_query.h"

namespace weir::proxy {

struct Shared;

struct Found {
    std::shared_ptr<Account> account;  // nullptr: no such role, or none that may log in
    bool unknown_by_md5 = false;       // how the server asks names that it does not know
    unsigned unknown_iterations = 0;
};

// Who waits for an answer: a login.
class Asker {
  public:
    virtual void found(const Found& answer) = 0;
    virtual void not_asked(const std::string& why) = 0;  // the server could not be asked

  protected:
    ~Asker() = default;
};

class FoundAccounts {
  public:
    static constexpr base::Duration lifetime = std::chrono::seconds(30);
    static constexpr base::Duration lifetime_refused = std::chrono::seconds(1);
    static constexpr base::Duration warning_interval = std::chrono::seconds(1);
    static constexpr std::size_t most_answers = 4096;
    using Query = std::unique_ptr<upstream::RoleQuery>;
    struct Source {
        std::string upstream;  // its name
        Query query;
    };
    using MakeQuery = std::function<Source(unsigned upstream)>;

    // `make_query` is called at an upstream's first question; `loop` outlives it.
    FoundAccounts(settings::Snapshot settings, loop::Loop& loop, MakeQuery make_query);

    // Tells `asker` once, perhaps inside this call, unless it is forgotten before.
    void ask(unsigned upstream, const std::string& name, Asker& asker);
    void forget(unsigned upstream, const std::string& name, const Asker& asker);
    // A login by the answer for this name was refused.
    void refused(unsigned upstream, const std::string& name);

    // A reload: every answer is forgotten, and who waits for one is asked for anew. Gives the
    // queries of before, which are slow to destroy. Precondition: `make_query` makes the new ones.
    [[nodiscard]] std::vector<Query> renew(settings::Snapshot settings);

  private:
    struct Entry {
        bool answered = false;
        Found answer;
        base::Instant since{}, until{};  // of the answer
        std::vector<Asker*> askers;
    };
    struct OfUpstream {
        Source source;
        std::unordered_map<std::string, Entry> entries;
        std::deque<std::pair<base::Instant, std::string>> by_age;  // the answers
        base::Instant next_warning{};
    };

    void question(unsigned upstream, const std::string& name);
    void answered(unsigned upstream, const std::string& name, upstream::RoleAnswer answer);
    static void make_room(OfUpstream& of);

    settings::Snapshot settings_;
    loop::Loop& loop_;
    MakeQuery make_query_;
    std::unordered_map<unsigned, OfUpstream> upstreams_;
    unsigned renewals_ = 0;  // answers to questions of before are none
};

// Queries that take their connections from the upstreams' budgets. `shared` outlives them.
[[nodiscard]] FoundAccounts::MakeQuery budgeted_queries(Shared& shared);

}  // namespace weir::proxy
