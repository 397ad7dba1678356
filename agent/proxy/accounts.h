// Who may log in and to what. Verifiers are derived once a user, at the first login, because that
// is costly; the lobby's thread only, but for the client counts.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "settings/settings.h"
#include "telemetry/vocabulary.h"
#include "wire/postgresql/scram.h"

namespace weir::proxy {

struct Account {
    const settings::User* user = nullptr;  // in the settings' snapshot, which outlives it
    std::optional<wire::postgresql::ScramVerifier> verifier;
    std::atomic<unsigned> clients{0};
};

class Accounts {
  public:
    // `salt_secret`: random; makes salts of derived and of invented verifiers unguessable.
    Accounts(settings::Snapshot settings, std::string salt_secret);

    [[nodiscard]] std::shared_ptr<Account> find(const std::string& name) const;  // nullptr: unknown
    // The verifier of a user, or one that never matches for an unknown one.
    [[nodiscard]] wire::postgresql::ScramVerifier verifier(const std::string& name);

    enum class Permission { granted, pool_denied, tenant_denied };
    [[nodiscard]] static Permission permission(const settings::User& user, const std::string& pool,
                                               const std::string& tenant);

  private:
    settings::Snapshot settings_;
    std::string salt_secret_;
    std::unordered_map<std::string, std::shared_ptr<Account>> accounts_;
};

}  // namespace weir::proxy
