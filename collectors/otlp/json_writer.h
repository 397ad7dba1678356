// The JSON of protobuf with OTLP's two exceptions: ids are hexadecimal, enums are numbers (OTLP
// specification, "JSON Protobuf Encoding"). Numbers of 64 bits are texts. One thread at a time.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "collectors/otlp/writer.h"

namespace weir::collectors::otlp {

class JsonWriter final : public Writer {
  public:
    explicit JsonWriter(std::string& room) : room_(room) {}

    void text(Field field, std::string_view utf8) override;
    void id(Field field, std::string_view bytes) override;
    void number(Field field, std::uint32_t value) override;
    void flags(Field field, std::uint32_t value) override;
    void instant(Field field, std::uint64_t value) override;
    void whole(Field field, std::int64_t value) override;
    void real(Field field, double value) override;
    void boolean(Field field, bool value) override;
    [[nodiscard]] std::string_view take() override;

  private:
    using Json = nlohmann::ordered_json;

    void begin_message(Field field) override;
    void end_message() override { open_.pop_back(); }
    void begin_list(Field field) override;
    void end_list() override { open_.pop_back(); }

    [[nodiscard]] Json& here() { return open_.empty() ? root_ : *open_.back(); }
    void put(Field field, Json value) { here().emplace(field.name, std::move(value)); }

    std::string& room_;  // for what is taken
    Json root_ = Json::object();
    // The objects and lists that are being filled, each within the one before it. No two places of
    // one object are open at once, so that none moves while it is filled.
    std::vector<Json*> open_;
};

}  // namespace weir::collectors::otlp
