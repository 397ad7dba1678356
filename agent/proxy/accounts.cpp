#include "proxy/accounts.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "settings/credential.h"
#include "settings/key.h"
#include "upstream/background_thread.h"

namespace weir::proxy {

namespace pg = wire::postgresql;

namespace {

bool allows(const std::vector<std::string>& names, const std::string& name,
            const std::string& user) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& allowed) {
        return allowed == "*" || allowed == name || (allowed == "{user}" && name == user);
    });
}

}  // namespace

std::optional<Verifier> parse_verifier(std::string_view text) {
    if (const auto scram = pg::parse_scram_verifier(text)) return Verifier(*scram);
    if (const auto md5 = pg::parse_md5_verifier(text)) return Verifier(*md5);
    return std::nullopt;
}

Accounts::Accounts(const settings::Snapshot& settings, std::string salt_secret)
    : salt_secret_(std::move(salt_secret)) {
    for (const settings::User& user : settings->user) {
        add(std::make_shared<Account>(std::make_shared<const settings::User>(user)));
    }
}

Accounts::Accounts(const settings::Snapshot& settings, const Accounts& former)
    : salt_secret_(former.salt_secret_) {
    for (const settings::User& user : settings->user) {
        const auto known = former.find(user.name);
        if (known != nullptr && settings::equal(*known->user, user)) {
            add(known);
            continue;
        }
        auto own = std::make_shared<const settings::User>(user);
        add(known == nullptr ? std::make_shared<Account>(std::move(own))
                             : std::make_shared<Account>(std::move(own), known->count));
    }
}

void Accounts::add(std::shared_ptr<Account> account) {
    in_order_.push_back(account.get());
    accounts_.emplace(account->user->name, std::move(account));
}

Accounts::~Accounts() {
    stop_ = true;
    if (deriving_.joinable()) deriving_.join();
}

void Accounts::derive_all() {
    deriving_ = std::thread([this] {
        upstream::enter_background_thread("weir-verifiers");
        for (Account* account : in_order_) {
            if (stop_) return;
            derive(*account);
        }
    });
}

void Accounts::derive(Account& account) {
    std::call_once(account.derived, [&] {
        const settings::User& user = *account.user;
        if (settings::has_password(user)) {
            const std::string salt = pg::mock_scram_verifier(user.name, salt_secret_).salt;
            account.verifier = pg::derive_scram_verifier(user.password.reveal(), salt);
        } else {
            account.verifier =
                parse_verifier((user.scram.empty() ? user.password : user.scram).reveal());
        }
    });
}

std::shared_ptr<Account> Accounts::find(const std::string& name) const {
    const auto found = accounts_.find(name);
    return found == accounts_.end() ? nullptr : found->second;
}

Verifier Accounts::verifier(Account& account) {
    derive(account);
    if (account.verifier) return *account.verifier;
    return unknown_by_scram(account.user->name, pg::ScramVerifier::usual_iterations);
}

Account& Accounts::like(const std::string& name) const {
    // Chosen by a keyed hash, not by std::hash, which anybody can compute.
    const std::string bits = pg::mock_scram_verifier("like " + name, salt_secret_).salt;
    std::size_t number = 0;
    for (const char c : bits.substr(0, sizeof number)) {
        number = number << 8U | static_cast<unsigned char>(c);
    }
    return *in_order_[number % in_order_.size()];
}

bool Accounts::proves(const std::string& name, std::string_view password) {
    if (in_order_.empty()) return false;
    Account& imitated = like(name);  // found for every name, so that it takes as long for each
    const std::shared_ptr<Account> known = find(name);
    Account& account = known == nullptr ? imitated : *known;
    if (settings::has_password(*account.user)) {
        return account.user->password.matches(password) && known != nullptr;
    }
    const Verifier stored = verifier(account);
    bool matches = false;
    if (const auto* scram = std::get_if<pg::ScramVerifier>(&stored)) {
        const auto given = pg::derive_scram_verifier(password, scram->salt, scram->iterations);
        matches = CRYPTO_memcmp(given.stored_key.data(), scram->stored_key.data(),
                                given.stored_key.size()) == 0 &&
                  scram->genuine;
    } else {
        matches =
            pg::is_md5_password(std::get<pg::Md5Verifier>(stored), account.user->name, password);
    }
    return matches && known != nullptr;
}

bool Accounts::needs_password_itself(const std::string& name) const {
    if (in_order_.empty()) return false;
    const Account& imitated = like(name);
    const std::shared_ptr<Account> known = find(name);
    return !settings::has_password(*(known == nullptr ? imitated : *known).user);
}

Verifier Accounts::unknown(const std::string& name) {
    if (in_order_.empty()) return unknown_by_scram(name, pg::ScramVerifier::usual_iterations);
    const Verifier imitated = verifier(like(name));
    const auto* scram = std::get_if<pg::ScramVerifier>(&imitated);
    return scram == nullptr ? unknown_by_md5() : unknown_by_scram(name, scram->iterations);
}

Verifier Accounts::unknown_by_scram(const std::string& name, unsigned iterations) const {
    return pg::mock_scram_verifier(name, salt_secret_, iterations);
}

Verifier Accounts::unknown_by_md5() {
    pg::Md5Verifier verifier;
    verifier.genuine = false;
    return verifier;
}

Accounts::Permission Accounts::permission(const settings::User& user, const std::string& pool,
                                          const std::string& tenant) {
    if (!allows(user.pools, pool, user.name)) return Permission::pool_denied;
    if (!allows(user.tenants, tenant, user.name)) return Permission::tenant_denied;
    return Permission::granted;
}

}  // namespace weir::proxy
