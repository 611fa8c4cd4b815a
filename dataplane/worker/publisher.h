// A session that feeds a stream.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "contract/limits.h"
#include "crypto/session_ciphers.h"
#include "engine/srt/receiver.h"
#include "packet/envelope.h"
#include "stream/stream_clock.h"

namespace fanlight {

struct Publisher {
  Envelope envelope;
  srt::Receiver receiver;
  PublisherTime time;
  std::unique_ptr<crypto::SessionCiphers> ciphers;  // Null: clear.
  srt::Receiver::Stats counted{};                   // What the worker's counters have of the engine's figures.
  std::uint32_t mss = kMssMax;
  Instant last_data{};
  std::uint64_t packets = 0;  // Everything that came, duplicates included.
  std::uint64_t bytes = 0;
  std::uint64_t unique = 0;
  std::uint64_t belated = 0;
  std::uint64_t undecrypted = 0;
  // The last key message answered: a copy of it is answered again without asking control.
  std::uint16_t key_message_bytes = 0;
  std::array<std::byte, kKeyMessageBytesMax> key_message{};
};

}  // namespace fanlight
