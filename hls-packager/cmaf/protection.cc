#include "cmaf/protection.h"

namespace fanlight::packager {
namespace {

constexpr std::uint32_t kPictures = 0x19;  // One block encrypted, nine not.
constexpr std::uint32_t kSound = 0x00;     // All.

// What `tenc` and `seig` both say. §8.2, §6
void write_key(BoxWriter& out, const KeyMark& key, bool is_video) {
  out.u8(0);
  out.u8(is_video ? kPictures : kSound);
  out.u8(1);  // Is protected.
  out.u8(0);  // Samples have no IV of their own.
  out.bytes(key.id);
  out.u8(kCipherBlockBytes);
  out.bytes(key.iv);
}

// The group is described in this fragment, of which all samples are. ISO/IEC 14496-12 §8.9
void write_key_group(BoxWriter& out, const KeyMark& key, bool is_video, std::size_t samples) {
  constexpr std::uint32_t kEntryBytes = 4 + 2 * kCipherBlockBytes + 1;
  constexpr std::uint32_t kFirstOfFragment = 0x1'0001;
  out.full_box("sgpd", 1, 0, [&] {
    out.four_cc("seig");
    out.u32(kEntryBytes);
    out.u32(1);
    write_key(out, key, is_video);
  });
  out.full_box("sbgp", 0, 0, [&] {
    out.four_cc("seig");
    out.u32(1);
    out.u32(static_cast<std::uint32_t>(samples));
    out.u32(kFirstOfFragment);
  });
}

std::uint32_t size_of(const std::vector<Subsample>& subsamples) {
  constexpr std::uint32_t kCountBytes = 2, kSubsampleBytes = 6;
  return kCountBytes + kSubsampleBytes * static_cast<std::uint32_t>(subsamples.size());
}

// §7.2; `saiz` and `saio` say where it is to those who do not know it.
void write_subsamples(BoxWriter& out, const FragmentProtection& protection, std::size_t moof_begin) {
  constexpr std::uint32_t kHasSubsamples = 2;
  const auto count = static_cast<std::uint32_t>(protection.subsamples.size());
  out.full_box("saiz", 0, 0, [&] {
    out.u8(0);  // Each its own size.
    out.u32(count);
    for (const auto& of_sample : protection.subsamples) out.u8(size_of(of_sample));
  });
  std::size_t offset_at = 0;
  out.full_box("saio", 0, 0, [&] {
    out.u32(1);
    offset_at = out.size();
    out.u32(0);
  });
  out.full_box("senc", 0, kHasSubsamples, [&] {
    out.u32(count);
    out.overwrite_u32(offset_at, static_cast<std::uint32_t>(out.size() - moof_begin));
    for (const auto& of_sample : protection.subsamples) {
      CHECK(of_sample.size() <= kSubsamplesMax);
      out.u16(static_cast<std::uint32_t>(of_sample.size()));
      for (const Subsample& one : of_sample) {
        out.u16(one.clear);
        out.u32(one.covered);
      }
    }
  });
}

}  // namespace

void write_protection_scheme(BoxWriter& out, FourCc original, const KeyMark& key, bool is_video) {
  out.box("sinf", [&] {
    out.box("frma", [&] { out.four_cc(original); });
    out.full_box("schm", 0, 0, [&] {
      out.four_cc("cbcs");
      out.u32(0x1'0000);  // 1.0
    });
    out.box("schi", [&] { out.full_box("tenc", 1, 0, [&] { write_key(out, key, is_video); }); });
  });
}

void write_sample_protection(BoxWriter& out, const FragmentProtection& protection, std::size_t samples,
                             std::size_t moof_begin) {
  if (!protection.is_default) write_key_group(out, protection.key, protection.is_video, samples);
  if (!protection.subsamples.empty()) write_subsamples(out, protection, moof_begin);
}

}  // namespace fanlight::packager
