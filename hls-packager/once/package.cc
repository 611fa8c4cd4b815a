#include "once/package.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <memory>
#include <utility>

#include "once/manifests.h"
#include "playlist/names.h"

namespace fanlight::packager {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

class Package {
 public:
  explicit Package(const OnceOptions& options)
      : options_(options),
        presentation_({.program = options.program,
                       .segment_ticks = static_cast<std::int64_t>(options.segment_seconds * kMediaClock)}) {}

  Result<Done> take_file(const std::function<void(std::uint64_t, std::uint64_t)>& progress);
  Result<Done> write_manifests();
  [[nodiscard]] Result<Done> write_keys() const;
  [[nodiscard]] OnceReport report() const;

 private:
  Result<Done> write(std::vector<CutSegment>& segments);
  [[nodiscard]] Rendition& rendition_of(std::size_t line);
  void put_in_order();
  [[nodiscard]] Result<Done> write_text(const std::filesystem::path& name, const std::string& text) const;

  const OnceOptions& options_;
  Presentation presentation_;
  std::deque<Rendition> renditions_;
};

Rendition& Package::rendition_of(std::size_t line) {
  const TrackLine& its = presentation_.lines()[line];
  std::size_t of_this_kind = 0;
  for (Rendition& one : renditions_) {
    if (&one.line() == &its) return one;
    of_this_kind += one.line().is_video() == its.is_video() ? 1 : 0;
  }
  return renditions_.emplace_back(its, options_.directory, (its.is_video() ? "v" : "a") + std::to_string(of_this_kind),
                                  options_.keys ? &*options_.keys : nullptr);
}

// Pictures, and then sounds as the map names them: the first is the default.
void Package::put_in_order() {
  std::ranges::stable_sort(renditions_, {}, [](const Rendition& one) {
    return std::pair(!one.line().is_video(), one.line().first_track_number());
  });
}

Result<Done> Package::write(std::vector<CutSegment>& segments) {
  for (const CutSegment& segment : std::exchange(segments, {}))
    if (Result<Done> done = rendition_of(segment.track).write(segment); !done) return done;
  return Done{};
}

Result<Done> Package::take_file(const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const File file(std::fopen(options_.file.c_str(), "rb"), std::fclose);
  if (!file)
    return Error{ErrorCode::kNotFound, "cannot read " + options_.file.string() + ": is it there, and yours to read?"};
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(options_.file, error);
  std::vector<std::byte> buffer(std::size_t{188} * 7 * 256);
  std::vector<CutSegment> segments;
  std::uint64_t taken = 0;
  while (const std::size_t bytes = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    presentation_.handle(ByteSpan(buffer).first(bytes), segments);
    if (Result<Done> done = write(segments); !done) return done;
    progress(taken += bytes, error ? taken : size);
  }
  if (std::ferror(file.get()) != 0)
    return Error{ErrorCode::kFailed, "reading " + options_.file.string() + " failed half way"};
  presentation_.finish(segments);
  return write(segments);
}

Result<Done> Package::write_text(const std::filesystem::path& name, const std::string& text) const {
  const std::filesystem::path path = options_.directory / name;
  const File file(std::fopen(path.c_str(), "wb"), std::fclose);
  if (!file || std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() || std::fflush(file.get()) != 0)
    return Error{ErrorCode::kFailed, "cannot write " + path.string() + ": is the disk full?"};
  return Done{};
}

Result<Done> Package::write_manifests() {
  if (renditions_.empty())
    return Error{ErrorCode::kInvalid,
                 options_.file.string() + ": no " +
                     (options_.program ? "program " + std::to_string(*options_.program) + " with a " : std::string()) +
                     "track a player can be given (wanted: a transport stream with H.264, H.265, AAC, AC-3, E-AC-3 or "
                     "Opus, and an IDR picture if it has video)"};
  put_in_order();
  const std::vector<std::uint32_t> discontinuities = discontinuities_of(renditions_);
  for (const Rendition& one : renditions_) {
    const std::filesystem::path name = std::filesystem::path(one.folder()) / kPlaylistName;
    if (Result<Done> done = write_text(name, media_playlist_of(one, discontinuities)); !done) return done;
  }
  if (Result<Done> done = write_text(kPlaylistName, multivariant_playlist_of(renditions_)); !done) return done;
  return write_text(kMpdName, mpd_of(renditions_, discontinuities));
}

Result<Done> Package::write_keys() const {
  if (!options_.keys || !options_.keys->is_served) return Done{};
  for (const ContentKey& one : options_.keys->keys) {
    const std::string bytes(reinterpret_cast<const char*>(one.secret.data()), one.secret.size());
    if (Result<Done> done = write_text(key_name(key_id_text(one.id)), bytes); !done) return done;
  }
  return write_text(kLicenceName, licence_text(*options_.keys));
}

std::string describe(const Rendition& rendition) {
  const TrackFormat& format = rendition.format(rendition.segments().front().format);
  double seconds = 0;
  for (const Rendition::Written& one : rendition.segments())
    seconds += static_cast<double>(one.duration) / one.timescale;
  std::string pids;
  for (const TrackLine::Track* const one : rendition.line().tracks())
    pids += (pids.empty() ? "" : ", ") + std::to_string(one->pid);
  std::array<char, 240> line{};
  const auto* picture = std::get_if<PictureFormat>(&format.media);
  const std::string size = picture != nullptr ? std::to_string(picture->width) + "x" + std::to_string(picture->height)
                                              : std::to_string(format.timescale()) + " Hz";
  std::snprintf(line.data(), line.size(), "%-4s PID %-5s %-18s %-10s %-4s %4zu segments  %9.3f s  %8.1f kb/s",
                rendition.folder().c_str(), pids.c_str(), format.name.c_str(), size.c_str(),
                rendition.line().language().c_str(), rendition.segments().size(), seconds,
                rendition.bandwidth_average() / 1000.0);
  return line.data();
}

void add_warning(std::vector<std::string>& warnings, std::uint64_t count, const char* what) {
  if (count > 0) warnings.push_back(std::to_string(count) + " " + what);
}

void warn_of(const PictureTrack& track, std::vector<std::string>& warnings) {
  const PictureCounts& counts = track.counts();
  add_warning(warnings, counts.before_first, "pictures were in front of the first IDR and left out");
  add_warning(warnings, counts.unreadable, "pictures could not be read, or were not whole");
  add_warning(warnings, counts.no_time, "pictures had no time and follow the one before");
  add_warning(warnings, counts.out_of_order, "decoding times did not grow");
  add_warning(warnings, counts.odd_times, "pictures were to be shown before they are decoded, or long after");
  add_warning(warnings, counts.no_order,
              "pictures had no time where others are reordered: they are shown when decoded");
}

template <class Codec>
void warn_of(const SoundTrack<Codec>& track, std::vector<std::string>& warnings) {
  const SoundCounts& counts = track.counts();
  add_warning(warnings, counts.garbage_bytes, "bytes between frames of sound were skipped");
  add_warning(warnings, counts.malformed, "frames of sound were malformed");
  add_warning(warnings, counts.unsupported, "frames of sound are of a kind that players do not take");
  add_warning(warnings, counts.untimed, "frames of sound were in front of the first timestamp and left out");
  add_warning(warnings, track.steps(), "times sound was off by more than half a frame and moved");
}

std::vector<std::string> warnings_of(const Presentation& presentation) {
  std::vector<std::string> warnings;
  const DemuxCounts& counts = presentation.demuxer().counts();
  add_warning(warnings, presentation.demuxer().framing().bytes_skipped(), "bytes between packets were skipped");
  add_warning(warnings, counts.malformed_packets, "packets were malformed");
  add_warning(warnings, counts.transport_errors, "packets were marked broken by who received them");
  add_warning(warnings, counts.scrambled, "packets were scrambled");
  add_warning(warnings, counts.lost, "times packets were missing");
  add_warning(warnings, counts.broken_sections, "program tables were broken");
  add_warning(warnings, counts.pes.malformed, "PES packets were malformed");
  add_warning(warnings, counts.pes.torn, "PES packets were incomplete and left out");
  add_warning(warnings, counts.pes.too_large, "PES packets were too large and left out");
  add_warning(warnings, counts.pes.split,
              "times PES packets went on behind their stuffing or their length: the first of a track may be cut");
  for (const Presentation::Track& track : presentation.tracks())
    std::visit([&](const auto& content) { warn_of(content, warnings); }, track.content);
  add_warning(warnings, presentation.segmenter().samples_left_out(),
              "samples in a new format were in front of the next segment and left out");
  add_warning(
      warnings, presentation.segmenter().cuts_forced(),
      "segments had to begin with a picture that needs those before it: nobody can start there (IDR pictures are "
      "rare, or stopped)");
  add_warning(warnings, presentation.sound_overlapping(),
              "frames of sound were for a time that had sound in front of a jump of the clock, and left out");
  add_warning(warnings, presentation.tracks_refused(), "tracks were too many, or have another clock, and are left out");
  for (const Presentation::LeftOut& one : presentation.left_out())
    warnings.push_back("PID " + std::to_string(one.pid) + ": stream type " + std::to_string(one.stream_type) +
                       " is none that players take");
  return warnings;
}

OnceReport Package::report() const {
  OnceReport report;
  for (const Rendition& one : renditions_) report.lines.push_back(describe(one));
  report.warnings = warnings_of(presentation_);
  return report;
}

Result<Done> make_empty_directory(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return Error{ErrorCode::kNoRights, "cannot make " + directory.string() + ": " + error.message()};
  if (!std::filesystem::is_empty(directory, error) || error)
    return Error{ErrorCode::kInUse, directory.string() + " is not an empty directory: name a new one"};
  return Done{};
}

}  // namespace

Result<OnceReport> package_file(const OnceOptions& options,
                                const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  if (Result<Done> done = make_empty_directory(options.directory); !done) return done.error();
  Package package(options);
  if (Result<Done> done = package.take_file(progress); !done) return done.error();
  if (Result<Done> done = package.write_manifests(); !done) return done.error();
  if (Result<Done> done = package.write_keys(); !done) return done.error();
  return package.report();
}

}  // namespace fanlight::packager
