// Which loop is home to which tenant's pool. Locked, and touched only when a client has logged in,
// has arrived at its home, or a pool is forgotten; never by a query.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir::proxy {

class Directory {
  public:
    explicit Directory(unsigned loops) : pools_(loops, 0) {}

    // The home of `key`, chosen now if it has none: that of its kin where there are such, else the
    // loop with the fewest pools. One more client is under way to it until arrived().
    [[nodiscard]] unsigned enter(const std::string& key, const std::string& kin = {});
    void arrived(const std::string& key);
    // Erases the entry unless somebody is under way; true when it is gone. Home loop only.
    [[nodiscard]] bool forget(const std::string& key);

  private:
    struct Entry {
        unsigned loop = 0;
        unsigned under_way = 0;
        std::string kin;  // empty: none
    };
    struct Kin {
        unsigned loop = 0;
        unsigned pools = 0;
    };
    std::mutex mutex_;
    std::unordered_map<std::string, Entry> homes_;
    std::unordered_map<std::string, Kin> kins_;
    std::vector<unsigned> pools_;
};

}  // namespace weir::proxy
