// The packager at work: sources in, HTTP out, until it is asked to stop.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "service/settings.h"

namespace fanlight::packager {

// What is wrong with the files that settings name, which they do not tell by themselves: certificate, key, page.
[[nodiscard]] std::vector<std::string> faults_of(const Settings& settings);

// Returns after SIGINT or SIGTERM, once what was being sent is sent or three seconds have passed. Errors: an address or
// port that cannot be had, a page that is none.
[[nodiscard]] Result<Done> serve(const Settings& settings);

}  // namespace fanlight::packager
