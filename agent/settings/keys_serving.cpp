// The keys of the sections about who is served, from where and how.
#include "settings/key_kinds.h"

namespace weir::settings {
namespace {

// "" is auth.mode, which is filled in once everything is read.
Value<AuthMode> read_auth(const Node& node, const Environment&) {
    if (node.is_text() && node.text.empty()) return AuthMode::users;
    return read_enum<AuthMode>(node);
}

}  // namespace

template <>
const std::vector<Key<Listen>>& keys<Listen>() {
    using S = Listen;
    static const std::vector<Key<S>> all{
        text<S>("name", &S::name),
        word<Engine, S>("engine", &S::engine).needs_restart(),
        text<S>("address", &S::address),
        whole<S>("max_clients", &S::max_clients, 1, 1'000'000),
        limit<S>("login_timeout", &S::login_timeout),
        limit<S>("client_idle_timeout", &S::client_idle_timeout),
        limit<S>("keepalive", &S::keepalive),
        boolean<S>("proxy_protocol", &S::proxy_protocol),
        made<S>("auth", &S::auth, read_auth,
                [](AuthMode value) { return std::string(base::word(value)); }),
        word<ClientTls, S>("tls.mode", at(&S::tls, &ListenTls::mode)),
        text<S>("tls.cert", at(&S::tls, &ListenTls::cert)),
        text<S>("tls.key", at(&S::tls, &ListenTls::key)),
        text<S>("tls.ca", at(&S::tls, &ListenTls::ca)),
    };
    return all;
}

template <>
const std::vector<Key<Upstream>>& keys<Upstream>() {
    using S = Upstream;
    using B = BreakerLimits;
    using O = Observe;
    static const std::vector<Key<S>> all{
        text<S>("name", &S::name),
        word<Engine, S>("engine", &S::engine).needs_restart(),
        text<S>("address", &S::address).of_connections(),
        word<Target, S>("target", &S::target).of_connections(),
        whole<S>("max_connections", &S::max_connections, 1, 100'000),
        span<S>("connect_timeout", &S::connect_timeout),
        word<ServerTls, S>("tls.mode", at(&S::tls, &UpstreamTls::mode)).of_connections(),
        text<S>("tls.ca", at(&S::tls, &UpstreamTls::ca)).of_connections(),
        text<S>("tls.cert", at(&S::tls, &UpstreamTls::cert)).of_connections(),
        text<S>("tls.key", at(&S::tls, &UpstreamTls::key)).of_connections(),
        whole<S>("breaker.failures", at(&S::breaker, &B::failures), 1, 10'000),
        span<S>("breaker.open_for", at(&S::breaker, &B::open_for)),
        span<S>("breaker.max_open_for", at(&S::breaker, &B::max_open_for)),
        span<S>("observe.every", at(&S::observe, &O::every)),
        text<S>("observe.database", at(&S::observe, &O::database)),
        text<S>("observe.user", at(&S::observe, &O::user)),
        secret<S>("observe.password", at(&S::observe, &O::password)),
    };
    return all;
}

template <>
const std::vector<Key<Pool>>& keys<Pool>() {
    using S = Pool;
    static const std::vector<Key<S>> all{
        text<S>("name", &S::name),
        text<S>("upstream", &S::upstream).needs_restart(),
        text<S>("match", &S::match),
        text<S>("database", &S::database).of_connections(),
        text<S>("search_path", &S::search_path).of_connections(),
        text<S>("user", &S::user).of_connections(),
        secret<S>("password", &S::password, PerTenant::yes).of_connections(),
        word<PoolMode, S>("mode", &S::mode).needs_restart(),
        whole<S>("max_size", &S::max_size, 1, 100'000),
        whole<S>("min_idle", &S::min_idle, 0, 100'000),
        whole<S>("max_waiting", &S::max_waiting, 0, 1'000'000),
        whole<S>("max_clients", &S::max_clients, 0, 1'000'000),
        whole<S>("max_tenants", &S::max_tenants, 1, 1'000'000),
        limit<S>("acquire_timeout", &S::acquire_timeout),
        limit<S>("idle_timeout", &S::idle_timeout),
        limit<S>("max_lifetime", &S::max_lifetime),
        limit<S>("validate_after", &S::validate_after),
        limit<S>("pool_idle_timeout", &S::pool_idle_timeout),
        limit<S>("query_timeout", &S::query_timeout),
        limit<S>("transaction_timeout", &S::transaction_timeout),
        limit<S>("idle_in_transaction_timeout", &S::idle_in_transaction_timeout),
        limit<S>("leak_after", &S::leak_after).marks(&S::leak_after_set),
        word<LeakAction, S>("leak_action", &S::leak_action),
        word<SessionState, S>("session_state", &S::session_state),
        whole<S>("prepared_statements", &S::prepared_statements, 0, 100'000),
        boolean<S>("admin_commands", &S::admin_commands),
        texts<S>("disabled_tenants", &S::disabled_tenants),
        word<UnnamedStatements, S>("unnamed_statements", &S::unnamed_statements),
        whole<S>("reserved", &S::reserved, 0, 100'000),
        whole<S>("weight", &S::weight, 1, 10'000),
        fraction<S>("warn_at", &S::warn_at),
    };
    return all;
}

template <>
const std::vector<Key<User>>& keys<User>() {
    using S = User;
    static const std::vector<Key<S>> all{
        text<S>("name", &S::name),
        secret<S>("password", &S::password),
        secret<S>("scram", &S::scram),
        texts<S>("pools", &S::pools),
        texts<S>("tenants", &S::tenants),
        boolean<S>("admin", &S::admin),
        whole<S>("max_clients", &S::max_clients, 0, 1'000'000),
    };
    return all;
}

}  // namespace weir::settings
