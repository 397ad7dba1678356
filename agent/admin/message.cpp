#include "admin/message.h"

#include <nlohmann/json.hpp>

namespace weir::admin {

Response json_answer(std::string body) {
    Response response;
    response.body = std::move(body);
    return response;
}

Response text_answer(int status, std::string body) {
    Response response;
    response.status = status;
    response.type = "text/plain; charset=utf-8";
    response.body = std::move(body);
    return response;
}

Response refusal(int status, std::string_view code, std::string_view message) {
    const nlohmann::json document{{"error", {{"code", code}, {"message", message}}}};
    Response response;
    response.status = status;
    // The message may quote what a client sent, which need not be UTF-8.
    response.body = document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    return response;
}

}  // namespace weir::admin
