// Resolves an upstream's names on a thread of its own, because getaddrinfo() blocks and can't be
// told to stop. Owned by a dialer and asked by its dial thread; one question at a time. A resolver
// that dies leaves a question under way alone: its thread ends with the answer, which nobody hears.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "upstream/address.h"

namespace weir::upstream {

using Resolution = base::Result<std::vector<Endpoint>>;

class Resolver {
  public:
    // `answered` is called on the resolver's thread when an answer can be taken.
    explicit Resolver(std::function<void()> answered);
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // Every name becomes all of its addresses, in getaddrinfo()'s order; what is numeric or a unix
    // socket stays. No effect while a question is under way.
    void ask(std::vector<Endpoint> endpoints);
    // The answer, once; nullptr when there is none yet.
    [[nodiscard]] std::unique_ptr<Resolution> take();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

// The same, on the calling thread; blocks.
[[nodiscard]] Resolution resolve(const std::vector<Endpoint>& endpoints);

}  // namespace weir::upstream
