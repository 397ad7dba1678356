// The JSON of protobuf with OTLP's two exceptions: ids are hexadecimal, enums are numbers (OTLP
// specification, "JSON Protobuf Encoding"). Numbers of 64 bits are texts. One thread at a time.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "collectors/otlp/writer.h"

namespace weir::collectors::otlp {

class JsonWriter final : public Writer {
  public:
    void message(Field field, const Body& body) override;
    void list(Field field, const Body& elements) override;
    void text(Field field, std::string_view utf8) override;
    void id(Field field, std::string_view bytes) override;
    void number(Field field, std::uint32_t value) override;
    void flags(Field field, std::uint32_t value) override;
    void instant(Field field, std::uint64_t value) override;
    void whole(Field field, std::int64_t value) override;
    void real(Field field, double value) override;
    void boolean(Field field, bool value) override;
    [[nodiscard]] std::string take() override;

  private:
    using Json = nlohmann::ordered_json;

    void put(Field field, Json value) { here_->emplace(field.name, std::move(value)); }
    void inside(Json& place, const Body& body);

    Json root_ = Json::object();
    Json* here_ = &root_;  // the object or the list that is being filled
};

}  // namespace weir::collectors::otlp
