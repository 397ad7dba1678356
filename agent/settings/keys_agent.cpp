// The keys of the sections about the agent itself.
#include "settings/key_kinds.h"

namespace weir::settings {

template <>
const std::vector<Key<Agent>>& keys<Agent>() {
    using S = Agent;
    static const std::vector<Key<S>> all{
        text<S>("name", &S::name).needs_restart(),
        whole<S>("loops", &S::loops, 0, 128).needs_restart(),
        limit<S>("drain_grace", &S::drain_grace),
        limit<S>("drain_timeout", &S::drain_timeout),
    };
    return all;
}

template <>
const std::vector<Key<Log>>& keys<Log>() {
    using S = Log;
    static const std::vector<Key<S>> all{
        word<base::log::Level, S>("level", &S::level),
        word<base::log::Format, S>("format", &S::format),
        limit<S>("stats_every", &S::stats_every),
    };
    return all;
}

template <>
const std::vector<Key<Admin>>& keys<Admin>() {
    using S = Admin;
    static const std::vector<Key<S>> all{
        text<S>("listen", &S::listen).needs_restart(),
        secret<S>("token", &S::token).needs_restart(),
        text<S>("token_file", &S::token_file).needs_restart(),
        secret<S>("read_token", &S::read_token).needs_restart(),
        text<S>("tls.cert", at(&S::tls, &AdminTls::cert)).not_yet().unsafe().needs_restart(),
        text<S>("tls.key", at(&S::tls, &AdminTls::key)).not_yet().unsafe().needs_restart(),
        word<ReadyPolicy, S>("ready_policy", &S::ready_policy),
    };
    return all;
}

template <>
const std::vector<Key<Auth>>& keys<Auth>() {
    using S = Auth;
    static const std::vector<Key<S>> all{
        word<AuthMode, S>("mode", &S::mode),
        text<S>("query", &S::query),
        text<S>("query_user", &S::query_user),
        secret<S>("query_password", &S::query_password),
        text<S>("query_database", &S::query_database),
        texts<S>("query_pools", &S::query_pools),
        texts<S>("query_tenants", &S::query_tenants),
    };
    return all;
}

template <>
const std::vector<Key<Metrics>>& keys<Metrics>() {
    using S = Metrics;
    static const std::vector<Key<S>> all{
        whole<S>("tenants_top", &S::tenants_top, 0, 10'000),
        texts<S>("tenants_always", &S::tenants_always),
        whole<S>("tenants_max", &S::tenants_max, 0, 100'000),
        whole<S>("pools_max", &S::pools_max, 1, 100'000).needs_restart(),
    };
    return all;
}

template <>
const std::vector<Key<Traces>>& keys<Traces>() {
    using S = Traces;
    static const std::vector<Key<S>> all{
        text<S>("endpoint", &S::endpoint).needs_restart(),
        word<TraceProtocol, S>("protocol", &S::protocol).needs_restart(),
        fraction<S>("sample_ratio", &S::sample_ratio),
        limit<S>("slow", &S::slow),
        whole<S>("slow_per_second", &S::slow_per_second, 0, 100'000),
        word<TraceStatements, S>("statements", &S::statements),
    };
    return all;
}

}  // namespace weir::settings
