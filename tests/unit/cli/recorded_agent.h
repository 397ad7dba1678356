// An admin HTTP with answers prepared by the test, which remembers what it was asked.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

class CivetServer;

namespace weir::cli::testing {

struct Asked {
    std::string method, target, authorization, content_type, body;
};

class RecordedAgent {
  public:
    RecordedAgent();
    ~RecordedAgent();
    RecordedAgent(const RecordedAgent&) = delete;
    RecordedAgent& operator=(const RecordedAgent&) = delete;

    [[nodiscard]] std::string url() const;
    // To `path`, whatever the query; 404 for any other.
    void answer(const std::string& path, int status, std::string body);
    [[nodiscard]] std::vector<Asked> asked() const;
    void forget();  // answers and what was asked

  private:
    class Handler;
    mutable std::mutex mutex_;
    std::map<std::string, std::pair<int, std::string>> answers_;
    std::vector<Asked> asked_;
    std::unique_ptr<Handler> handler_;
    std::unique_ptr<CivetServer> server_;
};

}  // namespace weir::cli::testing
