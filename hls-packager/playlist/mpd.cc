#include "playlist/mpd.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "playlist/names.h"
#include "playlist/text.h"

namespace fanlight::packager {
namespace {

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + xml_escaped(value) + "\"";
}
std::string attribute(std::string_view name, std::int64_t value) { return attribute(name, std::to_string(value)); }

std::string duration_text(Micros span) { return "PT" + seconds_text(span) + "S"; }

// From the period's start to where the last segment ends; of who reckons with numbers, where the last number does.
Micros length_of(const MpdRepresentation& one) {
  std::int64_t ticks = std::accumulate(one.durations.begin(), one.durations.end(), one.first_time - one.period_start);
  if (one.grid && one.last_msn)
    ticks = std::min(ticks, static_cast<std::int64_t>(*one.last_msn + 1 - one.grid_first_msn) * *one.grid);
  return micros_of(std::max<std::int64_t>(ticks, 0), one.format->timescale());
}

// Sound may end a little before or after the pictures.
Micros length_of(const MpdPeriod& period) {
  Micros length{};
  for (const MpdAdaptationSet& set : period.sets)
    for (const MpdRepresentation& one : set.representations) length = std::max(length, length_of(one));
  return length;
}

Micros longest_segment(const Mpd& mpd) {
  Micros longest{};
  for (const MpdPeriod& period : mpd.periods)
    for (const MpdAdaptationSet& set : period.sets)
      for (const MpdRepresentation& one : set.representations)
        for (const std::int64_t ticks : one.durations)
          longest = std::max(longest, micros_of(ticks, one.format->timescale()));
  return longest;
}

class Writer {
 public:
  explicit Writer(const Mpd& mpd) : mpd_(mpd) {}
  explicit Writer(const LiveMpd& live) : mpd_(live.content), live_(&live) {}

  std::string write_live() {
    out_ += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    const Micros longest = longest_segment(live_->content);
    element("MPD",
            namespaces() +
                attribute("profiles",
                          "urn:mpeg:dash:profile:isoff-live:2011,"
                          "http://www.dashif.org/guidelines/low-latency-live-v5") +
                attribute("type", "dynamic") +
                attribute("availabilityStartTime", date_text(live_->availability_start)) +
                attribute("publishTime", date_text(live_->published)) +
                attribute("minimumUpdatePeriod", duration_text(update_period())) +
                attribute("timeShiftBufferDepth", duration_text(live_->window)) +
                attribute("maxSegmentDuration", duration_text(longest)) +
                attribute("minBufferTime", duration_text(live_->segment)) +
                attribute("suggestedPresentationDelay", duration_text(live_->latency)),
            [&] {
              write_service();
              for (const MpdPeriod& period : live_->content.periods) write_live_period(period);
              write_clock();
            });
    return std::move(out_);
  }

  // What was live: periods start where they did, so that who plays goes on, and the last one has an end.
  std::string write_ended() {
    const Mpd& mpd = live_->content;
    const std::string longest = duration_text(longest_segment(mpd));
    const Micros end = mpd.periods.empty() ? Micros{} : mpd.periods.back().start + length_of(mpd.periods.back());
    out_ += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    element("MPD",
            namespaces() + attribute("profiles", "urn:mpeg:dash:profile:isoff-live:2011") +
                attribute("type", "static") + attribute("availabilityStartTime", date_text(live_->availability_start)) +
                attribute("publishTime", date_text(live_->published)) +
                attribute("mediaPresentationDuration", duration_text(end)) + attribute("maxSegmentDuration", longest) +
                attribute("minBufferTime", longest),
            [&] {
              for (const MpdPeriod& period : mpd.periods) write_live_period(period);
            });
    return std::move(out_);
  }

