// Viewers in a row, linked through themselves: nothing to allocate, any of them leaves at once, and the first can be
// sent to the end. A viewer is in one list at most.
//
// A link is the distance to the neighbour, in 32 bits: viewers stand in one slab of their worker.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "stream/viewer.h"

namespace fanlight {

class ViewerList {
 public:
  ViewerList() = default;
  ViewerList(const ViewerList&) = delete;
  ViewerList& operator=(const ViewerList&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool is_empty() const noexcept { return size_ == 0; }
  [[nodiscard]] Viewer* front() const noexcept { return first_; }
  [[nodiscard]] static Viewer* behind(const Viewer& viewer) noexcept { return follow(viewer, viewer.next_in_list); }

  void push_back(Viewer& viewer) noexcept {
    viewer.before_in_list = viewer.next_in_list = 0;
    if (last_ != nullptr) {
      link(*last_, viewer);
    } else {
      first_ = &viewer;
    }
    last_ = &viewer;
    ++size_;
  }
  void remove(Viewer& viewer) noexcept {
    DCHECK(size_ > 0);
    Viewer* const before = follow(viewer, viewer.before_in_list);
    Viewer* const behind = follow(viewer, viewer.next_in_list);
    if (before == nullptr) first_ = behind;
    if (behind == nullptr) last_ = before;
    if (before != nullptr && behind != nullptr) {
      link(*before, *behind);
    } else if (before != nullptr) {
      before->next_in_list = 0;
    } else if (behind != nullptr) {
      behind->before_in_list = 0;
    }
    viewer.before_in_list = viewer.next_in_list = 0;
    --size_;
  }

 private:
  static constexpr std::intptr_t kUnit = alignof(Viewer);
  [[nodiscard]] static Viewer* follow(const Viewer& viewer, std::int32_t way) noexcept {
    if (way == 0) return nullptr;
    return reinterpret_cast<Viewer*>(reinterpret_cast<std::intptr_t>(&viewer) + way * kUnit);
  }
  static void link(Viewer& before, Viewer& behind) noexcept {
    const std::intptr_t way =
        (reinterpret_cast<std::intptr_t>(&behind) - reinterpret_cast<std::intptr_t>(&before)) / kUnit;
    CHECK(way == static_cast<std::int32_t>(way));
    before.next_in_list = static_cast<std::int32_t>(way);
    behind.before_in_list = static_cast<std::int32_t>(-way);
  }
  Viewer* first_ = nullptr;
  Viewer* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace fanlight
