// Calls of ours that no listener has answered yet: for each the engine that calls, and what it carries. The socket ID
// is that of a session slot from the first packet on, so that the answer finds its way; when it comes, the slot becomes
// an ordinary viewer or publisher and the place here is free again.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "contract/commands.h"
#include "engine/srt/caller.h"
#include "worker/session.h"

namespace fanlight {

struct Call {
  SocketId socket;
  command::OpenCall terms;
  Instant opened;
  srt::Caller engine;                             // Looks into the kit.
  std::optional<srt::Caller::Failure> failure{};  // It is over; control has not been told yet.
};

class Calls {
 public:
  // Null when all places are taken; `open` is then untouched.
  [[nodiscard]] Call* open(Instant now, SocketId socket, command::OpenCall& open) noexcept {
    const auto place = std::ranges::find_if(calls_, [](const auto& one) { return !one.has_value(); });
    if (place == calls_.end()) return nullptr;
    const srt::Caller engine({.opened = now,
                              .socket = socket,
                              .first_seq = open.first_seq,
                              .receive_latency = open.receive_latency,
                              .send_latency = open.send_latency,
                              .listener = open.path.remote.ip,
                              .stream_id = open.kit->stream_id,
                              .key_message = std::span(open.kit->key_message).first(open.kit->key_message_bytes),
                              .key_bytes = open.kit->key_bytes});
    return &place->emplace(Call{.socket = socket, .terms = std::move(open), .opened = now, .engine = engine});
  }
  [[nodiscard]] Call& at(SocketId socket) noexcept { return **place_of(socket); }
  void close(const Call& call) noexcept { place_of(call.socket)->reset(); }

 private:
  using Places = std::array<std::optional<Call>, kCallsAtOnceMax>;
  [[nodiscard]] Places::iterator place_of(SocketId socket) noexcept {
    return std::ranges::find_if(calls_, [&](const auto& one) { return one && one->socket == socket; });
  }
  Places calls_;
};

}  // namespace fanlight
