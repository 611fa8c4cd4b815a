// A transport stream taken apart: which tracks one of its programs has, and their PES packets, each as soon as it is
// complete. Bytes in, events out; no clock, no socket.
//
//   bytes -> framing -> continuity -> sections -> which program, which PIDs
//                                  -> PES assembler of each PID -> units, their 33-bit times unwrapped
//                                  -> sections of SCTE 35 -> splice commands, likewise
//
// What a stranger sends wrong is counted, and drops the unit that it touches, never more.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "ts/clock33.h"
#include "ts/continuity.h"
#include "ts/framing.h"
#include "ts/pes_assembler.h"
#include "ts/program.h"
#include "ts/sections.h"
#include "ts/splice.h"

namespace fanlight::packager {

// One PES packet of a track of the program.
struct ElementaryUnit {
  std::uint16_t pid = 0;
  std::optional<std::int64_t> pts{};  // 90 kHz, unwrapped, one epoch for the program.
  std::optional<std::int64_t> dts{};
  PesPacket packet;
};
// What SCTE 35 says of a time to come.
struct SpliceCommand {
  std::optional<std::int64_t> pts{};  // Likewise. Empty: now.
  SpliceInfo info;
};
// The program's clock is another from here on: so discontinuity_indicator says beside a PCR. What is under way may
// still be of the one before.
struct NewTimeBase {};
using DemuxEvent = std::variant<ProgramMap, ElementaryUnit, SpliceCommand, NewTimeBase>;

struct DemuxCounts {
  std::uint64_t packets = 0;
  std::uint64_t malformed_packets = 0;
  std::uint64_t transport_errors = 0;  // So marked by who demodulated them.
  std::uint64_t scrambled = 0;
  std::uint64_t sent_twice = 0;
  std::uint64_t lost = 0;             // Jumps of a PID's counter.
  std::uint64_t broken_sections = 0;  // PAT or PMT.
  PesCounts pes;
  SpliceCounts splices;
};

class Demuxer {
 public:
  struct Options {
    // Empty: the first with pictures, as the list of programs has them; when none has, the first with sound.
    std::optional<std::uint16_t> program{};
  };
  explicit Demuxer(const Options& options) : options_(options) { pids_.emplace(kTablePid, Pid{}); }

  // Bytes of any length. Events are appended.
  void handle(ByteSpan bytes, std::vector<DemuxEvent>& events);
  // The input is over: what is open and may be whole is handed over.
  void finish(std::vector<DemuxEvent>& events);

  [[nodiscard]] const DemuxCounts& counts() const noexcept { return counts_; }
  [[nodiscard]] const Framing& framing() const noexcept { return framing_; }

 private:
  static constexpr std::uint16_t kTablePid = 0;
  // Programs in front whose maps have not come so long are not waited for: as many maps of one that is there. A second,
  // at ten a second.
  static constexpr std::uint32_t kMapsWaited = 10;
  struct Pid {
    Continuity continuity{};
    std::variant<Sections, PesAssembler> content{};
    bool is_of_program = false;  // The map named it; it goes when the map does not any more.
  };

  void take_packet(ByteSpan bytes, std::vector<DemuxEvent>& events);
  void take_section(std::uint16_t pid, ByteSpan section, std::vector<DemuxEvent>& events);
  void take_splice(ByteSpan section, std::vector<DemuxEvent>& events);
  void take_programs(ByteSpan section, std::vector<DemuxEvent>& events);
  void list_programs(std::vector<ProgramPlace> programs, std::vector<DemuxEvent>& events);
  void take_map(std::uint16_t pid, ByteSpan section, std::vector<DemuxEvent>& events);
  [[nodiscard]] bool is_map_pid(std::uint16_t pid) const;
  void choose(std::vector<DemuxEvent>& events);
  [[nodiscard]] const ProgramMap* wanted_map() const;
  void follow(const ProgramMap& map, std::vector<DemuxEvent>& events);
  void hand_over(std::uint16_t pid, std::vector<DemuxEvent>& events);

  Options options_;
  DemuxCounts counts_;
  Framing framing_;
  Clock33 clock_;
  std::map<std::uint16_t, Pid> pids_;         // Those listened to.
  std::map<std::uint8_t, ProgramList> list_;  // Sections of one version, until all are there.
  std::vector<ProgramPlace> programs_;
  std::uint32_t maps_waited_ = 0;             // Of programs with pictures, while those in front of them have none yet.
  std::map<std::uint16_t, ProgramMap> maps_;  // By program number.
  std::optional<ProgramMap> followed_;
  std::vector<PesPacket> done_;  // Emptied at once.
};

}  // namespace fanlight::packager
