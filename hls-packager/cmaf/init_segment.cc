#include "cmaf/init_segment.h"

#include <algorithm>

#include "cmaf/box_writer.h"
#include "cmaf/sample_entry.h"

namespace fanlight::packager {
namespace {

void write_matrix(BoxWriter& out) {  // Unity. ISO/IEC 14496-12 §8.2.2.2
  for (const std::uint32_t cell : {0x10000u, 0u, 0u, 0u, 0x10000u, 0u, 0u, 0u, 0x4000'0000u}) out.u32(cell);
}

void write_movie_header(BoxWriter& out, const TrackFormat& format) {
  out.full_box("mvhd", 0, 0, [&] {
    out.zeros(8);  // Creation and modification.
    out.u32(format.timescale());
    out.u32(0);        // Duration.
    out.u32(0x10000);  // Rate: 1.
    out.u16(0x100);    // Volume: 1.
    out.zeros(2 + 8);
    write_matrix(out);
    out.zeros(24);
    out.u32(kTrackId + 1);  // Of a track that might be added.
  });
}

// 16.16, as shown: pictures of oblong samples are widened.
std::uint32_t shown_width(const PictureFormat& picture) {
  const std::uint64_t width = std::uint64_t{picture.width} << 16;
  const bool is_square = picture.aspect_width == 0 || picture.aspect_height == 0;
  const std::uint64_t shown = is_square ? width : width * picture.aspect_width / picture.aspect_height;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(shown, 0xFFFF'FFFF));
}

void write_track_header(BoxWriter& out, const TrackFormat& format) {
  constexpr std::uint32_t kEnabledInMovieInPreview = 7;
  const auto* picture = std::get_if<PictureFormat>(&format.media);
  out.full_box("tkhd", 0, kEnabledInMovieInPreview, [&] {
    out.zeros(8);
    out.u32(kTrackId);
    out.zeros(4 + 4);  // Reserved, duration.
    out.zeros(8);
    out.zeros(2 + 2);  // Layer, alternate group.
    out.u16(picture != nullptr ? 0 : 0x100);
    out.zeros(2);
    write_matrix(out);
    out.u32(picture != nullptr ? shown_width(*picture) : 0);
    out.u32(picture != nullptr ? std::min(picture->height, 0xFFFFu) << 16 : 0);
  });
}

// Three letters of five bits each. ISO/IEC 14496-12 §8.4.2.3
std::uint32_t packed(std::string_view language) {
  const auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
  if (language.size() != 3 || !std::ranges::all_of(language, is_small)) language = "und";
  std::uint32_t bits = 0;
  for (const char c : language) bits = bits << 5 | static_cast<std::uint32_t>(c - 0x60);
  return bits;
}

void write_media_header(BoxWriter& out, const TrackFormat& format, std::string_view language) {
  out.full_box("mdhd", 0, 0, [&] {
    out.zeros(8);
    out.u32(format.timescale());
    out.u32(0);
    out.u16(packed(language));
    out.u16(0);
  });
  out.full_box("hdlr", 0, 0, [&] {
    out.u32(0);
    out.four_cc(format.is_video() ? FourCc("vide") : FourCc("soun"));
    out.zeros(12);
    out.terminated(format.is_video() ? "video" : "sound");
  });
}

// Where the samples are: in this file, in fragments, so the tables are empty.
void write_sample_tables(BoxWriter& out, const TrackFormat& format, const KeyMark* key) {
  out.box("dinf", [&] {
    out.full_box("dref", 0, 0, [&] {
      out.u32(1);
      out.full_box("url ", 0, 1, [] {});
    });
  });
  out.box("stbl", [&] {
    out.full_box("stsd", 0, 0, [&] {
      out.u32(1);
      write_sample_entry(out, format, key);
    });
    for (const FourCc table : {FourCc("stts"), FourCc("stsc")}) out.full_box(table, 0, 0, [&] { out.u32(0); });
    out.full_box("stsz", 0, 0, [&] { out.zeros(8); });
    out.full_box("stco", 0, 0, [&] { out.u32(0); });
  });
}

void write_media_information(BoxWriter& out, const TrackFormat& format, const KeyMark* key) {
  if (format.is_video())
    out.full_box("vmhd", 0, 1, [&] { out.zeros(8); });
  else
    out.full_box("smhd", 0, 0, [&] { out.zeros(4); });
  write_sample_tables(out, format, key);
}

void write_track(BoxWriter& out, const TrackFormat& format, std::string_view language, const KeyMark* key) {
  out.box("trak", [&] {
    write_track_header(out, format);
    out.box("mdia", [&] {
      write_media_header(out, format, language);
      out.box("minf", [&] { write_media_information(out, format, key); });
    });
  });
  out.box("mvex", [&] {
    out.full_box("trex", 0, 0, [&] {
      out.u32(kTrackId);
      out.u32(1);  // The one sample entry.
      out.zeros(12);
    });
  });
}

}  // namespace

SharedBytes write_init_segment(const TrackFormat& format, std::string_view language, const KeyMark* key) {
  CHECK(!format.record.empty() && format.timescale() != 0);
  return write_boxes([&](BoxWriter& out) {
    out.box("ftyp", [&] {
      out.four_cc("cmfc");
      out.u32(0);
      for (const FourCc brand : {FourCc("iso6"), FourCc("cmfc"), FourCc("dash")}) out.four_cc(brand);
    });
    out.box("moov", [&] {
      write_movie_header(out, format);
      write_track(out, format, language, key);
    });
  });
}

}  // namespace fanlight::packager
