// Where connections arrive: one loop that accepts, takes clients through start-up and
// authentication, answers cancel requests, and hands each logged-in client over to the home of its
// pool. Owns no pool. But for what says otherwise, everything is called on its own thread.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "loop/loop.h"
#include "proxy/console_desk.h"
#include "proxy/found_accounts.h"
#include "proxy/inherited_sockets.h"
#include "proxy/login.h"
#include "proxy/mysql_versions.h"
#include "proxy/pool_loop.h"
#include "proxy/replacement.h"
#include "proxy/shared.h"
#include "wire/mysql/authentication.h"

namespace weir::proxy {

class Lobby final : public loop::Ticker, loop::LoopObserver {
  public:
    // `homes` outlive it, as does `shared`; `salt_secret` as for Accounts.
    // `agent` is what the console asks and orders.
    Lobby(Shared& shared, Inspection& agent, std::vector<std::unique_ptr<PoolLoop>>& homes,
          std::string salt_secret);
    Lobby(const Lobby&) = delete;
    Lobby& operator=(const Lobby&) = delete;
    ~Lobby() override;

    // -- any thread
    // Every listening socket, inherited or new, before start(). Nobody is accepted yet.
    [[nodiscard]] base::Result<void> bind(InheritedSockets inherited);
    void start();
    void open_doors();      // accepts; what is inherited is ours from now on
    void close_doors();     // accepts no more for now: whoever comes waits in the kernel's queue
    void stop_listening();  // for good
    // -- a restart
    // Copies; none once stop_listening() was called. Waits for the loop: between start() and
    // stop().
    [[nodiscard]] InheritedSockets sockets();
    void give_files_away();  // unix sockets' files stay when their sockets are closed
    // Of those that said something or came within the last second; as of the last tick or more.
    [[nodiscard]] std::size_t logins_under_way() const { return logins_under_way_; }
    // Cancels for clients of another generation go to `forward`; before start().
    using Forward = std::function<void(std::uint32_t process_id, const std::string& secret)>;
    void forward_cancels(Forward forward) { forward_cancel_ = std::move(forward); }
    void cancel(std::uint32_t process_id, const std::string& secret);
    void stop();
    [[nodiscard]] const telemetry::LoopProbe& probe() const { return *probe_; }
    void post(base::Task task) { loop_->post(std::move(task)); }
    // For a reload, which nobody else makes meanwhile.
    [[nodiscard]] const Accounts& present_accounts() const { return *accounts_; }

    // -- a reload: brings what is the lobby's own into line with what is shared
    void adopt(Replacement& replacement);
    // What is slow to destroy of what there was before the last adopt().
    struct Former {
        std::unique_ptr<Accounts> accounts;
        std::vector<FoundAccounts::Query> queries;
    };
    [[nodiscard]] Former take_former() { return std::move(former_); }

    // -- for logins
    [[nodiscard]] loop::Loop& loop() { return *loop_; }
    [[nodiscard]] Shared& shared() { return shared_; }
    [[nodiscard]] Accounts& accounts() { return *accounts_; }
    [[nodiscard]] FoundAccounts& found_accounts() { return found_accounts_; }
    [[nodiscard]] telemetry::SessionProbe& session_probe(unsigned listener) {
        return *session_probes_[listener];
    }
    // What a MySQL client is told as its thread id, before anybody knows where its home will be.
    [[nodiscard]] std::uint32_t next_thread_id();
    // The version that MySQL clients are greeted with.
    [[nodiscard]] std::string mysql_greeting();
    // What MySQL clients without TLS encrypt a password with; made for the first that asks.
    // nullptr: it can't be made.
    [[nodiscard]] const wire::mysql::RsaKey* mysql_key();
    void hand_over(Newcomer newcomer);
    void retire(Login& login);  // destroyed at the end of the turn

  private:
    struct Door final : loop::Acceptor {  // one listening socket
        Door(Lobby& owner, unsigned index, base::Fd bound, bool owns)
            : lobby(owner),
              listener(index),
              address(owner.shared_.listeners[index]->settings->address),
              socket(std::move(bound)),
              owns_file(owns) {}
        ~Door() override;  // a unix socket's file goes with it when it is ours
        void accepted(base::Fd client) override { lobby.accepted(listener, std::move(client)); }
        Lobby& lobby;
        const unsigned listener;
        const std::string address;  // as the configuration writes it
        base::Fd socket;            // none: another door has it now
        bool owns_file;
        bool adopts_file = false;  // ours once it is open
        std::unique_ptr<loop::Listening> listening;
    };
    struct Sweep final : loop::Deferred {
        explicit Sweep(Lobby& owner) : lobby(owner) {}
        void run() override;
        Lobby& lobby;
    };

    void accepted(unsigned listener, base::Fd client);
    Login& welcome(std::unique_ptr<Login> login);
    void adopt_listeners();
    void adopt_doors(Replacement& replacement);
    void tick(base::Instant now) override;
    void count_logins(base::Instant now);
    void turn_ended(base::Duration busy) override { probe_->worked(busy); }
    void ticked(base::Instant now, base::Duration lag) override { probe_->ticked(now, lag); }

    Shared& shared_;
    std::vector<std::unique_ptr<PoolLoop>>& homes_;
    std::unique_ptr<Accounts> accounts_;
    std::unique_ptr<loop::Loop> loop_;
    FoundAccounts found_accounts_;
    std::shared_ptr<telemetry::LoopProbe> probe_;
    std::vector<std::shared_ptr<telemetry::SessionProbe>> session_probes_;
    std::vector<std::unique_ptr<Door>> doors_;
    bool stopped_listening_ = false;
    InheritedSockets leftover_;  // of listeners that are configured no more
    Forward forward_cancel_;
    std::unordered_map<Login*, std::unique_ptr<Login>> logins_;
    std::atomic<std::size_t> logins_under_way_{0};
    std::deque<base::List<Login, LoginTag>> by_age_;  // by listener: one login_timeout each
    std::vector<Login*> retired_;
    std::uint32_t thread_ids_ = 0;  // given out so far
    MysqlVersions mysql_versions_;
    std::optional<wire::mysql::RsaKey> mysql_key_;
    Sweep sweep_{*this};
    ConsoleDesk desk_;
    Former former_;
    std::thread thread_;
};

}  // namespace weir::proxy
