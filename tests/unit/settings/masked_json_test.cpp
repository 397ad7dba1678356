#include <nlohmann/json.hpp>

#include "loading.h"
#include "settings/key.h"

namespace weir::settings {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

nlohmann::json shown(const Settings& settings) {
    return nlohmann::json::parse(masked_json(settings));
}

TEST(MaskedJson, shows_values_as_the_file_writes_them) {
    const auto json = shown(loaded(small("[agent]\ndrain_grace = \"90s\"\n")).settings);
    EXPECT_EQ(json["agent"]["drain_grace"], "90s");
    EXPECT_EQ(json["agent"]["loops"], 0);
    EXPECT_EQ(json["listen"][0]["tls"]["mode"], "disable");
    EXPECT_EQ(json["upstream"][0]["breaker"]["failures"], 5);
    EXPECT_EQ(json["pool"][0]["mode"], "transaction");
    EXPECT_EQ(json["pool"][0]["warn_at"], 0.8);
    EXPECT_EQ(json["user"][0]["tenants"], nlohmann::json::array({"*"}));
}

TEST(MaskedJson, secrets_are_stars) {
    const auto settings =
        loaded(small("[admin]\ntoken = \"hush1\"\nread_token = \"hush2\"\n[auth]\n"
                     "query_password = \"hush3\"\n",
                     "[[upstream]]\nname = \"b\"\naddress = \"h:1\"\n"
                     "observe = { password = \"hush4\" }\n[[pool]]\nname = "
                     "\"b\"\nupstream = \"b\"\nmatch = \"b\"\nuser = \"u\"\n"
                     "password = \"hush5\"\n"))
            .settings;
    const auto text = masked_json(settings);
    EXPECT_THAT(text, Not(HasSubstr("hush")));
    EXPECT_THAT(text, Not(HasSubstr("secret-of-ann")));
    const auto json = shown(settings);
    EXPECT_EQ(json["admin"]["token"], "***");
    EXPECT_EQ(json["pool"][1]["password"], "***");
    EXPECT_EQ(json["pool"][0]["password"], "");
    EXPECT_EQ(json["user"][0]["password"], "***");
    EXPECT_EQ(json["user"][0]["scram"], "");
}

TEST(MaskedJson, has_every_key) {
    const auto json = shown(loaded(small()).settings);
    visit_sections([&](const char* section, auto member) {
        using Of = SectionOf<decltype(member)>;
        const auto& object = Of::repeated ? json[section].at(0) : json[section];
        for (const auto& name : key_names<typename Of::Struct>()) {
            auto pointer = "/" + name;
            std::replace(pointer.begin(), pointer.end(), '.', '/');
            EXPECT_TRUE(object.contains(nlohmann::json::json_pointer(pointer)))
                << section << "." << name;
        }
    });
}

TEST(MaskedJson, bytes_that_are_no_utf8_do_not_break_it) {
    Settings settings;
    settings.agent.name = "\xff";
    EXPECT_TRUE(nlohmann::json::accept(masked_json(settings)));
}

}  // namespace
}  // namespace weir::settings
