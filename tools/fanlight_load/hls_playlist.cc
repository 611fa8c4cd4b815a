#include "fanlight_load/hls_playlist.h"

#include <algorithm>
#include <utility>

#include "fanlight_load/hls_attributes.h"

namespace fanlight::load {
namespace {

// Calls `take(line)` for each line that is not empty.
void for_each_line(std::string_view text, auto&& take) {
  while (!text.empty()) {
    const std::size_t size = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, size);
    text.remove_prefix(std::min(size + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) take(line);
  }
}

std::optional<std::string_view> after(std::string_view line, std::string_view tag) {
  if (!line.starts_with(tag)) return std::nullopt;
  return line.substr(tag.size());
}

Error malformed(const std::string& what) { return {ErrorCode::kInvalid, what}; }

class Reader {
 public:
  Result<HlsPlaylist> read(std::string_view text) {
    if (!text.starts_with("#EXTM3U")) return malformed("it does not begin with #EXTM3U");
    for_each_line(text, [&](std::string_view line) {
      line_ = line;
      line.starts_with('#') ? take_tag(line) : take_uri(line);
    });
    if (!trouble_.empty()) return malformed(trouble_);
    if (out_.target_duration == Micros{}) return malformed("it has no target duration");
    if (!has_sequence_) return malformed("it has no media sequence number");
    if (!segment_.parts.empty()) close_segment();
    return std::move(out_);
  }

 private:
  void take_uri(std::string_view line) {
    segment_.uri = line;
    if (segment_.duration == Micros{}) refuse("a segment without a duration: ");
    close_segment();
  }
  void close_segment() {
    segment_.init = init_;
    out_.segments.push_back(std::exchange(segment_, {}));
  }

  void take_tag(std::string_view line) {
    if (const auto list = after(line, "#EXT-X-PART:")) return take_part(HlsAttributes(*list));
    if (const auto value = after(line, "#EXTINF:")) return take_duration(value->substr(0, value->find(',')));
    if (const auto value = after(line, "#EXT-X-PROGRAM-DATE-TIME:")) segment_.date = *value;
    if (const auto list = after(line, "#EXT-X-MAP:")) init_ = HlsAttributes(*list).text("URI");
    if (line == "#EXT-X-DISCONTINUITY") segment_.is_discontinuous = true;
    if (line == "#EXT-X-GAP") segment_.is_gap = true;
    if (line == "#EXT-X-ENDLIST") out_.has_ended = true;
    take_head(line);
    take_tail(line);
  }

  void take_head(std::string_view line) {
    if (const auto value = after(line, "#EXT-X-TARGETDURATION:"))
      out_.target_duration = seconds(static_cast<std::int64_t>(integer(*value)));
    if (const auto list = after(line, "#EXT-X-PART-INF:")) out_.part_target = time(HlsAttributes(*list), "PART-TARGET");
    if (const auto list = after(line, "#EXT-X-SERVER-CONTROL:")) take_control(HlsAttributes(*list));
    if (const auto value = after(line, "#EXT-X-MEDIA-SEQUENCE:")) {
      has_sequence_ = true;
      out_.media_sequence = integer(*value);
    }
    if (const auto value = after(line, "#EXT-X-DISCONTINUITY-SEQUENCE:")) out_.discontinuity_sequence = integer(*value);
    if (const auto list = after(line, "#EXT-X-SKIP:"))
      out_.skipped = integer(HlsAttributes(*list).text("SKIPPED-SEGMENTS"));
  }

  void take_tail(std::string_view line) {
    if (const auto list = after(line, "#EXT-X-PRELOAD-HINT:")) {
      if (HlsAttributes(*list).find("TYPE") == "PART") out_.hint = HlsAttributes(*list).text("URI");
    }
    if (const auto list = after(line, "#EXT-X-RENDITION-REPORT:")) take_report(HlsAttributes(*list));
  }

  void take_control(const HlsAttributes& list) {
    out_.can_block = list.says_yes("CAN-BLOCK-RELOAD");
    if (list.find("PART-HOLD-BACK")) out_.part_hold_back = time(list, "PART-HOLD-BACK");
    if (list.find("CAN-SKIP-UNTIL")) out_.can_skip_until = time(list, "CAN-SKIP-UNTIL");
  }

