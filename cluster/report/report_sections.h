// The parts of report_html(), each "" if there is nothing to show.
#pragma once

#include <string>

#include "cluster/report/summary.h"

namespace soliton {

std::string cards_html(const RunResults& results, const SummaryContext& context);
std::string plan_html(const SummaryContext& context, const std::string& plan_svg);
std::string latency_html(const RunResults& results);
std::string nodes_html(const RunResults& results);
std::string network_html(const RunResults& results);
std::string workloads_html(const RunResults& results);
std::string links_html(const RunResults& results);
std::string series_html(const RunResults& results);
std::string pauses_html(const RunResults& results);
std::string faults_html(const RunResults& results);
std::string recovery_html(const RunResults& results);
std::string expectations_html(const RunResults& results);

}  // namespace soliton
