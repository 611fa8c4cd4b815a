// Keys of streams, read from a file that only its owner reads. Its lines: protect/key_ring.h.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "protect/key_ring.h"

namespace fanlight::packager {

// Problems name the file, and the line where there is one.
[[nodiscard]] Result<std::vector<ContentKey>, std::vector<KeyFileProblem>> load_keys(const std::string& path);

}  // namespace fanlight::packager
