// A list that grows at its end and loses at its front. Copies share what is in it, and each stays as it is whatever
// becomes of the others, on any thread: one costs a pointer for each 32 elements, and the newest of them anew.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"

namespace fanlight::packager {

template <class T>
class SharedList {
 public:
  class const_iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    const_iterator() = default;
    const_iterator(const SharedList* list, std::size_t at) : list_(list), at_(at) {}
    const T& operator*() const { return (*list_)[at_]; }
    const T* operator->() const { return &**this; }
    const_iterator& operator++() { return ++at_, *this; }
    const_iterator operator++(int) { return {list_, at_++}; }
    friend bool operator==(const const_iterator&, const const_iterator&) = default;
    friend difference_type operator-(const const_iterator& a, const const_iterator& b) {
      return static_cast<difference_type>(a.at_) - static_cast<difference_type>(b.at_);
    }

   private:
    const SharedList* list_ = nullptr;
    std::size_t at_ = 0;
  };

  SharedList() = default;
  SharedList(std::vector<T> all) {
    for (T& one : all) push_back(std::move(one));
  }

  [[nodiscard]] std::size_t size() const noexcept { return blocks_.size() * kBlock + tail_.size() - gone_; }
  [[nodiscard]] bool empty() const noexcept { return tail_.empty(); }
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept {
    const std::size_t at = i + gone_, block = at / kBlock;
    return block < blocks_.size() ? (*blocks_[block])[at % kBlock] : tail_[at - blocks_.size() * kBlock];
  }
  [[nodiscard]] const T& front() const noexcept { return (*this)[0]; }
  [[nodiscard]] const T& back() const noexcept { return tail_.back(); }
  // Of this list alone.
  [[nodiscard]] T& back() noexcept { return tail_.back(); }
  [[nodiscard]] const_iterator begin() const noexcept { return {this, 0}; }
  [[nodiscard]] const_iterator end() const noexcept { return {this, size()}; }

  void push_back(T one) {
    if (tail_.size() == kBlock) blocks_.push_back(std::make_shared<const std::vector<T>>(std::exchange(tail_, {})));
    tail_.push_back(std::move(one));
  }
  void pop_front(std::size_t count = 1) {
    CHECK(count <= size());
    gone_ += count;
    const std::size_t blocks = std::min(gone_ / kBlock, blocks_.size());
    blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(blocks));
    gone_ -= blocks * kBlock;
    if (!blocks_.empty()) return;
    tail_.erase(tail_.begin(), tail_.begin() + static_cast<std::ptrdiff_t>(std::exchange(gone_, 0)));
  }

 private:
  static constexpr std::size_t kBlock = 32;

  std::vector<std::shared_ptr<const std::vector<T>>> blocks_;  // Full ones.
  std::size_t gone_ = 0;                                       // Of the first.
  std::vector<T> tail_;                                        // The newest, one at least where there is any.
};

}  // namespace fanlight::packager
