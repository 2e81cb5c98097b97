// The page of a comparison, of folders with requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "cluster/experiment/compare_results.h"
#include "cluster/results/write_file.h"
#include "tests/unit/experiment/samples.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

using testing::HasSubstr;
using testing::Not;

class ComparePage : public testing::Test {
 protected:
  // A run of a hundred requests, each longer than the one before by `step`.
  std::string run(const std::string& folder, std::int64_t first_us, std::int64_t step) {
    RunResults results = sample::run(first_us);
    results.requests.resize(1);
    for (std::uint32_t i = 1; i < 100; ++i) {
      RequestRecord one = results.requests.front();
      one.request = RequestId{i};
      one.completed += microseconds(step * i);
      one.path.compute += microseconds(step * i);
      results.requests.push_back(one);
    }
    results.sent = 100;
    const std::string path = scratch_ / folder;
    std::filesystem::create_directories(path);
    EXPECT_TRUE(write_file(path + "/results.json", results_json(results)));
    EXPECT_TRUE(write_file(path + "/requests.csv", requests_csv(results)));
    return path;
  }
  static std::string page(const std::string& a, const std::string& b) {
    const MeasuredSide one = measured_in(a, true).value(), other = measured_in(b, true).value();
    return comparison_page(compare_sides(one, other).value());
  }

  ScratchFolder scratch_;
};

TEST_F(ComparePage, HasBothDistributionsInOneChart) {
  const std::string html = page(run("a", 100, 1), run("b", 120, 2));
  EXPECT_THAT(html,
              HasSubstr("data-kind=\"step\">A</th><th class=\"n\" data-kind=\"step\">B</th>"));
  EXPECT_THAT(html, HasSubstr("p50 of A: 149.0 us"));
  EXPECT_THAT(html, HasSubstr("p99 of B: 316.0 us"));
  // At 150 us 51 of A's requests are done, and 16 of B's.
  EXPECT_THAT(html, HasSubstr("<td class=\"n\">150</td><td class=\"n\">0.505</td>"
                              "<td class=\"n\">0.155</td>"));
}

TEST_F(ComparePage, SaysInASentenceHowFarTheMeansAreApart) {
  const std::string html = page(run("a", 100, 0), run("b", 120, 0));
  EXPECT_THAT(html,
              HasSubstr("The mean latency of B is 120.0 us, 20.0 % above that of A, 100.0 us."));
  EXPECT_THAT(html, HasSubstr("All requests of A took 100.0 us, all of B 120.0 us."));
  EXPECT_THAT(page(run("a", 100, 0), run("b", 100, 0)), HasSubstr("The mean latency is the same."));
}

TEST_F(ComparePage, EscapesNamesOfFolders) {
  const std::string html = page(run("<b>a", 100, 0), run("b", 100, 0));
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;a"));
  EXPECT_THAT(html, Not(HasSubstr("<b>a")));
}

TEST_F(ComparePage, DoesWithoutRequests) {
  const std::string a = run("a", 100, 1), b = run("b", 120, 2);
  std::filesystem::remove(b + "/requests.csv");
  const std::string html = page(a, b);
  EXPECT_THAT(html, Not(HasSubstr("share of requests")));
  EXPECT_THAT(html, HasSubstr("latency_us.p99_9"));
}

}  // namespace
}  // namespace soliton
