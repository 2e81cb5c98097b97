// The precompiled header of all tests: what nearly every one includes. Each file still includes
// what it uses. Only headers of libraries, which guard themselves by macros: `#pragma once` knows a
// header by its bytes, and a compiler cache gives back a precompiled header whose comments differ.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>
