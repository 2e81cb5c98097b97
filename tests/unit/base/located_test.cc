// Messages with places, put together and taken apart.
#include "protocol/base/located.h"

#include <gtest/gtest.h>

namespace soliton {
namespace {

TEST(Located, PartsAreFoundAgain) {
  const std::string message = located("configs/a.yaml:6:29", "ltl.mtu: 1:2: no");
  const LocatedMessage at = split_located(message);
  EXPECT_EQ(at.file, "configs/a.yaml");
  EXPECT_EQ(at.line, 6);
  EXPECT_EQ(at.column, 29);
  EXPECT_EQ(at.text, "ltl.mtu: 1:2: no");
}

TEST(Located, FilesMayHaveColons) {
  const LocatedMessage at = split_located("C:a:7.yaml:1:2: text");
  EXPECT_EQ(at.file, "C:a:7.yaml");
  EXPECT_EQ(at.line, 1);
}

TEST(Located, WithoutAPlaceAllIsText) {
  for (const char* message :
       {"no file \"x\"", "--set ltl.mtu: wrong", "a:b:c: d", "a:1: b", ":", ""}) {
    const LocatedMessage at = split_located(message);
    EXPECT_EQ(at.line, 0) << message;
    EXPECT_EQ(at.text, message);
  }
}

}  // namespace
}  // namespace soliton
