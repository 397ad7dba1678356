// Asks a PostgreSQL server what a role is recognised by (auth.query), over one connection of its
// own on a thread of its own: nothing of it blocks a loop. The role's name is a bound parameter and
// the connection carries nothing of any client's. It is made at the first question, kept while
// questions come, and takes a seat of the upstream's budget while it exists.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "settings/settings.h"

namespace weir::upstream {

// A place on the server for one connection. The query's thread only.
class Seat {
  public:
    virtual ~Seat() = default;
    virtual bool take() = 0;  // false: there is none yet; it stays asked for until not_connected()
    virtual void connected(base::Duration took) = 0;
    virtual void not_connected(bool server_full) = 0;  // after take(): there is no connection
    virtual void rest(bool resting) = 0;  // whether the connection could be done without
    virtual bool wanted_back() = 0;       // while resting; true: closing() follows
    virtual void closing() = 0;
    virtual void closed() = 0;  // by the server, or given up waiting for that
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
    virtual void seat_moved() = 0;  // there may be one, or it may be wanted back; any thread
};

// `seat` outlives it.
[[nodiscard]] std::unique_ptr<RoleQuery> make_postgresql_role_query(
    const settings::Upstream& upstream, const settings::Auth& auth, Seat& seat);

}  // namespace weir::upstream
