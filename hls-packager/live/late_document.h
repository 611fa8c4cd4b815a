// A document that nobody may ask for: who is the first to do makes it, for all who do.
//
// What it is made of is held until then: it has to be cheap to hold, and stay as it is.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "live/document.h"

namespace fanlight::packager {

class LateDocument {
 public:
  using Write = std::function<std::string()>;
  LateDocument() = default;
  // `write` is called once at most, on any thread.
  explicit LateDocument(Write write);
  // Made already.
  LateDocument(Document document);

  [[nodiscard]] bool is_empty() const noexcept { return made_ == nullptr; }
  // On any thread; while one makes it, others wait. It lives as long as a copy of this does.
  [[nodiscard]] const Document& get() const;
  [[nodiscard]] bool is_same_as(const LateDocument& other) const noexcept { return made_ == other.made_; }

 private:
  struct Made;
  std::shared_ptr<Made> made_;
};

}  // namespace fanlight::packager
