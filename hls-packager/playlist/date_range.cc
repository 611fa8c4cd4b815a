#include "playlist/date_range.h"

#include "playlist/text.h"

namespace fanlight::packager {
namespace {

const char* attribute_of(SpliceRole role) {
  if (role == SpliceRole::kCommand) return "SCTE35-CMD";
  return role == SpliceRole::kOut ? "SCTE35-OUT" : "SCTE35-IN";
}

}  // namespace

std::string date_range_tag(const DateRange& range) {
  std::string out = "#EXT-X-DATERANGE:ID=" + quoted(range.id) + ",START-DATE=" + quoted(date_text(range.begins));
  if (range.planned) out += ",PLANNED-DURATION=" + seconds_text(*range.planned);
  if (range.duration) out += ",DURATION=" + seconds_text(*range.duration);
  return out + "," + attribute_of(range.role) + "=0x" + hex_text(range.section);
}

}  // namespace fanlight::packager
