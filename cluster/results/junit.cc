#include "cluster/results/junit.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/base/text.h"

namespace soliton {
namespace {

std::string xml(const std::string& text) {
  std::string out;
  for (const char c : escaped(text)) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  return out;
}

std::string case_xml(const std::string& suite, const JunitCase& one) {
  std::string out =
      fmt::format("    <testcase classname=\"{}\" name=\"{}\"", xml(suite), xml(one.name));
  if (!one.failure.empty())
    return out +
           fmt::format(">\n      <failure message=\"{}\"/>\n    </testcase>\n", xml(one.failure));
  if (one.skipped) return out + ">\n      <skipped/>\n    </testcase>\n";
  return out + "/>\n";
}

}  // namespace

std::string junit_xml(const std::string& suite, const std::vector<JunitCase>& cases,
                      double seconds) {
  const auto failed =
      std::ranges::count_if(cases, [](const JunitCase& c) { return !c.failure.empty(); });
  const auto skipped = std::ranges::count_if(cases, [](const JunitCase& c) { return c.skipped; });
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
      "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" "
      "time=\"{:.3f}\">\n",
      xml(suite), cases.size(), failed, skipped, seconds);
  for (const JunitCase& one : cases) out += case_xml(suite, one);
  return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace soliton