  void take_part(const HlsAttributes& list) {
    HlsPart part{.uri = list.text("URI"), .duration = time(list, "DURATION")};
    part.is_independent = list.says_yes("INDEPENDENT");
    part.is_gap = list.says_yes("GAP");
    if (part.uri.empty()) refuse("a part without a URI: ");
    segment_.parts.push_back(std::move(part));
  }

  void take_duration(std::string_view value) {
    const auto duration = hls_seconds(value);
    if (!duration) return refuse("no duration: ");
    segment_.duration = *duration;
  }

  void take_report(const HlsAttributes& list) {
    HlsReport report{.uri = list.text("URI"), .msn = integer(list.text("LAST-MSN"))};
    if (const auto part = list.find("LAST-PART")) report.part = integer(*part);
    out_.reports.push_back(std::move(report));
  }

  std::uint64_t integer(std::string_view text) {
    const auto value = hls_integer(text);
    if (!value) refuse("no number: ");
    return value.value_or(0);
  }
  Micros time(const HlsAttributes& list, std::string_view name) {
    const auto value = hls_seconds(list.text(name));
    if (!value) refuse("no time: ");
    return value.value_or(Micros{});
  }
  void refuse(const char* what) {
    if (trouble_.empty()) trouble_ = what + std::string(line_);
  }

  HlsPlaylist out_;
  HlsSegment segment_;  // Not closed yet.
  std::string init_;
  std::string_view line_;
  std::string trouble_;
  bool has_sequence_ = false;
};

}  // namespace

Micros HlsSegment::parts_duration() const {
  Micros sum{};
  for (const HlsPart& part : parts) sum = sum + part.duration;
  return sum;
}

HlsPlace HlsPlaylist::next() const {
  if (!segments.empty() && segments.back().is_open()) return {end_msn() - 1, segments.back().parts.size()};
  return {end_msn(), 0};
}

const HlsSegment* HlsPlaylist::find(std::uint64_t msn) const {
  const std::uint64_t first = media_sequence + skipped;
  return msn < first || msn - first >= segments.size() ? nullptr : &segments[msn - first];
}

// Who asks means one of the newest.
std::optional<HlsPlace> HlsPlaylist::place_of(std::string_view uri) const {
  for (std::uint64_t msn = end_msn(); const HlsSegment* const segment = find(--msn);)
    for (std::uint64_t at = 0; at < segment->parts.size(); ++at)
      if (segment->parts[at].uri == uri) return HlsPlace{msn, at};
  return std::nullopt;
}

const HlsPart* HlsPlaylist::find(HlsPlace place) const {
  const HlsSegment* const segment = find(place.msn);
  return segment == nullptr || place.part >= segment->parts.size() ? nullptr : &segment->parts[place.part];
}

Result<HlsPlaylist> parse_hls_playlist(std::string_view text) { return Reader{}.read(text); }

Result<HlsChoice> choose_renditions(std::string_view multivariant, bool wants_audio) {
  HlsChoice choice;
  std::string group;
  bool is_variants_uri = false;
  for_each_line(multivariant, [&](std::string_view line) {
    if (const auto list = after(line, "#EXT-X-STREAM-INF:"); list && choice.video.empty()) {
      is_variants_uri = true;
      group = HlsAttributes(*list).text("AUDIO");
    } else if (is_variants_uri && !line.starts_with('#')) {
      choice.video = line;
      is_variants_uri = false;
    }
  });
  if (choice.video.empty()) return malformed("it is no multivariant playlist: it names no variant");
  if (!wants_audio || group.empty()) return choice;
  for_each_line(multivariant, [&](std::string_view line) {
    const auto list = after(line, "#EXT-X-MEDIA:");
    if (!list || HlsAttributes(*list).find("TYPE") != "AUDIO" || HlsAttributes(*list).text("GROUP-ID") != group) return;
    if (choice.audio.empty() || HlsAttributes(*list).says_yes("DEFAULT"))
      choice.audio = HlsAttributes(*list).text("URI");
  });
  return choice;
}

std::string resolve_uri(std::string_view base, std::string_view reference) {
  if (reference.starts_with('/') || reference.find("://") != std::string_view::npos) return std::string(reference);
  std::string folder(base.substr(0, base.find('?')));
  folder.erase(folder.rfind('/') + 1);
  constexpr std::string_view kUp = "../";
  while (reference.starts_with(kUp)) {
    reference.remove_prefix(kUp.size());
    if (folder.size() > 1) folder.erase(folder.rfind('/', folder.size() - 2) + 1);
  }
  return folder.append(reference);
}

}  // namespace fanlight::load
