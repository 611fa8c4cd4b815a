// Runs PES payloads through a sound and keeps what comes out, in the packager's own order of calls.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "codec/sound_frame.h"
#include "wire/test_bytes.h"

namespace fanlight::packager {

struct KeptFrame {
  Bytes bytes;
  SoundFrame frame;
};

template <class Sound>
std::vector<KeptFrame> play(Sound& sound, ByteSpan payload, std::optional<std::int64_t> pts) {
  std::vector<KeptFrame> kept;
  sound.handle_pes(payload, pts);
  while (const auto frame = sound.poll_frame()) kept.push_back({copy(frame->bytes), *frame});
  return kept;
}

template <class Sound>
std::vector<KeptFrame> play_in_pieces(Sound& sound, ByteSpan stream, std::size_t piece, std::int64_t first_pts) {
  std::vector<KeptFrame> kept;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const auto pts = at == 0 ? std::optional(first_pts) : std::nullopt;
    for (KeptFrame& frame : play(sound, stream.subspan(at, std::min(piece, stream.size() - at)), pts))
      kept.push_back(std::move(frame));
  }
  return kept;
}

inline std::vector<Bytes> bytes_of(const std::vector<KeptFrame>& frames) {
  std::vector<Bytes> all;
  for (const KeptFrame& one : frames) all.push_back(one.bytes);
  return all;
}

inline std::vector<std::int64_t> times_of(const std::vector<KeptFrame>& frames) {
  std::vector<std::int64_t> all;
  for (const KeptFrame& one : frames) all.push_back(one.frame.pts_90k);
  return all;
}

// Whatever is handed in, nothing breaks; and a stream cut at any byte gives no frame that is not whole.
template <class Sound>
void cut_everywhere(const Sound& fresh, ByteSpan stream) {
  Sound whole_sound = fresh;
  const std::vector<Bytes> whole = bytes_of(play(whole_sound, stream, 0));
  for (std::size_t size = 0; size < stream.size(); ++size) {
    Sound sound = fresh;
    const Bytes part = copy(stream.first(size));
    const std::vector<Bytes> frames = bytes_of(play(sound, part, 0));
    ASSERT_LE(frames.size(), whole.size());
    for (std::size_t i = 0; i < frames.size(); ++i) ASSERT_EQ(frames[i], whole[i]) << size;
  }
}

}  // namespace fanlight::packager
