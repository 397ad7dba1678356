#include "loop/chunks.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace weir::loop {
namespace {

Slice receive(Chunks& chunks, std::size_t size) {
    const Chunks::Room room = chunks.room();
    EXPECT_GE(room.size, Chunks::least_room);
    std::memset(room.data, 'r', size);
    return chunks.take(size);
}

TEST(ChunksTest, receives_share_a_chunk_until_there_is_too_little_room) {
    Chunks chunks;
    std::vector<Slice> slices;
    for (int i = 0; i < 4; ++i) slices.push_back(receive(chunks, 12 * 1024));
    EXPECT_EQ(chunks.shown(), 1U);
    slices.push_back(receive(chunks, 12 * 1024));
    EXPECT_EQ(chunks.shown(), 1U);
    slices.push_back(receive(chunks, 1));
    EXPECT_EQ(chunks.shown(), 2U);
    slices.clear();
    EXPECT_EQ(chunks.shown(), 0U);
    EXPECT_EQ(chunks.spare(), 2U);
}

TEST(ChunksTest, room_that_is_not_taken_is_given_again) {
    Chunks chunks;
    EXPECT_EQ(chunks.room().data, chunks.room().data);
    EXPECT_EQ(chunks.room().size, Chunks::chunk_size);
    EXPECT_EQ(chunks.shown(), 0U);
}

TEST(ChunksTest, chunk_starts_again_when_its_last_slice_is_gone) {
    Chunks chunks;
    const char* start = chunks.room().data;
    std::optional<Slice> first = receive(chunks, 1000);
    Slice second = first->part(10, 20);
    first.reset();
    EXPECT_NE(chunks.room().data, start);
    second = Slice();
    EXPECT_EQ(chunks.room().data, start);
}

TEST(ChunksTest, bytes_of_a_slice_stay_while_others_come_and_go) {
    Chunks chunks;
    const Slice kept = chunks.copy("kept");
    for (int i = 0; i < 100; ++i) receive(chunks, 9000);
    EXPECT_EQ(kept.bytes(), "kept");
}

TEST(ChunksTest, stock_is_bounded_when_it_shrinks) {
    Chunks chunks;
    std::vector<Slice> slices;
    for (std::size_t i = 0; i < Chunks::most_spare + 20; ++i) {
        slices.push_back(receive(chunks, Chunks::chunk_size));
    }
    EXPECT_EQ(chunks.shown(), Chunks::most_spare + 20);
    slices.clear();
    EXPECT_EQ(chunks.shown(), 0U);
    EXPECT_EQ(chunks.spare(), Chunks::most_spare);
}

TEST(ChunksTest, slice_may_outlive_its_loop) {
    std::optional<Chunks> chunks(std::in_place);
    const Slice kept = chunks->copy("still here");
    chunks.reset();
    EXPECT_EQ(kept.bytes(), "still here");
}

}  // namespace
}  // namespace weir::loop
