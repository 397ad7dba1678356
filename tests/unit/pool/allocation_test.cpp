// The way of a query through the pool allocates nothing; counted by replacing the global operators.
#include <cstdlib>
#include <new>

#include "pool/fake_house.h"

namespace {
std::size_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace weir::pool {
namespace {

using AllocationTest = House;

TEST_F(AllocationTest, an_acquire_that_finds_a_connection_and_its_release_allocate_nothing) {
    Client client;
    Pool& from = pool();
    hold(from, client);
    release(client);
    const std::size_t before = allocations;
    for (int i = 0; i < 1000; ++i) {
        now += 1ms;
        const Acquired acquired = from.acquire(client, now);
        from.quiet(*acquired.server, true, now);
        from.busy(*acquired.server, now);
        from.release(*acquired.server, ReleaseResult::clean, now);
    }
    EXPECT_EQ(allocations, before);
}

TEST_F(AllocationTest, waiting_for_a_hand_off_allocates_nothing) {
    settings.max_size = 1;
    Client first, second;
    Pool& from = pool();
    hold(from, first);
    const std::size_t before = allocations;
    for (int i = 0; i < 1000; ++i) {
        now += 1ms;
        (void)from.acquire(second, now);
        release(first);
        std::swap(first.server, second.server);
    }
    EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace weir::pool
