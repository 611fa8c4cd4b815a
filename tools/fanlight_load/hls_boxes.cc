#include "fanlight_load/hls_boxes.h"

#include <optional>
#include <string>
#include <vector>

namespace fanlight::load {
namespace {

constexpr std::uint32_t type(const char (&name)[5]) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(name[i]);
  return value;
}

std::string text_of(std::uint32_t box) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const char letter = static_cast<char>(box >> shift);
    text += letter >= ' ' && letter <= '~' ? letter : '?';
  }
  return text;
}

Error refusal(const std::string& what) { return {ErrorCode::kInvalid, what}; }

std::uint64_t load_be64(const std::byte* at) { return std::uint64_t{load_be32(at)} << 32 | load_be32(at + 4); }

// Big-endian numbers one after the other; past the end they are 0, and `is_short()`.
class Fields {
 public:
  explicit Fields(ByteSpan bytes) : rest_(bytes) {}
  std::uint32_t u32() { return has(4) ? load_be32(advance(4)) : 0; }
  std::uint64_t u64() { return has(8) ? load_be64(advance(8)) : 0; }
  void skip(std::size_t bytes) {
    if (has(bytes)) advance(bytes);
  }
  [[nodiscard]] bool is_short() const { return is_short_; }

 private:
  bool has(std::size_t bytes) {
    is_short_ = is_short_ || rest_.size() < bytes;
    return !is_short_;
  }
  const std::byte* advance(std::size_t bytes) {
    const std::byte* const at = rest_.data();
    rest_ = rest_.subspan(bytes);
    return at;
  }
  ByteSpan rest_;
  bool is_short_ = false;
};

struct Box {
  std::uint32_t type = 0;
  std::size_t offset = 0;  // Of its first byte in what holds it.
  std::size_t size = 0;    // Its head included.
  ByteSpan body;
};

// Empty: their sizes do not add up.
std::optional<std::vector<Box>> boxes_of(ByteSpan bytes) {
  constexpr std::size_t kHead = 8, kLongHead = 16;
  std::vector<Box> boxes;
  for (std::size_t at = 0; at < bytes.size();) {
    const ByteSpan rest = bytes.subspan(at);
    if (rest.size() < kHead) return std::nullopt;
    std::uint64_t size = load_be32(rest.data());
    std::size_t head = kHead;
    if (size == 1 && rest.size() >= kLongHead) {
      size = load_be64(rest.data() + kHead);
      head = kLongHead;
    }
    if (size < head || size > rest.size()) return std::nullopt;
    const auto whole = static_cast<std::size_t>(size);
    boxes.push_back({load_be32(rest.data() + 4), at, whole, rest.subspan(head, whole - head)});
    at += whole;
  }
  return boxes;
}

const Box* find(const std::vector<Box>& boxes, std::uint32_t type) {
  for (const Box& box : boxes)
    if (box.type == type) return &box;
  return nullptr;
}

// The box at the end of a path of single boxes.
std::optional<ByteSpan> descend(ByteSpan bytes, std::initializer_list<std::uint32_t> path) {
  for (const std::uint32_t type : path) {
    const auto boxes = boxes_of(bytes);
    const Box* const box = boxes ? find(*boxes, type) : nullptr;
    if (box == nullptr) return std::nullopt;
    bytes = box->body;
  }
  return bytes;
}

