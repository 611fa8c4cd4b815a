#include "link_proxy/impairment_options.h"

#include "link_proxy/duration_option.h"

namespace fanlight::link_proxy {

void add_impairment(CLI::App& app, const std::string& prefix, const std::string& group, ImpairmentFlags& flags) {
  const auto share = [&](const char* name, std::optional<double>& value, const char* help) {
    app.add_option(prefix + name, value, help)->check(CLI::Range(0.0, 1.0))->group(group);
  };
  const auto duration = [&](const char* name, std::optional<double>& value, const char* help) {
    add_duration(app, prefix + name, value, help)->group(group);
  };
  share("loss", flags.loss, "share of datagrams lost, each by itself; 0.01 is one per cent");
  share("burst-loss", flags.burst_loss, "share of datagrams lost in bursts (Gilbert), 0 to 1");
  app.add_option(prefix + "burst-length", flags.burst_length, "mean datagrams per burst (default 5)")
      ->check(CLI::Range(1.0, 1e6))
      ->group(group);
  duration("delay", flags.delay_us, "one-way delay, such as 25ms");
  duration("jitter", flags.jitter_us, "the delay varies by so much either way; order is kept");
  share("reorder", flags.reorder, "share of datagrams held back and overtaken, 0 to 1");
  duration("reorder-hold", flags.reorder_hold_us, "how long those are held back (default 5ms)");
  share("duplicate", flags.duplicate, "share of datagrams that arrive twice, 0 to 1");
}

Impairment combined(const ImpairmentFlags& both, const ImpairmentFlags& own) {
  Impairment result;
  const auto pick = [&](std::optional<double> ImpairmentFlags::*flag, double otherwise) {
    return (own.*flag) ? *(own.*flag) : (both.*flag).value_or(otherwise);
  };
  result.loss = pick(&ImpairmentFlags::loss, 0);
  result.burst_loss = pick(&ImpairmentFlags::burst_loss, 0);
  result.burst_length = pick(&ImpairmentFlags::burst_length, result.burst_length);
  result.delay = to_micros(pick(&ImpairmentFlags::delay_us, 0));
  result.jitter = to_micros(pick(&ImpairmentFlags::jitter_us, 0));
  result.reorder = pick(&ImpairmentFlags::reorder, 0);
  result.reorder_hold = to_micros(pick(&ImpairmentFlags::reorder_hold_us, 5'000));
  result.duplicate = pick(&ImpairmentFlags::duplicate, 0);
  return result;
}

}  // namespace fanlight::link_proxy
