// Viewers in a row, linked through themselves: nothing to allocate, any of them leaves at once, and the first can be
// sent to the end. A viewer is in one list at most.
#pragma once

#include <cstddef>

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
  [[nodiscard]] static Viewer* behind(const Viewer& viewer) noexcept { return viewer.next_in_list; }

  void push_back(Viewer& viewer) noexcept {
    viewer.before_in_list = last_;
    viewer.next_in_list = nullptr;
    (last_ != nullptr ? last_->next_in_list : first_) = &viewer;
    last_ = &viewer;
    ++size_;
  }
  void remove(Viewer& viewer) noexcept {
    DCHECK(size_ > 0);
    (viewer.before_in_list != nullptr ? viewer.before_in_list->next_in_list : first_) = viewer.next_in_list;
    (viewer.next_in_list != nullptr ? viewer.next_in_list->before_in_list : last_) = viewer.before_in_list;
    viewer.before_in_list = nullptr;
    viewer.next_in_list = nullptr;
    --size_;
  }

 private:
  Viewer* first_ = nullptr;
  Viewer* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace fanlight
