#include "cli/recorded_agent.h"

#include <CivetServer.h>

namespace weir::cli::testing {

class RecordedAgent::Handler : public CivetHandler {
  public:
    explicit Handler(RecordedAgent& agent) : agent_(agent) {}
    bool handleGet(CivetServer*, mg_connection* c) override { return handle(c); }
    bool handlePost(CivetServer*, mg_connection* c) override { return handle(c); }

  private:
    bool handle(mg_connection* connection) {
        const mg_request_info* info = mg_get_request_info(connection);
        const std::lock_guard lock(agent_.mutex_);
        const auto header = [&](const char* name) {
            const char* value = mg_get_header(connection, name);
            return std::string(value != nullptr ? value : "");
        };
        const std::string path = info->request_uri;
        const std::string query =
            info->query_string != nullptr ? "?" + std::string(info->query_string) : "";
        agent_.asked_.push_back({info->request_method, path + query, header("Authorization"),
                                 header("Content-Type"), CivetServer::getPostData(connection)});
        const auto found = agent_.answers_.find(path);
        const int status = found == agent_.answers_.end() ? 404 : found->second.first;
        const std::string body = found == agent_.answers_.end() ? "lost" : found->second.second;
        mg_printf(connection, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                  status, body.size(), body.c_str());
        return true;
    }
    RecordedAgent& agent_;
};

RecordedAgent::RecordedAgent()
    : handler_(std::make_unique<Handler>(*this)),
      server_(std::make_unique<CivetServer>(
          std::vector<std::string>{"listening_ports", "127.0.0.1:0", "num_threads", "2"})) {
    server_->addHandler("/", handler_.get());
}

RecordedAgent::~RecordedAgent() { server_.reset(); }

std::string RecordedAgent::url() const {
    return "http://127.0.0.1:" + std::to_string(server_->getListeningPorts().front());
}

void RecordedAgent::answer(const std::string& path, int status, std::string body) {
    const std::lock_guard lock(mutex_);
    answers_[path] = {status, std::move(body)};
}

void RecordedAgent::forget() {
    const std::lock_guard lock(mutex_);
    answers_.clear();
    asked_.clear();
}

std::vector<Asked> RecordedAgent::asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
}

}  // namespace weir::cli::testing
