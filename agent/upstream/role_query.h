// Asks a PostgreSQL server what a role is recognised by (auth.query), over one connection of its
// own on a thread of its own: nothing of it blocks a loop. The role's name is a bound parameter and
// the connection carries nothing of any client's. It is made at the first question, kept while
// questions come, and takes a seat of the upstream's budget while it exists.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "settings/settings.h"

namespace weir::upstream {

// A place on the server for one connection. The query's thread only.
class Seat {
  public:
    virtual ~Seat() = default;
    virtual bool take() = 0;  // false: none is free now
    virtual void leave() = 0;
};

struct Role {
    // As pg_authid.rolpassword holds it; empty: no such role, none that may log in, an expired one.
    settings::Secret verifier;
    // How the server itself asks a name that it does not know.
    bool unknown_by_md5 = false;
    unsigned unknown_iterations = 4096;
};

using RoleAnswer = base::Result<Role>;  // or why the server could not be asked, for people

class RoleQuery {
  public:
    virtual ~RoleQuery() = default;  // abandons what is asked: its callbacks are not called
    // `done` is called exactly once, on the query's thread, unless the query dies first. Questions
    // are answered in order; each takes at most the upstream's connect_timeout a step.
    virtual void ask(std::string name, std::function<void(RoleAnswer)> done) = 0;
};

// `seat` outlives it.
[[nodiscard]] std::unique_ptr<RoleQuery> make_postgresql_role_query(
    const settings::Upstream& upstream, const settings::Auth& auth, Seat& seat);

}  // namespace weir::upstream