  std::string write() {
    const Mpd& mpd = mpd_;
    Micros length{};
    for (const MpdPeriod& period : mpd.periods) length = length + length_of(period);
    out_ += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    line("<MPD" + namespaces() + attribute("profiles", "urn:mpeg:dash:profile:isoff-live:2011") +
         attribute("type", "static") + attribute("mediaPresentationDuration", duration_text(length)) +
         attribute("maxSegmentDuration", duration_text(longest_segment(mpd))) +
         attribute("minBufferTime", duration_text(longest_segment(mpd))) + ">");
    Micros start{};
    for (std::size_t i = 0; i < mpd.periods.size(); ++i) {
      write_period(mpd.periods[i], i, start);
      start = start + length_of(mpd.periods[i]);
    }
    line("</MPD>");
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string namespaces() const {
    std::string text = attribute("xmlns", "urn:mpeg:dash:schema:mpd:2011");
    if (!mpd_.protection) return text;
    text += attribute("xmlns:cenc", "urn:mpeg:cenc:2013");
    if (!mpd_.protection->licence.empty()) text += attribute("xmlns:ck", "http://dashif.org/guidelines/clearKey");
    return text;
  }

  // ISO/IEC 23009-1 §5.8.5.2; DASH-IF's guidelines for ClearKey.
  void write_protection(const MpdProtection& protection) {
    line("<ContentProtection" + attribute("schemeIdUri", "urn:mpeg:dash:mp4protection:2011") +
         attribute("value", "cbcs") + attribute("cenc:default_KID", protection.key_id) + "/>");
    if (protection.licence.empty()) return;
    element(
        "ContentProtection",
        attribute("schemeIdUri", "urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e") + attribute("value", "ClearKey1.0"),
        [&] {
          line("<ck:Laurl" + attribute("Lic_type", "EME-1.0") + ">" + xml_escaped(protection.licence) + "</ck:Laurl>");
        });
  }

  [[nodiscard]] bool is_live() const noexcept { return live_ != nullptr && !live_->has_ended; }

  // One may be over before the next begins: there is nothing between them.
  static std::string end_of(const MpdPeriod& period, const MpdPeriod* next) {
    if (!period.is_over) return {};
    Micros length = length_of(period);
    if (next != nullptr) length = std::min(length, next->start - period.start);
    return attribute("duration", duration_text(length));
  }

  void write_live_period(const MpdPeriod& period) {
    period_ = &period;
    const std::string end = end_of(period, &period == &live_->content.periods.back() ? nullptr : &period + 1);
    element("Period", attribute("id", period.id) + attribute("start", duration_text(period.start)) + end, [&] {
      if (!period.splices.empty()) write_splices(period);
      for (const MpdAdaptationSet& set : period.sets) write_set(set);
    });
  }

  // Writes an element around what `body` writes.
  template <class Body>
  void element(const std::string& name, const std::string& attributes, Body&& body) {
    line("<" + name + attributes + ">");
    indent_ += 2;
    body();
    indent_ -= 2;
    line("</" + name + ">");
  }

  void write_period(const MpdPeriod& period, std::size_t number, Micros start) {
    indent_ = 2;
    element("Period",
            attribute("id", "p" + std::to_string(number)) + attribute("start", duration_text(start)) +
                attribute("duration", duration_text(length_of(period))),
            [&] {
              for (const MpdAdaptationSet& set : period.sets) write_set(set);
            });
    indent_ = 0;
  }

  void write_service() {
    const auto millis_text = [](Micros span) { return std::to_string(span.count / 1'000); };
    element("ServiceDescription", attribute("id", 0), [&] {
      line("<Latency" + attribute("referenceId", 0) + attribute("target", millis_text(live_->latency)) +
           attribute("min", millis_text(live_->latency / 2)) + attribute("max", millis_text(4 * live_->latency)) +
           "/>");
      line("<PlaybackRate" + attribute("min", "0.96") + attribute("max", "1.04") + "/>");
    });
  }

  void write_clock() {
    line("<UTCTiming" + attribute("schemeIdUri", "urn:mpeg:dash:utc:http-xsdate:2014") +
         attribute("value", live_->clock) + "/>");
  }

  // SCTE 214-1 §6.7: the section itself, in the XML of SCTE 35.
  void write_splices(const MpdPeriod& period) {
    constexpr std::int64_t kClock = 90'000;
    const auto ticks = [](Micros span) { return span.count * kClock / 1'000'000; };
    element("EventStream",
            attribute("schemeIdUri", "urn:scte:scte35:2014:xml+bin") + attribute("timescale", kClock) +
                attribute("presentationTimeOffset", period.media_start),
            [&] {
              for (const DateRange& one : period.splices) {
                const bool has_length = one.role == SpliceRole::kOut && one.planned.has_value();
                element("Event",
                        attribute("presentationTime", one.media_time) +
                            (has_length ? attribute("duration", ticks(*one.planned)) : std::string{}) +
                            attribute("id", static_cast<std::int64_t>(one.number)),
                        [&] { write_signal(one); });
              }
            });
  }

  void write_signal(const DateRange& one) {
    element("Signal", attribute("xmlns", "http://www.scte.org/schemas/35/2016"),
            [&] { line("<Binary>" + base64_text(one.section) + "</Binary>"); });
  }

  // What tells how far behind the sender a player is, and where it may begin within a segment.
  void write_reference(const MpdAdaptationSet& set) {
    const MpdRepresentation& one = set.representations.front();
    const MpdPeriod* const period = period_;
    const std::int64_t id = &set - period->sets.data();  // In a period no two are the same; the first is Latency's.
    element("ProducerReferenceTime",
            attribute("id", id) + attribute("inband", "true") + attribute("type", "captured") +
                attribute("wallClockTime", date_text(live_->availability_start + period->start)) +
                attribute("presentationTime", one.period_start),
            [&] { write_clock(); });
    line("<Resync" + attribute("type", 1) + attribute("dT", live_->part.count * one.format->timescale() / 1'000'000) +
         "/>");
  }

  void write_set(const MpdAdaptationSet& set) {
    CHECK(!set.representations.empty());
    const bool is_video = set.representations.front().format->is_video();
    std::string attributes = attribute("contentType", is_video ? "video" : "audio") +
                             attribute("mimeType", is_video ? "video/mp4" : "audio/mp4");
    if (is_language(set.language)) attributes += attribute("lang", set.language);
    attributes += attribute("segmentAlignment", "true") + attribute("startWithSAP", 1);
    element("AdaptationSet", attributes, [&] {
      if (mpd_.protection) write_protection(*mpd_.protection);
      if (!set.label.empty()) line("<Label>" + xml_escaped(set.label) + "</Label>");
      if (is_live()) write_reference(set);
      for (const bool is_708 : {false, true}) write_captions(set, is_708);
      if (set.describes_video)  // TV-Anytime's list: for the visually impaired.
        line("<Accessibility" + attribute("schemeIdUri", "urn:tva:metadata:cs:AudioPurposeCS:2007") +
             attribute("value", 1) + "/>");
      line("<Role" + attribute("schemeIdUri", "urn:mpeg:dash:role:2011") +
           attribute("value", set.is_main ? "main" : "alternate") + "/>");
      for (const MpdRepresentation& one : set.representations) write_representation(one);
    });
  }

  // SCTE 214-1 §7.2: "CC1=eng;CC3=spa", "1=lang:eng;2=lang:spa".
  void write_captions(const MpdAdaptationSet& set, bool is_708) {
    std::string value;
    for (const CaptionService& one : set.captions) {
      if (one.channel.is_708 != is_708) continue;
      const std::string language = is_language(one.language) ? one.language : "und";
      value += (value.empty() ? "" : ";") +
               (is_708 ? std::to_string(one.channel.number) + "=lang:" : one.channel.name() + "=") + language;
    }
    if (value.empty()) return;
    line("<Accessibility" +
         attribute("schemeIdUri", is_708 ? "urn:scte:dash:cc:cea-708:2015" : "urn:scte:dash:cc:cea-608:2015") +
         attribute("value", value) + "/>");
  }

  void write_representation(const MpdRepresentation& one) {
    std::string attributes =
        attribute("id", one.id) + attribute("bandwidth", one.bandwidth) + attribute("codecs", one.format->name);
    if (const auto* picture = std::get_if<PictureFormat>(&one.format->media)) attributes += attributes_of(*picture);
    const auto* sound = std::get_if<SoundFormat>(&one.format->media);
    if (sound != nullptr) attributes += attribute("audioSamplingRate", sound->sample_rate);
    element("Representation", attributes, [&] {
      if (sound != nullptr)
        line("<AudioChannelConfiguration" +
             attribute("schemeIdUri", "urn:mpeg:dash:23003:3:audio_channel_configuration:2011") +
             attribute("value", sound->channels) + "/>");
      write_template(one);
    });
  }

  static std::string attributes_of(const PictureFormat& picture) {
    std::string out = attribute("width", picture.width) + attribute("height", picture.height);
    if (picture.rate)
      out += attribute("frameRate", std::to_string(picture.rate->frames) + "/" + std::to_string(picture.rate->seconds));
    if (picture.aspect_width != 0 && picture.aspect_height != 0)
      out += attribute("sar", std::to_string(picture.aspect_width) + ":" + std::to_string(picture.aspect_height));
    return out;
  }

  // Players that reckon with numbers have to hear of discontinuities alone; soon, where one is waited for.
  [[nodiscard]] Micros update_period() const {
    const bool is_all_grid = std::ranges::all_of(live_->content.periods, [](const MpdPeriod& period) {
      return std::ranges::all_of(period.sets, [](const MpdAdaptationSet& set) {
        return std::ranges::all_of(set.representations,
                                   [](const MpdRepresentation& one) { return one.grid.has_value(); });
      });
    });
    const bool is_waiting = !live_->content.periods.empty() && live_->content.periods.back().is_over;
    return is_all_grid && !is_waiting ? 2 * live_->segment : live_->segment / 2;
  }

  void write_template(const MpdRepresentation& one) {
    const std::string begin =
        attribute("timescale", one.format->timescale()) + attribute("presentationTimeOffset", one.period_start);
    const std::string end = availability() + attribute("initialization", one.folder + init_name(one.init)) +
                            attribute("media", one.folder + kSegmentTemplate);
    if (is_live() && one.grid) {
      line("<SegmentTemplate" + begin + attribute("duration", *one.grid) +
           attribute("startNumber", static_cast<std::int64_t>(one.grid_first_msn)) +
           (one.last_msn ? attribute("endNumber", static_cast<std::int64_t>(*one.last_msn)) : std::string{}) + end +
           "/>");
      return;
    }
    element("SegmentTemplate", begin + attribute("startNumber", static_cast<std::int64_t>(one.first_msn)) + end,
            [&] { element("SegmentTimeline", "", [&] { write_timeline(one); }); });
  }

  // A segment may be asked for as soon as its first part is there.
  [[nodiscard]] std::string availability() const {
    if (!is_live()) return {};
    // Above 0, also where a segment is no longer than a part.
    const Micros offset = std::max(live_->segment - live_->part, live_->segment / 2);
    return attribute("availabilityTimeOffset", seconds_text(offset)) + attribute("availabilityTimeComplete", "false");
  }

  // Segments of one length in a row are one line.
  void write_timeline(const MpdRepresentation& one) {
    for (auto run = one.durations.begin(); run != one.durations.end();) {
      const auto end = std::find_if(run, one.durations.end(), [&](std::int64_t ticks) { return ticks != *run; });
      const bool is_first = run == one.durations.begin();
      line("<S" + (is_first ? attribute("t", one.first_time) : "") + attribute("d", *run) +
           (end - run > 1 ? attribute("r", end - run - 1) : "") + "/>");
      run = end;
    }
  }

  void line(std::string_view text) {
    out_.append(indent_, ' ');
    out_ += text;
    out_ += '\n';
  }

  const Mpd& mpd_;
  const LiveMpd* live_ = nullptr;
  const MpdPeriod* period_ = nullptr;  // Of a live one.
  std::size_t indent_ = 0;
  std::string out_;
};

}  // namespace

void choose_main(MpdPeriod& period) {
  for (const bool is_video : {true, false}) {
    MpdAdaptationSet* main = nullptr;
    for (MpdAdaptationSet& set : period.sets) {
      if (set.representations.front().format->is_video() != is_video) continue;
      set.is_main = false;
      if (main == nullptr || (main->describes_video && !set.describes_video)) main = &set;
    }
    if (main != nullptr) main->is_main = true;
  }
}

std::string write_static_mpd(const Mpd& mpd) { return Writer(mpd).write(); }
std::string write_live_mpd(const LiveMpd& mpd) {
  return mpd.has_ended ? Writer(mpd).write_ended() : Writer(mpd).write_live();
}

}  // namespace fanlight::packager
