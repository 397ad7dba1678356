#include "proxy/accounts.h"

#include <algorithm>

namespace weir::proxy {
namespace {

bool allows(const std::vector<std::string>& names, const std::string& name,
            const std::string& user) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& allowed) {
        return allowed == "*" || allowed == name || (allowed == "{user}" && name == user);
    });
}

}  // namespace

Accounts::Accounts(settings::Snapshot settings, std::string salt_secret)
    : settings_(std::move(settings)), salt_secret_(std::move(salt_secret)) {
    for (const settings::User& user : settings_->user) {
        auto account = std::make_shared<Account>();
        account->user = &user;
        accounts_.emplace(user.name, std::move(account));
    }
}

std::shared_ptr<Account> Accounts::find(const std::string& name) const {
    const auto found = accounts_.find(name);
    return found == accounts_.end() ? nullptr : found->second;
}

wire::postgresql::ScramVerifier Accounts::verifier(const std::string& name) {
    using namespace wire::postgresql;
    const ScramVerifier mock = mock_scram_verifier(name, salt_secret_);
    const auto account = find(name);
    if (account == nullptr) return mock;
    if (!account->verifier) {
        const settings::User& user = *account->user;
        account->verifier = user.scram.empty()
                                ? derive_scram_verifier(user.password.reveal(), mock.salt)
                                : parse_scram_verifier(user.scram.reveal()).value_or(mock);
    }
    return *account->verifier;
}

Accounts::Permission Accounts::permission(const settings::User& user, const std::string& pool,
                                          const std::string& tenant) {
    if (!allows(user.pools, pool, user.name)) return Permission::pool_denied;
    if (!allows(user.tenants, tenant, user.name)) return Permission::tenant_denied;
    return Permission::granted;
}

}  // namespace weir::proxy
