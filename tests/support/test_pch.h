// Precompiled for every test executable: what each test file includes anyway.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>
