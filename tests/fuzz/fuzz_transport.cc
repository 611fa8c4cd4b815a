// Transport stream packets in any order, with holes and late ones, against the access index; and the parsers it uses on
// bytes as they come.
// The input is a list of operations: what, which packet, how many bytes of it are replaced, from where, and those
// bytes. An input that is a datagram by itself is looked at as it stands first.
#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "stream/access_index.h"
#include "wire/test_ts.h"

namespace fanlight {
namespace {

// Exactly as long as what it holds, so that the sanitizer sees every overrun.
Bytes exact(ByteSpan bytes) { return {bytes.begin(), bytes.end()}; }

bool is_part_of(ByteSpan part, ByteSpan whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

// --- the parsers, on bytes that mean nothing

void check_finder(ByteSpan bytes, std::size_t cut) {
  for (const wire::TsCodec codec : {wire::TsCodec::kH264, wire::TsCodec::kH265}) {
    wire::PictureFinder whole(codec);
    wire::PictureFinder parts(codec);
    const wire::FirstPicture seen = whole.look_at(bytes);
    wire::FirstPicture seen_in_parts = parts.look_at(bytes.first(cut));
    if (seen_in_parts == wire::FirstPicture::kUnseen) seen_in_parts = parts.look_at(bytes.subspan(cut));
    CHECK(seen == seen_in_parts);
  }
}

void check_parsers(ByteSpan bytes) {
  const auto packet = wire::parse_ts_packet(bytes);
  if (packet) CHECK(packet->pid <= 0x1FFF && is_part_of(packet->payload, bytes.first(wire::kTsPacketBytes)));
  CHECK(wire::ts_section_bytes(bytes) <= 3 + 0xFFF);
  if (const auto program = wire::parse_pat(bytes)) CHECK(program->number != 0 && program->map_pid <= 0x1FFF);
  if (const auto map = wire::parse_pmt(bytes))
    CHECK(map->pid <= 0x1FFF && (map->has_video || map->codec == wire::TsCodec::kOther));
  const ByteSpan content = wire::pes_content(bytes);
  CHECK(is_part_of(content, bytes) &&
        (content.empty() || content.data() + content.size() == bytes.data() + bytes.size()));
  if (!bytes.empty()) check_finder(bytes, std::to_integer<std::size_t>(bytes[0]) % bytes.size());
}

// --- the index

// What an honest reader of a payload would say of it.
struct Seen {
  bool has_pat = false;    // One begins in it.
  bool has_table = false;  // So does one on another PID.
  bool has_unit = false;   // Something that could be a picture begins in it.
};

class World {
 public:
  void note(PacketPos pos, const Bytes& datagram) {
    const auto last_before = index_.last();
    index_.note(pos, datagram);
    remember(pos, datagram);
    const auto& last = index_.last();
    if (!last) return CHECK(!last_before);
    if (last_before) CHECK(last->picture >= last_before->picture && last->start >= last_before->start);
    CHECK(last->start <= last->picture && last->picture <= newest_);
    CHECK(seen_.contains(last->start) && seen_.at(last->start).has_pat);
    CHECK(seen_.contains(last->picture) && seen_.at(last->picture).has_unit);
    CHECK(std::any_of(seen_.lower_bound(last->start), seen_.upper_bound(last->picture),
                      [](const auto& one) { return one.second.has_table; }));
  }
  void forget() {
    index_.forget();
    seen_.clear();
    CHECK(!index_.last());
  }
  [[nodiscard]] PacketPos next() const { return newest_ + 1; }

 private:
  void remember(PacketPos pos, const Bytes& datagram) {
    newest_ = std::max(newest_, pos);
    if (!wire::is_transport_stream(datagram)) return;
    Seen& seen = seen_[pos];
    for (std::size_t at = 0; at < datagram.size(); at += wire::kTsPacketBytes) {
      const auto packet = wire::parse_ts_packet(ByteSpan(datagram).subspan(at));
      if (!packet || packet->scrambled || !packet->starts_unit) continue;
      (packet->pid == wire::kTsPatPid ? seen.has_pat : seen.has_table) = true;
      seen.has_unit = true;
    }
  }
  AccessIndex index_;
  std::map<PacketPos, Seen> seen_;  // Since it forgot last.
  PacketPos newest_{100};
};

Bytes section_of(std::uint8_t which) {
  switch (which % 5) {
    case 0:
      return pat_section();
    case 1:
      return pmt_h264();
    case 2:
      return pmt_section({{0x24, kTestVideoPid}});
    case 3:
      return pmt_section({{0x0F, kTestAudioPid}});
    default:
      return pmt_section({{0x1B, kTestVideoPid}}, 150);
  }
}

void replace(Bytes& bytes, std::size_t at, ByteSpan by) {
  for (std::size_t i = 0; i < by.size() && at + i < bytes.size(); ++i) bytes[at + i] = by[i];
}

// A table whose bytes were replaced and whose CRC is right again.
Bytes table_of(std::uint8_t which, std::size_t at, ByteSpan by) {
  Bytes section = section_of(which);
  section.erase(section.end() - 4, section.end());
  replace(section, at, by);
  const std::uint32_t crc = test_crc(section);
  for (int shift = 24; shift >= 0; shift -= 8) section.push_back(std::byte(crc >> shift));
  return table_packet(which % 5 == 0 ? wire::kTsPatPid : kTestMapPid, section);
}

Bytes packet_of(std::uint8_t which, std::size_t at, ByteSpan by) {
  if (which % 16 < 5) return table_of(which % 16, at, by);
  Bytes packet = which % 16 < 7    ? idr_packet()
                 : which % 16 < 9  ? delta_packet()
                 : which % 16 < 11 ? ts_packet({.starts_unit = true, .random_access = true})
                 : which % 16 < 13 ? ts_packet({.starts_unit = true}, pes("0000 0001 0605"))
                                   : filler_packet();
  replace(packet, at, by);
  return packet;
}

// Gathers packets into a datagram until an operation says how it arrives.
void operate(World& world, std::uint8_t operation, Bytes packet, Bytes& datagram) {
  datagram.insert(datagram.end(), packet.begin(), packet.end());
  const bool is_full = datagram.size() + wire::kTsPacketBytes > 1456;
  if (operation % 8 < 2 && !is_full) return;
  PacketPos pos = world.next();
  if (operation % 8 == 5) pos = pos + operation / 8;                                           // A hole before it.
  if (operation % 8 == 6) pos = {std::max<std::int64_t>(0, (pos - 1 - operation / 8).value)};  // It is late.
  if (operation % 8 == 7) world.forget();
  world.note(pos, exact(std::exchange(datagram, {})));
}

}  // namespace
}  // namespace fanlight

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanlight;
  const ByteSpan input = std::as_bytes(std::span{data, size});
  check_parsers(exact(input));
  World world;
  world.note(world.next(), exact(input));
  Bytes datagram;
  for (std::size_t at = 0; at + 4 <= size;) {
    const std::size_t length = std::min<std::size_t>(data[at + 2] % 32, size - at - 4);
    operate(world, data[at], packet_of(data[at + 1], data[at + 3], input.subspan(at + 4, length)), datagram);
    at += 4 + length;
  }
  return 0;
}
