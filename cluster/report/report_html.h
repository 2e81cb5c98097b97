// report.html of one run: one file, no network, no script.
#pragma once

#include <string>

#include "cluster/report/summary.h"

namespace soliton {

// `plan_svg` is the plan's picture as partition/plan writes it ("<svg …>"), or "".
std::string report_html(const RunResults& results, const SummaryContext& context,
                        const std::string& plan_svg);

}  // namespace soliton
