// Playlists and media of a small stream for tests: parts of 200 ms, five a segment, target duration 2 s.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "fanlight_load/hls_playlist.h"

namespace fanlight::load {

struct HlsText {
  std::uint64_t first = 10;      // Segment.
  std::uint64_t whole = 10;      // Whole segments.
  std::uint64_t open_parts = 0;  // Parts of the one behind them.
  std::uint64_t skipped = 0;     // A delta update.
  std::string more{};            // Lines at the end.
  std::string text() const {
    std::string out =
        "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n"
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.6,CAN-SKIP-UNTIL=12.0\n"
        "#EXT-X-PART-INF:PART-TARGET=0.2\n#EXT-X-MEDIA-SEQUENCE:" +
        std::to_string(first) + "\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n";
    if (skipped > 0) out += "#EXT-X-SKIP:SKIPPED-SEGMENTS=" + std::to_string(skipped) + "\n";
    out += "#EXT-X-MAP:URI=\"i0.mp4\"\n";
    const std::uint64_t end = first + whole;
    for (std::uint64_t msn = first + skipped; msn < end; ++msn) {
      if (msn + 6 >= end) out += parts(msn, 5);
      out += "#EXTINF:1.00000,\ns" + std::to_string(msn) + ".m4s\n";
    }
    out += parts(end, open_parts);
    out +=
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"s" + std::to_string(end) + "." + std::to_string(open_parts) + ".m4s\"\n";
    return out + more;
  }
  static std::string parts(std::uint64_t msn, std::uint64_t count) {
    std::string out;
    for (std::uint64_t at = 0; at < count; ++at)
      out += "#EXT-X-PART:DURATION=0.20000,URI=\"s" + std::to_string(msn) + "." + std::to_string(at) + ".m4s\"" +
             (at == 0 ? ",INDEPENDENT=YES" : "") + "\n";
    return out;
  }
};

inline HlsPlaylist hls_list(const std::string& text) {
  Result<HlsPlaylist> list = parse_hls_playlist(text);
  return list ? *list : HlsPlaylist{};
}

class BoxBytes {
 public:
  BoxBytes& u32(std::uint64_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes_.push_back(std::byte(value >> shift));
    return *this;
  }
  BoxBytes& box(std::string_view type, const BoxBytes& body) {
    u32(8 + body.bytes_.size());
    for (const char letter : type) bytes_.push_back(std::byte(letter));
    bytes_.insert(bytes_.end(), body.bytes_.begin(), body.bytes_.end());
    return *this;
  }
  [[nodiscard]] std::vector<std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// Timescale 30.
inline std::vector<std::byte> hls_init() {
  BoxBytes mdhd, trex;
  mdhd.u32(0).u32(0).u32(0).u32(30).u32(0);
  trex.u32(0).u32(1).u32(1).u32(1).u32(0).u32(0);
  const BoxBytes trak = BoxBytes{}.box("trak", BoxBytes{}.box("mdia", BoxBytes{}.box("mdhd", mdhd)));
  BoxBytes moov = trak;
  moov.box("mvex", BoxBytes{}.box("trex", trex));
  BoxBytes all;
  return all.box("ftyp", BoxBytes{}.u32(0)).box("moov", moov).bytes();
}

// `samples` of a tick and four bytes each, from tick `time` on.
inline std::vector<std::byte> hls_fragment(std::uint64_t time, std::uint64_t samples, std::uint64_t size = 4) {
  BoxBytes tfhd, tfdt, trun, mdat;
  tfhd.u32(0x02'0000).u32(1);
  tfdt.u32(0x0100'0000).u32(0).u32(time);
  const std::size_t moof_bytes = 8 + 16 + 8 + (8 + 8) + (8 + 12) + (8 + 12 + samples * 4);
  trun.u32(0x201).u32(samples).u32(moof_bytes + 8);
  for (std::uint64_t i = 0; i < samples; ++i) trun.u32(size), mdat.u32(time + i);
  BoxBytes traf;
  traf.box("tfhd", tfhd).box("tfdt", tfdt).box("trun", trun);
  BoxBytes moof;
  moof.box("mfhd", BoxBytes{}.u32(0).u32(1)).box("traf", traf);
  BoxBytes all;
  return all.box("styp", BoxBytes{}.u32(0)).box("moof", moof).box("mdat", mdat).bytes();
}

}  // namespace fanlight::load
