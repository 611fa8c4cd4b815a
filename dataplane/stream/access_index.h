// Where in a stream a viewer can start with a picture (design D11): the last access point of its transport stream, and
// the place before it where PAT and PMT begin. Each of the publisher's packets is looked at once, however many viewers
// there are; the payload is never changed.
//
//   ... [PAT] [PMT] [video: access point] [video] [audio] [video] ...
//         ╰ start          ╰ picture
//
// An access point is a video PES packet that begins with the random access indicator, or whose first picture is an IDR
// (H.264) or an IRAP picture (H.265); without video, any audio PES packet. Scrambled packets and payloads that are no
// transport stream are passed over: they have no index.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/seq.h"
#include "wire/nal.h"
#include "wire/ts_packet.h"

namespace fanlight {

class AccessIndex {
 public:
  struct Point {
    PacketPos start;    // Its packet has the PAT; the PMT follows before the picture.
    PacketPos picture;  // Its packet has the first bytes of the picture.
    friend bool operator==(const Point&, const Point&) = default;
  };

  // A packet that was admitted. One that fills a gap is looked at as far as it makes sense by itself.
  void note(PacketPos pos, ByteSpan payload) noexcept;
  [[nodiscard]] const std::optional<Point>& last() const noexcept { return last_; }
  // Another publisher: nothing of what was learned holds for it.
  void forget() noexcept { *this = {}; }

 private:
  // A table on its way, which may be longer than a packet.
  struct Section {
    std::array<std::byte, 1024> bytes;
    std::size_t size = 0;  // 0: waits for the beginning of one.
    PacketPos begun;
  };
  void note_late(PacketPos pos, ByteSpan payload) noexcept;
  void note_packet(PacketPos pos, const wire::TsPacket& packet) noexcept;
  [[nodiscard]] static bool collect(Section& section, PacketPos pos, const wire::TsPacket& packet) noexcept;
  void note_pat(const Section& section) noexcept;
  void note_pmt(const Section& section) noexcept;
  void note_media(PacketPos pos, const wire::TsPacket& packet) noexcept;
  void look_for_picture(ByteSpan bytes) noexcept;
  void note_point(const Point& point) noexcept;

  PacketPos next_;
  Section pat_;
  Section pmt_;
  std::optional<wire::TsProgram> program_;
  std::optional<wire::TsProgramMap> map_;
  PacketPos pat_at_;
  std::optional<PacketPos> tables_at_;  // The last PAT that a PMT followed; there is one when there is a map.
  // The video PES packet whose first picture is still to come.
  std::optional<wire::PictureFinder> finder_;
  Point unit_;  // Its own tables: others may come before its picture does.
  std::uint32_t packets_looked_at_ = 0;
  std::optional<Point> last_;
};

}  // namespace fanlight
