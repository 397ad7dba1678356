// config/weir.toml is the reference that people read: it must know every key and tell the truth
// about every default.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "loading.h"
#include "settings/key.h"
#include "settings/parse_toml.h"

namespace weir::settings {
namespace {

using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

const std::string reference_file = WEIR_SOURCE_DIR "/config/weir.toml";

std::string reference_text() {
    std::ifstream file(reference_file);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void collect_keys(const Node& table, const std::string& prefix, std::set<std::string>& keys) {
    for (const auto& child : table.children) {
        if (child.kind == Node::Kind::table) {
            collect_keys(child, prefix + child.name + ".", keys);
        } else {
            keys.insert(prefix + child.name);
        }
    }
}

// What has no default, or is filled in from elsewhere: the reference shows an example.
const std::set<std::string> examples{
    "listen.name",   "listen.address", "upstream.name", "upstream.address", "pool.name",
    "pool.upstream", "pool.match",     "pool.database", "user.name",        "user.password"};

TEST(Reference, loads_and_has_nothing_to_tell) {
    const auto all = loaded(reference_text());
    EXPECT_THAT(texts_of(all.warnings), IsEmpty());
    EXPECT_THAT(texts_of(all.notices), IsEmpty());
    EXPECT_THAT(texts_of(all.unsafe), IsEmpty());
}

TEST(Reference, has_exactly_the_keys_that_are_known) {
    const auto root = parse_toml(reference_text(), reference_file);
    ASSERT_TRUE(root.has_value());
    visit_sections([&](const char* section, auto member) {
        using Of = SectionOf<decltype(member)>;
        const auto* node = root->find(section);
        ASSERT_NE(node, nullptr) << section;
        if (Of::repeated) node = &node->children.at(0);
        std::set<std::string> written;
        collect_keys(*node, "", written);
        const auto names = key_names<typename Of::Struct>();
        EXPECT_THAT(written, ElementsAreArray(std::set<std::string>(names.begin(), names.end())))
            << section;
    });
}

TEST(Reference, keys_stand_in_the_order_of_the_tables) {
    const auto text = reference_text();
    std::size_t at = 0;
    visit_sections([&](const char* section, auto member) {
        using Of = SectionOf<decltype(member)>;
        const auto header = std::string(Of::repeated ? "\n[[" : "\n[") + section + "]";
        const auto found = text.find(header, at);
        ASSERT_NE(found, std::string::npos) << section;
        at = found + header.size();
        for (const auto& name : key_names<typename Of::Struct>()) {
            if (name.find('.') != std::string::npos) continue;
            const auto key = text.find("\n" + name + " = ", at);
            ASSERT_NE(key, std::string::npos) << section << "." << name;
            at = key;
        }
    });
}

TEST(Reference, defaults_are_those_of_the_structs) {
    const auto settings = loaded(reference_text()).settings;
    visit_sections([&](const char* section, auto member) {
        using Of = SectionOf<decltype(member)>;
        using S = typename Of::Struct;
        const S* written = nullptr;
        if constexpr (Of::repeated) {
            ASSERT_EQ((settings.*member).size(), 1U) << section;
            written = &(settings.*member)[0];
        } else {
            written = &(settings.*member);
        }
        for (const auto& key : keys<S>()) {
            const auto name = std::string(section) + "." + key.name;
            if (examples.contains(name)) continue;
            EXPECT_TRUE(key.show(*written) == key.show(S{})) << name;
        }
    });
}

TEST(Reference, file_is_read_like_its_text) {
    const auto result = load_file(reference_file, {});
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(masked_json(result->settings), masked_json(loaded(reference_text()).settings));
}

}  // namespace
}  // namespace weir::settings
