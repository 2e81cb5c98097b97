// Settings as bytes and back.
#include "protocol/control/settings.h"

#include <capnp/message.h>
#include <gtest/gtest.h>

namespace soliton {
namespace {

TEST(Settings, SurviveTheirBytes) {
  const Settings said = {{"number", {INT64_MIN + 1}},
                         {"real", {0.1}},
                         {"text", {std::string("a \xc3\xa9")}},
                         {"numbers", {std::vector<std::int64_t>{1, -1, INT64_MAX}}},
                         {"map", {Settings{{"inner", {std::int64_t{4}}}}}},
                         {"maps", {std::vector<Settings>{{}, {{"x", {std::string()}}}}}}};
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<wire::Settings>();
  write_settings(said, root);
  EXPECT_EQ(read_settings(root.asReader()), said);
}

TEST(Settings, OfNothingAreEmpty) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<wire::Settings>();
  write_settings({}, root);
  EXPECT_TRUE(read_settings(root.asReader()).empty());
}

}  // namespace
}  // namespace soliton
