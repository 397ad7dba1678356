// The admin HTTP of a running agent as the commands use it, over libcurl: one request at a time,
// blocking, with a deadline. Sends the token that it finds; follows no redirect and uses no proxy.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/options.h"

namespace weir::cli {

class AdminClient {
  public:
    // Fails when a token file that was named can't be read, or the URL is not HTTP.
    [[nodiscard]] static base::Result<AdminClient> open(const AdminOptions& options);

    // The body of a 2xx answer. Else one line for people: what the agent says is wrong, or that
    // nobody answers and what to do about it.
    [[nodiscard]] base::Result<std::string> get(const std::string& target) const;
    [[nodiscard]] base::Result<std::string> post(const std::string& target,
                                                 const std::string& json) const;
    [[nodiscard]] const std::string& url() const { return options_.url; }

  private:
    explicit AdminClient(AdminOptions options) : options_(std::move(options)) {}
    [[nodiscard]] base::Result<std::string> request(const std::string& target,
                                                    const std::string* json) const;
    AdminOptions options_;  // the URL without a slash at the end
};

// For a path segment or a query's value.
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace weir::cli
