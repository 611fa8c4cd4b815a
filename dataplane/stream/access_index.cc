#include "stream/access_index.h"

#include <algorithm>

namespace fanlight {
namespace {

// Parameter sets and SEI stand before the first picture. Behind so many TS packets of them nobody looks for it.
constexpr std::uint32_t kPacketsLookedAtMax = 64;

}  // namespace

void AccessIndex::note(PacketPos pos, ByteSpan payload) noexcept {
  if (!wire::is_transport_stream(payload)) return;
  if (pos < next_) return note_late(pos, payload);
  if (pos != next_) {  // What was under way has a hole.
    pat_.size = 0;
    pmt_.size = 0;
    finder_.reset();
  }
  next_ = pos + 1;
  for (; !payload.empty(); payload = payload.subspan(wire::kTsPacketBytes))
    if (const auto packet = wire::parse_ts_packet(payload); packet && !packet->scrambled) note_packet(pos, *packet);
}

// The tables and the unit before it are no longer known: only the indicator speaks for itself.
void AccessIndex::note_late(PacketPos pos, ByteSpan payload) noexcept {
  if (!map_ || !tables_at_ || pos < *tables_at_ || (last_ && pos < last_->picture)) return;
  for (; !payload.empty(); payload = payload.subspan(wire::kTsPacketBytes)) {
    const auto packet = wire::parse_ts_packet(payload);
    if (packet && !packet->scrambled && packet->pid == map_->pid && packet->starts_unit && packet->random_access)
      return note_point({*tables_at_, pos});
  }
}

void AccessIndex::note_packet(PacketPos pos, const wire::TsPacket& packet) noexcept {
  if (map_ && packet.pid == map_->pid) return note_media(pos, packet);
  if (packet.pid == wire::kTsPatPid) {
    if (collect(pat_, pos, packet)) note_pat(pat_);
  } else if (program_ && packet.pid == program_->map_pid) {
    if (collect(pmt_, pos, packet)) note_pmt(pmt_);
  }
}

// True when the packet completes the section. Only the first section of a packet is read: a PAT or PMT has one.
bool AccessIndex::collect(Section& section, PacketPos pos, const wire::TsPacket& packet) noexcept {
  ByteSpan bytes = packet.payload;
  if (packet.starts_unit) {
    const std::size_t pointer = bytes.empty() ? 0 : std::to_integer<std::size_t>(bytes[0]);
    if (bytes.size() < pointer + 1) return false;
    bytes = bytes.subspan(pointer + 1);
    section.size = 0;
    section.begun = pos;
  } else if (section.size == 0) {
    return false;
  }
  const std::size_t room = section.bytes.size() - section.size;
  const std::size_t taken = std::min(bytes.size(), room);
  std::copy_n(bytes.begin(), taken, section.bytes.begin() + section.size);
  section.size += taken;
  const std::size_t wanted = wire::ts_section_bytes(std::span(section.bytes).first(section.size));
  if (wanted > section.bytes.size()) section.size = 0;
  if (wanted == 0 || section.size < wanted) return false;
  section.size = wanted;
  return true;
}

void AccessIndex::note_pat(const Section& section) noexcept {
  const auto program = wire::parse_pat(std::span(section.bytes).first(section.size));
  if (!program) return;
  if (program_ && program_->map_pid != program->map_pid) map_.reset();
  program_ = program;
  pat_at_ = section.begun;
}

void AccessIndex::note_pmt(const Section& section) noexcept {
  const auto map = wire::parse_pmt(std::span(section.bytes).first(section.size));
  if (!map || map->program != program_->number) return;
  if (map_ && map_->pid != map->pid) finder_.reset();
  map_ = map;
  tables_at_ = pat_at_;
}

void AccessIndex::note_media(PacketPos pos, const wire::TsPacket& packet) noexcept {
  if (!packet.starts_unit) {
    if (finder_) look_for_picture(packet.payload);
    return;
  }
  finder_.reset();
  unit_ = {*tables_at_, pos};
  if (packet.random_access || !map_->has_video) return note_point(unit_);
  if (map_->codec == wire::TsCodec::kOther) return;
  finder_.emplace(map_->codec);
  packets_looked_at_ = 0;
  look_for_picture(wire::pes_content(packet.payload));
}

void AccessIndex::look_for_picture(ByteSpan bytes) noexcept {
  const wire::FirstPicture seen = finder_->look_at(bytes);
  if (seen == wire::FirstPicture::kAccess) note_point(unit_);
  if (seen != wire::FirstPicture::kUnseen || ++packets_looked_at_ == kPacketsLookedAtMax) finder_.reset();
}

void AccessIndex::note_point(const Point& point) noexcept { last_ = point; }

}  // namespace fanlight
