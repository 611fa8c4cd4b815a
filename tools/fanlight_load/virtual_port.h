// A port whose kind does not matter here: one virtual call per burst, which a tool may afford.
#pragma once

#include <memory>
#include <utility>

#include "io/port.h"

namespace fanlight::load {

class VirtualPort {
 public:
  virtual ~VirtualPort() = default;
  // As io::Port has them.
  [[nodiscard]] virtual std::size_t receive(std::span<io::Arrival> arrivals) noexcept = 0;
  [[nodiscard]] virtual std::size_t transmit(std::span<io::Departure> departures) noexcept = 0;
  virtual void address(const Path& path, Envelope& envelope) noexcept = 0;
  virtual void wait(Micros span) noexcept = 0;
  [[nodiscard]] virtual const io::PortCounters& counters() const noexcept = 0;
};

template <io::Port P>
class PortOf final : public VirtualPort {
 public:
  explicit PortOf(std::unique_ptr<P> port) : port_(std::move(port)) {}
  std::size_t receive(std::span<io::Arrival> arrivals) noexcept override { return port_->receive(arrivals); }
  std::size_t transmit(std::span<io::Departure> departures) noexcept override { return port_->transmit(departures); }
  void address(const Path& path, Envelope& envelope) noexcept override { port_->address(path, envelope); }
  void wait(Micros span) noexcept override { port_->wait(span); }
  const io::PortCounters& counters() const noexcept override { return port_->counters(); }

 private:
  std::unique_ptr<P> port_;
};

}  // namespace fanlight::load
