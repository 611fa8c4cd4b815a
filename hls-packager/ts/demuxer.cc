#include "ts/demuxer.h"

#include <algorithm>

#include "ts/adaptation_field.h"
#include "wire/ts_packet.h"

namespace fanlight::packager {
namespace {

bool has_transport_error(ByteSpan packet) { return (packet[1] & std::byte{0x80}) != std::byte{}; }
// It is whole, and holds from a later time on: current_next_indicator is 0.
bool is_for_later(ByteSpan section) {
  constexpr std::size_t kIndicatorAt = 5;
  return wire::is_ts_section_intact(section) && section.size() > kIndicatorAt &&
         (section[kIndicatorAt] & std::byte{1}) == std::byte{};
}
unsigned continuity_of(ByteSpan packet) { return std::to_integer<unsigned>(packet[3]) & 15; }

}  // namespace

void Demuxer::handle(ByteSpan bytes, std::vector<DemuxEvent>& events) {
  framing_.handle(bytes, [&](ByteSpan packet) { take_packet(packet, events); });
}

void Demuxer::finish(std::vector<DemuxEvent>& events) {
  framing_.finish([&](ByteSpan packet) { take_packet(packet, events); });
  for (auto& [pid, its] : pids_) {
    if (auto* assembler = std::get_if<PesAssembler>(&its.content)) assembler->finish(counts_.pes, done_);
    hand_over(pid, events);
  }
}

void Demuxer::take_packet(ByteSpan bytes, std::vector<DemuxEvent>& events) {
  ++counts_.packets;
  const std::optional<wire::TsPacket> packet = wire::parse_ts_packet(bytes);
  if (!packet) return void(++counts_.malformed_packets);
  if (has_transport_error(bytes)) return void(++counts_.transport_errors);
  const AdaptationField field = parse_adaptation_field(bytes);
  if (field.is_discontinuous && field.has_clock && followed_ && packet->pid == followed_->clock_pid)
    events.push_back(NewTimeBase{});

  const auto found = pids_.find(packet->pid);
  if (found == pids_.end() || packet->payload.empty()) return;
  if (packet->scrambled) return void(++counts_.scrambled);
  Pid& its = found->second;
  auto* const assembler = std::get_if<PesAssembler>(&its.content);
  switch (its.continuity.judge(continuity_of(bytes), field.is_discontinuous, packet->payload)) {
    case Continuity::Judgement::kNext:
      break;
    case Continuity::Judgement::kAgain:
      return void(++counts_.sent_twice);
    case Continuity::Judgement::kLost:
      ++counts_.lost;
      [[fallthrough]];
    case Continuity::Judgement::kAnnounced:
      assembler != nullptr ? assembler->lose(counts_.pes) : std::get<Sections>(its.content).forget();
  }
  if (assembler != nullptr) {
    assembler->handle({packet->payload, packet->starts_unit, field.stuffing_bytes > 0}, counts_.pes, done_);
    return hand_over(packet->pid, events);
  }
  // What a section changes is tracks: this PID stays what it is.
  std::get<Sections>(its.content).handle(packet->payload, packet->starts_unit, [&](ByteSpan section) {
    take_section(packet->pid, section, events);
  });
}

bool Demuxer::is_map_pid(std::uint16_t pid) const {
  return std::any_of(programs_.begin(), programs_.end(), [&](const ProgramPlace& p) { return p.map_pid == pid; });
}

void Demuxer::take_section(std::uint16_t pid, ByteSpan section, std::vector<DemuxEvent>& events) {
  if (pid == kTablePid) return take_programs(section, events);
  pids_.at(pid).is_of_program ? take_splice(section, events) : take_map(pid, section, events);
}

void Demuxer::take_splice(ByteSpan section, std::vector<DemuxEvent>& events) {
  std::optional<SpliceInfo> info = parse_splice_info(section, counts_.splices);
  if (!info) return;
  SpliceCommand command{.info = std::move(*info)};
  if (command.info.pts) command.pts = clock_.peek(*command.info.pts);
  events.push_back(std::move(command));
}

void Demuxer::take_programs(ByteSpan section, std::vector<DemuxEvent>& events) {
  std::optional<ProgramList> part = parse_programs(section);
  if (!part) return void(counts_.broken_sections += is_for_later(section) ? 0 : 1);
  const bool is_of_same =
      list_.empty() || (list_.begin()->second.version == part->version && list_.begin()->second.last == part->last);
  if (!is_of_same) list_.clear();
  const std::size_t wanted = part->last + std::size_t{1};
  list_.insert_or_assign(part->number, std::move(*part));
  if (list_.size() < wanted) return;
  std::vector<ProgramPlace> programs;
  for (const auto& [number, one] : list_) {
    for (const ProgramPlace& place : one.programs) {
      const bool is_wanted = options_.program.value_or(place.number) == place.number;
      if (is_wanted && programs.size() < kProgramsMax) programs.push_back(place);
    }
  }
  if (programs != programs_) list_programs(std::move(programs), events);
}

void Demuxer::list_programs(std::vector<ProgramPlace> programs, std::vector<DemuxEvent>& events) {
  programs_ = std::move(programs);
  maps_waited_ = 0;
  const auto is_gone = [&](std::uint16_t number) {
    return std::none_of(programs_.begin(), programs_.end(), [&](const ProgramPlace& p) { return p.number == number; });
  };
  std::erase_if(maps_, [&](const auto& map) { return is_gone(map.first); });
  const bool has_ended = followed_ && is_gone(followed_->number);
  if (has_ended) followed_.reset();
  std::erase_if(pids_, [&](const auto& entry) {
    if (entry.second.is_of_program) return has_ended;
    return entry.first != kTablePid && !is_map_pid(entry.first);
  });
  for (const ProgramPlace& place : programs_) pids_.try_emplace(place.map_pid);
  choose(events);
}

void Demuxer::take_map(std::uint16_t pid, ByteSpan section, std::vector<DemuxEvent>& events) {
  const std::optional<ProgramMap> map = parse_program_map(section);
  // Other tables may share the PID.
  if (!map) return void(counts_.broken_sections += section[0] == std::byte{2} && !is_for_later(section) ? 1 : 0);
  const ProgramPlace place{map->number, pid};
  if (std::find(programs_.begin(), programs_.end(), place) == programs_.end()) return;
  maps_[map->number] = *map;
  maps_waited_ += !followed_ && map->has(Medium::kPictures) ? 1 : 0;
  choose(events);
}

const ProgramMap* Demuxer::wanted_map() const {
  const auto map_of = [&](std::uint16_t number) -> const ProgramMap* {
    const auto found = maps_.find(number);
    return found == maps_.end() ? nullptr : &found->second;
  };
  if (options_.program) return map_of(*options_.program);
  if (followed_) return map_of(followed_->number);
  const ProgramMap* with_sound = nullptr;
  bool knows_all = true;
  for (const ProgramPlace& place : programs_) {
    const ProgramMap* const map = map_of(place.number);
    knows_all &= map != nullptr;
    if (map != nullptr && map->has(Medium::kPictures)) return knows_all || maps_waited_ >= kMapsWaited ? map : nullptr;
    if (map != nullptr && map->has(Medium::kSound) && with_sound == nullptr) with_sound = map;
  }
  return knows_all ? with_sound : nullptr;
}

void Demuxer::choose(std::vector<DemuxEvent>& events) {
  const ProgramMap* const map = wanted_map();
  if (map != nullptr && followed_ != *map) follow(*map, events);
}

// Tracks that stay as they are go on undisturbed; of those that go, what is open and may be whole is handed over.
void Demuxer::follow(const ProgramMap& map, std::vector<DemuxEvent>& events) {
  const auto type_in = [](const std::optional<ProgramMap>& of, std::uint16_t pid) -> std::optional<std::uint8_t> {
    if (!of) return std::nullopt;
    for (const ProgramStream& stream : of->streams)
      if (stream.pid == pid) return stream.type;
    return std::nullopt;
  };
  const auto goes = [&](const auto& entry) {
    return entry.second.is_of_program && type_in(map, entry.first) != type_in(followed_, entry.first);
  };
  for (auto& entry : pids_) {
    auto* const assembler = std::get_if<PesAssembler>(&entry.second.content);
    if (assembler == nullptr || !goes(entry)) continue;
    assembler->finish(counts_.pes, done_);
    hand_over(entry.first, events);
  }
  std::erase_if(pids_, goes);
  for (const ProgramStream& stream : map.streams) {
    if (stream.medium == Medium::kSplices)
      pids_.try_emplace(stream.pid, Pid{{}, Sections(), true});
    else if (stream.medium != Medium::kNone)
      pids_.try_emplace(stream.pid, Pid{{}, PesAssembler(stream.medium == Medium::kPictures), true});
  }
  followed_ = map;
  events.push_back(map);
}

void Demuxer::hand_over(std::uint16_t pid, std::vector<DemuxEvent>& events) {
  for (PesPacket& packet : done_) {
    ElementaryUnit unit{.pid = pid, .packet = std::move(packet)};
    // The decoding time first: it is the one that only grows.
    if (unit.packet.header.dts) unit.dts = clock_.unwrap(*unit.packet.header.dts);
    if (unit.packet.header.pts) unit.pts = clock_.unwrap(*unit.packet.header.pts);
    events.push_back(std::move(unit));
  }
  done_.clear();
}

}  // namespace fanlight::packager
