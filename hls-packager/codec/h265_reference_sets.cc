#include "codec/h265_reference_sets.h"

#include <utility>

namespace fanlight::packager {
namespace {

using Picture = H265ReferenceSet::Picture;

constexpr std::size_t kPicturesMax = 16;

void parse_pictures(BitReader& bits, std::uint32_t count, std::int32_t sign, std::vector<Picture>& to) {
  std::int32_t distance = 0;
  for (std::uint32_t i = 0; i < count && !bits.failed(); ++i) {
    distance += sign * (static_cast<std::int32_t>(bits.ue_up_to(0x7FFF)) + 1);
    to.push_back({distance, bits.flag()});
  }
}

// What a set is predicted from: the pictures of another, moved by a distance, and that one itself. Equations 7-61, 7-62
class Prediction {
 public:
  Prediction(BitReader& bits, const H265ReferenceSet& from, std::int32_t moved_by) : from_(from), moved_by_(moved_by) {
    for (std::size_t i = 0; i <= from.before.size() + from.after.size() && !bits.failed(); ++i) {
      const bool is_used = bits.flag();
      choices_.push_back({is_used, is_used || bits.flag()});
    }
  }

  H265ReferenceSet apply() {
    for (auto one = from_.after.rbegin(); one != from_.after.rend(); ++one) take_after(*one, is_before);
    take({moved_by_, false}, from_.before.size() + from_.after.size(), is_before);
    for (const Picture& one : from_.before) take_before(one, is_before);
    for (auto one = from_.before.rbegin(); one != from_.before.rend(); ++one) take_before(*one, is_after);
    take({moved_by_, false}, from_.before.size() + from_.after.size(), is_after);
    for (const Picture& one : from_.after) take_after(one, is_after);
    return std::move(made_);
  }

 private:
  struct Choice {
    bool is_used = false;
    bool is_taken = false;
  };
  using Side = bool (*)(std::int32_t);
  static bool is_before(std::int32_t distance) { return distance < 0; }
  static bool is_after(std::int32_t distance) { return distance > 0; }

  void take_before(const Picture& one, Side side) {
    take({one.distance + moved_by_, false}, static_cast<std::size_t>(&one - from_.before.data()), side);
  }
  void take_after(const Picture& one, Side side) {
    const auto at = static_cast<std::size_t>(&one - from_.after.data());
    take({one.distance + moved_by_, false}, from_.before.size() + at, side);
  }
  void take(Picture picture, std::size_t choice, Side side) {
    if (choice >= choices_.size() || !side(picture.distance) || !choices_[choice].is_taken) return;
    picture.is_used = choices_[choice].is_used;
    (picture.distance < 0 ? made_.before : made_.after).push_back(picture);
  }

  const H265ReferenceSet& from_;
  std::int32_t moved_by_;
  std::vector<Choice> choices_;
  H265ReferenceSet made_;
};

H265ReferenceSet predict(BitReader& bits, const std::vector<H265ReferenceSet>& listed, bool is_in_slice) {
  const std::uint32_t back = is_in_slice ? bits.ue_up_to(static_cast<std::uint32_t>(listed.size()) - 1) + 1 : 1;
  const bool is_negative = bits.flag();
  const auto distance = static_cast<std::int32_t>(bits.ue_up_to(0x7FFF)) + 1;
  if (bits.failed()) return {};
  return Prediction(bits, listed[listed.size() - back], is_negative ? -distance : distance).apply();
}

}  // namespace

H265ReferenceSet parse_reference_set(BitReader& bits, const std::vector<H265ReferenceSet>& listed, bool is_in_slice) {
  H265ReferenceSet set;
  if (!listed.empty() && bits.flag()) {
    set = predict(bits, listed, is_in_slice);
  } else {
    const std::uint32_t before = bits.ue_up_to(kPicturesMax), after = bits.ue_up_to(kPicturesMax);
    parse_pictures(bits, before, -1, set.before);
    parse_pictures(bits, after, 1, set.after);
  }
  if (set.before.size() + set.after.size() > kPicturesMax) bits.fail();
  return set;
}

void skip_scaling_lists(BitReader& bits) noexcept {
  for (unsigned size = 0; size < 4; ++size) {
    for (unsigned matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
      if (!bits.flag()) {
        (void)bits.ue();
        continue;
      }
      const unsigned count = size == 0 ? 16 : 64;
      if (size > 1) (void)bits.se();
      for (unsigned i = 0; i < count; ++i) (void)bits.se();
    }
  }
}

}  // namespace fanlight::packager
