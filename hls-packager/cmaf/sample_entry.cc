#include "cmaf/sample_entry.h"

#include <algorithm>

namespace fanlight::packager {
namespace {

FourCc entry_type(Codec codec) {
  switch (codec) {
    case Codec::kH264:
      return "avc1";
    case Codec::kH265:
      return "hvc1";
    case Codec::kAac:
      return "mp4a";
    case Codec::kAc3:
      return "ac-3";
    case Codec::kEac3:
      return "ec-3";
    case Codec::kOpus:
      return "Opus";
  }
  CHECK(false);
}

// A descriptor: a tag, a length of four bytes of seven bits each, a body. ISO/IEC 14496-1 §8.3.3
template <class Body>
void write_descriptor(BoxWriter& out, std::uint32_t tag, Body&& body) {
  out.u8(tag);
  const std::size_t begin = out.size();
  out.u32(0);
  body();
  const auto length = static_cast<std::uint32_t>(out.size() - begin - 4);
  CHECK(length < 1u << 14);
  out.overwrite_u32(begin, 0x8080'8000 | (length & 0x3F80) << 1 | (length & 0x7F));
}

// ISO/IEC 14496-14 §5.6, around the AudioSpecificConfig.
void write_esds(BoxWriter& out, ByteSpan specific_config) {
  out.full_box("esds", 0, 0, [&] {
    write_descriptor(out, 3, [&] {  // ES_Descriptor
      out.u16(0);                   // ES_ID: the track's own.
      out.u8(0);
      write_descriptor(out, 4, [&] {                                    // DecoderConfigDescriptor
        out.u8(0x40);                                                   // Audio ISO/IEC 14496-3
        out.u8(0x15);                                                   // Audio stream, and the bit that is always set.
        out.zeros(3 + 4 + 4);                                           // Buffer size and bit rates: not known.
        write_descriptor(out, 5, [&] { out.bytes(specific_config); });  // DecoderSpecificInfo
      });
      write_descriptor(out, 6, [&] { out.u8(2); });  // SLConfigDescriptor: as MP4 files have it.
    });
  });
}

void write_record(BoxWriter& out, const TrackFormat& format) {
  const auto box_of = [&](FourCc type) { out.box(type, [&] { out.bytes(format.record); }); };
  switch (format.codec) {
    case Codec::kH264:
      return box_of("avcC");
    case Codec::kH265:
      return box_of("hvcC");
    case Codec::kAac:
      return write_esds(out, format.record);
    case Codec::kAc3:
      return box_of("dac3");
    case Codec::kEac3:
      return box_of("dec3");
    case Codec::kOpus:
      return box_of("dOps");
  }
}

// What every sample entry begins with. ISO/IEC 14496-12 §8.5.2.2
void write_head(BoxWriter& out) {
  out.zeros(6);
  out.u16(1);  // The data reference: this file.
}

void write_colours(BoxWriter& out, const Colours& colours) {
  if (colours == Colours{}) return;
  out.box("colr", [&] {
    out.four_cc("nclx");
    out.u16(colours.primaries);
    out.u16(colours.transfer);
    out.u16(colours.matrix);
    out.u8(colours.is_full_range ? 0x80 : 0);
  });
}

// ISO/IEC 14496-12 §12.1.3
void write_picture_entry(BoxWriter& out, const TrackFormat& format, const PictureFormat& picture) {
  out.zeros(16);
  out.u16(std::min(picture.width, 0xFFFFu));
  out.u16(std::min(picture.height, 0xFFFFu));
  out.u32(0x48'0000);  // 72 dpi
  out.u32(0x48'0000);
  out.u32(0);
  out.u16(1);     // Pictures a sample.
  out.zeros(32);  // The encoder's name.
  out.u16(0x18);  // Colour without alpha.
  out.u16(0xFFFF);
  write_record(out, format);
  write_colours(out, picture.colours);
  const bool is_known = picture.aspect_width != 0 && picture.aspect_height != 0;
  if (!is_known || picture.aspect_width == picture.aspect_height) return;
  out.box("pasp", [&] {
    out.u32(picture.aspect_width);
    out.u32(picture.aspect_height);
  });
}

// ISO/IEC 14496-12 §12.2.3
void write_sound_entry(BoxWriter& out, const TrackFormat& format, const SoundFormat& sound) {
  out.zeros(8);
  out.u16(sound.channels);
  out.u16(16);  // Bits a sample, decoded.
  out.zeros(4);
  out.u32(sound.sample_rate > 0xFFFF ? 0 : sound.sample_rate << 16);  // 0: see the record.
  write_record(out, format);
}

}  // namespace

void write_sample_entry(BoxWriter& out, const TrackFormat& format, const KeyMark* key) {
  const FourCc clear = entry_type(format.codec), encrypted = format.is_video() ? FourCc("encv") : FourCc("enca");
  out.box(key == nullptr ? clear : encrypted, [&] {
    write_head(out);
    if (const auto* picture = std::get_if<PictureFormat>(&format.media)) write_picture_entry(out, format, *picture);
    if (const auto* sound = std::get_if<SoundFormat>(&format.media)) write_sound_entry(out, format, *sound);
    if (key != nullptr) write_protection_scheme(out, clear, *key, format.is_video());
  });
}

}  // namespace fanlight::packager
