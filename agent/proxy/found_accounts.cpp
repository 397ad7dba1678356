#include "proxy/found_accounts.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "proxy/query_seat.h"
#include "proxy/shared.h"

namespace weir::proxy {
namespace {

// The seats in one upstream's budget. They outlive their queries, because the budget may have word
// for one under way: a query that follows another takes a seat that is free again.
class Seats {
  public:
    explicit Seats(pool::Budget& budget) : budget_(budget) {}
    std::shared_ptr<QuerySeat> lend() {
        const auto free = std::find_if(seats_.begin(), seats_.end(),
                                       [](const auto& seat) { return seat.use_count() == 1; });
        if (free != seats_.end()) return *free;
        return seats_.emplace_back(std::make_shared<QuerySeat>(budget_));
    }

  private:
    pool::Budget& budget_;
    std::vector<std::shared_ptr<QuerySeat>> seats_;
};

class BudgetedQuery final : public upstream::RoleQuery {
  public:
    BudgetedQuery(std::shared_ptr<QuerySeat> seat, const settings::Upstream& upstream,
                  const settings::Auth& auth)
        : seat_(std::move(seat)),
          query_(upstream::make_postgresql_role_query(upstream, auth, *seat_)) {
        seat_->notify([this] { query_->seat_moved(); });
    }
    ~BudgetedQuery() override {
        seat_->notify(nullptr);
        query_.reset();  // gives the place back
    }
    void ask(std::string name, std::function<void(upstream::RoleAnswer)> done) override {
        query_->ask(std::move(name), std::move(done));
    }
    void seat_moved() override { query_->seat_moved(); }

  private:
    const std::shared_ptr<QuerySeat> seat_;
    std::unique_ptr<upstream::RoleQuery> query_;
};

}  // namespace

FoundAccounts::MakeQuery budgeted_queries(Shared& shared) {
    const auto seats = std::make_shared<std::unordered_map<unsigned, Seats>>();
    return [&shared, seats](unsigned upstream) {
        UpstreamLink& link = *shared.upstreams[upstream];
        Seats& of_upstream = seats->try_emplace(upstream, link.gate.budget).first->second;
        return FoundAccounts::Source{
            link.settings.name, std::make_unique<BudgetedQuery>(of_upstream.lend(), link.settings,
                                                                shared.settings->auth)};
    };
}

FoundAccounts::FoundAccounts(settings::Snapshot settings, loop::Loop& loop, MakeQuery make_query)
    : settings_(std::move(settings)), loop_(loop), make_query_(std::move(make_query)) {}

void FoundAccounts::ask(unsigned upstream, const std::string& name, Asker& asker) {
    OfUpstream& of = upstreams_[upstream];
    auto [place, added] = of.entries.try_emplace(name);
    Entry& entry = place->second;
    if (!added && entry.answered && loop_.now() < entry.until) {
        asker.found(entry.answer);
        return;
    }
    const bool under_way = !added && !entry.answered;
    entry.askers.push_back(&asker);
    if (under_way) return;
    entry.answered = false;
    question(upstream, name);
}

void FoundAccounts::question(unsigned upstream, const std::string& name) {
    OfUpstream& of = upstreams_[upstream];
    if (of.source.query == nullptr) of.source = make_query_(upstream);
    of.source.query->ask(
        name, [this, upstream, name, asked_in = renewals_](upstream::RoleAnswer answer) {
            loop_.post([this, upstream, name, asked_in, answer = std::move(answer)]() mutable {
                if (asked_in == renewals_) answered(upstream, name, std::move(answer));
            });
        });
}

std::vector<FoundAccounts::Query> FoundAccounts::renew(settings::Snapshot settings) {
    settings_ = std::move(settings);
    ++renewals_;
    std::vector<Query> former;
    for (auto& [upstream, of] : upstreams_) {
        if (of.source.query != nullptr) former.push_back(std::move(of.source.query));
        of.by_age.clear();
        std::erase_if(of.entries, [](const auto& entry) { return entry.second.askers.empty(); });
        for (const auto& [name, entry] : of.entries) question(upstream, name);
    }
    return former;
}

// Forgets the oldest.
void FoundAccounts::make_room(OfUpstream& of) {
    while (of.by_age.size() > most_answers) {
        const auto [since, name] = std::move(of.by_age.front());
        of.by_age.pop_front();
        const auto place = of.entries.find(name);
        if (place == of.entries.end()) continue;
        // What was asked again has a later mention, or gets one with its answer.
        const Entry& entry = place->second;
        if (entry.answered && entry.since == since) of.entries.erase(place);
    }
}

void FoundAccounts::answered(unsigned upstream, const std::string& name,
                             upstream::RoleAnswer answer) {
    OfUpstream& of = upstreams_[upstream];
    const auto place = of.entries.find(name);
    if (place == of.entries.end()) return;
    const std::vector<Asker*> askers = std::exchange(place->second.askers, {});
    if (!answer) {
        if (loop_.now() >= of.next_warning) {  // anybody can make it fail again
            of.next_warning = loop_.now() + warning_interval;
            base::log::warn("auth.query_failed",
                            {{"upstream", of.source.upstream}, {"error", answer.error().message}});
        }
        of.entries.erase(place);
        for (Asker* asker : askers) asker->not_asked(answer.error().message);
        return;
    }
    Entry& entry = place->second;
    entry.answered = true;
    entry.since = loop_.now();
    entry.until = entry.since + lifetime;
    entry.answer = {nullptr, answer->unknown_by_md5, answer->unknown_iterations};
    if (!answer->verifier.empty()) {
        auto user = std::make_shared<settings::User>();
        user->name = name;
        user->scram = std::move(answer->verifier);
        user->pools = settings_->auth.query_pools;
        user->tenants = settings_->auth.query_tenants;
        entry.answer.account = std::make_shared<Account>(std::move(user));
    }
    const Found found = entry.answer;  // there may be no room left for the entry
    of.by_age.emplace_back(entry.since, name);
    make_room(of);
    for (Asker* asker : askers) asker->found(found);
}

void FoundAccounts::refused(unsigned upstream, const std::string& name) {
    const auto of = upstreams_.find(upstream);
    if (of == upstreams_.end()) return;
    const auto place = of->second.entries.find(name);
    if (place == of->second.entries.end()) return;
    Entry& entry = place->second;
    entry.until = std::min(entry.until, entry.since + lifetime_refused);
}

void FoundAccounts::forget(unsigned upstream, const std::string& name, const Asker& asker) {
    auto& entries = upstreams_[upstream].entries;
    const auto place = entries.find(name);
    if (place != entries.end()) std::erase(place->second.askers, &asker);
}

}  // namespace weir::proxy
