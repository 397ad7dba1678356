// A doubly linked list whose links live in its members: no allocation, O(1) removal from the
// middle. The list owns nothing; a member must leave before it dies (asserted). One thread. A type
// joins several lists by deriving from several ListHook<Tag>.
#pragma once

#include <cassert>
#include <cstddef>

namespace weir::base {

template <class Tag>
class ListHook {
  public:
    ListHook() = default;
    ListHook(const ListHook&) = delete;
    ListHook& operator=(const ListHook&) = delete;
    ~ListHook() { assert(!linked()); }

    [[nodiscard]] bool linked() const { return next_ != nullptr; }

  private:
    template <class T, class U>
    friend class List;
    ListHook* prev_ = nullptr;
    ListHook* next_ = nullptr;
};

template <class T, class Tag>
class List {
    using Hook = ListHook<Tag>;

  public:
    List() {
        head_.prev_ = &head_;
        head_.next_ = &head_;
    }
    List(const List&) = delete;
    List& operator=(const List&) = delete;
    ~List() {
        assert(empty());
        head_.prev_ = nullptr;
        head_.next_ = nullptr;
    }

    [[nodiscard]] bool empty() const { return head_.next_ == &head_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] T& front() const { return *item(head_.next_); }
    [[nodiscard]] T& back() const { return *item(head_.prev_); }
    void push_back(T& value) { insert(value, *head_.prev_); }
    void push_front(T& value) { insert(value, head_); }

    // Precondition: `value` is in this very list.
    void erase(T& value) {
        Hook& hook = value;
        assert(hook.linked() && size_ > 0);
        hook.prev_->next_ = hook.next_;
        hook.next_->prev_ = hook.prev_;
        hook.prev_ = nullptr;
        hook.next_ = nullptr;
        --size_;
    }

    T* pop_front() {
        if (empty()) return nullptr;
        T& value = front();
        erase(value);
        return &value;
    }

    // The member behind `value`, or nullptr at the end; for walks that do not erase `value`.
    [[nodiscard]] T* next(T& value) const {
        Hook& hook = value;
        return hook.next_ == &head_ ? nullptr : item(hook.next_);
    }
    [[nodiscard]] T* previous(T& value) const {
        Hook& hook = value;
        return hook.prev_ == &head_ ? nullptr : item(hook.prev_);
    }
    [[nodiscard]] T* first() const { return empty() ? nullptr : &front(); }
    [[nodiscard]] T* last() const { return empty() ? nullptr : &back(); }

  private:
    static T* item(Hook* hook) { return static_cast<T*>(hook); }
    void insert(T& value, Hook& before) {
        Hook& hook = value;
        assert(!hook.linked());
        hook.prev_ = &before;
        hook.next_ = before.next_;
        before.next_->prev_ = &hook;
        before.next_ = &hook;
        ++size_;
    }

    mutable Hook head_;
    std::size_t size_ = 0;
};

}  // namespace weir::base
