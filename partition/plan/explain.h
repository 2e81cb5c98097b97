// A plan for people and for other programs: the text of `soliton plan`, plan.json and plan.svg
// (docs/planner.md).
#pragma once

#include <string>
#include <vector>

#include "partition/plan/plan.h"
#include "partition/plan/traffic.h"
#include "topologies/topology.h"

namespace soliton {

// Ends with a newline. REQUIRES: the plan's nodes are in the topology.
std::string explain(const Plan& plan, const Topology& topology);

// Everything but programs and weights. Times are in picoseconds, sizes in bytes; the order of keys
// is fixed. Ends with a newline.
std::string plan_json(const Plan& plan);

// Nodes are boxes, grouped by stage, filled as far as their fullest memory is; arrows carry the
// tensor bytes of a request. For light and dark surroundings (plan_picture.h).
std::string plan_svg(const Plan& plan);
// The same without its style, for a page that has plan_style(). `flows` are what the plan sends.
std::string plan_svg(const Plan& plan, const std::vector<Flow>& flows);
// Rules for pictures of plans on a page, as CSS.
std::string plan_style();

// "28.7 kB"
std::string bytes_words(std::int64_t bytes);

}  // namespace soliton
