// What AAC is: AudioSpecificConfig, ISO/IEC 14496-3 §1.6.2.1, as LATM carries it and as the `esds` box wants it.
//
// SBR doubles the rate, PS makes two channels of one. Both count here when they are said outright, by their object
// types (5, 29) or by the extension behind the configuration. ADTS cannot say either: there a player finds out from the
// frames.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codec/bit_reader.h"
#include "codec/bit_writer.h"
#include "codec/track_format.h"

namespace fanlight::packager {

struct AacConfig {
  std::uint8_t object_type = 2;  // Of what is coded below SBR: 1 Main, 2 LC, 3 SSR, 4 LTP.
  bool has_sbr = false;
  bool has_ps = false;
  std::uint32_t core_rate = 0;
  SoundFormat sound;
  std::vector<std::byte> record;  // AudioSpecificConfig

  [[nodiscard]] TrackFormat format() const;
};

// Reads exactly what belongs to it: in LATM something follows. `length` in bits, when it is known; only then can there
// be an extension behind. Empty when it is cut short or no AAC of the general kind (scalable, low delay and USAC are
// not).
[[nodiscard]] std::optional<AacConfig> parse_aac_config(BitReader& bits, std::optional<std::size_t> length);

// As an ADTS header says it. With `channel_configuration` 0 a program_config_element has to begin at `block`, which
// stands at the raw_data_block.
[[nodiscard]] std::optional<AacConfig> make_aac_config(std::uint8_t object_type, std::uint8_t rate_index,
                                                       std::uint8_t channel_configuration, ByteSpan block);

// Table 1.18; 0 when the index is reserved or says that the rate follows.
[[nodiscard]] std::uint32_t aac_rate(std::uint32_t index) noexcept;

}  // namespace fanlight::packager
