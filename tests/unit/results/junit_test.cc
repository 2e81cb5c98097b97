#include "cluster/results/junit.h"

#include <gtest/gtest.h>

namespace soliton {
namespace {

TEST(Junit, HasACaseForEachAndCountsThoseThatFailed) {
  EXPECT_EQ(junit_xml("a<b",
                      {{"p99 < 1 ms", "measured \"2 ms\" & more", false},
                       {"good", "", false},
                       {"later", "", true}},
                      1.5),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuites>\n"
            "  <testsuite name=\"a&lt;b\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" "
            "time=\"1.500\">\n"
            "    <testcase classname=\"a&lt;b\" name=\"p99 &lt; 1 ms\">\n"
            "      <failure message=\"measured &quot;2 ms&quot; &amp; more\"/>\n"
            "    </testcase>\n"
            "    <testcase classname=\"a&lt;b\" name=\"good\"/>\n"
            "    <testcase classname=\"a&lt;b\" name=\"later\">\n"
            "      <skipped/>\n"
            "    </testcase>\n"
            "  </testsuite>\n"
            "</testsuites>\n");
}

TEST(Junit, HoldsNothingThatXmlCannot) {
  EXPECT_EQ(junit_xml("x", {{"\x1b[1m", "", false}}, 0).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace soliton
