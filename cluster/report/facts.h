// Looks into results.json as a report needs it: nothing has to be there, or to be of the kind it
// should, because the folder may be of another version, unfinished or damaged. Paths name members,
// "ltl.rtt_us.p99".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/time.h"
#include "protocol/json/json.h"

namespace soliton {

// nullptr: not there, or null.
const Json* find_at(const Json& from, std::string_view path);

std::optional<double> number_at(const Json& from, std::string_view path);
std::optional<std::int64_t> count_at(const Json& from, std::string_view path);
std::optional<bool> flag_at(const Json& from, std::string_view path);
std::string text_at(const Json& from, std::string_view path, std::string_view otherwise = "");
// Of a number of microseconds, exact to the picosecond.
std::optional<Duration> time_at(const Json& from, std::string_view path);
// The objects of a list; empty if there is none.
std::vector<const Json*> items_at(const Json& from, std::string_view path);

// "1,234", "35.0 us", "32.5 KiB" or "–" for what is not known.
std::string count_words(const std::optional<std::int64_t>& count);
std::string time_words(const std::optional<Duration>& time);
std::string bytes_words_of(const std::optional<std::int64_t>& bytes);
std::string share_words(const std::optional<double>& share);

}  // namespace soliton
