// Which mistake is planted, and which trouble a trial makes for itself, in the program that is compiled with
// SOLITON_CHAOS_BUILD (protocol/base/chaos_site.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/chaos_site.h"

namespace soliton {

struct NamedBug {
  PlantedBug bug = PlantedBug::kNone;
  const char* name = "";
};
const std::vector<NamedBug>& planted_bugs();

// For this process and those that it forks.
void plant(PlantedBug bug);
// A quarter of the sites is active in a trial, and fires a quarter of the times: a function of its seed.
void activate_sites(std::uint64_t seed);
// How often each site has fired.
std::vector<std::uint64_t> site_firings();

}  // namespace soliton
