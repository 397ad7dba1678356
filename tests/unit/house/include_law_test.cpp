// Who may include whom. The law stands here once; the sources and the build must both keep to it.
#include <gtest/gtest.h>

#include <map>

#include "house/tree.h"

namespace weir::house {
namespace {

using Rooms = std::set<std::string>;

const std::map<std::string, Rooms>& law() {
    static const std::map<std::string, Rooms> rooms{
        {"base", {}},
        {"settings", {"base"}},
        {"telemetry", {"base"}},
        {"wire", {"base"}},
        {"pool", {"base", "settings", "telemetry"}},
        {"loop", {"base"}},
        {"upstream", {"base", "loop", "settings", "telemetry"}},
        {"proxy", {"base", "loop", "pool", "settings", "telemetry", "upstream", "wire"}},
        {"collectors", {"base", "settings", "telemetry"}},
        {"admin", {"base", "collectors", "proxy", "settings", "telemetry"}},
        // `serve` puts the whole agent together; the other commands need base and settings only.
        {"cli", {"admin", "base", "collectors", "proxy", "settings", "upstream"}},
    };
    return rooms;
}

TEST(IncludeLaw, every_source_includes_only_rooms_that_its_room_may_see) {
    std::size_t seen = 0;
    for (const char* const top : {"agent", "collectors"}) {
        for (const fs::path& file : sources_below(root() / top)) {
            const std::string room = room_of(file);
            const bool main = room == "main.cpp";
            ASSERT_TRUE(main || law().contains(room)) << shown(file) << " is in no known room";
            const Rooms allowed = main ? Rooms{"cli"} : law().at(room);
            for (const std::string& name : includes(contents(file), '"')) {
                const std::string from = name.substr(0, name.find('/'));
                EXPECT_TRUE(from == room || allowed.contains(from))
                    << shown(file) << " includes \"" << name << "\"";
                ++seen;
            }
        }
    }
    EXPECT_GT(seen, 50u);
}

TEST(IncludeLaw, what_is_included_exists_under_that_very_name) {
    for (const char* const top : {"agent", "collectors"}) {
        for (const fs::path& file : sources_below(root() / top)) {
            for (const std::string& name : includes(contents(file), '"')) {
                EXPECT_TRUE(fs::exists(root() / "agent" / name) || fs::exists(root() / name))
                    << shown(file) << " includes \"" << name << "\"";
            }
        }
    }
}

TEST(IncludeLaw, the_build_links_each_room_to_what_the_law_says) {
    // One line a room, as in: weir_room(pool agent/pool weir_base weir_telemetry weir_settings)
    const std::regex line(R"re(\nweir_room\((\w+)\s+([\w/]+)([^)]*)\))re");
    const std::regex linked(R"re(weir_(\w+))re");
    const std::string text = contents(root() / "CMakeLists.txt");
    std::set<std::string> found;
    for (std::sregex_iterator it(text.begin(), text.end(), line), end; it != end; ++it) {
        const std::string room = room_of(root() / (*it)[2].str());
        const std::string links = (*it)[3];
        Rooms rooms;
        for (std::sregex_iterator link(links.begin(), links.end(), linked); link != end; ++link) {
            const std::string name = (*link)[1];
            rooms.insert(name.substr(0, name.find('_')));
        }
        ASSERT_TRUE(law().contains(room)) << room;
        EXPECT_EQ(rooms, law().at(room)) << room;
        found.insert(room);
    }
    for (const auto& [room, allowed] : law()) EXPECT_TRUE(found.contains(room)) << room;
}

TEST(IncludeLaw, no_two_rooms_see_each_other) {
    for (const auto& [room, allowed] : law()) {
        for (const std::string& other : allowed) {
            EXPECT_FALSE(law().at(other).contains(room)) << room << " and " << other;
        }
    }
}

}  // namespace
}  // namespace weir::house
