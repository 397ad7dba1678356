// Who may log in and to what. Passwords become verifiers once a user, because that is costly: on a
// thread of its own from the start, or at a login that comes before it. Else the lobby's thread
// only, but for the client counts.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "settings/settings.h"
#include "wire/postgresql/md5.h"
#include "wire/postgresql/scram.h"

namespace weir::proxy {

// What a client's proof is checked against; decides how it is asked.
using Verifier = std::variant<wire::postgresql::ScramVerifier, wire::postgresql::Md5Verifier>;

// As pg_authid.rolpassword holds it; nothing when it is neither kind.
[[nodiscard]] std::optional<Verifier> parse_verifier(std::string_view text);

struct Account {
    // `counted`: the clients of this name so far.
    explicit Account(
        std::shared_ptr<const settings::User> who,
        std::shared_ptr<std::atomic<unsigned>> counted = std::make_shared<std::atomic<unsigned>>())
        : user(std::move(who)), count(std::move(counted)) {}

    const std::shared_ptr<const settings::User> user;
    const std::shared_ptr<std::atomic<unsigned>> count;  // goes on when the user is configured anew
    std::once_flag derived;
    std::optional<Verifier> verifier;  // once derived; nothing: nobody gets in
    std::atomic<unsigned>& clients = *count;
};

class Accounts {
  public:
    // `salt_secret`: random; makes salts of derived and of invented verifiers unguessable.
    Accounts(const settings::Snapshot& settings, std::string salt_secret);
    // After a reload: users that are as they were stay, others keep the count of their clients.
    Accounts(const settings::Snapshot& settings, const Accounts& former);
    ~Accounts();
    Accounts(const Accounts&) = delete;
    Accounts& operator=(const Accounts&) = delete;

    void derive_all();  // begins to, on a thread of its own

    [[nodiscard]] std::shared_ptr<Account> find(const std::string& name) const;  // nullptr: unknown
    [[nodiscard]] Verifier verifier(Account& account);
    // One that never matches, for a name that nobody has. It imitates a user of ours, always the
    // same one for the same name, so that neither the method nor the number of iterations tells.
    [[nodiscard]] Verifier unknown(const std::string& name);
    // The same with what the name is asked by given.
    [[nodiscard]] Verifier unknown_by_scram(const std::string& name, unsigned iterations) const;
    [[nodiscard]] static Verifier unknown_by_md5();

    // Whether `password` is the one of the account `name`; false for a name that nobody has, after
    // the same time. Costly for an account of which only a verifier is known.
    [[nodiscard]] bool proves(const std::string& name, std::string_view password);

    // Whether no digest of the password will do, because of the account only a verifier is known;
    // for a name that nobody has what is so for another one, always the same.
    [[nodiscard]] bool needs_password_itself(const std::string& name) const;

    enum class Permission { granted, pool_denied, tenant_denied };
    [[nodiscard]] static Permission permission(const settings::User& user, const std::string& pool,
                                               const std::string& tenant);

  private:
    void derive(Account& account);
    void add(std::shared_ptr<Account> account);
    // The user of ours that a name which nobody has is treated like. Precondition: there are some.
    [[nodiscard]] Account& like(const std::string& name) const;

    std::string salt_secret_;
    std::unordered_map<std::string, std::shared_ptr<Account>> accounts_;
    std::vector<Account*> in_order_;  // of the file
    std::atomic<bool> stop_{false};
    std::thread deriving_;
};

}  // namespace weir::proxy
