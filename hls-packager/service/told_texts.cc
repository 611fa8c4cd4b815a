#include "service/told_texts.h"

#include <string>
#include <string_view>

#include "service/answers.h"

namespace fanlight::packager {

SharedBytes ToldTexts::streams(Instant now) {
  return told(streams_, now, [&] { return streams_json(board_.read()); });
}

SharedBytes ToldTexts::metrics(Instant now) {
  return told(metrics_, now, [&] { return metrics_text(board_.read(), tallies_, board_.age(now)); });
}

// Whoever asks while one is written waits for it: that takes no longer than to write another.
template <class Write>
SharedBytes ToldTexts::told(Text& text, Instant now, Write&& write) {
  const std::scoped_lock lock(mutex_);
  const Instant board_told_at = board_.told_at();  // Before it is read: news in between are another text's.
  if (!is_stale(text, now, board_told_at)) return text.newest;
  text.newest = SharedBytes::copy_of(std::string_view(write()));
  text.made_at = now;
  text.board_told_at = board_told_at;
  return text.newest;
}

bool ToldTexts::is_stale(const Text& text, Instant now, Instant board_told_at) {
  if (!text.made_at) return true;
  const Micros age = now - *text.made_at;
  if (age < static_cast<std::int64_t>(text.newest.size()) * seconds(1) / kBytesPerSecondMax) return false;
  return text.board_told_at != board_told_at || age >= kStandsMost;
}

}  // namespace fanlight::packager
