// The table of the admin HTTP: which path and method means what and which token it needs. Answers
// one request from what the agent says; knows no socket. Any admin thread, several at once.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "admin/access.h"
#include "admin/message.h"
#include "admin/target.h"
#include "collectors/prometheus/format.h"
#include "collectors/prometheus/tenant_view.h"
#include "proxy/inspection.h"

namespace weir::admin {

// The texts of /metrics and /metrics/tenants. Called on any admin thread, several at once.
struct MetricsTexts {
    std::function<std::string(collectors::Format)> all;
    std::function<std::string(const collectors::TenantView&, collectors::Format)> tenants;
};

class Routes {
  public:
    // `agent` outlives this.
    Routes(proxy::Inspection& agent, Access access, MetricsTexts metrics_texts);

    // Never throws for anything that a client sent. HEAD is answered like GET, body included: who
    // writes the answer leaves it out.
    [[nodiscard]] Response answer(const Request&);

  private:
    struct Call {
        const Request& request;
        const Target& target;
        std::vector<std::string> names;  // what stood at the {…} of the route's path
    };
    struct Route {
        std::string_view method, path;
        Need need;
        Response (Routes::*handle)(const Call&);
    };
    static const std::vector<Route>& table();

    [[nodiscard]] Response run(const Route&, const Call&);

    Response page(const Call&);
    Response livez(const Call&);
    Response readyz(const Call&);
    Response startupz(const Call&);
    Response metrics(const Call&);
    Response tenant_metrics(const Call&);
    Response health(const Call&);
    Response pools(const Call&);
    Response pool(const Call&);
    Response tenants(const Call&);
    Response clients(const Call&);
    Response servers(const Call&);
    Response leaks(const Call&);
    Response config(const Call&);
    Response pool_action(const Call&);
    Response kill(const Call&);
    Response reload(const Call&);
    Response drain(const Call&);
    Response restart(const Call&);
    Response succession(const Call&);

    proxy::Inspection& agent_;
    const Access access_;
    const MetricsTexts metrics_texts_;
};

}  // namespace weir::admin
