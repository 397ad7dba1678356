#include "proxy/seated_cancel.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

class Recorded final : public upstream::CancelHandle {
  public:
    explicit Recorded(pool::Budget& budget) : budget_(budget) {}
    bool cancel() override {
        ++cancels;
        free_meanwhile = budget_.books().free;
        return answer;
    }
    bool kill() override {
        ++kills;
        return answer;
    }
    int cancels = 0, kills = 0;
    unsigned free_meanwhile = 0;
    bool answer = true;

  private:
    pool::Budget& budget_;
};

struct House {
    explicit House(unsigned maximum)
        : budget(std::make_shared<pool::Budget>(maximum,
                                                std::make_shared<telemetry::UpstreamProbe>())),
          handle(std::make_shared<Recorded>(*budget)),
          cancel(handle, budget, base::Duration::zero()) {}

    std::shared_ptr<pool::Budget> budget;
    std::shared_ptr<Recorded> handle;
    SeatedCancel cancel;
};

TEST(SeatedCancel, holds_a_token_for_as_long_as_it_takes) {
    House house(2);
    EXPECT_TRUE(house.cancel.cancel());
    EXPECT_EQ(house.handle->cancels, 1);
    EXPECT_EQ(house.handle->free_meanwhile, 1U);
    EXPECT_EQ(house.budget->books().free, 2U);
    EXPECT_TRUE(house.cancel.kill());
    EXPECT_EQ(house.handle->kills, 1);
}

TEST(SeatedCancel, fails_where_no_token_is_free) {
    House house(1);
    const auto taken = house.budget->borrow_side(base::Clock::now());
    EXPECT_FALSE(house.cancel.cancel());
    EXPECT_FALSE(house.cancel.kill());
    EXPECT_EQ(house.handle->cancels, 0);
}

TEST(SeatedCancel, tells_that_the_server_did_not_take_it) {
    House house(1);
    house.handle->answer = false;
    EXPECT_FALSE(house.cancel.cancel());
    EXPECT_EQ(house.budget->books().free, 1U);
}

}  // namespace
}  // namespace weir::proxy
