#include "live/late_document.h"

#include <mutex>

#include "live/compressor.h"

namespace fanlight::packager {

struct LateDocument::Made {
  std::once_flag once;
  Write write;
  Document document;
};

LateDocument::LateDocument(Write write) : made_(std::make_shared<Made>()) { made_->write = std::move(write); }

LateDocument::LateDocument(Document document) {
  if (document.is_empty()) return;
  made_ = std::make_shared<Made>();
  made_->document = std::move(document);
}

const Document& LateDocument::get() const {
  static const Document kNone;
  if (is_empty()) return kNone;
  std::call_once(made_->once, [&] {
    thread_local Compressor compressor;
    if (const Write write = std::exchange(made_->write, nullptr)) made_->document = compressor.document_of(write());
  });
  return made_->document;
}

}  // namespace fanlight::packager
