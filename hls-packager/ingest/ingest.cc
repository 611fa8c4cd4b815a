#include "ingest/ingest.h"

#include <srt/srt.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "ingest/clock.h"
#include "ingest/srt_call.h"
#include "ingest/udp_door.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kReadyMax = 256;
constexpr Micros kWaitMost = millis(50);

}  // namespace

Ingest::Library::Library() {
  srt_startup();
  srt_setloglevel(0);  // LOG_EMERG: what happens to a call is told by us.
}

Ingest::Library::~Library() { srt_cleanup(); }

Ingest::Ingest() : epoll_(srt_epoll_create()) {
  CHECK(epoll_ >= 0);
  // Between calls nothing is watched, and waiting for nothing is an error otherwise, at once.
  srt_epoll_set(epoll_, SRT_EPOLL_ENABLE_EMPTY);
}

Ingest::~Ingest() {
  sources_.clear();
  srt_epoll_release(epoll_);
}

Result<Done> Ingest::add(const Source& source) {
  const std::size_t number = sources_.size();
  if (const auto* call = std::get_if<SrtUrl>(&source)) {
    sources_.emplace_back(std::make_unique<SrtCall>(number, *call, epoll_));
    return Done{};
  }
  auto door = std::make_unique<UdpDoor>(number, std::get<UdpSource>(source));
  if (Result<Done> opened = door->open(); !opened) return opened;
  const int events = SRT_EPOLL_IN;
  if (srt_epoll_add_ssock(epoll_, door->descriptor(), &events) == SRT_ERROR)
    return Error{ErrorCode::kFailed, std::string{"cannot watch a UDP socket: "} + srt_getlasterror_str()};
  sources_.emplace_back(std::move(door));
  return Done{};
}

void Ingest::poll(Micros wait, IngestSink& sink) {
  std::array<SRTSOCKET, kReadyMax> calls{}, written{};
  std::array<SYSSOCKET, kReadyMax> doors{};
  int called = kReadyMax, could_write = kReadyMax, received = kReadyMax;
  const auto is_holding = [](const Any& one) {
    const auto* const door = std::get_if<std::unique_ptr<UdpDoor>>(&one);
    return door != nullptr && (*door)->is_holding();
  };
  const Micros most = std::ranges::any_of(sources_, is_holding) ? RtpOrder::kWait : kWaitMost;
  const auto patience = std::clamp<std::int64_t>(wait.count / 1000, 0, most.count / 1000);
  const int ready = srt_epoll_wait(epoll_, calls.data(), &called, written.data(), &could_write, patience, doors.data(),
                                   &received, nullptr, nullptr);
  const Instant now = monotonic_now();
  // Whoever it was: sources are few, and each says itself whether there is anything.
  for (Any& one : sources_) {
    if (const auto* call = std::get_if<std::unique_ptr<SrtCall>>(&one)) {
      if (ready > 0 && (*call)->is_called()) (*call)->handle_event(now, sink);
      (*call)->handle_timeout(now, sink);
    } else {
      const auto& door = std::get<std::unique_ptr<UdpDoor>>(one);
      if (ready > 0) door->handle_event(now, sink);
      door->handle_timeout(now, sink);
    }
  }
}

UdpCounts Ingest::refused(std::size_t number) const {
  const auto* const door = std::get_if<std::unique_ptr<UdpDoor>>(&sources_[number]);
  return door != nullptr ? (*door)->counts() : UdpCounts{};
}

}  // namespace fanlight::packager
