// Which of the worker's sessions a datagram feeds that came to a feed's port. Ports of feeds and of SRT are different
// ones, so for SRT a bit decides.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "contract/feed_terms.h"
#include "contract/limits.h"
#include "wire/rtp_header.h"

namespace fanlight {

class Feeds {
 public:
  struct Match {
    bool is_feeds = false;                   // It came where feeds come, and nothing else does.
    std::optional<std::uint32_t> slot{};     // Of the session that takes it.
    std::optional<std::uint32_t> refuser{};  // Of one that it came to, as packets do, and that hears others alone.
    bool is_control_port = false;            // RTCP's own.
    bool is_fec_port = false;
    std::size_t leg = 0;
  };

  // `addresses`: where feeds of any worker come to, for workers that share a door.
  explicit Feeds(std::vector<FeedAddress> addresses = {}) : addresses_(std::move(addresses)) { note_ports(); }

  // False when all places are taken.
  [[nodiscard]] bool add(std::uint32_t slot, const FeedTerms& terms, const FeedDoors& doors) noexcept {
    if (count_ + (terms.second ? 2 : 1) > places_.size()) return false;
    places_[count_++] = {slot, terms, doors};
    if (terms.second) places_[count_++] = second_place(slot, terms, doors);
    note_ports();
    return true;
  }
  void remove(std::uint32_t slot) noexcept {
    const auto end = places_.begin() + static_cast<std::ptrdiff_t>(count_);
    count_ = static_cast<std::size_t>(
        std::remove_if(places_.begin(), end, [&](const Place& place) { return place.slot == slot; }) - places_.begin());
    note_ports();
  }

  [[nodiscard]] bool hears(std::uint16_t port) const noexcept { return ports_[port]; }
  // The worker whose feed it is that comes there, open or not.
  [[nodiscard]] std::optional<std::size_t> owner_of(const Endpoint& local) const noexcept {
    for (const FeedAddress& address : addresses_)
      if (address.local == local) return address.worker;
    return std::nullopt;
  }
  [[nodiscard]] Match find(const Path& path, ByteSpan datagram) const noexcept {
    Match match;
    for (const Place& place : std::span(places_).first(count_)) {
      const bool is_control_port = place.is_control(path);
      const bool is_fec_port = place.is_fec(path);
      if (!is_control_port && !is_fec_port && !place.is_data(path)) continue;
      match.is_feeds = true;
      const bool is_control = is_control_port || (place.terms.rtcp == RtcpWay::kSamePort && wire::is_rtcp(datagram));
      if (!is_control && !is_fec_port) match.refuser = place.slot;
      if (place.terms.source && *place.terms.source != path.remote.ip) continue;
      // FEC's source is its own, mostly 0.
      if (!is_fec_port && !place.may_be_of(wire::peek_ssrc(datagram, is_control))) continue;
      return {true, place.slot, {}, is_control_port, is_fec_port, place.leg};
    }
    return match;
  }

 private:
  struct Place {
    std::uint32_t slot = 0;
    FeedTerms terms{};
    FeedDoors doors{};
    std::size_t leg = 0;
    // Whoever does not say is anybody.
    [[nodiscard]] bool may_be_of(std::optional<std::uint32_t> ssrc) const noexcept {
      return !terms.ssrc || !ssrc || *terms.ssrc == *ssrc || terms.rtx_ssrc == *ssrc;
    }
    [[nodiscard]] bool is_data(const Path& path) const noexcept {
      return doors.data ? path.door == *doors.data : path.local == terms.local;
    }
    [[nodiscard]] bool is_control(const Path& path) const noexcept {
      if (doors.data) return doors.control && path.door == *doors.control;
      return leg == 0 && terms.has_rtcp_port() && path.local == terms.rtcp_endpoint();
    }
    [[nodiscard]] bool is_fec(const Path& path) const noexcept {
      if (!terms.fec || leg != 0) return false;
      if (doors.data) return path.door == doors.fec[0] || path.door == doors.fec[1];
      const std::array<Endpoint, 2> endpoints = terms.fec_endpoints();
      return path.local == endpoints[0] || path.local == endpoints[1];
    }
  };
  // It has no RTCP port of its own.
  [[nodiscard]] static Place second_place(std::uint32_t slot, const FeedTerms& terms, const FeedDoors& doors) noexcept {
    Place place{.slot = slot, .terms = terms, .doors = {.data = doors.second, .control = {}, .second = {}}, .leg = 1};
    place.terms.local = terms.second->local;
    place.terms.source = terms.second->source;
    return place;
  }
  void note_ports() noexcept {
    ports_.reset();
    for (const FeedAddress& address : addresses_) ports_.set(address.local.port);
    for (const Place& place : std::span(places_).first(count_)) {
      ports_.set(place.terms.local.port);
      if (place.leg == 0 && place.terms.has_rtcp_port()) ports_.set(place.terms.rtcp_endpoint().port);
      if (place.leg == 0 && place.terms.fec)
        for (const Endpoint& endpoint : place.terms.fec_endpoints()) ports_.set(endpoint.port);
    }
  }

  std::vector<FeedAddress> addresses_;
  std::array<Place, 2 * kFeedsMax> places_{};
  std::size_t count_ = 0;
  std::bitset<65'536> ports_;
};

}  // namespace fanlight
