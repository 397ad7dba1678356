// A call to be made later, once, perhaps on another thread: std::function for callables that can
// only be moved. Not for the way of a query: it allocates.
#pragma once

#include <memory>
#include <utility>

namespace weir::base {

class Task {
  public:
    Task() = default;
    template <class F>
    Task(F callable)
        : call_(std::make_unique<Call<F>>(std::move(callable))) {
    }  // NOLINT(google-explicit-constructor): meant to look like std::function
    void operator()() { call_->run(); }
    [[nodiscard]] explicit operator bool() const { return call_ != nullptr; }

  private:
    struct Callable {
        virtual ~Callable() = default;
        virtual void run() = 0;
    };
    template <class F>
    struct Call final : Callable {
        explicit Call(F f) : callable(std::move(f)) {}
        void run() override { callable(); }
        F callable;
    };
    std::unique_ptr<Callable> call_;
};

}  // namespace weir::base
