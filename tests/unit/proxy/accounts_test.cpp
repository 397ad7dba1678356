#include "proxy/accounts.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace weir::proxy {
namespace {

using wire::postgresql::Md5Verifier;
using wire::postgresql::ScramVerifier;

const std::string md5 = "md50123456789abcdef0123456789abcdef";
const std::string scram =
    "SCRAM-SHA-256$7000:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

settings::User user(const std::string& name, const std::string& password,
                    const std::string& verifier = {}) {
    settings::User made;
    made.name = name;
    made.password = settings::Secret::of(password);
    made.scram = settings::Secret::of(verifier);
    return made;
}

settings::Snapshot with(std::vector<settings::User> users) {
    auto settings = std::make_shared<settings::Settings>();
    settings->user = std::move(users);
    return settings;
}

ScramVerifier scram_of(const Verifier& verifier) { return std::get<ScramVerifier>(verifier); }

TEST(Accounts, each_kind_of_credential_becomes_its_verifier) {
    Accounts accounts(with({user("ann", "secret"), user("bob", {}, scram), user("eve", md5)}), "x");
    const ScramVerifier ann = scram_of(accounts.verifier(*accounts.find("ann")));
    EXPECT_TRUE(ann.genuine);
    EXPECT_EQ(ann.stored_key,
              wire::postgresql::derive_scram_verifier("secret", ann.salt).stored_key);
    EXPECT_EQ(scram_of(accounts.verifier(*accounts.find("bob"))).iterations, 7000U);
    const auto eve = std::get<Md5Verifier>(accounts.verifier(*accounts.find("eve")));
    EXPECT_EQ(std::string(eve.hash.data(), eve.hash.size()), md5.substr(3));
    EXPECT_EQ(accounts.find("nobody"), nullptr);
}

TEST(Accounts, password_itself_is_needed_where_only_a_verifier_is_known) {
    Accounts accounts(with({user("ann", "secret"), user("bob", {}, scram), user("eve", md5)}), "x");
    EXPECT_FALSE(accounts.needs_password_itself("ann"));
    EXPECT_TRUE(accounts.needs_password_itself("bob"));
    EXPECT_TRUE(accounts.needs_password_itself("eve"));
    EXPECT_FALSE(Accounts(with({user("ann", "secret")}), "x").needs_password_itself("nobody"));
    EXPECT_TRUE(Accounts(with({user("bob", {}, scram)}), "x").needs_password_itself("nobody"));
    EXPECT_FALSE(Accounts(with({}), "x").needs_password_itself("nobody"));
}

TEST(Accounts, a_password_proves_its_account_however_that_is_kept) {
    const std::string of_secret =
        "SCRAM-SHA-256$4096:MDEyMzQ1Njc4OWFiY2RlZg==$"
        "bpSY5Ze9NUH+I35LC3gVq+DpBfK46iXBxvhAKqVu9pE=:VpYlBuxyzeCI1KnctrefdljpB1mk3Gp7sBI/t11+NkQ=";
    const std::string md5_of_secret = "md57542ec640e306cc69492d2f2a16e8650";  // of the user eve
    Accounts accounts(
        with({user("ann", "secret"), user("bob", {}, of_secret), user("eve", md5_of_secret)}), "x");
    for (const char* name : {"ann", "bob", "eve"}) {
        EXPECT_TRUE(accounts.proves(name, "secret")) << name;
        EXPECT_FALSE(accounts.proves(name, "Secret")) << name;
        EXPECT_FALSE(accounts.proves(name, "")) << name;
    }
    for (int i = 0; i < 20; ++i) {  // whichever of ours it imitates
        EXPECT_FALSE(accounts.proves("nobody" + std::to_string(i), "secret"));
    }
    EXPECT_FALSE(Accounts(with({}), "x").proves("ann", ""));
}

TEST(Accounts, verifier_is_derived_once_whoever_comes_first) {
    Accounts accounts(with({user("ann", "secret"), user("bob", "secret")}), "x");
    Account& ann = *accounts.find("ann");
    EXPECT_FALSE(ann.verifier);
    const ScramVerifier* const first =
        (static_cast<void>(accounts.verifier(ann)), &std::get<ScramVerifier>(*ann.verifier));
    accounts.derive_all();
    EXPECT_EQ(scram_of(accounts.verifier(ann)).stored_key, first->stored_key);
    const ScramVerifier bob = scram_of(accounts.verifier(*accounts.find("bob")));
    EXPECT_TRUE(bob.genuine);
    EXPECT_NE(bob.salt, first->salt);
}

TEST(Accounts, user_without_a_credential_gets_in_nowhere) {
    Accounts accounts(with({user("ann", {})}), "x");
    EXPECT_FALSE(scram_of(accounts.verifier(*accounts.find("ann"))).genuine);
}

TEST(Accounts, unknown_names_imitate_the_users_that_there_are) {
    Accounts accounts(with({user("ann", "secret"), user("bob", {}, scram), user("eve", md5)}), "x");
    std::set<std::string> seen;
    for (int i = 0; i < 60; ++i) {
        const std::string name = "nobody" + std::to_string(i);
        const Verifier verifier = accounts.unknown(name);
        if (const auto* made_up = std::get_if<Md5Verifier>(&verifier)) {
            EXPECT_FALSE(made_up->genuine);
            seen.insert("md5");
            EXPECT_TRUE(std::holds_alternative<Md5Verifier>(accounts.unknown(name)));
        } else {
            const ScramVerifier first = scram_of(verifier);
            EXPECT_FALSE(first.genuine);
            EXPECT_EQ(first.salt.size(), 16U);
            seen.insert(std::to_string(first.iterations));
            const ScramVerifier second = scram_of(accounts.unknown(name));
            EXPECT_EQ(second.salt, first.salt);
            EXPECT_EQ(second.iterations, first.iterations);
        }
    }
    EXPECT_EQ(seen, (std::set<std::string>{"4096", "7000", "md5"}));
}

TEST(Accounts, unknown_name_is_asked_something_where_there_is_no_user) {
    Accounts accounts(with({}), "x");
    EXPECT_FALSE(scram_of(accounts.unknown("nobody")).genuine);
}

TEST(Accounts, user_reaches_what_is_named_all_or_named_like_it) {
    settings::User ann = user("ann", "secret");
    ann.pools = {"web"};
    ann.tenants = {"{user}", "acme"};
    using Permission = Accounts::Permission;
    EXPECT_EQ(Accounts::permission(ann, "web", "ann"), Permission::granted);
    EXPECT_EQ(Accounts::permission(ann, "web", "acme"), Permission::granted);
    EXPECT_EQ(Accounts::permission(ann, "web", "bob"), Permission::tenant_denied);
    EXPECT_EQ(Accounts::permission(ann, "worker", "ann"), Permission::pool_denied);
    ann.pools = ann.tenants = {"*"};
    EXPECT_EQ(Accounts::permission(ann, "worker", "bob"), Permission::granted);
    ann.tenants.clear();
    EXPECT_EQ(Accounts::permission(ann, "worker", "bob"), Permission::tenant_denied);
}

TEST(Accounts, a_user_who_is_as_before_stays_and_another_keeps_the_count_of_its_clients) {
    const Accounts former(with({user("ann", "secret"), user("bob", "old"), user("eve", "x")}), "x");
    ++former.find("bob")->clients;
    const Accounts now(with({user("bob", "new"), user("ann", "secret"), user("new", "y")}), former);
    EXPECT_EQ(now.find("ann"), former.find("ann"));
    EXPECT_NE(now.find("bob"), former.find("bob"));
    EXPECT_EQ(now.find("bob")->clients, 1U);
    --former.find("bob")->clients;
    EXPECT_EQ(now.find("bob")->clients, 0U);
    EXPECT_EQ(now.find("eve"), nullptr);
    EXPECT_EQ(now.find("new")->clients, 0U);
}

}  // namespace
}  // namespace weir::proxy