struct Header {
  std::uint32_t version = 0;
  std::uint32_t flags = 0;
};
Header take_header(Fields& fields) {
  const std::uint32_t word = fields.u32();
  return {word >> 24, word & 0xFF'FFFF};
}

// Samples of one track fragment. ISO/IEC 14496-12 §8.8
struct Run {
  std::uint64_t duration = 0;
  std::uint64_t bytes = 0;
  std::uint64_t last_sample = 0;
  std::optional<std::uint64_t> data_offset;  // From the first byte of the `moof`.
};

HlsFormat defaults_of(const HlsFormat& format, ByteSpan tfhd) {
  HlsFormat defaults = format;
  Fields fields(tfhd);
  const Header header = take_header(fields);
  fields.skip(4);
  if (header.flags & 0x01) fields.skip(8);
  if (header.flags & 0x02) fields.skip(4);
  if (header.flags & 0x08) defaults.default_duration = fields.u32();
  if (header.flags & 0x10) defaults.default_size = fields.u32();
  return defaults;
}

Result<Run> read_run(const HlsFormat& defaults, ByteSpan trun) {
  Run run;
  Fields fields(trun);
  const Header header = take_header(fields);
  const std::uint32_t samples = fields.u32();
  if (header.flags & 0x001) run.data_offset = fields.u32();
  if (header.flags & 0x004) fields.skip(4);
  for (std::uint32_t i = 0; i < samples && !fields.is_short(); ++i) {
    run.last_sample = header.flags & 0x100 ? fields.u32() : defaults.default_duration;
    run.duration += run.last_sample;
    run.bytes += header.flags & 0x200 ? fields.u32() : defaults.default_size;
    if (header.flags & 0x400) fields.skip(4);
    if (header.flags & 0x800) fields.skip(4);
  }
  if (fields.is_short()) return refusal("a trun that is shorter than its samples");
  if (samples == 0) return refusal("a trun without samples");
  return run;
}

std::optional<std::uint64_t> decode_time_of(ByteSpan tfdt) {
  Fields fields(tfdt);
  const std::uint64_t time = take_header(fields).version == 1 ? fields.u64() : fields.u32();
  if (fields.is_short()) return std::nullopt;
  return time;
}

Result<HlsFragments> read_fragment(const HlsFormat& format, const Box& moof, const Box& mdat) {
  const auto outer = boxes_of(moof.body);
  const Box* const traf = outer ? find(*outer, type("traf")) : nullptr;
  if (traf == nullptr || find(*outer, type("mfhd")) == nullptr) return refusal("a moof without mfhd and traf");
  const auto inner = boxes_of(traf->body);
  const Box* const tfhd = inner ? find(*inner, type("tfhd")) : nullptr;
  const Box* const tfdt = inner ? find(*inner, type("tfdt")) : nullptr;
  const Box* const trun = inner ? find(*inner, type("trun")) : nullptr;
  if (tfhd == nullptr || tfdt == nullptr || trun == nullptr) return refusal("a traf without tfhd, tfdt and trun");
  const auto time = decode_time_of(tfdt->body);
  if (!time) return refusal("a tfdt that is too short");
  const Result<Run> run = read_run(defaults_of(format, tfhd->body), trun->body);
  if (!run) return run.error();
  if (run->bytes != mdat.body.size())
    return refusal("samples of " + std::to_string(run->bytes) + " bytes in an mdat of " +
                   std::to_string(mdat.body.size()));
  const std::uint64_t payload = mdat.offset + mdat.size - mdat.body.size() - moof.offset;
  if (run->data_offset && *run->data_offset != payload)
    return refusal("a data offset of " + std::to_string(*run->data_offset) + " that is " + std::to_string(payload));
  return HlsFragments{*time, run->duration, run->last_sample};
}

Result<Done> append(HlsFragments& all, bool is_first, const HlsFragments& next) {
  if (is_first) {
    all = next;
    return Done{};
  }
  if (next.decode_time != all.decode_time + all.duration) return refusal("fragments whose times do not go on");
  all.duration += next.duration;
  all.last_sample = next.last_sample;
  return Done{};
}

bool may_stand_before(std::uint32_t box) {
  return box == type("styp") || box == type("prft") || box == type("emsg") || box == type("sidx");
}

}  // namespace

Result<HlsFormat> read_hls_init(ByteSpan bytes) {
  const auto boxes = boxes_of(bytes);
  if (!boxes) return refusal("box sizes of an init segment do not add up");
  if (boxes->empty() || boxes->front().type != type("ftyp")) return refusal("an init segment without ftyp");
  const auto header = descend(bytes, {type("moov"), type("trak"), type("mdia"), type("mdhd")});
  const auto defaults = descend(bytes, {type("moov"), type("mvex"), type("trex")});
  if (!header || !defaults) return refusal("an init segment without mdhd and trex");
  HlsFormat format;
  Fields fields(*header);
  fields.skip(take_header(fields).version == 1 ? 16 : 8);
  format.timescale = fields.u32();
  Fields extends(*defaults);
  extends.skip(12);
  format.default_duration = extends.u32();
  format.default_size = extends.u32();
  if (fields.is_short() || extends.is_short() || format.timescale == 0)
    return refusal("an init segment without a timescale");
  return format;
}

Result<HlsFragments> read_hls_fragments(const HlsFormat& format, ByteSpan bytes) {
  const auto boxes = boxes_of(bytes);
  if (!boxes) return refusal("box sizes do not add up");
  HlsFragments all;
  bool is_first = true;
  for (std::size_t at = 0; at < boxes->size(); ++at) {
    const Box& box = (*boxes)[at];
    if (may_stand_before(box.type)) continue;
    const bool is_fragment =
        box.type == type("moof") && at + 1 < boxes->size() && (*boxes)[at + 1].type == type("mdat");
    if (!is_fragment) return refusal("a " + text_of(box.type) + " that is no moof before its mdat");
    const Result<HlsFragments> one = read_fragment(format, box, (*boxes)[++at]);
    if (!one) return one.error();
    if (const Result<Done> done = append(all, is_first, *one); !done) return done.error();
    is_first = false;
  }
  if (is_first) return refusal("no moof");
  return all;
}

}  // namespace fanlight::load
