// A live stream whose source does anything: the input is a list of operations, one byte says which, the ones behind it
// how. Whatever it is, a publication follows from the one before as players rely on, what is kept is bounded, and
// there is always an end to what is due.
#include <algorithm>
#include <map>
#include <string>

#include "base/check.h"
#include "live/test_live.h"

using namespace fanlight;
using namespace fanlight::packager;
using namespace fanlight::packager::test;

namespace {

constexpr std::size_t kPacket = 188;
constexpr std::uint64_t kBytesMax = 200'000;
constexpr int kFramesMax = 2'500;  // Of an input.

class Input {
 public:
  explicit Input(ByteSpan bytes) : bytes_(bytes) {}
  [[nodiscard]] bool is_empty() const { return bytes_.empty(); }
  std::uint8_t u8() {
    const Bytes one = take(1);
    return one.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(one[0]);
  }
  Bytes take(std::size_t n) {
    n = std::min(n, bytes_.size());
    const Bytes taken(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(n));
    bytes_ = bytes_.subspan(n);
    return taken;
  }

 private:
  ByteSpan bytes_;
};

// By itself.
void check_rendition(const RenditionSnapshot& one) {
  CHECK(!one.folder.empty() && one.target_duration > 0 && one.part_target > Micros{} && !one.playlist.get().is_empty());
  for (std::size_t i = 0; i < one.segments.size(); ++i) {
    const LiveSegment& segment = *one.segments[i];
    CHECK(segment.msn == one.segments[0]->msn + i && (segment.is_whole || i + 1 == one.segments.size()));
    for (const SharedBytes& part : segment.parts) CHECK(part.size() > 0);
  }
  CHECK(one.segments.empty() || one.edge.msn <= one.segments.back()->msn);
  CHECK(!one.inits.empty() || one.segments.empty());
}

// What was told stays, and numbers do not go back.
void check_follows(const RenditionSnapshot& before, const RenditionSnapshot& now) {
  CHECK(now.is_video == before.is_video && now.target_duration == before.target_duration);
  CHECK(now.part_target == before.part_target && now.first_msn >= before.first_msn);
  CHECK(now.edge.msn >= before.edge.msn && (now.has_ended || !before.has_ended));
  if (before.segments.empty() || now.segments.empty()) return;
  CHECK(now.segments.front()->msn >= before.segments.front()->msn);
  for (const auto& one : before.segments) {
    if (one->msn < now.segments.front()->msn) continue;
    CHECK(one->msn <= now.segments.back()->msn);
    const LiveSegment& same = *now.segments[one->msn - now.segments.front()->msn];
    CHECK(same.parts.size() >= one->parts.size() && (same.is_whole || !one->is_whole));
    for (std::size_t i = 0; i < one->parts.size(); ++i)
      CHECK(same.parts[i].span().data() == one->parts[i].span().data());
  }
}

class Stage {
 public:
  void operate(Input& in) {
    const std::uint8_t what = in.u8() % 16, how = in.u8();
    if (what < 3) return play(how % 64 + 1);
    if (what == 4) spoilt_at_ = in.u8() + 1;
    switch (what) {
      case 3:
      case 4:
        return spoil(how);
      case 5:
        return feed(in.take(how));
      case 6:
        return pass(millis(50 * int{how}));
      case 7:
        stream_.handle_source_lost(now());
        look();
        return pass(millis(100 * int{how}));
      case 12:
        wall_set_ = wall_set_ + millis(100 * (int{how} - 128));
        return;
      case 13:
        return feed(publisher_.new_time_base());
      default:
        return change(what, how);
    }
  }

 private:
  // Of the publisher.
  void change(std::uint8_t what, std::uint8_t how) {
    constexpr std::int64_t kFrames[] = {1'500, 3'000, 3'003, 3'600, 9'000, 45'000, 90, 1};
    if (what == 8) publisher_.options().first += (std::int64_t{how} - 128) * (how % 2 == 0 ? 900 : 900'000);
    if (what == 9) publisher_.options().gop = 1 + how % 90;
    if (what == 10) set_tracks((how & 1) != 0, (how & 2) != 0);
    if (what == 11) publisher_.set_hevc((how & 1) != 0);
    if (what == 14) publisher_.options().frame_ticks = kFrames[how % std::size(kFrames)];
    if (what != 15) return;
    if (how < 64) return publisher_.renumber();
    for (int i = 0; i < how - 63; ++i) publisher_.skip_picture();
  }
  void set_tracks(bool has_video, bool has_sound) {
    publisher_.set_tracks(has_video || !has_sound, has_sound);
    publisher_.skip_sound_to(ticks_);
    publisher_.skip_pictures_to(ticks_);
  }
  [[nodiscard]] Bytes next_frame() {
    const bool has_sound = publisher_.options().has_sound, has_video = publisher_.options().has_video;
    const bool is_picture = has_video && (!has_sound || publisher_.pictures_at() <= publisher_.sound_at());
    ticks_ = std::max(ticks_, is_picture ? publisher_.pictures_at() : publisher_.sound_at());
    return is_picture ? publisher_.picture() : publisher_.sound();
  }
  void play(int frames) {
    for (int i = 0; i < frames && frames_++ < kFramesMax; ++i) feed(next_frame());
  }
  // A packet is lost, or has another byte.
  void spoil(std::uint8_t how) {
    Bytes frame = next_frame();
    const std::size_t packet = how % (frame.size() / kPacket) * kPacket;
    if (spoilt_at_ > 0) {
      frame[(packet + spoilt_at_ - 1) % frame.size()] ^= std::byte{how} | std::byte{1};
    } else {
      const auto from = frame.begin() + static_cast<std::ptrdiff_t>(packet);
      frame.erase(from, from + static_cast<std::ptrdiff_t>(kPacket));
    }
    spoilt_at_ = 0;
    feed(frame);
  }
  void feed(const Bytes& bytes) {
    do_what_is_due();
    stream_.handle(bytes, now(), kWallStart + (now() - kStart) + wall_set_);
    look();
  }
  void pass(Micros span) {
    const Instant until = now() + span;
    while (stream_.next_deadline() <= until) {
      pause_ = pause_ + std::max(stream_.next_deadline() - now(), Micros{});
      do_what_is_due();
    }
    pause_ = pause_ + (until - now());
  }
  void do_what_is_due() {
    for (int times = 0; stream_.next_deadline() <= now(); ++times) {
      CHECK(times < 100);
      stream_.handle_timeout(now());
      look();
    }
  }
  void look() {
    CHECK(stream_.publication().bytes() <= 2 * kBytesMax);
    const std::shared_ptr<const StreamSnapshot> fresh = stream_.poll();
    if (!fresh) return;
    CHECK(fresh->renditions.empty() == fresh->multivariant.is_empty());
    for (const auto& one : fresh->renditions) {
      check_rendition(*one);
      std::shared_ptr<const RenditionSnapshot>& before = seen_[one->folder];
      if (before) check_follows(*before, *one);
      before = one;
    }
  }
  [[nodiscard]] Instant now() const { return kStart + Micros{ticks_ * 100 / 9} + pause_; }

  Publisher publisher_{{}};
  LiveStream stream_{{.name = "a", .window = seconds(12), .grace = seconds(5), .bytes_max = kBytesMax}};
  std::map<std::string, std::shared_ptr<const RenditionSnapshot>> seen_;
  std::int64_t ticks_ = 0;
  int frames_ = 0;
  std::size_t spoilt_at_ = 0;
  Micros pause_{}, wall_set_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(std::as_bytes(std::span(data, size)));
  for (Stage stage; !input.is_empty();) stage.operate(input);
  return 0;
}
