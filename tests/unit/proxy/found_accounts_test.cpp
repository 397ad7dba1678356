#include "proxy/found_accounts.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "loop/fake_loop.h"

namespace weir::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The questions that reached a server, answered when the test says so.
struct Server {
    struct Question {
        std::string name;
        std::function<void(upstream::RoleAnswer)> done;
    };
    std::vector<Question> questions;
};

class FakeQuery final : public upstream::RoleQuery {
  public:
    explicit FakeQuery(Server& server) : server_(server) {}
    void ask(std::string name, std::function<void(upstream::RoleAnswer)> done) override {
        server_.questions.push_back({std::move(name), std::move(done)});
    }
    void seat_moved() override {}

  private:
    Server& server_;
};

struct Login final : Asker {
    void found(const Found& answer) override {
        ++told;
        account = answer.account;
    }
    void not_asked(const std::string& reason) override {
        ++told;
        why = reason;
    }
    int told = 0;
    std::shared_ptr<Account> account;
    std::string why;
};

struct FoundAccountsTest : ::testing::Test {
    static settings::Snapshot made_settings() {
        auto settings = std::make_shared<settings::Settings>();
        settings->upstream.resize(2);
        settings->upstream[0].name = "main";
        settings->auth.query_pools = {"web"};
        return settings;
    }
    void ask(const std::string& name, Login& login, unsigned upstream = 0) {
        accounts.ask(upstream, name, login);
    }
    void answer(std::size_t question, const std::string& verifier) {
        upstream::Role role;
        role.verifier = settings::Secret::of(verifier);
        server[0].questions.at(question).done(std::move(role));
        loop.settle();
    }

    loop::FakeLoop loop;
    Server server[2];
    FoundAccounts accounts{
        made_settings(), loop, [this](unsigned upstream) {
            return FoundAccounts::Source{"main", std::make_unique<FakeQuery>(server[upstream])};
        }};
};

TEST_F(FoundAccountsTest, account_found_may_do_what_the_settings_say) {
    Login login;
    ask("ann", login);
    EXPECT_EQ(login.told, 0);
    answer(0, "verifier");
    ASSERT_NE(login.account, nullptr);
    EXPECT_EQ(login.account->user->name, "ann");
    EXPECT_EQ(login.account->user->pools, std::vector<std::string>{"web"});
    EXPECT_EQ(login.account->user->tenants, std::vector<std::string>{"{user}"});
    EXPECT_TRUE(login.account->user->password.empty());
}

TEST_F(FoundAccountsTest, logins_of_one_name_share_a_question) {
    Login one;
    Login two;
    Login other;
    ask("ann", one);
    ask("ann", two);
    ask("bob", other);
    EXPECT_EQ(server[0].questions.size(), 2U);
    answer(0, "verifier");
    EXPECT_EQ(one.account, two.account);
    EXPECT_NE(one.account, nullptr);
    EXPECT_EQ(other.told, 0);
}

TEST_F(FoundAccountsTest, answers_are_remembered_for_a_while_whatever_they_are) {
    Login first;
    ask("ann", first);
    ask("nobody", first);
    answer(0, "verifier");
    answer(1, "");
    loop.advance(FoundAccounts::lifetime - milliseconds(1));
    Login second;
    ask("ann", second);
    ask("nobody", second);
    EXPECT_EQ(second.told, 2);
    EXPECT_EQ(server[0].questions.size(), 2U);
    loop.advance(milliseconds(2));
    ask("ann", second);
    ask("nobody", second);
    EXPECT_EQ(server[0].questions.size(), 4U);
}

TEST_F(FoundAccountsTest, answer_that_a_login_was_refused_by_lasts_shorter) {
    Login login;
    ask("ann", login);
    answer(0, "verifier");
    accounts.refused(0, "ann");
    ask("ann", login);
    EXPECT_EQ(server[0].questions.size(), 1U) << "guessing does not make a question each";
    loop.advance(FoundAccounts::lifetime_refused + milliseconds(1));
    ask("ann", login);
    EXPECT_EQ(server[0].questions.size(), 2U);
    answer(1, "changed");
    EXPECT_EQ(login.told, 3);
}

TEST_F(FoundAccountsTest, each_upstream_is_asked_for_itself) {
    Login login;
    ask("ann", login);
    ask("ann", login, 1);
    EXPECT_EQ(server[0].questions.size(), 1U);
    EXPECT_EQ(server[1].questions.size(), 1U);
}

TEST_F(FoundAccountsTest, failure_is_told_to_all_who_wait_and_not_remembered) {
    Login one;
    Login two;
    ask("ann", one);
    ask("ann", two);
    server[0].questions[0].done(base::error("no server"));
    loop.settle();
    EXPECT_EQ(one.why, "no server");
    EXPECT_EQ(two.why, "no server");
    ask("ann", one);
    EXPECT_EQ(server[0].questions.size(), 2U);
}

TEST_F(FoundAccountsTest, login_that_left_is_told_nothing) {
    Login left;
    Login stays;
    ask("ann", left);
    ask("ann", stays);
    accounts.forget(0, "ann", left);
    answer(0, "verifier");
    EXPECT_EQ(left.told, 0);
    EXPECT_EQ(stays.told, 1);
}

TEST_F(FoundAccountsTest, oldest_answers_make_room) {
    Login login;
    for (std::size_t i = 0; i <= FoundAccounts::most_answers; ++i) {
        ask(std::to_string(i), login);
        answer(i, "");
    }
    const std::size_t so_far = server[0].questions.size();
    ask("1", login);
    EXPECT_EQ(server[0].questions.size(), so_far);
    ask("0", login);
    EXPECT_EQ(server[0].questions.size(), so_far + 1);
}

TEST_F(FoundAccountsTest, answer_asked_again_is_not_the_oldest_any_more) {
    Login login;
    ask("again", login);
    answer(0, "");
    loop.advance(FoundAccounts::lifetime + milliseconds(1));
    ask("again", login);
    answer(1, "");
    for (std::size_t i = 0; i + 1 < FoundAccounts::most_answers; ++i) {
        ask(std::to_string(i), login);
        answer(i + 2, "");
    }
    const std::size_t so_far = server[0].questions.size();
    ask("again", login);
    EXPECT_EQ(server[0].questions.size(), so_far);
}

TEST_F(FoundAccountsTest, a_reload_forgets_the_answers_and_asks_anew_for_who_waits) {
    Login first;
    ask("ann", first);
    answer(0, "verifier");
    Login waiting;
    ask("bob", waiting);
    auto other = std::make_shared<settings::Settings>(*made_settings());
    other->auth.query_pools = {"another"};
    EXPECT_EQ(accounts.renew(other).size(), 1U);
    ASSERT_EQ(server[0].questions.size(), 3U);
    answer(1, "verifier");
    EXPECT_EQ(waiting.told, 0) << "an answer to the question of before";
    answer(2, "verifier");
    ASSERT_NE(waiting.account, nullptr);
    EXPECT_EQ(waiting.account->user->pools, std::vector<std::string>{"another"});
    Login second;
    ask("ann", second);
    EXPECT_EQ(second.told, 0) << "forgotten";
}

}  // namespace
}  // namespace weir::proxy
